"""The door of the WebSocket: guests, how many at a time, how fast, and where from."""

import asyncio
import json
from contextlib import AsyncExitStack, suppress
from typing import Any
from unittest.mock import patch

import pytest
import websockets
from websockets.asyncio.client import ClientConnection

from account.tests import live
from account.tests.conftest import StartServer
from account.tests.live import LiveServer, receive, receive_until
from account.tests.raw import RawSocket, frame, handshake, raw_connection
from myproject.guard.bucket import Buckets, TokenBucket
from myproject.guard.door import Limited
from myproject.guard.proxies import BehindProxies

PROXIED = {"TRUSTED_PROXIES": "127.0.0.0/8"}


def is_error(code: str) -> Any:
    """Whether a frame is an error of this code."""
    return lambda frame: frame["type"] == "error" and frame["code"] == code


async def closed_with(client: ClientConnection) -> int | None:
    """The code with which the server closes; frames before it are passed over."""
    async with asyncio.timeout(live.TIMEOUT):
        await client.wait_closed()
    return client.close_code


def test_a_bucket_gives_what_it_holds_and_then_what_flows_in() -> None:
    now = 100.0
    bucket = TokenBucket(rate=2, most=4, clock=lambda: now)
    assert [bucket.take() for _ in range(5)] == [True] * 4 + [False]
    now += 0.5
    assert [bucket.take() for _ in range(2)] == [True, False]
    now += 1_000
    assert [bucket.take() for _ in range(5)] == [True] * 4 + [False]


def test_a_bucket_without_a_rate_has_no_end() -> None:
    assert all(TokenBucket(rate=0, most=0).take() for _ in range(1_000))


# --- how fast ---


@pytest.fixture
def slow_pace(start_server: StartServer) -> LiveServer:
    """A server that takes a message a second: a slow machine must not be a slow client."""
    return start_server(MESSAGES_PER_CONNECTION="1")


async def test_who_speaks_too_fast_is_told_so_and_the_others_hear_no_more_than_the_rate(
    slow_pace: LiveServer,
) -> None:
    async with slow_pace.connect() as fast, slow_pace.connect() as bystander:
        await receive(fast)
        await receive(bystander)
        for number in range(40):
            await fast.send(json.dumps({"type": "message", "text": f"{number}"}))
        error = await receive_until(fast, is_error("rate_limited"))
        assert error["detail"] == "Too many messages in a short time; wait a moment."
        heard: list[str] = []
        while not heard or heard[-1] != "slowly":
            await asyncio.sleep(1.1)  # a token flows in while we wait: that is what is tested
            await fast.send(json.dumps({"type": "message", "text": "slowly"}))
            message = await receive_until(bystander, lambda frame: frame["type"] == "message")
            heard.append(message["text"])
        assert heard[:2] == ["0", "1"]
        assert len(heard) < 20


async def test_who_does_not_stop_is_closed_with_4008(slow_pace: LiveServer) -> None:
    async with slow_pace.connect() as flood:
        ping = json.dumps({"type": "ping", "id": 1})
        with suppress(websockets.ConnectionClosed):
            for _ in range(200):
                await flood.send(ping)
        assert await closed_with(flood) == 4008


async def test_all_tabs_of_a_user_share_one_rate(start_server: StartServer) -> None:
    server = start_server(MESSAGES_PER_USER="1", MESSAGES_PER_CONNECTION="100")
    cookie = await asyncio.to_thread(server.log_in, "ana")
    async with AsyncExitStack() as stack:
        tabs = [await stack.enter_async_context(server.connect(cookie)) for _ in range(2)]
        for tab in tabs:
            for number in range(15):  # below what one connection may
                await tab.send(json.dumps({"type": "ping", "id": number}))
        await receive_until(tabs[1], is_error("rate_limited"))


# --- how many ---


async def test_a_user_has_no_more_than_so_many_tabs(start_server: StartServer) -> None:
    server = start_server(CONNECTIONS_PER_USER="2")
    cookie = await asyncio.to_thread(server.log_in, "ana")
    async with server.connect(cookie) as one:
        await receive(one)
        async with server.connect(cookie) as two:
            await receive(two)
            async with server.connect(cookie) as three:
                assert await closed_with(three) == 4009
            async with server.connect() as other:
                assert (await receive(other))["event"] == "state"
        await receive_until(one, lambda frame: frame.get("event") == "left")  # the guest
        async with asyncio.timeout(live.TIMEOUT):
            while True:  # until the server has noticed that the second tab is gone
                async with server.connect(cookie) as again:
                    try:
                        assert (await receive(again))["event"] == "state"
                        break
                    except websockets.ConnectionClosed:
                        await asyncio.sleep(0.05)
    server.wait_for_line("Turned away user 1 of .*: too many connections of one user.")


async def opened_through(address: str, forwarded: str, stack: AsyncExitStack) -> RawSocket:
    """A WebSocket that a proxy on this machine passes on."""
    client = await stack.enter_async_context(raw_connection(address))
    await client.send(handshake(address, f"X-Forwarded-For: {forwarded}"))
    assert "101" in await client.read_head()
    return client


async def test_an_address_has_no_more_than_so_many_connections(start_server: StartServer) -> None:
    server = start_server(CONNECTIONS_PER_ADDRESS="2", **PROXIED)
    async with AsyncExitStack() as stack:
        for _ in range(2):
            client = await opened_through(server.address, "203.0.113.7", stack)
            assert (await client.receive()) is not None
        # What the client itself put in front of it does not count.
        third = await opened_through(server.address, "198.51.100.1, 203.0.113.7", stack)
        assert await third.close_code() == 4010
        other = await opened_through(server.address, "203.0.113.8", stack)
        state = await other.receive()
        assert state is not None and b'"state"' in state.payload


async def status_of(server: LiveServer, *headers: str, source: str) -> str:
    """The status that a handshake from this address gets; the connection ends with it."""
    async with raw_connection(server.address, source) as client:
        await client.send(handshake(server.address, *headers))
        return (await client.read_head()).split()[1]


async def test_an_address_opens_no_more_than_so_many_connections_a_second(
    start_server: StartServer,
) -> None:
    limits = {"NEW_CONNECTIONS_PER_ADDRESS": "1", "TRUSTED_PROXIES": "127.0.0.3"}
    server = start_server(METRICS="on", **limits)
    here, there, proxy = "127.0.0.1", "127.0.0.2", "127.0.0.3"
    for _ in range(2):  # seconds of a rate that may come at once
        assert await status_of(server, source=there) == "101"
    assert await status_of(server, source=there) == "429"
    # The proxy's own address does not count, and what it says of a client does.
    of_another = "X-Forwarded-For: 203.0.113.7"
    for status in ("101", "101", "429"):
        assert await status_of(server, of_another, source=proxy) == status
    assert await status_of(server, "X-Forwarded-For: 203.0.113.8", source=there) == "429"
    for _ in range(5):
        assert await status_of(server, source=here) == "101"
    assert server.figures()["board_dropped_total"] == 3


async def test_what_waited_for_a_slow_consumer_did_not_come_too_fast() -> None:
    sent: list[Any] = []
    frames = iter([{"type": "websocket.receive", "text": str(number)} for number in range(100)])

    async def receive() -> Any:
        return next(frames)

    async def send(event: Any) -> None:
        sent.append(event)

    now = 100.0
    with (
        patch("myproject.guard.door.monotonic", lambda: now),
        patch("myproject.guard.door.bucket", lambda rate: TokenBucket(20, 40, lambda: now)),
    ):
        limited = Limited(receive, send, None)
        for _ in range(40):
            await limited.receive()
        now += 3  # so long does the fortieth take
        for _ in range(60):
            await limited.receive()
    assert sent == []


def test_many_names_are_not_kept_for_ever() -> None:
    buckets = Buckets(rate=1_000_000, most=1)
    for number in range(3 * Buckets.MANY):
        assert buckets.take(str(number))
    assert len(buckets) <= Buckets.MANY


async def test_without_a_trusted_proxy_a_forwarded_address_is_only_words(
    start_server: StartServer,
) -> None:
    server = start_server(CONNECTIONS_PER_ADDRESS="1")
    async with AsyncExitStack() as stack:
        for _ in range(3):
            client = await opened_through(server.address, "203.0.113.7", stack)
            await client.send(frame(9, b"still here"))
            while (received := await client.receive()) and received.opcode != 10:
                pass
            assert received is not None


@pytest.mark.parametrize(
    ("peer", "headers", "client", "scheme"),
    [
        ("10.0.0.1", {"x-forwarded-for": "203.0.113.7"}, "203.0.113.7", "http"),
        ("10.0.0.1", {"x-forwarded-for": "6.6.6.6, 203.0.113.7"}, "203.0.113.7", "http"),
        ("10.0.0.1", {"x-forwarded-for": "203.0.113.7, 10.0.0.2"}, "203.0.113.7", "http"),
        ("10.0.0.1", {"x-forwarded-for": "x\n, 203.0.113.7"}, "203.0.113.7", "http"),
        ("10.0.0.1", {"x-forwarded-for": "203.0.113.7, x"}, "10.0.0.1", "http"),
        ("10.0.0.1", {"x-forwarded-proto": "https"}, "10.0.0.1", "https"),
        ("10.0.0.1", {"x-forwarded-proto": "javascript"}, "10.0.0.1", "http"),
        ("10.0.0.1", {"x-forwarded-for": "2001:db8::1"}, "2001:db8::1", "http"),
        ("192.0.2.1", {"x-forwarded-for": "203.0.113.7"}, "192.0.2.1", "http"),
        ("192.0.2.1", {"x-forwarded-proto": "https"}, "192.0.2.1", "http"),
    ],
)
async def test_only_a_trusted_proxy_is_believed(
    peer: str, headers: dict[str, str], client: str, scheme: str
) -> None:
    seen: dict[str, Any] = {}

    async def application(scope: Any, receive: Any, send: Any) -> None:
        seen.update(scope)

    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "client": [peer, 4711], "scheme": "http", "headers": raw}
    await BehindProxies(application, ["10.0.0.0/24"])(scope, None, None)  # type: ignore[arg-type]
    assert (seen["client"][0], seen["scheme"]) == (client, scheme)


# --- who ---


async def test_without_guests_a_visitor_is_closed_with_4401_and_the_list_stays(
    start_server: StartServer,
) -> None:
    server = start_server(GUESTS="0")
    cookie = await asyncio.to_thread(server.log_in, "ana")
    async with server.connect() as visitor:
        assert await closed_with(visitor) == 4401
    async with server.connect(cookie) as ana:
        assert (await receive(ana))["users"] == [{"user": "ana", "tabs": 1}]
        page = await asyncio.to_thread(server.get, "/online/")
        assert json.loads(page) == {"users": [{"user": "ana", "tabs": 1}]}


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1.evil.example"])
async def test_a_foreign_origin_is_refused_with_a_line_that_says_so(
    server: LiveServer, origin: str
) -> None:
    cookie = await asyncio.to_thread(server.log_in, "ana")
    with pytest.raises(websockets.InvalidStatus) as refused:
        async with server.connect(cookie, origin=origin):
            pass
    assert refused.value.response.status_code == 403
    server.wait_for_line("Refused a WebSocket of .*: not in ALLOWED_HOSTS.")
