"""Attacks on a real server by a process of their own, and what normal clients notice of each.

`python -m account.tests.attacks [--seconds 60]`, or `make attacks`, prints a table, and ends with 1
when a normal client waited too long or the server grew too much. What is allowed is below.
"""

import argparse
import asyncio
import json
import random
import statistics
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import psutil
from websockets.asyncio.client import ClientConnection

from account.tests import live
from account.tests.fuzz import case
from account.tests.raw import PING, PONG, frame, handshake, raw_connection
from account.tests.stage import Stage

CONNECT_WITHIN = 1.0
"""Seconds in which a normal client has its state, whatever others do."""
GROWTH = 20.0
"""MiB that the server may grow by because one client reads nothing."""
SLOWER = 2.0
"""So many times what it is otherwise may the others' 99th percentile become because of it."""
HALF = b"GET /online/ HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
MALFORMED = 10_000  # frames
CROWD, CROWD_SECONDS = 2_000, 2.0
ELSEWHERE = "127.0.0.2"  # no limit by address counts for the server's own machine
OTHERS = 98  # clients beside the one who speaks and the one who does not read
# Each character is twelve in JSON, so that a frame has 24 kB, and 42 of them are 1 MB.
LONG, PER_SECOND = "😀" * 2_000, 42
UNLIMITED = {"MESSAGES_PER_CONNECTION": "0", "MESSAGES_PER_USER": "0"}


# --- the attackers: each is a process of its own -------------------------------------------------


async def half_open(address: str, seconds: float, cookie: str) -> None:
    """A hundred connections a second that say half of a handshake, and stay."""
    async with AsyncExitStack() as stack:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            client = await stack.enter_async_context(raw_connection(address))
            await client.send(HALF)
            await asyncio.sleep(0.01)


async def malformed(address: str, seconds: float, cookie: str) -> None:
    """Ten thousand frames that no library would send, on ten connections at a time of one address.

    One of twenty ends its connection, and there are no more of them than an address may open.
    """
    left = MALFORMED

    async def send(seed: int) -> None:
        nonlocal left
        chance = random.Random(seed)
        while left > 0:
            async with raw_connection(address, ELSEWHERE) as client:
                await client.send(handshake(address))
                survives = " 101 " in await client.read_head()
                if not survives:
                    await asyncio.sleep(0.1)
                while survives and left > 0:
                    left -= 1
                    sent = case(chance, ends=0.05)
                    survives = sent.survives
                    await client.send(sent.data)

    await asyncio.gather(*(send(seed) for seed in range(10)))


async def crowd(address: str, seconds: float, cookie: str) -> None:
    """Two thousand WebSockets of one address in two seconds; each stays."""
    async with AsyncExitStack() as stack:
        begun = time.monotonic()
        for number in range(CROWD):
            await asyncio.sleep(begun + number * CROWD_SECONDS / CROWD - time.monotonic())
            client = await stack.enter_async_context(raw_connection(address, ELSEWHERE))
            await client.send(handshake(address))
        await asyncio.sleep(begun + seconds - time.monotonic())


async def deaf(address: str, seconds: float, cookie: str) -> None:
    """Somebody who is online and reads nothing, and who comes back whenever they were dropped."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        async with raw_connection(address) as client:
            await client.send(handshake(address, f"Cookie: {cookie}"))
            while time.monotonic() < end and not client.is_cut():  # noqa: ASYNC110 (nothing tells)
                await asyncio.sleep(0.1)


async def attentive(address: str, seconds: float, cookie: str) -> None:
    """The same, but reading: nobody is attacked."""
    async with raw_connection(address) as client:
        await client.send(handshake(address, f"Cookie: {cookie}"))
        await client.read_head()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while received := await client.receive():
                    if received.opcode == PING:
                        await client.send(frame(PONG, received.payload))
                raise EOFError("the server dropped somebody who reads")


ATTACKS = ["half_open", "malformed", "crowd", "deaf"]
ATTACKERS: dict[str, Callable[[str, float, str], Coroutine[Any, Any, None]]] = {
    each.__name__: each for each in (half_open, malformed, crowd, deaf, attentive)
}


@asynccontextmanager
async def attacked(
    name: str, server: live.LiveServer, seconds: float, cookie: str = ""
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Let an attacker at the server while the block runs. Raises RuntimeError when it failed."""
    command = [sys.executable, "-m", "account.tests.attacks", "--attacker", name]
    command += ["--address", server.address, "--seconds", str(seconds), "--cookie", cookie]
    process = await asyncio.create_subprocess_exec(*command, cwd=live.PROJECT)
    try:
        yield process
        async with asyncio.timeout(live.TIMEOUT + seconds):
            if await process.wait():
                raise RuntimeError(f"the attacker {name!r} ended with {process.returncode}")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


# --- what normal clients notice ------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """What normal clients noticed of one attack, and what it cost the server."""

    attack: str
    seconds: float
    waits: list[float]  # seconds, of each normal client or of each of their pings
    growth: float  # MiB, at its largest
    limit: float  # seconds that the slowest, or the 99th percentile, may take
    measure: Callable[[list[float]], float]

    def line(self) -> str:
        """A line of the table, in Markdown."""
        median, most = statistics.median(self.waits), max(self.waits)
        times = " | ".join(f"{1000 * one:.0f} ms" for one in (median, p99(self.waits), most))
        return (
            f"| {self.attack} | {self.seconds:.0f} s | {len(self.waits)} | {times}"
            f" | {self.growth:+.1f} MiB |"
        )

    def problems(self) -> list[str]:
        """A sentence for each figure that is not allowed."""
        found = []
        if (took := self.measure(self.waits)) > self.limit:
            found.append(f"{self.attack}: {took:.2f} s, and {self.limit:.2f} s are allowed")
        if self.growth > GROWTH and self.measure is p99:
            found.append(f"{self.attack}: the server grew by {self.growth:.1f} MiB")
        return found


HEAD = "| attack | lasted | measured | median | 99 % | slowest | server's memory |\n|" + "---|" * 7


def p99(waits: list[float]) -> float:
    """The 99th percentile."""
    return statistics.quantiles(waits, n=100)[98] if len(waits) > 1 else waits[0]


class Memory:
    """How much a server has grown since we began to look, in MiB, at its largest."""

    def __init__(self, server: live.LiveServer) -> None:
        self._process = psutil.Process(server.pid)
        self._before = self._process.memory_info().rss
        self.growth = 0.0

    def look(self) -> None:
        """Look now."""
        grown = (self._process.memory_info().rss - self._before) / 2**20
        self.growth = max(self.growth, grown)


async def newcomers(name: str, server: live.LiveServer, seconds: float) -> Row:
    """Connect as a normal client, again and again, as long as the attack lasts."""
    memory, begun = Memory(server), time.monotonic()
    waits: list[float] = []
    async with attacked(name, server, seconds) as attacker:
        while attacker.returncode is None:
            started = time.monotonic()
            async with server.connect() as client:
                assert (await live.receive(client))["event"] == "state"
            waits.append(time.monotonic() - started)
            memory.look()
            await asyncio.sleep(0.1)
    lasted = time.monotonic() - begun
    return Row(name.replace("_", " "), lasted, waits, memory.growth, CONNECT_WITHIN, max)


async def others(name: str, stage: Stage, seconds: float) -> Row:
    """Let a crowd of clients ping while ana sends a megabyte a second to dora alone."""
    memory, begun = Memory(stage.one), time.monotonic()
    waits: list[float] = []
    async with AsyncExitStack() as stack:
        speaker = await stack.enter_async_context(stage.one.connect(stage.cookies["ana"]))
        cookies = [stage.cookies["bob"], stage.cookies["cem"]]
        crowd = [
            await stack.enter_async_context(stage.one.connect(cookies[number % 2]))
            for number in range(OTHERS)
        ]
        async with attacked(name, stage.one, seconds + 1, stage.cookies["dora"]):
            await live.receive_until(speaker, lambda frame: frame.get("user") == "dora")
            reading = asyncio.create_task(_read(speaker))
            end = time.monotonic() + seconds
            pinging = [asyncio.create_task(_ping_until(end, client, waits)) for client in crowd]
            said = json.dumps({"type": "message", "text": LONG, "to": "dora"})
            for number in range(int(seconds * PER_SECOND)):
                await speaker.send(said)
                memory.look()
                await asyncio.sleep(end - seconds + number / PER_SECOND - time.monotonic())
            await asyncio.gather(*pinging)
            reading.cancel()
    lasted = time.monotonic() - begun
    return Row(name, lasted, waits, memory.growth, float("inf"), p99)


async def _ping_until(end: float, client: ClientConnection, waits: list[float]) -> None:
    """Ping about once a second, and note how long each answer took."""
    while time.monotonic() < end:
        await asyncio.sleep(random.uniform(0.5, 1.5))
        started = time.monotonic()
        await client.send('{"type": "ping", "id": 1}')
        await live.receive_until(client, lambda frame: frame["type"] == "pong")
        waits.append(time.monotonic() - started)


async def _read(client: ClientConnection) -> None:
    async for _ in client:
        pass


async def run(seconds: float, names: list[str]) -> AsyncIterator[Row]:
    """Each attack on servers of its own, the last beside the same without an attack."""
    for name in ATTACKS[:3]:
        if name in names:
            with Stage() as stage:
                yield await newcomers(name, stage.one, seconds if name == "half_open" else 10)
    if "deaf" not in names:
        return
    with Stage(settings=UNLIMITED) as stage:
        await others("attentive", stage, 5)  # to warm up: what it grows by then is not counted
        peaceful = await others("attentive", stage, seconds)
        yield peaceful
        row = await others("deaf", stage, seconds)
        limit = SLOWER * p99(peaceful.waits)
        yield Row(row.attack, row.seconds, row.waits, row.growth, limit, p99)


async def print_table(seconds: float, names: list[str]) -> int:
    """Run all attacks, a line for each; 1 when something is not allowed."""
    print(HEAD, flush=True)
    problems = []
    async for row in run(seconds, names):
        print(row.line(), flush=True)
        problems += row.problems()
    print("\n".join(problems) or "All of it is allowed.")
    return 1 if problems else 0


def main() -> int:
    """Print the table; or, as a process of its own, be an attacker."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="how long an attack lasts")
    parser.add_argument("names", nargs="*", default=ATTACKS, help=f"of {', '.join(ATTACKS)}")
    for name in ("attacker", "address", "cookie"):
        parser.add_argument(f"--{name}", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.attacker is None:
        return asyncio.run(print_table(chosen.seconds, chosen.names))
    asyncio.run(ATTACKERS[chosen.attacker](chosen.address, chosen.seconds, chosen.cookie))
    return 0


if __name__ == "__main__":
    sys.exit(main())
