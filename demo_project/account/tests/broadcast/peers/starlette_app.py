"""A Starlette application that sends in a loop: what /publish says goes to all others.

Starlette has no broadcast of its own; a loop over `send_text` is what FastAPI's documentation
shows (https://fastapi.tiangolo.com/advanced/websockets/, its ConnectionManager).
"""

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

listeners: list[WebSocket] = []


async def listen(socket: WebSocket) -> None:
    """Serve one listener until it closes."""
    await socket.accept()
    listeners.append(socket)
    try:
        async for _ in socket.iter_text():
            pass
    finally:
        listeners.remove(socket)


async def publish(socket: WebSocket) -> None:
    """Send each text of the publisher to every listener."""
    await socket.accept()
    async for text in socket.iter_text():
        for listener in listeners:
            await listener.send_text(text)


app = Starlette(routes=[WebSocketRoute("/", listen), WebSocketRoute("/publish", publish)])
