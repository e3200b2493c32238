"""Clients that are slow on purpose: they send a byte at a time, or nothing, or read nothing."""

import asyncio
import json
import time
from contextlib import AsyncExitStack, suppress

import psutil
import pytest

from account.tests import live
from account.tests.conftest import StartServer
from account.tests.live import LiveServer, receive
from account.tests.raw import RawSocket, handshake, raw_connection

MiB = 1024 * 1024
HALF_OPEN = 300  # in the three seconds of the test: 100 a second
TEXT = "😀" * 1_900
MESSAGE = len(json.dumps(TEXT))  # bytes; each of the characters is twelve


@pytest.fixture
def impatient(start_server: StartServer) -> LiveServer:
    """A daphne process that waits two seconds for a request."""
    return start_server(HANDSHAKE_SECONDS="2", METRICS="on")


async def connect_time(server: LiveServer) -> float:
    """Seconds until a normal client has its state."""
    started = time.monotonic()
    async with server.connect() as client:
        assert (await receive(client))["event"] == "state"
    return time.monotonic() - started


async def end_of(client: RawSocket) -> float:
    """Seconds until the server hangs up."""
    started = time.monotonic()
    with suppress(EOFError):
        while True:
            await client.read(1)
    return time.monotonic() - started


SILENT = b""
HALF = b"GET /online/ HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
HALF_BODY = b"POST /accounts/login/ HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\nusername="


@pytest.mark.parametrize("said", [SILENT, HALF, HALF_BODY], ids=["silent", "half", "half a body"])
async def test_a_request_that_never_ends_is_hung_up_on(impatient: LiveServer, said: bytes) -> None:
    async with raw_connection(impatient.address) as client:
        await client.send(said)
        assert 1.0 < await end_of(client) < 6.0
    assert 'board_dropped_total{reason="slow request"} ' in impatient.get("/metrics")


async def test_a_byte_at_a_time_wins_no_time(impatient: LiveServer) -> None:
    async with raw_connection(impatient.address) as client:
        ended = asyncio.create_task(end_of(client))
        for byte in handshake(impatient.address):
            await client.send(bytes([byte]))
            done, _ = await asyncio.wait([ended], timeout=0.1)
            if done:
                break
        assert 1.0 < await ended < 6.0


async def test_an_open_websocket_is_not_hung_up_on(impatient: LiveServer) -> None:
    async with impatient.connect() as client:
        await receive(client)
        await asyncio.sleep(3.5)  # longer than a request may take: that is what is tested
        assert await live.ping(client, "still here") == {"type": "pong", "id": "still here"}


async def open_half(server: LiveServer, number: int, seconds: float, stack: AsyncExitStack) -> None:
    """Open so many connections in so many seconds, each of which says half of a handshake."""
    for _ in range(number):
        client = await stack.enter_async_context(raw_connection(server.address))
        await client.send(HALF)
        await asyncio.sleep(seconds / number)


async def test_half_open_handshakes_do_not_keep_a_normal_client_out(impatient: LiveServer) -> None:
    times = []
    async with AsyncExitStack() as stack:
        opening = asyncio.create_task(open_half(impatient, HALF_OPEN, 3.0, stack))
        while not opening.done():
            times.append(await connect_time(impatient))
            await asyncio.sleep(0.1)
        await opening
        # Two seconds each: there are never all of them.
        assert len(psutil.Process(impatient.pid).net_connections()) < HALF_OPEN
    print(f"{HALF_OPEN} half open; {len(times)} connects, the slowest in {max(times):.2f} s")
    assert times  # each of them came in; how fast, `make attacks` measures


async def test_more_connections_without_a_request_than_the_limit_end_the_oldest(
    start_server: StartServer,
) -> None:
    server = start_server(HANDSHAKE_SECONDS="60")
    process = psutil.Process(server.pid)
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(raw_connection(server.address))
        await first.send(HALF)
        for _ in range(1_100):
            await stack.enter_async_context(raw_connection(server.address))
        assert await end_of(first) < 6.0
        await connect_time(server)
        assert len(process.net_connections()) < 1_050


async def test_hundreds_may_wait_to_be_accepted(start_server: StartServer) -> None:
    server = start_server()
    process = psutil.Process(server.pid)
    async with AsyncExitStack() as stack:
        process.suspend()
        try:
            async with asyncio.timeout(live.TIMEOUT):
                for _ in range(500):  # a full backlog is silent: connecting would take seconds each
                    await stack.enter_async_context(raw_connection(server.address))
        finally:
            process.resume()
        await connect_time(server)


@pytest.mark.parametrize("chunked", [False, True], ids=["said", "chunked"])
async def test_a_body_without_an_end_is_refused(server: LiveServer, chunked: bool) -> None:
    head = f"POST /accounts/login/ HTTP/1.1\r\nHost: {server.address}\r\n"
    length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {500 * MiB}"
    async with raw_connection(server.address) as client:
        await client.send(f"{head}{length}\r\n\r\n".encode())
        if chunked:
            await client.send(b"40000\r\n%b\r\n" % bytes(0x40000) * 8)
        assert (await client.read_head()).startswith("HTTP/1.1 413 ")


async def test_a_client_that_reads_nothing_is_dropped_and_costs_the_others_nothing(
    start: StartServer,
) -> None:
    unlimited = {"MESSAGES_PER_CONNECTION": "0", "MESSAGES_PER_USER": "0"}
    server = start(METRICS="on", **unlimited)
    process = psutil.Process(server.pid)
    async with (
        raw_connection(server.address) as deaf,
        server.connect() as speaker,
        server.connect() as listener,
    ):
        for client in (speaker, listener):
            await receive(client)
        await deaf.send(handshake(server.address))
        await live.receive_until(listener, lambda frame: frame.get("event") == "joined")
        before = process.memory_info().rss
        sent = grown = 0
        while "Dropped" not in server.log:
            assert sent < 40 * MiB, "it was not dropped"
            for number in range(10):
                await speaker.send(json.dumps({"type": "message", "text": f"{TEXT}{number}"}))
                sent += MESSAGE
            for client in (speaker, listener):
                for _ in range(10):
                    await live.receive_until(client, lambda frame: frame["type"] == "message")
            grown = max(grown, process.memory_info().rss - before)
        # Behind what it had left: if it was only slow, it knows why.
        assert (await deaf.read_head()).startswith("HTTP/1.1 101")
        assert await deaf.close_code() == 4011
        print(f"{sent / MiB:.1f} MiB sent, memory {grown / MiB:+.1f} MiB")
        assert grown < 20 * MiB, f"{grown / MiB:.1f} MiB"
    line = server.wait_for_line(r"Dropped (tcp4?:)?127\.0\.0\.1:\d+: it left \d+ bytes unread\.")
    assert server.log.count("Dropped") == 1
    assert server.figures()["board_dropped_total"] == 1
    assert 1 * MiB < int(line.split(" bytes")[0].split()[-1]) < 1.1 * MiB
    assert "Traceback" not in server.log
