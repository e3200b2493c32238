# not yet: expected HTTP 101 Switching Protocols; HTTP 403 Access denied came
answer = """
GET /online/ HTTP/1.1
Host: localhost
Connection: Upgrade
Upgrade: websocket
Sec-WebSocket-Version: 13
Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==
"""
