"""What the benches of pages share: a page in a real Chromium, and what its user would notice.

A page is measured twice in the same run, quiet and busy, while somebody types into it.
"""

from __future__ import annotations

import asyncio
import resource
import statistics
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from playwright.async_api import Browser, CDPSession, Page, async_playwright

from tools.browser import browser, launch_arguments

OPEN_FILES_OF_OTHERS = 200  # what this process and the server have open beside the sockets
AT_ONCE = 10  # daphne gives up a handshake that waits for more than 5 seconds
PATIENCE = 300.0  # seconds that any single wait may take
KEYS_PER_SECOND = 4
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


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Start a browser, and end it."""
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(
            executable_path=browser(), args=launch_arguments()
        )
        yield running
        await running.close()


@asynccontextmanager
async def open_page(
    running: Browser, address: str, *, first: str, field: str, size: tuple[int, int]
) -> AsyncIterator[Page]:
    """Open a page of this size and wait until it is drawn; what is typed goes into a field.

    ``first`` selects an element that is there once the page shows data, ``field`` is a label.
    """
    width, height = size
    page = await running.new_page(viewport={"width": width, "height": height})
    try:
        await page.add_init_script(WATCH.replace("FIRST", first))
        await page.goto(address)
        await page.wait_for_function("() => noted.firstData !== null")
        await page.get_by_label(field, exact=True).focus()
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


def show(title: str, quiet: Measured, busy: Measured, end: str) -> None:
    """Print the two side by side, and how much later a key is seen in the busy page."""
    print(title)
    for (name, before), (_, after) in zip(quiet.lines(), busy.lines(), strict=True):
        print(f"  {name:<24} {before:>22} {after:>22}")
    ratio = statistics.median(busy.keys) / statistics.median(quiet.keys)
    print(f"  ratio of key to paint: {ratio:.2f}; {end}")
