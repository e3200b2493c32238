"""What remains of a handshake once a WebSocket is open: nothing that only the handshake needed."""

import asyncio
import gc
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
from daphne.server import Server
from daphne.ws_protocol import WebSocketFactory
from twisted.internet.testing import StringTransport

from account.fanout import KEPT, WIRE
from account.tests.live import TIMEOUT
from account.tests.raw import handshake
from myproject.guard.below_daphne import (
    Arrivals,
    GuardedHTTPFactory,
    GuardedRequest,
    GuardedWebSocket,
)
from myproject.wire import Wired, lighten

HOST = "127.0.0.1:8080"


class Opened:
    """An application that accepts, and remembers the scope of its connection."""

    def __init__(self) -> None:
        self.scope: dict[str, Any] = {}
        self.is_open, self.end = asyncio.Event(), asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scope = scope
        scope["session"] = "whose it is"
        await receive()
        await send({"type": "websocket.accept"})
        self.is_open.set()
        await asyncio.wait_for(self.end.wait(), TIMEOUT)


@pytest.fixture
def daphne(monkeypatch: pytest.MonkeyPatch) -> Server:
    """Daphne's server with our protocols, of which nothing listens."""
    monkeypatch.setattr(WebSocketFactory, "protocol", GuardedWebSocket)
    monkeypatch.setattr(GuardedRequest, "arrivals", Arrivals(), raising=False)
    server = Server(None, endpoints=["unused"])
    server.connections = {}
    server.http_factory = GuardedHTTPFactory(server)
    server.ws_factory = WebSocketFactory(server, server="daphne")
    return server


@pytest.fixture
def no_garbage_is_collected() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


def connected(server: Server) -> tuple[Any, Any]:
    """The two ends of a new connection: what the server reads with, and what it writes to."""
    channel = server.http_factory.buildProtocol(None)
    transport: Any = StringTransport()
    transport.protocol = channel
    channel.makeConnection(transport)
    return channel, transport


@pytest.mark.usefixtures("no_garbage_is_collected")
async def test_a_request_that_became_a_websocket_is_gone_at_once(daphne: Server) -> None:
    daphne.application = opened = Opened()
    channel, transport = connected(daphne)
    first, rest = handshake(HOST).split(b"\r\n", 1)
    channel.dataReceived(first + b"\r\n")
    request = weakref.ref(channel.requests[-1])
    assert request() is not None
    channel.dataReceived(rest)
    await asyncio.wait_for(opened.is_open.wait(), TIMEOUT)
    assert transport.value().startswith(b"HTTP/1.1 101 ")
    assert request() is None
    assert list(daphne.connections) == [transport.protocol]
    opened.end.set()


async def test_the_scope_of_an_open_connection_is_emptied(daphne: Server) -> None:
    opened = Opened()
    daphne.application = Wired(opened)
    channel, _ = connected(daphne)
    channel.dataReceived(handshake(HOST))
    await asyncio.wait_for(opened.is_open.wait(), TIMEOUT)
    headers = opened.scope["headers"]
    assert headers
    opened.scope["extensions"][WIRE].settle()
    assert not headers
    assert opened.scope.keys() <= set(KEPT)
    opened.end.set()


async def test_a_queue_that_was_lightened_passes_on_what_comes() -> None:
    queue: asyncio.Queue[int] = asyncio.Queue()
    queue.put_nowait(0)
    lighten(queue)
    assert queue.get_nowait() == 0
    waiting = asyncio.ensure_future(queue.get())
    await asyncio.sleep(0)
    for number in range(1, 4):
        queue.put_nowait(number)
    assert [await waiting, await queue.get(), await queue.get()] == [1, 2, 3]


def test_a_queue_with_a_limit_is_left_as_it_is() -> None:
    queue: asyncio.Queue[int] = asyncio.Queue(1)
    own = dict(vars(queue))
    lighten(queue)
    assert vars(queue) == own
