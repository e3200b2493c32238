answer = [
    "websocket connecting",
    "{'n': 1}",
    "{'n': 2}",
    "websocket disconnected 1000",
]
