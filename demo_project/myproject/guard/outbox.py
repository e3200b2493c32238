"""What one client has not read yet: held back, counted, and limited."""

from collections import deque
from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IPushProducer
from twisted.internet.tcp import Connection
from zope.interface import implementer


@implementer(IPushProducer)
class Outbox:
    """Stands between a protocol and its transport, which buffers without an end.

    Twisted's transport tells its producer to pause when it has 64 KiB to send, and to resume when
    all of it is sent. What is written in between waits here, `limit` bytes of it at most.
    """

    __slots__ = ("_limit", "_overflow", "_paused", "_transport", "_waiting", "bytes")

    def __init__(self, transport: Any, limit: int, overflow: Callable[[int], None]) -> None:
        self.bytes = 0
        self._transport = transport
        self._limit = limit
        self._overflow = overflow
        self._paused = False
        self._waiting: deque[bytes] | None = None  # there are thousands that nothing waits in

    def write(self, data: bytes) -> None:
        """Send, or wait for the client to read; above the limit `overflow(bytes)` is called.

        Above it without this piece, that is: a large one is no sign that a client is slow.
        """
        if not self._paused:
            self._send(data)
            return
        if self._waiting is None:
            self._waiting = deque()
        if self.bytes > self._limit:
            self._overflow(self.bytes)
            return
        self._waiting.append(data)
        self.bytes += len(data)

    def _send(self, data: bytes) -> None:
        """Send what the system takes at once, and leave the rest to the transport.

        That would wait for a turn of the event loop first, and have it look at the socket.
        """
        transport = self._transport
        is_idle = (
            isinstance(transport, Connection)
            and transport.connected
            and not (transport.TLS or transport.disconnecting)
            and not (transport.dataBuffer or transport._tempDataBuffer)
        )
        if is_idle and isinstance(sent := transport.writeSomeData(data), int):
            data = data[sent:]
        if data:  # also after an error, which it then finds by itself
            transport.write(data)

    def flush(self) -> None:
        """Hand all that waits to the transport: before a close, which is to be the last."""
        self._paused = False
        while self._waiting and not self._paused:
            data = self._waiting.popleft()
            self.bytes -= len(data)
            self._transport.write(data)

    def pauseProducing(self) -> None:
        """Called by the transport: the client reads slower than we write."""
        self._paused = True

    def resumeProducing(self) -> None:
        """Called by the transport: all was sent."""
        self.flush()

    def stopProducing(self) -> None:
        """Called by the transport: the connection is gone."""
        self.forget()

    def forget(self) -> None:
        """Send nothing of what waits, and hand to the transport what follows."""
        self._waiting = None
        self.bytes = 0
        self._paused = False
