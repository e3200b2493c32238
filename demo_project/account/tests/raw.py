"""A WebSocket by hand, below every library: it says what a library would not say."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple

from account.tests.live import TIMEOUT

KEY = "dGhlIHNhbXBsZSBub25jZQ=="  # the example of RFC 6455
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA


def frame(
    opcode: int,
    payload: bytes = b"",
    *,
    fin: bool = True,
    rsv: int = 0,
    masked: bool = True,
    says: int | None = None,
    width: int | None = None,
) -> bytes:
    """One frame as bytes.

    `rsv` are the three reserved bits; `says` is the length that it states instead of its own, and
    `width` the bytes of that length (1, 2 or 8; the shortest that fits without it).
    """
    length = len(payload) if says is None else says
    width = width or (1 if length < 126 else 2 if length < 65_536 else 8)
    bit = 0x80 if masked else 0
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    if width == 1:
        head += bytes([bit | length])
    else:
        head += bytes([bit | (126 if width == 2 else 127)])
        head += struct.pack("!H" if width == 2 else "!Q", length)
    return head + (b"\0\0\0\0" if masked else b"") + payload  # a mask of zeros changes nothing


class Frame(NamedTuple):
    """A frame that came from the server."""

    opcode: int
    payload: bytes


class RawSocket:
    """A TCP connection of which we write and read the bytes.

    Not asyncio's streams: when the other end hangs up while they write, they forget what it said.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        self._received = b""
        self.response = ""  # the head of the server's answer

    async def send(self, data: bytes) -> None:
        """Write bytes; a server that has hung up already is none of our concern here."""
        with suppress(ConnectionError):
            async with asyncio.timeout(TIMEOUT):
                await self._loop.sock_sendall(self._connection, data)

    async def read(self, size: int) -> bytes:
        """Exactly so many bytes; raises EOFError when the connection ends before."""
        async with asyncio.timeout(TIMEOUT):
            while len(self._received) < size:
                self._received += await self._more()
        taken, self._received = self._received[:size], self._received[size:]
        return taken

    async def read_head(self) -> str:
        """The head of an HTTP answer; raises EOFError when none comes."""
        async with asyncio.timeout(TIMEOUT):
            while b"\r\n\r\n" not in self._received:
                self._received += await self._more()
        head, _, self._received = self._received.partition(b"\r\n\r\n")
        return head.decode("latin-1")

    def is_cut(self) -> bool:
        """Whether the server has cut the connection, found out without reading anything."""
        try:
            self._connection.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except ConnectionError:
            return True
        return False

    def say_no_more(self) -> None:
        """End our half of the connection: the server is not to wait for the rest of a frame."""
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_WR)

    async def _more(self) -> bytes:
        try:
            data = await self._loop.sock_recv(self._connection, 65_536)
        except ConnectionError:
            data = b""
        if not data:
            raise EOFError("the connection ended")
        return data

    async def receive(self) -> Frame | None:
        """The next frame of the server, or None when the connection is gone."""
        try:
            first, length = await self.read(2)
            if length == 126:
                length = int.from_bytes(await self.read(2))
            elif length == 127:
                length = int.from_bytes(await self.read(8))
            return Frame(first & 0x0F, await self.read(length))
        except EOFError:
            return None

    async def close_code(self) -> int | None:
        """Read to the server's close and return its code; None when it dropped the connection."""
        while received := await self.receive():
            if received.opcode == CLOSE:
                return int.from_bytes(received.payload[:2])
        return None


@asynccontextmanager
async def raw_connection(address: str, source: str = "127.0.0.1") -> AsyncIterator[RawSocket]:
    """A TCP connection on which nothing has been said yet; it ends with a reset.

    From `source` 127.0.0.2 it is, for the server, that of another machine.
    """
    host, _, port = address.partition(":")
    with socket.socket() as connection:
        connection.setblocking(False)
        connection.bind((source, 0))
        # No time to linger: thousands of these leave nothing behind.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        async with asyncio.timeout(TIMEOUT):
            await asyncio.get_running_loop().sock_connect(connection, (host, int(port)))
        yield RawSocket(connection)


@asynccontextmanager
async def raw_socket(address: str, *headers: str) -> AsyncIterator[RawSocket]:
    """A WebSocket on `online/` of this address; more headers as `Name: value`."""
    async with raw_connection(address) as connection:
        await connection.send(handshake(address, *headers))
        connection.response = await connection.read_head()
        assert connection.response.startswith("HTTP/1.1 101"), connection.response
        yield connection


def handshake(address: str, *headers: str, path: str = "/online/") -> bytes:
    """The request that asks for a WebSocket."""
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {address}",
        f"Origin: http://{address}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {KEY}",
        "Sec-WebSocket-Version: 13",
        *headers,
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
