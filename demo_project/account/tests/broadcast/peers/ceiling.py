"""What the client can take: a server that writes many messages at once, by hand.

It is no peer. It frames a message once, and hands everything that the publisher has said so far to
each connection in one write: nothing can do less for a delivery. So a server with fewer
deliveries a second than this one was not held up by the client.
"""

import asyncio

from account.tests.broadcast.peers.websockets_server import listeners, main
from account.tests.raw import TEXT, frame

waiting: list[bytes] = []


def publish(text: str) -> None:
    """Let a text wait for those that come in the same turn of the event loop."""
    if not waiting:
        asyncio.get_running_loop().call_soon(flush)
    waiting.append(frame(TEXT, text.encode(), masked=False))


def flush() -> None:
    """Write what waits to everybody."""
    frames = b"".join(waiting)
    waiting.clear()
    for listener in listeners:
        listener.transport.write(frames)


if __name__ == "__main__":
    asyncio.run(main(publish))
