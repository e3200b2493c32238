"""Limits below the application, on the two protocols that daphne is made of.

Daphne hands a TCP connection first to Twisted's HTTP channel and then, once it asked for an
upgrade, to Autobahn's WebSocket protocol. Neither has a setting in daphne for what is limited here,
so both are replaced by classes that extend them, however daphne was started.
"""

import logging
from collections import deque
from contextlib import suppress
from typing import Any, ClassVar

from autobahn.websocket import protocol as autobahn
from daphne import cli, server
from daphne.access import AccessLogGenerator
from daphne.http_protocol import HTTPFactory, WebRequest
from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol
from django.conf import settings
from twisted.internet import reactor
from twisted.internet.endpoints import serverFromString
from twisted.internet.error import AlreadyCalled, AlreadyCancelled
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from twisted.web import http

from account.events import MAX_FRAME
from myproject.guard.bucket import Buckets
from myproject.guard.door import BURST, TOO_SLOW, Scope, address_of
from myproject.guard.lines import one_line
from myproject.guard.outbox import Outbox
from myproject.guard.proxies import Proxies
from myproject.watch.metrics import DROPPED

_reactor: Any = reactor  # its type is that of an interface of zope, which mypy cannot read
logger = logging.getLogger(__name__)

MAX_FRAGMENTS = 1_000
"""Frames in one message; empty ones weigh nothing, so that the limit in bytes never counts them."""
MAX_BODY = 1024 * 1024
"""Bytes in the body of a request; Twisted would write all of it to a file before Django sees it."""
MAX_WAITING_REQUESTS = 1_000
"""Connections of which no whole request has come; one more, and the oldest of them goes."""
BACKLOG = 2_000
"""Connections that wait to be accepted; the system may have a lower limit (SOMAXCONN)."""
MAX_QUEUED, FEW_QUEUED = 32, 8
"""Messages that wait for the consumer when reading stops, and when it goes on."""
LINGER = 5.0
"""Seconds that a client has to read the end of what was sent to it, after we closed."""
LOOK_AGAIN = 0.05
"""Seconds between two looks at whether the consumer has caught up."""


class Timer:
    """One call later, which may be set again and cancelled at any time."""

    __slots__ = ("_call",)

    def __init__(self) -> None:
        self._call: Any = None

    def set(self, seconds: float, function: Any) -> None:
        """Call the function then, and nothing that was set before."""
        self.cancel()
        self._call = _reactor.callLater(seconds, function)

    def cancel(self) -> None:
        """Call nothing; does no harm when it was called already."""
        if self._call is not None:
            with suppress(AlreadyCalled, AlreadyCancelled):
                self._call.cancel()
            self._call = None


class Arrivals:
    """How fast one address may open WebSockets: a handshake that is refused here costs nothing.

    One that is let in costs the session, a row and a list of everybody, so that two thousand at
    once would keep everybody else waiting.
    """

    def __init__(self) -> None:
        rate = settings.NEW_CONNECTIONS_PER_ADDRESS
        self._buckets = Buckets(rate, rate * BURST)
        self._proxies = Proxies(settings.TRUSTED_PROXIES)

    def may_come(self, peer: str, headers: list[tuple[bytes, bytes]]) -> bool:
        """Whether this handshake may go on."""
        scope: Scope = {"type": "websocket", "client": [peer, 0], "headers": headers}
        address = address_of({**scope, **self._proxies.told(scope)})
        return address is None or self._buckets.take(address)


class GuardedRequest(WebRequest):
    """A request whose body has an end, and a handshake that does not come too soon."""

    arrivals: ClassVar[Arrivals]

    _received = 0

    def process(self) -> Any:
        """Refuse a WebSocket of an address that opened too many a moment ago."""
        if self.requestHeaders.hasHeader(b"upgrade"):
            headers = [
                (name.lower(), value)
                for name, values in self.requestHeaders.getAllRawHeaders()
                for value in values
            ]
            if not self.arrivals.may_come(getattr(self.client, "host", ""), headers):
                DROPPED.labels("too many handshakes").inc()
                self.channel.refuse(b"429 Too Many Requests")
                return None
        return super().process()

    def gotLength(self, length: int | None) -> None:
        """Refuse a body that says it is too long."""
        super().gotLength(length)
        if length is not None and length > MAX_BODY:
            self._refuse()

    def handleContentChunk(self, data: bytes) -> None:
        """Keep a piece of the body; refuse a chunked one when it has become too long."""
        self._received += len(data)
        if self._received <= MAX_BODY:
            super().handleContentChunk(data)
        else:
            self._refuse()

    def _refuse(self) -> None:
        self._received = MAX_BODY + 1  # what still comes is not kept
        self.channel.refuse(b"413 Content Too Large")


class GuardedChannel(http.HTTPChannel):
    """An HTTP connection on which each request arrives whole in time, or it is closed.

    Twisted's own time-out starts again with every byte: a byte a minute would hold it for days.
    """

    transport: Any

    waiting: ClassVar[dict["GuardedChannel", None]] = {}

    def connectionMade(self) -> None:
        """Begin to wait for the first request."""
        self._deadline = Timer()
        super().connectionMade()
        self._wait()

    def dataReceived(self, data: bytes) -> None:
        """Read a piece of a request; let go of one that has become a WebSocket.

        Channel and request hold each other, and daphne lists it until it looks again in a second:
        of a crowd all would be there at one time.
        """
        super().dataReceived(data)
        if self.requests and self.requests[-1].transport is None:  # daphne has handed it on
            request = self.requests.pop()
            request.server.connections.pop(request, None)

    def allContentReceived(self) -> None:
        """A request is here as a whole: what follows takes the time that it takes."""
        self._wait_no_more()
        super().allContentReceived()

    def requestDone(self, request: http.Request) -> None:
        """Begin to wait for the next request on the same connection."""
        self._wait()
        super().requestDone(request)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Forget the connection."""
        self._wait_no_more()
        super().connectionLost(reason)

    def refuse(self, status: bytes) -> None:
        """Answer with a status and close; what the client still sends is not read."""
        self.transport.write(b"HTTP/1.1 " + status + b"\r\nConnection: close\r\n\r\n")
        self.loseConnection()

    def _wait(self) -> None:
        self.waiting[self] = None
        self._deadline.set(settings.HANDSHAKE_SECONDS, self._too_slow)
        if len(self.waiting) > MAX_WAITING_REQUESTS:
            oldest = next(iter(self.waiting))
            DROPPED.labels("too many that wait").inc()
            oldest._wait_no_more()
            oldest.forceAbortClient()

    def _too_slow(self) -> None:
        DROPPED.labels("slow request").inc()
        self.timeoutConnection()

    def _wait_no_more(self) -> None:
        self._deadline.cancel()
        self.waiting.pop(self, None)


class GuardedHTTPFactory(HTTPFactory):
    """Makes guarded connections."""

    protocol = GuardedChannel

    def buildProtocol(self, addr: Any) -> GuardedChannel:
        """Make the protocol of a new connection."""
        channel: GuardedChannel = super().buildProtocol(addr)
        channel.requestFactory = GuardedRequest
        return channel


# What `sendData` of Autobahn would put off; here it puts off nothing.
_NO_QUEUE: deque[Any] = deque(maxlen=0)


class GuardedWebSocket(WebSocketProtocol):
    """A WebSocket with limits in both directions: what may come, and what may stay unread."""

    # Autobahn leaves an option alone that the class already has.
    maxMessagePayloadSize = maxFramePayloadSize = MAX_FRAME
    # Close with the code (1009 too big, 1007 not UTF-8, 1002 protocol) instead of dropping TCP,
    # of which a client sees nothing but 1006.
    failByDrop = False

    _fragments = 0
    _reading_stopped = False
    _options_of: ClassVar[Any] = None

    def connectionMade(self) -> None:
        """Put the outbox between Autobahn and the transport."""
        self._share_options()
        self._resume, self._linger = Timer(), Timer()
        self._outbox = Outbox(self.transport, settings.MAX_UNREAD, self._unread)
        super().connectionMade()
        self.send_queue = _NO_QUEUE
        # The HTTP channel was the producer until now.
        self.transport.unregisterProducer()
        self.transport.registerProducer(self._outbox, True)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Forget the connection."""
        self._resume.cancel()
        self._linger.cancel()
        super().connectionLost(reason)

    def _share_options(self) -> None:
        """Have the factory's options in the class, where they take no room in each connection."""
        cls = GuardedWebSocket
        if cls._options_of is not self.factory:
            for name in set(self.CONFIG_ATTRS) - _OWN_OPTIONS:
                option = getattr(self.factory, name)
                setattr(cls, name, staticmethod(option) if callable(option) else option)
            cls._options_of = self.factory

    # --- what comes ---

    def onMessageBegin(self, isBinary: bool) -> None:
        """Begin to count the frames of a message."""
        self._fragments = 0
        super().onMessageBegin(isBinary)

    def onMessageFrameBegin(self, length: int) -> None:
        """Refuse a message in too many pieces, as one that is too long."""
        super().onMessageFrameBegin(length)
        self._fragments += 1
        if self._fragments > MAX_FRAGMENTS and not self.failedByMe:
            self._fail_connection(1009, f"more than {MAX_FRAGMENTS} frames in one message")

    def processData(self) -> bool:
        """Read a piece of what came; nothing any more from a client that broke the protocol."""
        if self.failedByMe:
            self.data = b""
            return False
        return bool(super().processData())

    def _fail_connection(self, code: int = 1001, reason: str = "going away") -> None:
        """Say why, and that this was all; the client has Autobahn's second to hang up."""
        super()._fail_connection(code, reason)
        if self.state == self.STATE_CLOSING:
            self._outbox.flush()
            self.transport.loseWriteConnection()

    def _protocol_violation(self, reason: str) -> bool:
        """Close with 1002; True: read no more of this frame."""
        super()._protocol_violation(reason)
        return True

    def _invalid_payload(self, reason: str) -> bool:
        """Close with 1007; True: read no more of this frame."""
        super()._invalid_payload(reason)
        return True

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        """Pass a message on; when the consumer does not keep up, read no more for a while."""
        super().onMessage(payload, isBinary)
        if not self._reading_stopped and self.application_queue.qsize() >= MAX_QUEUED:
            self._reading_stopped = True
            self.transport.pauseProducing()
            self._resume.set(LOOK_AGAIN, self._read_again)

    def _read_again(self) -> None:
        if self.application_queue.qsize() > FEW_QUEUED:
            self._resume.set(LOOK_AGAIN, self._read_again)
        else:
            self._reading_stopped = False
            self.transport.resumeProducing()

    # --- what goes ---

    def sendMessage(self, payload: bytes, *args: Any, **named: Any) -> None:
        """Send a message of any size: Autobahn means its limit for both directions.

        What is longer it does not send, as if the client were gone.
        """
        self.maxMessagePayloadSize = 0
        try:
            super().sendMessage(payload, *args, **named)
        finally:
            del self.maxMessagePayloadSize  # that of the class again

    def sendData(self, data: bytes, sync: bool = False, chopsize: int | None = None) -> None:
        """Write to the client, through the outbox."""
        self._outbox.write(data)

    def _unread(self, waiting: int) -> None:
        if self.state != self.STATE_OPEN:
            self.dropConnection(abort=True)
            return
        logger.warning("Dropped %s: it left %d bytes unread.", self.peer, waiting)
        DROPPED.labels("unread").inc()
        self.wasNotCleanReason = "the client did not read"
        # Behind what is on its way already, for a client that only was too slow.
        self._outbox.forget()
        self.closeHandshakeTimeout = LINGER
        code, reason = TOO_SLOW
        self.sendCloseFrame(code=code, reasonUtf8=reason.encode(), isReply=False)

    def _closeConnection(self, abort: bool = False) -> None:
        """Close the transport; a client that does not read the rest has `LINGER` seconds."""
        if not abort:
            self._outbox.flush()
            self._linger.set(LINGER, self.transport.abortConnection)
        super()._closeConnection(abort)


_OWN_OPTIONS = vars(GuardedWebSocket).keys() & set(GuardedWebSocket.CONFIG_ATTRS)


class AccessLog(AccessLogGenerator):
    """Daphne's access log, in which an address cannot write lines or colours of its own."""

    def write_entry(self, host: Any, date: Any, request: str, *args: Any, **more: Any) -> None:
        """Write one line."""
        super().write_entry(host, date, one_line(request), *args, **more)


def with_backlog(reactor: Any, description: str) -> Any:
    """The endpoint of a description; behind Twisted's 50, who comes waits a second or three."""
    if description.startswith("tcp:") and ":backlog=" not in description:
        description += f":backlog={BACKLOG}"
    return serverFromString(reactor, description)


def install() -> None:
    """Have daphne use the guarded classes; before it starts to listen."""
    GuardedRequest.arrivals = Arrivals()
    # It writes out its whole configuration for each connection, also for a log that nobody keeps.
    vars(autobahn)["pformat"] = str
    server.serverFromString = with_backlog
    server.HTTPFactory = GuardedHTTPFactory
    WebSocketFactory.protocol = GuardedWebSocket
    cli.AccessLogGenerator = AccessLog
