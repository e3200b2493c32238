"""Malformed frames against a real daphne: each gets its close code, and nobody else notices.

`make fuzz` runs 100,000 of them; FUZZ_CASES and FUZZ_SEED say how many and which.
"""

import asyncio
import json
import os
import time
from collections import Counter
from contextlib import AsyncExitStack
from random import Random

import psutil
from websockets.asyncio.client import ClientConnection

from account.tests.conftest import StartServer
from account.tests.fuzz import KINDS, Case, case
from account.tests.live import LiveServer, receive
from account.tests.raw import PING, PONG, TEXT, RawSocket, frame, raw_socket

CASES = int(os.environ.get("FUZZ_CASES", "2000"))
SEED = int(os.environ.get("FUZZ_SEED", "6455"))
AT_ONCE = 4
GROWTH = 24 * 1024 * 1024


async def survived(client: RawSocket, number: int) -> bool:
    """Whether a ping still gets its pong."""
    payload = f"after {number}".encode()
    await client.send(frame(PING, payload))
    while received := await client.receive():
        if received.opcode == PONG and received.payload == payload:
            return True
        assert received.opcode in (TEXT, PONG), received
    return False


async def how_it_ended(client: RawSocket, tried: Case) -> int | None:
    """The close code that the server sent, or None."""
    if tried.kind == "garbage":
        client.say_no_more()
    return await client.close_code()


async def fuzz(
    server: LiveServer, random: Random, tally: Counter[str], warm: asyncio.Event
) -> None:
    """Try cases one after the other, on a new connection whenever one was ended."""
    while tally.total() < CASES:
        if tally.total() > min(CASES / 4, 5_000):
            warm.set()
        async with AsyncExitStack() as stack:
            client = await stack.enter_async_context(raw_socket(server.address))
            while (tried := case(random)).survives and tally.total() < CASES:
                await client.send(tried.data)
                assert await survived(client, tally.total()), told(tried)
                tally[tried.kind] += 1
            if tally.total() >= CASES:
                return
            await client.send(tried.data)
            code = await how_it_ended(client, tried)
            assert code in tried.codes, f"{code}: {told(tried)}"
            tally[tried.kind] += 1


def told(tried: Case) -> str:
    """What to know about a case that failed."""
    return f"{tried.kind}, seed {SEED}, expected {set(tried.codes)}: {tried.data[:80].hex()}"


async def watch(bystander: ClientConnection, over: asyncio.Event) -> float:
    """Ping all the while; returns the seconds of the slowest pong."""
    slowest = 0.0
    number = 0
    while not over.is_set():
        started = time.monotonic()
        await bystander.send(json.dumps({"type": "ping", "id": number}))
        while (seen := await receive(bystander))["type"] != "pong":
            assert (seen["type"], seen.get("event")) in (("online", "joined"), ("online", "left"))
        assert seen["id"] == number
        slowest = max(slowest, time.monotonic() - started)
        number += 1
        await asyncio.sleep(0.1)
    return slowest


async def test_malformed_frames_get_their_close_code_and_nobody_else_notices(
    start_server: StartServer,
) -> None:
    server = start_server(MESSAGES_PER_CONNECTION="0", MESSAGES_PER_USER="0")
    process, tally = psutil.Process(server.pid), Counter[str]()
    warm, over = asyncio.Event(), asyncio.Event()
    async with server.connect() as bystander:
        await receive(bystander)
        watching = asyncio.create_task(watch(bystander, over))
        async with asyncio.timeout(60 + CASES / 20), asyncio.TaskGroup() as group:
            for worker in range(AT_ONCE):
                group.create_task(fuzz(server, Random(f"{SEED} {worker}"), tally, warm))
            await warm.wait()
            before = process.memory_info().rss
        over.set()
        slowest = await watching
    grown = process.memory_info().rss - before
    used = process.cpu_times()
    print(f"{tally.total()} cases in {used.user + used.system:.1f} s of the server's CPU: {tally}")
    print(f"slowest pong {slowest:.2f} s, memory {grown / 2**20:+.1f} MiB")
    assert tally.total() >= CASES and set(tally) == set(KINDS)
    assert "Traceback" not in server.log and "ERROR" not in server.log
    assert slowest < 2.0, f"the bystander waited {slowest:.2f} s"
    assert grown < GROWTH, f"{grown / 2**20:.1f} MiB"
