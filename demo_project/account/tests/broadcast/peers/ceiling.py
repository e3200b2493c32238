"""What the client can take: a server that writes many messages at once, by hand.

It is no peer. It frames a message once, and hands everything that the publisher has said so far to
each connection in one write: nothing can do less for a delivery. So a server with fewer
deliveries a second than this one was not held up by the client.
"""

import asyncio

from websockets.asyncio.server import ServerConnection, serve

from account.tests.raw import TEXT, frame

listeners: set[ServerConnection] = set()
waiting: list[bytes] = []


def flush() -> None:
    """Write what waits to everybody."""
    frames = b"".join(waiting)
    waiting.clear()
    for listener in listeners:
        listener.transport.write(frames)


async def handle(connection: ServerConnection) -> None:
    """Serve one connection until it closes."""
    assert connection.request is not None
    if connection.request.path == "/publish":
        async for text in connection:
            assert isinstance(text, str)
            if not waiting:
                asyncio.get_running_loop().call_soon(flush)
            waiting.append(frame(TEXT, text.encode(), masked=False))
        return
    listeners.add(connection)
    try:
        await connection.wait_closed()
    finally:
        listeners.remove(connection)


async def main() -> None:
    """Serve until a signal comes."""
    async with serve(handle, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        print(f"Listening on TCP address 127.0.0.1:{port}", flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
