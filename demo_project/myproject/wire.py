"""The one place that knows how a server keeps its connections, so that they can be written to.

ASGI's `send` is a coroutine for each frame and each client, in which daphne and uvicorn build the
same frame anew. Both hand the application a `send` that belongs to the connection's protocol; what
is taken of it here was looked up in daphne 4.2 and uvicorn 0.54. Of another server, or another
version that has not got all of it, there is no wire: then `send` is what remains.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from django.conf import settings
from websockets.protocol import OPEN

from account.fanout import KEPT, WIRE, Wire, only
from myproject.guard.below_daphne import LINGER
from myproject.guard.door import TOO_SLOW
from myproject.watch.metrics import DROPPED, SENT

logger = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class Wired:
    """An ASGI application whose WebSockets find in their scope the wire to their client."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run one connection."""
        if scope["type"] == "websocket":
            lay_wire(scope, send)
        await self._application(scope, receive, send)


def lay_wire(scope: Scope, send: Send) -> None:
    """Put the wire of a connection into its scope, where the server is one that we know."""
    found = writer(send)
    if found is None:
        return

    def settle() -> None:
        found.settle()
        only(scope, KEPT)  # all others go on with a copy

    scope.setdefault("extensions", {})[WIRE] = Wire(found.write, settle)


def writer(send: Send) -> "OnDaphne | OnUvicorn | None":
    """What writes to the client of a connection; None where the server is none that we know."""
    # daphne: functools.partial(Server.handle_reply, protocol); uvicorn: a method of the protocol.
    first, *_ = getattr(send, "args", None) or [getattr(send, "__self__", None)]
    for kind in (OnDaphne, OnUvicorn):
        if all(hasattr(first, name) for name in kind.needs):
            return kind(first)
    return None


_PUTTERS: deque[Any] = deque(maxlen=0)
_FINISHED = asyncio.Event()


def lighten(queue: asyncio.Queue[Any]) -> None:
    """Let a queue share what it never uses: most of what an empty one weighs.

    One without a limit lets nobody wait to put, and nobody waits here until all of it is done.
    """
    if queue.maxsize <= 0 and vars(queue).keys() >= {"_putters", "_finished"}:
        vars(queue).update(_putters=_PUTTERS, _finished=_FINISHED)


class OnDaphne:
    """Writes through the outbox that daphne's connections have here, which knows its limit."""

    __slots__ = ("_protocol",)
    needs = ("_outbox", "http_headers", "clean_headers", "http_request_data")

    def __init__(self, protocol: Any) -> None:
        self._protocol = protocol

    def write(self, data: bytes, frames: int) -> None:
        """Send whole frames, unless the connection is closing."""
        if self._protocol.state == self._protocol.STATE_OPEN:
            SENT.inc(frames)
            self._protocol.sendData(data)

    def settle(self) -> None:
        """Forget the handshake, save for what daphne's log of the connection's end asks for."""
        self._protocol.http_headers.clear()
        self._protocol.clean_headers.clear()
        self._protocol.http_request_data = b""
        lighten(self._protocol.application_queue)


class OnUvicorn:
    """Writes to the transport of uvicorn's protocol, and hangs up on a client that does not read.

    The transport keeps what could not be sent at once. The client finds the close behind what it
    has not read, if it reads it within `LINGER` seconds.
    """

    __slots__ = ("_protocol",)
    needs = (
        *("client", "close_sent", "conn", "disconnected", "queue", "request", "response"),
        *("transport", "writable"),
    )

    def __init__(self, protocol: Any) -> None:
        self._protocol = protocol

    def write(self, data: bytes, frames: int) -> None:
        """Send whole frames, unless the connection is closing."""
        protocol = self._protocol
        if protocol.close_sent or protocol.disconnected or protocol.conn.state is not OPEN:
            return
        if not protocol.writable.is_set():
            unread = protocol.transport.get_write_buffer_size()
            if unread > settings.MAX_UNREAD:
                self._hang_up(unread)
                return
        SENT.inc(frames)
        protocol.transport.write(data)

    def settle(self) -> None:
        """Forget the handshake."""
        # Emptied, too, since the parser holds on to its first request.
        self._protocol.request.headers.clear()
        self._protocol.request = self._protocol.response = None
        lighten(self._protocol.queue)

    def _hang_up(self, unread: int) -> None:
        protocol = self._protocol
        client = ":".join(map(str, protocol.client or ["a client"]))
        logger.warning("Dropped %s: it left %d bytes unread.", client, unread)
        DROPPED.labels("unread").inc()
        protocol.conn.send_close(*TOO_SLOW)
        protocol.transport.write(b"".join(protocol.conn.data_to_send()))
        protocol.close_sent = True
        asyncio.get_running_loop().call_later(LINGER, protocol.transport.abort)
