"""A class as the tests in a browser need it: opened over HTTP, with learners who speak the wire."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Locator, Page, expect

from channels_lab import Client, LiveServer
from tools.lab import ROOT

from .board import SECONDS, Cell, Window

COURSE = json.loads((ROOT / "demo_project" / "classroom" / "course.json").read_text("utf-8"))
SCREENSHOTS = ROOT / "notebooks" / ".screenshots"
# A lesson with something to do in it, whatever the course begins with.
LESSON = next(lesson for lesson in COURSE["lessons"] if len(lesson["exercises"]) > 1)
FIRST, SECOND = (step["id"] for step in LESSON["steps"][:2])
EXERCISE = LESSON["exercises"][0]["id"]


@dataclass(frozen=True)
class Opened:
    """A class that is open: its title, its code, and the instructor's key."""

    server: LiveServer
    title: str
    code: str
    key: str

    @property
    def board(self) -> str:
        """The instructor's link."""
        return f"{self.server.url}/classroom/board/#key={self.key}"


# The page opens few in a minute; who runs the server as many as they like, in one process.
_OPEN = """
import json
from classroom import rules
from classroom.events import Opening
opened = [rules.open_class(Opening(title, 'Dr. Ada')) for title in {titles}]
print(json.dumps([[each.title, each.code, each.key] for each in opened]))
"""


def open_classes(server: LiveServer, *titles: str) -> list[Opened]:
    """Open a class with each of these titles, which have no quotation marks in them."""
    program = "; ".join(_OPEN.format(titles=list(titles)).strip().splitlines())
    made = json.loads(server.run(f'python manage.py shell -v 0 -c "{program}"'))
    return [Opened(server, title, code, key) for title, code, key in made]


class Learner:
    """A learner in a class: what a kernel says for one."""

    def __init__(self, cell: Cell, opened: Opened, name: str, key: str = "") -> None:
        self.name = name
        self.code = opened.code
        self.key = key or secrets.token_urlsafe(32)
        self.number = 0
        self.notes: list[str] = []
        self._client = cell.keep(Client(name, opened.server, "/classroom/learner/"))

    async def join(self) -> None:
        """Connect, and take the welcome."""
        await self._client.connect(timeout=SECONDS)
        words = {"code": self.code, "name": self.name, "key": self.key, "since": 0}
        await self._client.send({"type": "join", **words}, timeout=SECONDS)
        welcome = await self._next("welcome")
        self.number = welcome["taken"]
        self.notes = [note["text"] for note in welcome["notes"]]

    async def report(self, what: str, ago: float = 0, **more: Any) -> None:
        """Report something, and see that it was taken."""
        self.number += 1
        report = {"type": "report", "number": self.number, "ago": ago, "what": what, **more}
        await self._client.send(report, timeout=SECONDS)
        assert (await self._next("taken"))["number"] == self.number

    async def note(self) -> str:
        """Wait for the next note; return its text."""
        if not self.notes:
            await self._next("note")
        return self.notes.pop(0)

    async def hears_nothing(self) -> bool:
        """Whether no note has come: what comes before a pong was on its way before the ping."""
        await self._client.send({"type": "ping", "id": 1}, timeout=SECONDS)
        await self._next("pong")
        return not self.notes

    async def hand(self) -> bool:
        """Wait until the instructor has changed the hand; return whether it is up."""
        return bool((await self._next("hand"))["stuck"])

    async def closed(self) -> int:
        """Wait for the end; return its code."""
        return await self._client.wait_closed(SECONDS)

    async def leave(self) -> None:
        """Close the connection: away, but still of the class."""
        await self._client.close()

    async def _next(self, wanted: str) -> dict[str, Any]:
        """Wait for a frame of this type or event; notes on the way are kept."""
        while True:
            frame: dict[str, Any] = await self._client.receive(SECONDS)
            if frame.get("event") == "note":
                self.notes.append(frame["note"]["text"])
            if wanted in (frame["type"], frame.get("event")):
                return frame


class Landing(Window):
    """A browser on `classroom/`."""

    def wait_until_there(self, page: Page) -> None:
        """Wait until the page is drawn."""
        expect(page.get_by_role("heading", name="Open a class")).to_be_visible()


class Board(Window):
    """An instructor's browser on `classroom/board/`."""

    def wait_until_there(self, page: Page) -> None:
        """Wait until the board is live, with its map."""
        expect(page.get_by_role("status")).to_contain_text("Live")
        expect(heads(page)).not_to_have_count(0)

    def press(self, name: str) -> None:
        """Press a button by its name."""
        self.page.get_by_role("button", name=name, exact=True).click()


OpenBoard = Callable[..., Board]
"""The fixture `instructor`: opens a browser on the class of the test."""


def look(page: Page, name: str) -> None:
    """Keep what the test sees."""
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"classroom-{name}.png")


def names(page: Page) -> Locator:
    """The names in the map, in its order."""
    return page.locator("app-learner-row .name bdi")


def heads(page: Page) -> Locator:
    """The heads of the columns of the map."""
    return page.locator(".heads .cell")


def field(page: Page, name: str, column: str) -> Locator:
    """One field of the map."""
    row = page.locator("app-learner-row", has=page.get_by_text(name, exact=True))
    return row.locator(f'[data-column="{column}"]')


def hands(page: Page) -> Locator:
    """The names in the queue of raised hands, the one that has waited longest first."""
    return page.locator(".raised .name")


def join(cell: Cell, opened: Opened, *names: str) -> list[Learner]:
    """Let learners join, one after the other, so that they have their numbers in this order."""
    learners = [Learner(cell, opened, name) for name in names]

    async def all_of_them() -> None:
        for learner in learners:
            await learner.join()

    cell.run(all_of_them())
    return learners


def together(cell: Cell, works: Iterable[Any]) -> None:
    """Await these at the same time."""

    async def gather() -> None:
        await asyncio.gather(*works)

    cell.run(gather())
