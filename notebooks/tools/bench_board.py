"""Bench: does the board in a browser stay responsive, with 1,000 people and 50 messages a second?

A real daphne with its Valkey, a real Chromium, and for each of the people a real WebSocket. The
page is measured twice in the same run: alone and quiet, then in the crowd. While it is measured,
somebody types into it. Each message goes to the page's own user: the page does the same work as
when it goes to everybody, and what it costs a server to reach 1,000 sockets is another question.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import statistics
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from playwright.async_api import Browser, CDPSession, Page, async_playwright, expect
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin

from channels_lab import LiveServer
from tools import frontend
from tools.browser import browser, launch_arguments

OPEN_FILES_OF_OTHERS = 200  # what this process and the server have open beside the sockets
AT_ONCE = 10  # daphne gives up a handshake that waits for more than 5 seconds
PATIENCE = 300.0  # seconds that any single wait may take
KEYS_PER_SECOND = 4
CHANGE = {"joined": 1, "left": -1}
LONG_TASK = 50  # milliseconds, as browsers define it
LATE_FRAME = 50  # milliseconds between two frames: two of three are missing
# Runs before the page's own scripts, and notes what a user would notice.
WATCH = """
window.noted = { tasks: [], frames: [], keys: [], firstData: null };
new PerformanceObserver((list) => list.getEntries().forEach(
  ({ duration }) => noted.tasks.push(duration))).observe({ type: 'longtask' });
const painted = (then) => requestAnimationFrame(() => setTimeout(then));
let last = performance.now();
const frame = (now) => { noted.frames.push(now - last); last = now; requestAnimationFrame(frame); };
requestAnimationFrame(frame);
addEventListener('keydown', ({ timeStamp }) =>
  painted(() => noted.keys.push(performance.now() - timeStamp)), true);
const waiting = new MutationObserver(() => {
  if (!document.querySelector('FIRST')) return;
  waiting.disconnect();
  painted(() => { noted.firstData = performance.now(); });
});
waiting.observe(document, { childList: true, subtree: true });
"""
PERSON = ".person"
FORGET = "() => { noted.tasks = []; noted.frames = []; noted.keys = []; }"


@dataclass(frozen=True)
class Measured:
    """What was noted in a page, in milliseconds.

    ``busy`` is the share of one CPU that its main thread used, from 0 to 1.
    """

    first_data: float
    busy: float
    tasks: list[float]
    frames: list[float]
    keys: list[float]

    @property
    def late(self) -> int:
        """How many frames came late."""
        return sum(frame > LATE_FRAME for frame in self.frames)

    def lines(self) -> Iterator[tuple[str, str]]:
        """Yield (name, value) of each line to print."""
        yield "first paint with data", f"{self.first_data:.0f} ms"
        yield "CPU of the main thread", f"{self.busy:.1%}"
        yield "long tasks", f"{len(self.tasks)}, {sum(self.tasks):.0f} ms in all"
        yield "longest task", f"{max(self.tasks, default=0):.0f} ms"
        yield "late frames", f"{self.late} of {len(self.frames)}"
        yield "key to paint, median", f"{statistics.median(self.keys):.0f} ms"
        yield "key to paint, worst", f"{max(self.keys):.0f} ms"


def watch(first: str) -> str:
    """The script that notes; it takes the page for drawn when it has an element like ``first``."""
    return WATCH.replace("FIRST", first)


@asynccontextmanager
async def board(chromium: Browser, server: LiveServer) -> AsyncIterator[Page]:
    """Open the board in a browser of its own, as a guest, and wait for its list of people."""
    page = await chromium.new_page(viewport={"width": 1200, "height": 800})
    try:
        await page.add_init_script(watch(PERSON))
        await page.goto(f"{server.url}/")
        await page.wait_for_function("() => noted.firstData !== null")
        await page.get_by_label("Message", exact=True).focus()
        yield page
    finally:
        await page.close()


async def main_thread(session: CDPSession) -> float:
    """The seconds of CPU that the page's main thread has used so far."""
    answer = await session.send("Performance.getMetrics")
    metrics = {metric["name"]: metric["value"] for metric in answer["metrics"]}
    return float(metrics["TaskDuration"])


async def measure(page: Page, seconds: float) -> Measured:
    """Type into a page for some seconds, and return what was noted meanwhile."""
    session = await page.context.new_cdp_session(page)
    await session.send("Performance.enable", {"timeDomain": "threadTicks"})
    await page.evaluate(FORGET)
    worked, began = await main_thread(session), time.perf_counter()
    for number in range(round(seconds * KEYS_PER_SECOND)):
        await until(began + number / KEYS_PER_SECOND)
        await page.keyboard.press("x")
    await until(began + seconds)
    busy = (await main_thread(session) - worked) / (time.perf_counter() - began)
    noted: dict[str, Any] = await page.evaluate("() => noted")
    return Measured(noted["firstData"], busy, noted["tasks"], noted["frames"], noted["keys"])


async def until(moment: float) -> None:
    """Wait for a moment of ``time.perf_counter()``; go on at once when it is over."""
    await asyncio.sleep(max(0.0, moment - time.perf_counter()))


def room_for(people: int) -> int:
    """Raise the limit of open files as far as it goes and return how many people it has room for.

    The server has the same limit, because it is started from here.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = people + OPEN_FILES_OF_OTHERS
    if 0 <= soft < wanted:
        soft = wanted if hard < 0 else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return people if soft < 0 else min(people, soft - OPEN_FILES_OF_OTHERS)


class Person:
    """Somebody who is online: a WebSocket that knows how many people are, and keeps nothing else.

    ``known`` is how many the state named; changes are counted as they are told.
    """

    def __init__(self, socket: ClientConnection, known: int) -> None:
        self.socket = socket
        self._known = known
        self._changed = asyncio.Condition()
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        with suppress(ConnectionClosed):  # at the end, the server goes first
            async for frame in self.socket:
                self._known += CHANGE.get(json.loads(frame).get("event"), 0)
                async with self._changed:
                    self._changed.notify_all()

    async def knows(self, people: int) -> None:
        """Wait until so many people are known here."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._known >= people)


async def come(server: LiveServer) -> Person:
    """Open one person's WebSocket and take the state."""
    socket = await connect(
        server.ws_url(),
        origin=Origin(server.url),
        proxy=None,
        max_size=None,
        open_timeout=PATIENCE,
        ping_interval=None,
    )
    state = json.loads(await asyncio.wait_for(socket.recv(), PATIENCE))
    return Person(socket, len(state["users"]))


async def gather(server: LiveServer, people: int) -> list[Person]:
    """Let so many people come, a few at once, the next when everybody knows of those."""
    crowd: list[Person] = []
    while len(crowd) < people:
        few = min(AT_ONCE, people - len(crowd))
        crowd += await asyncio.gather(*(come(server) for _ in range(few)))
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(*(person.knows(len(crowd)) for person in crowd))
    return crowd


async def talk(crowd: list[Person], to: str, rate: int, seconds: float) -> str:
    """Let one after the other say something to somebody; return the last text."""
    began = time.perf_counter()
    for number in range(round(rate * seconds)):
        await until(began + number / rate)
        event = {"type": "message", "text": f"message {number}", "to": to}
        await crowd[number % len(crowd)].socket.send(json.dumps(event))
    return f"message {number}"


async def bench(people: int, rate: int, seconds: float) -> tuple[Measured, Measured, float]:
    """Return the page alone, the page in the crowd, and how late its last message was, seconds."""
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=browser(), args=launch_arguments()
        )
        with LiveServer() as server:
            async with board(chromium, server) as page:  # warms up the server and the browser
                await page.wait_for_timeout(1000)
            async with board(chromium, server) as page:
                alone = await measure(page, seconds)
            crowd = await gather(server, people)
            async with board(chromium, server) as page:
                await expect(page.locator(".person")).to_have_count(people + 1)
                name = await page.locator(".you .name").inner_text()
                busy, text = await asyncio.gather(
                    measure(page, seconds), talk(crowd, name, rate, seconds)
                )
                ended = time.perf_counter()
                last = page.locator("[role=log] .text").filter(has_text=text)
                await last.wait_for(timeout=PATIENCE * 1000)
                late = time.perf_counter() - ended
            # They leave with the server: a thousand farewells to a thousand people take minutes.
        await chromium.close()
    return alone, busy, late


def main() -> None:
    """Print the page alone, the page in the crowd, and the ratio of the two."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--people", type=int, default=1000)
    options.add_argument("--rate", type=int, default=50, help="messages a second")
    options.add_argument("--seconds", type=float, default=20)
    given = options.parse_args()
    people = room_for(given.people)
    frontend.build()
    alone, busy, late = asyncio.run(bench(people, given.rate, given.seconds))
    print(f"the board for {given.seconds:g} s: alone, then with {people:,} people online "
          f"and {given.rate} messages a second")  # fmt: skip
    for (name, before), (_, after) in zip(alone.lines(), busy.lines(), strict=True):
        print(f"  {name:<24} {before:>22} {after:>22}")
    quiet, loud = statistics.median(alone.keys), statistics.median(busy.keys)
    print(f"  ratio of key to paint: {loud / quiet:.2f}; the last message was {late:.1f} s late")


if __name__ == "__main__":
    main()
