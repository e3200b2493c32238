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
import time
from contextlib import suppress
from functools import partial

from playwright.async_api import expect
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin

from channels_lab import LiveServer
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

CHANGE = {"joined": 1, "left": -1}
PERSON = ".person"
SIZE = 1200, 800


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
    async with chromium() as running:
        with LiveServer() as server:
            open_board = partial(
                open_page, running, f"{server.url}/", first=PERSON, field="Message", size=SIZE
            )
            async with open_board() as page:  # warms up the server and the browser
                await page.wait_for_timeout(1000)
            async with open_board() as page:
                alone = await measure(page, seconds)
            crowd = await gather(server, people)
            async with open_board() as page:
                await expect(page.locator(PERSON)).to_have_count(people + 1)
                name = await page.locator(".you .name").inner_text()
                busy, text = await asyncio.gather(
                    measure(page, seconds), talk(crowd, name, rate, seconds)
                )
                ended = time.perf_counter()
                last = page.locator("[role=log] .text").filter(has_text=text)
                await last.wait_for(timeout=PATIENCE * 1000)
                late = time.perf_counter() - ended
            # They leave with the server: a thousand farewells to a thousand people take minutes.
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
    title = (
        f"the board for {given.seconds:g} s: alone, then with {people:,} people online "
        f"and {given.rate} messages a second"
    )
    show(title, alone, busy, f"the last message was {late:.1f} s late")


if __name__ == "__main__":
    main()
