"""Sender: the one thread that talks to the class. It sends what the journal holds, in order.

It waits for the class as long as it takes, and nobody waits for it: a cell only wakes it.
"""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress

from ..errors import LabError
from . import wire
from .journal import Journal
from .records import Membership, Unwritable
from .talk import ENDED, NO_SUCH_CLASS, Refused, Talk

TICK_SECONDS = 1.0  # so often the journal is looked at: other kernels write in it, too
TIDY_SECONDS = 60.0
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0  # between two attempts when the class is away
REFUSED_PAUSE = 20.0  # a wrong code is not tried again soon: guesses are counted
MOST_REFUSALS = 3  # before a class that nobody knows is believed to have ended
STOP_SECONDS = 2.0  # for the thread to end, at the most


class Sender:
    """A thread for as long as the learner is in a class; it ends with the kernel, whatever ends it.

    ``state`` is ``connecting``, ``here``, ``away`` or ``ended``. ``changed`` is called in the
    thread when anything may look different, ``running`` says whether a cell runs, ``synced`` gives
    the report of where the learner stands. With a ``candidate`` the learner is no member yet.
    """

    def __init__(
        self,
        journal: Journal,
        *,
        changed: Callable[[], None],
        running: Callable[[], bool],
        synced: Callable[[], wire.Frame],
        candidate: Membership | None = None,
    ) -> None:
        self.state = "connecting"
        self.goodbye: wire.Frame | None = None  # what the class is told at the end
        self.has_parted = False  # whether it has heard that
        self.changed = changed
        self.synced = synced
        self._journal = journal
        self._running = running
        self._candidate = candidate
        self._first: Future[Membership] = Future()
        self._failures = 0
        self._talk: Talk | None = None
        self._staying: asyncio.Task[None] | None = None
        self._loop = asyncio.new_event_loop()
        self._loop.set_debug(False)  # it would print that something took long
        self._thread = threading.Thread(target=self._work, name="classroom", daemon=True)

    def __repr__(self) -> str:
        return f"Sender({self.state})"

    # --- from other threads ----------------------------------------------------------------------

    def start(self) -> Future[Membership]:
        """Begin; the future has the membership once the class says welcome, or why it does not."""
        self._thread.start()
        return self._first

    def wake(self) -> None:
        """Say that there may be something to send."""

        def wake() -> None:
            if self._talk is not None:
                self._talk.wake()
            self.changed()

        self._do(wake)

    def stop(self, goodbye: wire.Frame | None = None) -> bool:
        """End the connection and the thread; say whether the class has heard the goodbye.

        It takes a moment, and never longer than ``STOP_SECONDS``, whatever the class does.
        """
        self.goodbye = goodbye or self.goodbye
        self._do(self._end)
        if threading.current_thread() is not self._thread:
            self._thread.join(STOP_SECONDS)
        return self.has_parted

    def is_alive(self) -> bool:
        """Say whether the thread still runs."""
        return self._thread.is_alive()

    def _end(self) -> None:
        if self._staying is not None:
            self._staying.cancel()

    def _do(self, call: Callable[[], object]) -> None:
        with suppress(RuntimeError):  # the loop is closed: the thread has ended
            self._loop.call_soon_threadsafe(call)

    # --- the thread ------------------------------------------------------------------------------

    def _work(self) -> None:
        self._loop.set_exception_handler(lambda loop, context: None)  # nothing is printed from here
        try:
            self._loop.run_until_complete(self._live())
        except Exception as error:
            self._fail(error)
        finally:
            self._fail(LabError("the class was left"))
            self._loop.close()

    async def _live(self) -> None:
        self._staying = asyncio.ensure_future(self._stay())
        ticking = asyncio.ensure_future(self._tick())
        await asyncio.gather(self._staying, return_exceptions=True)
        ticking.cancel()
        await asyncio.gather(ticking, return_exceptions=True)
        talk, goodbye = self._talk, self.goodbye
        if talk is None or goodbye is None:
            return
        if goodbye.get("forget") and not talk.has_parted:
            with suppress(Exception):  # then it is told that the class could not be reached
                async with asyncio.timeout(STOP_SECONDS / 2):
                    await talk.part(goodbye)
        self.has_parted = talk.has_parted

    async def _stay(self) -> None:
        """Connect, and connect again, until the learner or the class has had enough."""
        refusals = 0
        while True:
            pause = 0.0
            try:
                row = self._candidate or self._journal.membership()
                if row is None:
                    return
                if not self._failures:
                    self._show("connecting")
                self._talk = Talk(self._journal, row, self)
                await self._talk.hold(lambda: self.goodbye)
            except Refused as error:
                self._fail(error)
                refusals = 0 if error.code != NO_SUCH_CLASS else refusals + 1
                if self._candidate is None and (error.code == ENDED or refusals == MOST_REFUSALS):
                    self._journal.leave(forget=error.code == ENDED)
                    self._show("ended")
                    return
                pause = REFUSED_PAUSE
            except Exception as error:  # whatever it is: the class is away, and nobody is asked
                self._fail(error)
            if self._candidate is not None:
                return
            self._failures += 1
            self._show("away")
            longest = min(FIRST_PAUSE * 2 ** min(self._failures - 1, 8), LONGEST_PAUSE)
            await asyncio.sleep(pause + random.uniform(longest / 2, longest))

    async def _tick(self) -> None:
        """Look now and then at what other kernels, or the learner's hand, did to the journal."""
        row: Membership | None = None
        tidied = time.monotonic()
        while True:
            await asyncio.sleep(TICK_SECONDS)
            if self._candidate is not None or self.goodbye is not None:
                continue
            with suppress(Unwritable):
                self._journal.write()
                self._journal.rest(running=self._running())
                now = self._journal.membership()
                if now is None:
                    self._show("ended")
                    self._end()
                elif row is not None and not row.is_same(now) and self._talk is not None:
                    self._talk.hang_up()  # another kernel has joined another class
                row = now
            if self._talk is not None:
                self._talk.wake()
            self.changed()
            if time.monotonic() - tidied > TIDY_SECONDS:
                tidied = time.monotonic()
                self._journal.tidy()

    # --- what a talk tells -----------------------------------------------------------------------

    def welcomed(self) -> None:
        """The class said welcome: who was a candidate is a member."""
        if self._candidate is not None:
            self._journal.enter(self._candidate.code)
            self._candidate = None
        row = self._journal.membership()
        if row is None:
            raise Unwritable("the class was left meanwhile")
        self._failures = 0
        self._show("here")
        if not self._first.done():
            self._first.set_result(row)

    def _fail(self, error: Exception) -> None:
        if not self._first.done():
            self._first.set_exception(error)

    def _show(self, state: str) -> None:
        self.state = state
        self.changed()
