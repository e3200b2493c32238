# not yet: expected the function to return when ana leaves; it raised "KeyError:
async def application(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b"hello from one function"})
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while True:
            event = await receive()
            await send({"type": "websocket.send", "text": event["text"]})
