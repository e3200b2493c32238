"""The server of a `Limit`: it writes bytes that are ready to all its connections, and no more.

It answers each handshake with the same bytes. One line on standard input, a JSON list of texts:
their frames are made once, and each connection gets all of them in one write. Nothing can do less
for a delivery, so no server of this machine delivers more.
"""

from __future__ import annotations

import asyncio
import json
import sys

# The answer to the key of RFC 6455's example, which a `Crowd` sends.
ANSWER = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
)
TEXT = 0x81  # the first byte of a frame that holds a whole text


class Connection(asyncio.Protocol):
    """A connection; `open` are all of them."""

    open: set[asyncio.Transport] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep it."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.asked = b""

    def data_received(self, data: bytes) -> None:
        """Answer the handshake; what comes later is not read."""
        self.asked += data
        if self.asked.endswith(b"\r\n\r\n") and self.transport not in self.open:
            self.transport.write(ANSWER)
            self.open.add(self.transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Forget it."""
        self.open.discard(self.transport)


def frame(text: str) -> bytes:
    """The frame of a text of at most 125 bytes (RFC 6455, 5.2)."""
    data = json.dumps({"type": "message", "text": text}).encode()
    assert len(data) < 126
    return bytes([TEXT, len(data)]) + data


async def main() -> None:
    """Serve until standard input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Connection, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    reader = asyncio.StreamReader(limit=1 << 20)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        frames = b"".join(map(frame, json.loads(line)))
        for transport in Connection.open:
            transport.write(frames)


if __name__ == "__main__":
    asyncio.run(main())
