"""Bench: what recording costs on the broadcast path when it is off (nothing) and when it is on.

Three servers side by side: the demo project with recording off, a copy of it that has never heard
of recording (no recorder package, no line of it in settings and asgi), and one that records. Each
round sends one message to every client of each server, in turn; what is compared is the time until
the last client has it. Prints the medians, and the ratio of "off" to "never heard of it".
"""

from __future__ import annotations

import argparse
import asyncio
import re
import shutil
import statistics
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from channels_lab import Client, LiveServer
from channels_lab.places import DEMO_PROJECT

_SETTING = re.compile(r"# Not installed at all.*?\"recorder\"\)\n", re.DOTALL)
_HOOK = re.compile(r"if settings\.RECORD_TO:\n.*?recorded\(application\)\n", re.DOTALL)


def without_recording(folder: Path) -> Path:
    """Copy the demo project without a trace of the recorder; ValueError if there is one left."""
    copy = folder / "copy"
    shutil.copytree(
        DEMO_PROJECT,
        copy,
        ignore=shutil.ignore_patterns("recorder", "tests", "__pycache__", "*.sqlite3*"),
    )
    for name, pattern in (("settings.py", _SETTING), ("asgi.py", _HOOK)):
        file = copy / "myproject" / name
        file.write_text(pattern.sub("", file.read_text()))
        if "RECORD_TO" in file.read_text():
            raise ValueError(f"expected {name} without the recorder, got RECORD_TO in it")
    return copy


async def one_round(crowd: list[Client], number: int) -> float:
    """Send one message and return the seconds until the last client has it."""
    began = time.perf_counter()
    await crowd[0].send({"type": "message", "text": str(number)})
    await asyncio.gather(*(_until(client, str(number)) for client in crowd))
    return time.perf_counter() - began


async def _until(client: Client, text: str) -> None:
    while (await client.receive(timeout=15)).get("text") != text:
        pass


async def compare(clients: int, rounds: int) -> dict[str, list[float]]:
    """Measure the three servers, round by round in turn; seconds per broadcast."""
    seconds: dict[str, list[float]] = {"never heard of it": [], "off": [], "on": []}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as running:
        servers = {
            "never heard of it": LiveServer(without_recording(Path(folder))),
            "off": LiveServer(),
            # Only the server's side: the clients' own notes would be measured as well.
            "on": LiveServer(settings={"CHANNELS_RECORD": str(Path(folder) / "record")}),
        }
        crowds: dict[str, list[Client]] = {}
        for name, server in servers.items():
            running.enter_context(server)
            crowds[name] = [Client(f"guest {number}", server) for number in range(clients)]
            for client in crowds[name]:
                await client.connect()
        names = list(servers)
        for number in range(-5, rounds):  # the first five warm up
            for turn in range(len(names)):
                name = names[(turn + number) % len(names)]
                took = await one_round(crowds[name], number)
                if number >= 0:
                    seconds[name].append(took)
        for crowd in crowds.values():
            await asyncio.gather(*(client.close() for client in crowd))
    return seconds


def main() -> None:
    """Print the medians and the ratios."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--clients", type=int, default=50)
    options.add_argument("--rounds", type=int, default=200)
    given = options.parse_args()
    seconds = asyncio.run(compare(given.clients, given.rounds))
    base = statistics.median(seconds["never heard of it"])
    print(f"one message to {given.clients} clients, median of {given.rounds} rounds")
    for name, each in seconds.items():
        median = statistics.median(each)
        print(f"  recording {name:<18} {median * 1e3:7.2f} ms   ratio {median / base:.3f}")


if __name__ == "__main__":
    main()
