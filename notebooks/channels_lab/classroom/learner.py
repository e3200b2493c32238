"""Learner: one person in at most one class; ties journal, sender, cells and badge together."""

from __future__ import annotations

import asyncio
import os
import ssl
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from IPython.display import display
from websockets.exceptions import ConnectionClosed, InvalidStatus

from .. import exercise
from ..errors import LabError, LabTimeout
from ..progress import Progress
from . import talk, values, wire
from .address import Address
from .cells import Cell, Cells
from .journal import BRIEF, Journal
from .records import Membership, Unwritable
from .sender import Sender
from .steps import Steps
from .talk import Refused

if TYPE_CHECKING:
    from .badge import Badge

KEPT_DAYS = 7  # a class that has not been heard for so long is not looked for any more
NO_CLASS = "you are in no class: await classroom.join(…) first"


class Learner:
    """One learner, with a journal in ``folder``. The lessons have one; a test may have three.

    >>> ana = Learner(Path("ana"))
    >>> await ana.join("K7PM-2QXR", name="ana", at=server.url)
    You are in the class 'Channels' as ana. …
    """

    def __init__(self, folder: Path, shell: Any = None) -> None:
        self.folder = folder
        self.journal = Journal(folder)
        self._cells = Cells(shell, self._began)
        self._steps = Steps(_notebook(shell))
        self._sender: Sender | None = None
        self._badge: Badge | None = None
        self._has_front_end = getattr(shell, "kernel", None) is not None

    def __repr__(self) -> str:
        return f"Learner({self.folder.name}, {self.journal!r})"

    # --- joining and leaving ---------------------------------------------------------------------

    async def join(self, code: str, name: str, at: str | None = None) -> values.Joined:
        """Join a class by its code or its link; see ``classroom.join``."""
        address, name = Address.of(code, at), _name(name)
        try:
            before = self.journal.membership()
            row = self.journal.begin(address, name)
        except Unwritable as error:
            raise LabError(f"the classroom's journal cannot be written: {error}") from None
        if before is not None and before.code == row.code:
            return await self._join_again(row, before)
        other = self._sender
        if other is not None:
            other.goodbye = wire.leave()
        sender = self._new_sender(row)
        try:
            row = await _welcome(sender)
        except BaseException as error:
            sender.stop()
            if other is not None:
                other.goodbye = None
            raise _reason(error, address) from None
        if other is not None:
            other.stop()
        self._sender = sender
        self.journal.report(self._synced())
        note = f"You have left the class {before.title!r} for it." if before else self.journal.note
        return self._start(row, note)

    async def _join_again(self, row: Membership, before: Membership) -> values.Joined:
        """The same class once more: after a restart, or with another name, or from elsewhere."""
        if self._sender is not None:
            self._sender.stop()
        self._sender = self._new_sender()
        note = ""
        try:
            row = await _welcome(self._sender)
        except Refused:
            self._sender.stop()
            with suppress(Unwritable):  # nothing has changed: where it was, it may still be
                self.journal.begin(before.address, before.name)
            self._sender = self._new_sender()
            self._sender.start()
            raise
        except Exception:  # the sender goes on trying
            note = "The class is away at the moment: your reports wait for it."
        self.journal.report(self._synced())
        return self._start(row, note)

    def take_up(self) -> values.Joined | None:
        """Go on with the class that was joined in another kernel; None when there is none."""
        try:
            row = self.journal.membership()
        except Unwritable:
            if not self.journal.note:
                return None  # at this moment: the next notebook finds it again
            row = None
        if row is not None and time.time() - row.heard > KEPT_DAYS * 86_400:
            row = None  # whoever has that address today need not know the learner's name
        if row is None:
            self.journal.leave()
            return None
        self._sender = self._new_sender()
        self._sender.start()
        return self._start(row)

    def leave(self, *, forget: bool = False) -> values.Left:
        """Leave the class at once; see ``classroom.leave``."""
        row, sender = None, self._sender
        with suppress(Unwritable):
            row = self.journal.membership(BRIEF)
        if sender is not None:
            sender.goodbye = wire.leave(forget=forget)
        self.journal.leave(forget=forget)  # from here on nothing goes out but the goodbye
        is_told = sender is not None and sender.stop()
        self._stop()
        return values.Left(row.title if row else "", forget, is_told)

    # --- what the learner says -------------------------------------------------------------------

    def stuck(self, text: str = "") -> values.Hand:
        """Raise a hand."""
        self._need_a_class()
        body = wire.stuck(str(text))
        self._report(body)
        return values.Hand(True, body["text"])

    def unstuck(self) -> values.Hand:
        """Take it down."""
        self._need_a_class()
        self._report(wire.unstuck())
        return values.Hand(False)

    def show_cell(self) -> values.Shown:
        """Show the cell that was run before this one, first to the learner, then to the class."""
        row = self._need_a_class()
        cell = self._cells.before_this()
        if cell is None:
            raise LabError("expected a cell that was run in this class before this one, got none")
        step = self._steps.of(cell.id, cell.source) or row.step or "00/0"
        body = wire.shown(step, cell.source, cell.output)
        shown = values.Shown(step, body["source"], body["output"])
        display(shown.as_seen())  # type: ignore[no-untyped-call]
        self._report(body)
        return shown

    def notes(self) -> values.Notes:
        """What the instructor wrote, the oldest first."""
        try:
            return values.Notes(self.journal.notes())
        except Unwritable as error:
            raise LabError(f"the classroom's journal cannot be read: {error}") from None

    def status(self) -> values.Status:
        """Where the learner stands with the class."""
        try:
            row = self.journal.membership()
        except Unwritable as error:
            note = self.journal.note or f"The classroom's journal cannot be read ({error})."
            return values.Status("none", note=note)
        if row is None:
            return values.Status("none", note=self.journal.note)
        state = self._sender.state if self._sender is not None else "away"
        return values.Status(state, row.title, row.called, row.waiting, row.hand, bool(row.paused))

    # --- what happens in the kernel --------------------------------------------------------------

    def tried(self, id: str, *, solved: bool) -> None:
        """A check was run; nothing of a class can make it fail."""
        with suppress(Exception):
            self._report(wire.tried(id, solved=solved))

    def hinted(self, id: str, used: int) -> None:
        """A hint was shown."""
        with suppress(Exception):
            self._report(wire.hint(id, used))

    def _began(self, cell: Cell) -> None:
        if not self.journal.is_joined():
            return
        self.journal.ran(self._steps.of(cell.id, cell.source))
        self._wake()

    def _report(self, body: wire.Frame) -> None:
        """Hand over a report; it takes well under 5 ms, whatever the class and the disk do."""
        self.journal.report(body)
        self._wake()

    def _wake(self) -> None:
        if self._sender is None or not self._sender.is_alive():
            if not self.journal.is_joined():
                return
            self._sender = self._new_sender()  # joined again in another kernel
            self._sender.start()
        self._sender.wake()

    def _synced(self) -> wire.Frame:
        """Where the learner stands, from the file of progress."""
        return wire.synced(Progress(self.folder).standing())

    # --- beginning and end -----------------------------------------------------------------------

    def _new_sender(self, candidate: Membership | None = None) -> Sender:
        return Sender(
            self.journal,
            changed=self._changed,
            running=lambda: self._cells.is_running,
            synced=self._synced,
            candidate=candidate,
        )

    def _start(self, row: Membership, note: str = "") -> values.Joined:
        if self not in exercise.listeners:
            exercise.listeners.append(self)
        self._cells.listen()
        if self._badge is None and self._has_front_end:
            with suppress(Exception):  # no badge is no reason not to be in a class
                from .badge import Badge  # the widgets, for who has a page to see them

                self._badge = Badge(self)
        self._began(self._cells.current())
        return values.joined(row, note)

    def _stop(self) -> None:
        if self in exercise.listeners:
            exercise.listeners.remove(self)
        self._cells.stop()
        self._sender = None
        if self._badge is not None:
            self._badge.end()
            self._badge = None

    def _changed(self) -> None:
        """Called in the sender's thread: what the badge shows may be another thing now."""
        if self._badge is not None:
            with suppress(Exception):  # a page that is gone, or a journal that is taken away
                self._badge.show(self.status(), self.journal)

    def _need_a_class(self) -> Membership:
        try:
            row = self.journal.membership()
        except Unwritable as error:
            raise LabError(f"the classroom's journal cannot be read: {error}") from None
        if row is None:
            raise LabError(self.journal.note or NO_CLASS)
        return row


async def _welcome(sender: Sender) -> Membership:
    async with asyncio.timeout(2 * talk.OPEN_SECONDS):
        return await asyncio.wrap_future(sender.start())


def _reason(error: BaseException, address: Address) -> BaseException:
    """Why a class could not be joined, as a sentence."""
    match error:
        case LabError():
            return error
        case InvalidStatus():
            status = error.response.status_code
            return LabError(
                f"expected a class at {address.shown}, got HTTP {status}: another server may "
                "answer there"
            )
        case ssl.SSLError():
            return LabError(f"the connection to {address.shown} would not be safe: {error}")
        case ConnectionClosed():
            return LabError(f"the class at {address.shown} hung up: run the cell again")
        case TimeoutError():
            return LabTimeout(
                f"waited {talk.OPEN_SECONDS:g} s for the class at {address.shown}, in vain"
            )
        case Exception():
            return LabError(
                f"nobody answers at {address.shown}: is it the instructor's address, and is this "
                "machine in the same network?"
            )
    return error


def _name(name: object) -> str:
    text = " ".join(wire.clean(name).split()) if isinstance(name, str) else ""
    if not 1 <= len(text) <= wire.NAME:
        raise LabError(
            f"expected a name of 1 to {wire.NAME} characters, as the class is to call you, "
            f"got {name!r}"
        )
    return text


def _notebook(shell: Any) -> Path:
    """The file of this kernel's notebook, as Jupyter or an editor tells it."""
    in_editor = getattr(shell, "user_ns", {}).get("__vsc_ipynb_file__", "")
    return Path(os.environ.get("JPY_SESSION_NAME") or in_editor)
