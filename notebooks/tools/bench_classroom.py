"""Bench: does the instructor's board stay responsive, with 300 learners and 60 reports a second?

A real daphne with its Valkey, a real Chromium, and for each learner a real WebSocket. The board is
measured twice in the same run, while somebody writes a hint in it: first the class is quiet, then
each report of it changes what the board shows.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import secrets
import time
from functools import partial
from typing import Any

from playwright.async_api import expect

from channels_lab import Client, LiveServer
from tools import frontend
from tools.bench_page import (
    AT_ONCE,
    PATIENCE,
    Measured,
    chromium,
    measure,
    open_page,
    room_for,
    show,
    until,
)
from tools.lab import ROOT

COURSE = json.loads((ROOT / "demo_project" / "classroom" / "course.json").read_text("utf-8"))
STEPS = [step["id"] for lesson in COURSE["lessons"] for step in lesson["steps"]]
NO_LIMIT = {"CONNECTIONS_PER_ADDRESS": "0", "NEW_CONNECTIONS_PER_ADDRESS": "0"}
LAST = "The end"
SIZE = 1440, 900


class Learner:
    """A learner who joins, and then does something now and again."""

    def __init__(self, server: LiveServer, number: int) -> None:
        self._client = Client(f"learner {number}", server, "/classroom/learner/")
        self._number = 0

    async def join(self, code: str) -> None:
        """Connect and take the welcome."""
        key, name = secrets.token_urlsafe(32), self._client.name
        await self._client.connect(timeout=PATIENCE)
        await self._client.send(
            {"type": "join", "code": code, "name": name, "key": key, "since": 0}
        )
        while (await self._client.receive(PATIENCE)).get("event") != "welcome":
            pass

    async def report(self, what: str, **more: Any) -> None:
        """Report something; the answers are read by nobody, there are few."""
        self._number += 1
        report = {"type": "report", "number": self._number, "ago": 0, "what": what, **more}
        await self._client.send(report, timeout=PATIENCE)


async def gather(server: LiveServer, learners: int) -> tuple[list[Learner], str]:
    """Open a class and let so many join, a few at once; return them and the link of its board."""
    said = server.run("python manage.py open_class --title Bench")
    words = dict(re.findall(r"^(\w+):\s+(\S+)$", said, re.MULTILINE))
    crowd = [Learner(server, number) for number in range(1, learners + 1)]
    for first in range(0, learners, AT_ONCE):
        few = crowd[first : first + AT_ONCE]
        await asyncio.gather(*(learner.join(words["Code"]) for learner in few))
    fragment = words["Instructor"].partition("#")[2]
    return crowd, f"{server.url}/classroom/board/#{fragment}"


async def work(crowd: list[Learner], rate: int, seconds: float) -> None:
    """Let one after the other do something; the last of all raises a hand."""
    began = time.perf_counter()
    for number in range(round(rate * seconds)):
        await until(began + number / rate)
        step = STEPS[number // len(crowd) % len(STEPS)]
        await crowd[number % len(crowd)].report("step", step=step)
    await crowd[-1].report("stuck", text=LAST)


async def bench(learners: int, rate: int, seconds: float) -> tuple[Measured, Measured, float]:
    """Return the quiet board, the busy board, and how late its last change was, in seconds."""
    async with chromium() as running:
        with LiveServer(settings=NO_LIMIT) as server:
            crowd, link = await gather(server, learners)
            open_board = partial(
                open_page, running, link, first="app-learner-row", field="A hint", size=SIZE
            )
            async with open_board() as page:  # warms up the server and the browser
                await page.wait_for_timeout(1000)
            async with open_board() as page:
                quiet = await measure(page, seconds)
                busy, _ = await asyncio.gather(measure(page, seconds), work(crowd, rate, seconds))
                ended = time.perf_counter()
                last = page.locator(".raised .text", has_text=LAST)
                await expect(last).to_be_visible(timeout=PATIENCE * 1000)
                late = time.perf_counter() - ended
    return quiet, busy, late


def main() -> None:
    """Print the quiet board, the busy one, and the ratio of the two."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--learners", type=int, default=300)
    options.add_argument("--rate", type=int, default=60, help="reports a second")
    options.add_argument("--seconds", type=float, default=20)
    given = options.parse_args()
    learners = room_for(given.learners)
    frontend.build()
    quiet, busy, late = asyncio.run(bench(learners, given.rate, given.seconds))
    title = (
        f"the board of {learners} learners for {given.seconds:g} s: quiet, then with "
        f"{given.rate} reports a second"
    )
    show(title, quiet, busy, f"the last change was {late:.1f} s late")


if __name__ == "__main__":
    main()
