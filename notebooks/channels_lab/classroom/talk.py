"""Talk: one connection to the class, from the first frame to the last."""

from __future__ import annotations

import asyncio
import json
import logging
import random
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from ..errors import LabError
from . import wire
from .journal import Journal
from .records import Kept, Membership, Note

OPEN_SECONDS = 5.0  # for the handshake, and again for the welcome
ANSWER_SECONDS = 10.0  # for the class to take a report
GOODBYE_SECONDS = 0.5  # for the class to hear that the learner leaves
LONGEST_REPEAT = 5.0  # between two sendings of a report that is not taken
NO_SUCH_CLASS, ENDED, GUESSES = 4404, 4410, 4429  # close codes
_NEVER = {"bad_json", "bad_event", "too_long", "not_allowed"}  # errors that repeating does not mend

# What the library would log of a lost connection is not for a learner's cell.
_SILENT = logging.Logger("channels_lab.classroom")
_SILENT.addHandler(logging.NullHandler())


class Refused(LabError):
    """The class does not take this learner; ``code`` is the close code, such as 4404."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


class Listener(Protocol):
    """Who wants to hear of a talk, in the thread of the talk."""

    def welcomed(self) -> None:
        """The class said welcome, and the journal knows it."""

    def changed(self) -> None:
        """The journal has something new to show."""

    def synced(self) -> wire.Frame:
        """Answer with the report of where the learner stands."""


class Talk:
    """One connection of one learner; ``hold()`` returns or raises when it is at its end."""

    def __init__(self, journal: Journal, row: Membership, listener: Listener) -> None:
        self.row = row
        self.has_parted = False  # whether the class has heard the goodbye
        self._journal = journal
        self._listener = listener
        self._socket: ClientConnection | None = None
        self._awake = asyncio.Event()
        self._answers: asyncio.Queue[wire.Frame] = asyncio.Queue()

    def __repr__(self) -> str:
        return f"Talk({self.row.code}, {'open' if self._socket else 'not open'})"

    def wake(self) -> None:
        """There may be something to send."""
        self._awake.set()

    def hang_up(self) -> None:
        """End the connection at once, with no goodbye."""
        if self._socket is not None:
            self._socket.transport.abort()

    async def hold(self, goodbye: Callable[[], wire.Frame | None]) -> None:
        """Connect, join, report and listen until the end.

        When it is cancelled, the class is told the ``goodbye``, if there is one. Raises ``Refused``
        when the class will not have this learner, and what ``websockets`` raises when it is lost.
        """
        async with self._connection(OPEN_SECONDS) as socket:
            self._socket = socket
            try:
                await self._join(socket)
                await self._report_and_listen(socket)
            except asyncio.CancelledError:
                await self._part(socket, goodbye())
                raise
            except ConnectionClosed:
                _check(socket.close_code, self.row)
                raise
            finally:
                self._socket = None
            _check(socket.close_code, self.row)

    async def part(self, goodbye: wire.Frame) -> None:
        """Connect only to say goodbye: for a learner who wants to be forgotten."""
        async with self._connection(GOODBYE_SECONDS) as socket:
            row = self.row
            await socket.send(_text(wire.join(row.code, row.name, row.key, row.last_note)))
            await self._welcome(socket)
            await self._part(socket, goodbye)

    def _connection(self, open_timeout: float) -> connect:
        where = self.row.address
        return connect(
            where.socket,
            origin=where.origin,  # type: ignore[arg-type]
            proxy=where.proxy,
            open_timeout=open_timeout,
            close_timeout=GOODBYE_SECONDS,
            max_size=None,
            user_agent_header=None,
            logger=_SILENT,
        )

    # --- coming ----------------------------------------------------------------------------------

    async def _join(self, socket: ClientConnection) -> None:
        row = self.row
        await socket.send(_text(wire.join(row.code, row.name, row.key, row.last_note)))
        async with asyncio.timeout(OPEN_SECONDS):
            welcome = await self._welcome(socket)
        room, you = _object(welcome.get("class")), _object(welcome.get("you"))
        self._journal.welcomed(
            row.code,
            called=_line(you.get("name") or row.name),
            title=_line(room.get("title") or row.code),
            paused=bool(room.get("paused")),
            taken=wire.number(welcome.get("taken")) or 0,
            stuck=you.get("stuck") is not False,
        )
        notes = welcome.get("notes")
        for note in notes if isinstance(notes, list) else []:
            self._note(note)
        self._listener.welcomed()

    async def _welcome(self, socket: ClientConnection) -> wire.Frame:
        while True:
            frame = wire.parsed(await socket.recv())
            if frame.get("event") == "welcome":
                return frame
            if frame.get("type") == "error":
                raise LabError(f"the class answers: {frame.get('detail')}")

    # --- staying ---------------------------------------------------------------------------------

    async def _report_and_listen(self, socket: ClientConnection) -> None:
        reporting = asyncio.ensure_future(self._report(socket))
        try:
            async for text in socket:
                self._hear(wire.parsed(text))
        finally:
            reporting.cancel()
            await asyncio.gather(reporting, return_exceptions=True)

    async def _report(self, socket: ClientConnection) -> None:
        """Send the reports in order, each once the one before it has been taken."""
        last, repeated = 0, 0
        try:
            while True:
                self._awake.clear()
                kept = self._journal.next_report(self.row.code)
                if kept is None:
                    await self._awake.wait()
                    continue
                repeated = repeated + 1 if kept.number == last else 0
                last = kept.number
                if repeated:  # it was not taken: a server in trouble is not asked all the time
                    pause = min(0.1 * 2 ** min(repeated, 10), LONGEST_REPEAT)
                    await asyncio.sleep(pause * random.uniform(0.5, 1.0))
                    if self._journal.next_report(self.row.code) != kept:
                        continue  # another kernel has sent it, or the class was left
                ago = time.time() - kept.at
                await socket.send(_text(wire.report(kept.number, ago, kept.body)))
                async with asyncio.timeout(ANSWER_SECONDS):
                    self._answered(kept, await self._answers.get())
        except Exception:  # the other side hangs, or the journal does: begin anew
            self.hang_up()

    def _answered(self, kept: Kept, answer: wire.Frame) -> None:
        taken = wire.number(answer.get("number"))
        if taken is None:
            if answer.get("code") in _NEVER:
                self._journal.blank(self.row.code, kept.number)
        elif taken < kept.taken:
            self._journal.gone_back(self.row.code, kept, taken, self._listener.synced())
        else:
            self._journal.taken(self.row.code, taken)
            self._listener.changed()

    def _hear(self, frame: wire.Frame) -> None:
        match frame.get("type"), frame.get("event"):
            case ("taken" | "error", _):
                self._answers.put_nowait(frame)
            case ("class", "note"):
                self._note(frame.get("note"))
                self._listener.changed()
            case ("class", "hand") if not frame.get("stuck"):
                self._journal.hand_down(self.row.code)
                self._listener.changed()

    def _note(self, value: object) -> None:
        if note := wire.note(value):
            self._journal.add_note(self.row.code, Note(*note))

    # --- going -----------------------------------------------------------------------------------

    async def _part(self, socket: ClientConnection, goodbye: wire.Frame | None) -> None:
        """Say goodbye, when there is one, and end the connection whatever the class does."""
        if goodbye is not None:
            with suppress(ConnectionClosed, TimeoutError):
                async with asyncio.timeout(GOODBYE_SECONDS):
                    await socket.send(_text(goodbye))
                    async for text in socket:
                        self.has_parted |= wire.parsed(text).get("event") == "left"
        socket.transport.abort()


def _check(code: int | None, row: Membership) -> None:
    """Raise ``Refused`` for the close codes by which a class sends a learner away."""
    where = f"{row.code} at {row.address.shown}"
    match code:
        case 4404:
            raise Refused(f"there is no class {where}: ask for the code again", code)
        case 4429:
            raise Refused(
                f"too many wrong codes were tried at {row.address.shown}: wait a minute, then run "
                "the cell again",
                code,
            )
        case 4401:
            raise Refused(f"the server of {where} takes nobody who is not logged in there", code)
        case 4410:
            raise Refused(f"the class {where} has ended, or you were taken out of it", code)


def _object(value: object) -> wire.Frame:
    return value if isinstance(value, dict) else {}


def _line(text: object) -> str:
    return " ".join(str(text).split())


def _text(frame: wire.Frame) -> str:
    return json.dumps(frame, ensure_ascii=False, separators=(",", ":"))
