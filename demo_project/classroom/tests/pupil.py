"""A simulated learner: works, keeps a journal, reports it, drops out, comes back."""

import asyncio
import json
import random
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import websockets
from websockets.asyncio.client import ClientConnection

from account.tests.live import TIMEOUT
from account.tests.restartable import Server
from classroom import codes
from classroom.events import Frame
from classroom.tests.school import connect, tell

BACK_OFF = 0.2, 2.0
"""Seconds until a learner who was cut off tries again: at first, and at most."""

FOR_GOOD = (4404, 4410)
"""Close codes after which there is nothing to come back to."""

Mark = tuple[str, ...]
"""A report as the board will show it: `("ana", "tried", "03.1", "2")`."""


class Pupil:
    """One learner, with the truth of what happened to them.

    Whatever happens is written into the journal first. Reports go one after the other, and stay in
    it until the server has said that it took them.
    """

    def __init__(
        self,
        name: str,
        server: Server,
        code: str,
        on_sent: Callable[[Mark, float], None] = lambda mark, at: None,
    ) -> None:
        self.name = name
        self.connected = asyncio.Event()
        self.notes: list[Frame] = []
        self.closes: list[int] = []
        # The truth, as nobody else keeps it.
        self.step: str | None = None
        self.steps: dict[str, float] = {}  # by time.time()
        self.exercises: dict[str, dict[str, Any]] = {}
        self.stuck: str | None = None
        self._journal: list[tuple[float, Mark, dict[str, Any]]] = []
        self._taken = 0
        self._refused = False
        self._server, self._code, self._on_sent = server, code, on_sent
        self._key = codes.new_key()
        self._wanted = asyncio.Event()
        self._news = asyncio.Event()  # there is something in the journal, or it was taken
        self._socket: ClientConnection | None = None
        self._live = asyncio.create_task(self._keep_coming())

    # --- what happens ---

    def reach(self, step: str) -> None:
        """Run a cell of a step."""
        self.step = step
        self.steps.setdefault(step, time.time())
        self._happened(step, what="step", step=step)

    def attempt(self, exercise: str, solved: bool) -> None:
        """Run the check of an exercise."""
        work = self.exercises.setdefault(exercise, {"tries": 0, "hints": 0, "solved": False})
        if not work["solved"]:
            work["tries"] += 1
            work["solved"] = solved
        tries = str(work["tries"])
        self._happened(exercise, tries, what="tried", exercise=exercise, solved=solved)

    def ask_for_a_hint(self, exercise: str) -> None:
        """Use one more hint."""
        work = self.exercises.setdefault(exercise, {"tries": 0, "hints": 0, "solved": False})
        if not work["solved"]:
            work["hints"] += 1
            used = work["hints"]
            self._happened(exercise, str(used), what="hint", exercise=exercise, used=used)

    def raise_hand(self, text: str) -> None:
        """Say that one is stuck."""
        self.stuck = text
        self._happened(text, what="stuck", text=text)

    def lower_hand(self) -> None:
        """Take the hand down."""
        self.stuck = None
        self._happened(what="unstuck")

    def show_cell(self, step: str, source: str, output: str) -> None:
        """Show a cell to the instructor."""
        self._happened(what="shown", step=step, source=source, output=output)

    def _happened(self, *mark: str, **what: Any) -> None:
        self._journal.append((time.monotonic(), (self.name, what["what"], *mark), what))
        self._news.set()

    @property
    def waiting(self) -> int:
        """Reports that were not taken yet."""
        return len(self._journal) - self._taken

    # --- the connection ---

    def drop_out(self) -> None:
        """Lose the network: no close frame, no answer."""
        self._wanted.clear()
        if self._socket is not None:
            self._socket.transport.abort()

    def come(self) -> None:
        """Have a network, and join; or have it again."""
        self._wanted.set()

    async def leave(self) -> None:
        """Leave the class, politely."""
        self._wanted.clear()
        if self._socket is not None:
            await tell(self._socket, type="leave")
        await asyncio.wait([self._live], timeout=0.01)

    async def end(self) -> None:
        """End the simulation of this learner."""
        self._live.cancel()
        await asyncio.wait([self._live], timeout=TIMEOUT)
        if not self._live.cancelled():
            self._live.result()

    async def has_reported_all(self) -> None:
        """Wait until the server has taken the whole journal."""
        while self.waiting:
            self._news.clear()
            await self._news.wait()

    async def has_notes(self, count: int) -> None:
        """Wait until so many notes have come."""
        while len(self.notes) < count:
            self._news.clear()
            await self._news.wait()

    async def _keep_coming(self) -> None:
        pause = BACK_OFF[0]
        while True:
            await self._wanted.wait()
            try:
                async with connect(self._server, "learner") as self._socket:
                    await self._stay(self._socket)
            except websockets.ConnectionClosed as closed:
                self.closes.append(closed.rcvd.code if closed.rcvd else 1006)
                if self.closes[-1] in FOR_GOOD:
                    return
            except (OSError, TimeoutError, websockets.WebSocketException):
                pass  # nobody is there
            pause = BACK_OFF[0] if self.connected.is_set() else min(BACK_OFF[1], 2 * pause)
            self._socket = None
            self.connected.clear()
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))

    async def _stay(self, socket: ClientConnection) -> None:
        since = max((note["number"] for note in self.notes), default=0)
        me = {"code": self._code, "name": self.name, "key": self._key, "since": since}
        await tell(socket, type="join", **me)
        async with asyncio.timeout(TIMEOUT):
            welcome = json.loads(await socket.recv())
        if welcome["type"] == "error":
            return
        self._taken = welcome["taken"]
        self.notes += welcome["notes"]
        self.connected.set()
        reporting = asyncio.create_task(self._report(socket))
        try:
            async for text in socket:
                self._hear(json.loads(text))
        finally:
            reporting.cancel()
            with suppress(websockets.ConnectionClosed, asyncio.CancelledError):
                await reporting

    async def _report(self, socket: ClientConnection) -> None:
        """Send the report after the last that was taken, and wait until it is taken as well."""
        while True:
            self._news.clear()
            number = self._taken + 1
            if number > len(self._journal):
                await self._news.wait()
                continue
            happened, mark, what = self._journal[number - 1]
            now = time.monotonic()
            self._on_sent(mark, now)
            await tell(socket, type="report", number=number, ago=now - happened, **what)
            self._refused = False
            while self._taken < number and not self._refused:
                self._news.clear()
                await self._news.wait()
            if self._refused:
                await asyncio.sleep(1)

    def _hear(self, frame: Frame) -> None:
        if frame["type"] == "taken":
            self._taken = frame["number"]
        elif frame["type"] == "error":
            self._refused = frame["code"] in ("rate_limited", "unavailable")
            assert self._refused, frame
        elif frame["event"] == "note":
            self.notes.append(frame["note"])
        self._news.set()
