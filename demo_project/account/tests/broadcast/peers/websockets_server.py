"""A server on `websockets.broadcast`: what /publish says goes to all others.

https://websockets.readthedocs.io/en/stable/topics/broadcast.html
"""

import asyncio
from collections.abc import Callable

from websockets.asyncio.server import ServerConnection, broadcast, serve

listeners: set[ServerConnection] = set()


async def main(publish: Callable[[str], None]) -> None:
    """Serve until a signal comes; `publish` takes each text of the publisher to the listeners."""

    async def handle(connection: ServerConnection) -> None:
        assert connection.request is not None
        if connection.request.path == "/publish":
            async for text in connection:
                assert isinstance(text, str)
                publish(text)
            return
        listeners.add(connection)
        try:
            await connection.wait_closed()
        finally:
            listeners.remove(connection)

    async with serve(handle, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        print(f"Listening on TCP address 127.0.0.1:{port}", flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(lambda text: broadcast(listeners, text)))
