"""The soak: clients come, talk, drop and are cut off at random, for minutes; nothing may pile up.

`python -m account.tests.soak [--seconds 600]`, or `make soak`, prints figures as it goes, and at
the end what was left behind.
"""

import argparse
import asyncio
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import websockets

from account.tests import live
from account.tests.stage import Stage

VISITORS = 30
"""Clients at any time."""
STAY = 3.0
"""Seconds that a client stays, on average."""
SAMPLE = 5.0
"""Seconds between two looks at the servers."""
GROWTH = 8.0
"""MiB by which a server may have grown from the first half of the soak to its end."""
MORE_FILES = 10
"""Open files by which both servers together may end above where they began."""

FOR_OTHERS = {"DJANGO_DEBUG": "off", "DJANGO_SECRET_KEY": "of the soak", "HTTPS": "off"}
"""As they run for others: with DEBUG on, Django keeps the last 9,000 queries of each thread."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Sample:
    """The two servers at one moment; memory is that of the larger one, all else of both."""

    at: float  # seconds from the beginning
    memory: float  # MiB
    tasks: int
    sockets: int
    files: int

    def line(self) -> str:
        """The figures, for people."""
        return (
            f"{self.at:6.0f} s  {self.memory:6.1f} MiB  {self.tasks:4} tasks"
            f"  {self.sockets:3} sockets  {self.files:4} open files"
        )


@dataclass(frozen=True)
class Result:
    """What a soak has shown."""

    samples: list[Sample]  # the first before anybody came, the last after everybody had gone
    did: Counter[str]
    left_behind: dict[str, int]
    tracebacks: int

    @property
    def growth(self) -> float:
        """MiB between the average of the second quarter and that of the last."""
        memory = [sample.memory for sample in self.samples]
        quarter = max(1, len(memory) // 4)
        early, late = memory[quarter : 2 * quarter], memory[-quarter:]
        return sum(late) / len(late) - sum(early) / len(early)

    def problems(self) -> list[str]:
        """A sentence for each thing that piled up."""
        first, last = self.samples[0], self.samples[-1]
        found = [f"{count} {what} were left" for what, count in self.left_behind.items() if count]
        if self.growth > GROWTH:
            found.append(f"a server grew by {self.growth:.1f} MiB")
        # Each server has begun by then to beat, to ask its broker, and to be asked how it is.
        if last.tasks > first.tasks + 6:
            found.append(f"{last.tasks} tasks are there, and {first.tasks} were before")
        if last.files > first.files + MORE_FILES:
            found.append(f"{last.files} files are open, and {first.files} were before")
        if self.tracebacks:
            found.append(f"{self.tracebacks} tracebacks are in the logs")
        return found


async def soak(seconds: float, say: Say) -> Result:
    """Let clients come and go for that long on a stage of their own."""
    stage = await asyncio.to_thread(Stage(settings=FOR_OTHERS).__enter__)
    try:
        did: Counter[str] = Counter()
        begun = time.monotonic()
        samples = [await _sample(stage, begun)]
        visitors = [
            asyncio.create_task(_keep_visiting(stage, did, begun + seconds, random.Random(number)))
            for number in range(VISITORS)
        ]
        while (left := begun + seconds - time.monotonic()) > 0:
            await asyncio.sleep(min(SAMPLE, left))
            samples.append(await _sample(stage, begun))
            say(samples[-1].line())
        await asyncio.gather(*visitors)
        behind = await wait_until_nothing_is_left(stage)
        samples.append(await _last_sample(stage, begun, samples[0].files + MORE_FILES))
        say(samples[-1].line())
        tracebacks = (stage.one.log + stage.two.log).count("Traceback")
        return Result(samples, did, behind, tracebacks)
    finally:
        await asyncio.to_thread(stage.__exit__, None, None, None)


async def wait_until_nothing_is_left(stage: Stage) -> dict[str, int]:
    """What is left behind of connections, once nothing is or time is up."""
    end = time.monotonic() + live.TIMEOUT
    while True:
        behind = await asyncio.to_thread(stage.left_behind)
        if not any(behind.values()) or time.monotonic() > end:
            return behind
        await asyncio.sleep(0.2)


async def _sample(stage: Stage, begun: float) -> Sample:
    both = [await asyncio.to_thread(server.figures) for server in (stage.one, stage.two)]
    return Sample(
        time.monotonic() - begun,
        max(figures["process_resident_memory_bytes"] for figures in both) / 2**20,
        int(sum(figures["board_tasks"] for figures in both)),
        int(sum(figures["board_connections"] for figures in both)),
        int(sum(figures["process_open_fds"] for figures in both)),
    )


async def _last_sample(stage: Stage, begun: float, files: int) -> Sample:
    """A sample once no more files are open than that, or time is up.

    A server keeps the files of its database open until nobody has asked for a moment.
    """
    end = time.monotonic() + live.TIMEOUT
    while True:
        sample = await _sample(stage, begun)
        if sample.files <= files or time.monotonic() > end:
            return sample
        await asyncio.sleep(0.2)


async def _keep_visiting(
    stage: Stage, did: Counter[str], end: float, chance: random.Random
) -> None:
    place = ""
    while (left := end - time.monotonic()) > 0:
        did["visits"] += 1
        try:
            place = await _visit(stage, did, min(left, chance.expovariate(1 / STAY)), chance, place)
        except (websockets.WebSocketException, OSError) as error:  # a time-out is one, too
            did[f"ended by {type(error).__name__}"] += 1


async def _visit(
    stage: Stage, did: Counter[str], seconds: float, chance: random.Random, place: str
) -> str:
    """Come, as somebody new or where one left off; talk; go in one of three ways."""
    server = chance.choice((stage.one, stage.two))
    cookie = chance.choice([*stage.cookies.values(), None])
    query = place if place and chance.random() < 0.5 else "history=1"
    async with server.connect(cookie, path=f"/online/?{query}") as socket:
        async with asyncio.timeout(live.TIMEOUT):
            state = json.loads(await socket.recv())
        # Every fifth reads nothing of what comes.
        reading = asyncio.create_task(_read(socket)) if chance.random() < 0.8 else None
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            what = chance.choice(("message", "message", "whisper", "ping", "nonsense"))
            did[what] += 1
            await socket.send(WORDS[what])
            await asyncio.sleep(chance.uniform(0.1, 0.5))
        if reading:
            reading.cancel()
        how = chance.choice(("close", "vanish", "close in the middle"))
        did[how] += 1
        if how == "vanish":
            socket.transport.abort()
        elif how == "close in the middle":
            await socket.send(WORDS["message"])
    return f"epoch={state['history']['epoch']}&since={state['history']['last']}"


WORDS = {
    "message": json.dumps({"type": "message", "text": "x" * 500}),
    "whisper": json.dumps({"type": "message", "text": "psst", "to": "ana"}),
    "ping": json.dumps({"type": "ping", "id": 1}),
    "nonsense": "{",
}


async def _read(socket: websockets.ClientConnection) -> None:
    with suppress(websockets.ConnectionClosed):
        async for _ in socket:
            pass


def main() -> int:
    """Run it and print the figures; 1 when something piled up."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600, help="how long it takes")

    def say(line: str) -> None:
        print(line, flush=True)

    result = asyncio.run(soak(parser.parse_args().seconds, say))
    print(", ".join(f"{what}: {count}" for what, count in sorted(result.did.items())))
    print(f"Grown by {result.growth:.1f} MiB.")
    problems = result.problems()
    print("\n".join(problems) or "Nothing was left behind.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
