"""Cable: the network between a browser and a live server, which can be pulled."""

from __future__ import annotations

import asyncio
import socket

from .ports import HOST
from .server import LiveServer


class Cable:
    """Passes bytes on between its own port and the server's, until somebody pulls it.

    A page cannot end a TCP connection without a goodbye; what lies between can. It works in the
    event loop of the kernel, so no byte passes while a cell computes.
    """

    def __init__(self, server: LiveServer) -> None:
        self._server = server
        self._socket = socket.create_server((HOST, 0))
        self._open: set[asyncio.StreamWriter] = set()
        self._closed = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._listening = self._loop.create_task(self._listen())

    def ws_url(self, path: str) -> str:
        """The address of a WebSocket at this end of the cable."""
        return f"ws://{HOST}:{self._socket.getsockname()[1]}{path}"

    def pull(self) -> None:
        """End every connection at once, with no goodbye; the next one finds the cable mended."""
        # A widget's message is not handled in the loop's own turn, and would not wake it.
        self._loop.call_soon_threadsafe(self._abort)

    def _abort(self) -> None:
        for writer in list(self._open):
            writer.transport.abort()

    def close(self) -> None:
        """Pull it for good; does nothing when that was done already."""
        self._loop.call_soon_threadsafe(self._closed.set)

    async def _listen(self) -> None:
        listening = await asyncio.start_server(self._connect, sock=self._socket)
        try:
            await self._closed.wait()
        finally:
            listening.close()
            self._abort()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        mine = {writer}
        self._open |= mine
        try:
            far_reader, far_writer = await asyncio.open_connection(HOST, self._server.port)
            mine.add(far_writer)
            self._open |= mine
            await asyncio.gather(_pass_on(reader, far_writer), _pass_on(far_reader, writer))
        except OSError:
            pass  # pulled, or no server: what both ends see is the end of TCP
        finally:
            self._open -= mine
            for end in mine:
                end.transport.abort()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof() and not writer.is_closing():
        writer.write_eof()
