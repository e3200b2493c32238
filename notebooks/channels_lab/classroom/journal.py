"""Journal: membership, reports that the class has not taken yet, and notes, on the learner's disk.

Several kernels of one learner share it. Whether the learner is in a class at all is a file beside
it, ``classroom-joined.txt``: taking it away is leaving, at once and whatever else hangs.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import time
from collections import deque
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from . import wire
from .address import Address
from .records import Kept, Membership, Note, Unwritable
from .store import Store

FILE = "classroom.sqlite3"
JOINED = "classroom-joined.txt"
BRIEF = 0.001  # seconds that a cell may wait for a thread, and again for another kernel
PATIENT = 1.0  # seconds that may be waited in the background
TOUCH_SECONDS = 20.0  # a cell that runs long is written down so often


class Journal:
    """The journal of one learner. Every call is safe from any thread; none waits for a network.

    What a cell reports is written at once, or, when another kernel writes at this moment, a little
    later by ``write``: a cell never waits for it longer than twice ``BRIEF``.
    """

    idle_seconds = 300.0

    def __init__(self, folder: Path) -> None:
        self.marker = folder / JOINED
        self._store = Store(folder / FILE)
        self._unwritten: deque[tuple[float, wire.Frame]] = deque()

    def __repr__(self) -> str:
        return f"Journal({'joined' if self.is_joined() else 'not joined'})"

    @property
    def note(self) -> str:
        """A sentence, once a damaged file was set aside; else empty."""
        return self._store.note

    # --- membership ----------------------------------------------------------------------------

    def is_joined(self) -> bool:
        """Say whether the learner is in a class: one look at a file's name."""
        return self._store.is_ours() and self.marker.exists()

    def membership(self, patience: float = PATIENT) -> Membership | None:
        """The class that the learner is in, or None."""
        if not self.is_joined() or not self._store.path.exists():
            return None
        with self._store.transaction(patience, write=False) as database:
            row = _row(database, "current = 1")
            return row and replace(row, unwritten=len(self._unwritten))

    def begin(self, address: Address, name: str) -> Membership:
        """Make ready to join: the row of a class, with a key. It is not joined yet.

        A class that was left keeps its key: the learner comes back to it as the same one.
        """
        with self._store.transaction(PATIENT) as database:
            database.execute(
                "INSERT INTO class (code, base, name, key) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (code) DO UPDATE SET base = excluded.base, name = excluded.name",
                (address.code, address.base, name, secrets.token_urlsafe(32)),
            )
            return _the_row(database, address.code)

    def enter(self, code: str) -> Membership:
        """The learner is in this class from here on, and in no other."""
        with self._store.transaction(PATIENT) as database:
            _end_all(database, but=code)
            database.execute(
                "UPDATE class SET current = 1, active = max(active, ?) WHERE code = ?",
                (time.time(), code),
            )
            entered = _the_row(database, code)
        self.marker.write_text(
            f"You are in the class {entered.title!r} as {entered.called}, at "
            f"{entered.address.shown}.\n"
            "`classroom.leave()` in a cell ends it; so does deleting this file.\n",
            encoding="utf-8",
        )
        return entered

    def welcomed(
        self, code: str, *, called: str, title: str, paused: bool, taken: int, stuck: bool = True
    ) -> None:
        """The class said welcome; it has taken the reports up to ``taken``.

        ``stuck`` False: it sees no hand up, so that it was taken down, unless it was raised since.
        """
        with self._store.transaction(PATIENT) as database:
            database.execute(
                "UPDATE class SET called = ?, title = ?, paused = ?, heard = ?, "
                "given = max(given, ?) WHERE code = ?",
                (called, title, paused, time.time(), taken, code),
            )
            _take(database, code, taken)
            if not stuck:
                raised = json.dumps({"what": "stuck"})[:-1] + "%"  # as ``_append`` begins it
                database.execute(
                    "UPDATE class SET hand = NULL WHERE code = ? AND NOT EXISTS "
                    "(SELECT 1 FROM report WHERE report.code = class.code AND body LIKE ?)",
                    (code, raised),
                )

    def leave(self, *, forget: bool = False) -> None:
        """Leave the class: nothing is sent from the moment at which this begins.

        With ``forget`` the key and the notes go as well: who joins again is somebody new.
        """
        self.marker.unlink(missing_ok=True)
        self._unwritten.clear()
        if not self._store.path.exists():
            return
        with suppress(Unwritable), self._store.transaction(PATIENT) as database:
            row = _row(database, "current = 1")
            _end_all(database)
            if forget and row is not None:
                database.execute("DELETE FROM note WHERE code = ?", (row.code,))
                database.execute("DELETE FROM class WHERE code = ?", (row.code,))

    # --- reports -------------------------------------------------------------------------------

    def report(self, *bodies: wire.Frame, at: float | None = None) -> None:
        """Keep reports until the class has taken them; from a cell: it never waits for long."""
        if self.is_joined():
            moment = time.time() if at is None else at
            self._unwritten.extend((moment, body) for body in bodies)
            with suppress(Unwritable):
                self.write(BRIEF)

    def ran(self, step: str | None) -> None:
        """A cell of this step begins (None: of no step of the course)."""
        steps = [] if step is None else [wire.step(step)]
        self.report(wire.active(), *steps)

    def rest(self, *, running: bool) -> None:
        """Called now and then: report the learner idle when no kernel has run a cell for long."""
        row = self.membership()
        if row is None or row.idle:
            return
        quiet = time.time() - row.active
        if running and quiet > TOUCH_SECONDS:
            self.report(wire.active())
        elif not running and quiet > self.idle_seconds:
            self.report(wire.idle(), at=row.active)

    def write(self, patience: float = PATIENT) -> None:
        """Write down what could not be written at once."""
        if not self._unwritten:
            return
        with self._store.transaction(patience) as database:
            batch = []
            try:
                with suppress(IndexError):
                    while True:
                        batch.append(self._unwritten.popleft())
                for at, body in batch:
                    _append(database, at, body)
                database.execute("COMMIT")
            except BaseException:
                self._unwritten.extendleft(reversed(batch))
                raise

    def next_report(self, code: str) -> Kept | None:
        """The first report that this class has not taken; None too when the class was left."""
        if not self.is_joined():
            return None
        with self._store.transaction(PATIENT, write=False) as database:
            found = database.execute(
                "SELECT number, at, body, taken FROM report JOIN class USING (code) "
                "WHERE code = ? AND current = 1 AND number > taken ORDER BY number LIMIT 1",
                (code,),
            ).fetchone()
        return Kept(found[0], found[1], json.loads(found[2]), found[3]) if found else None

    def taken(self, code: str, number: int) -> None:
        """The class has taken the reports up to this one: they are kept no longer."""
        with self._store.transaction(PATIENT) as database:
            _take(database, code, number)

    def blank(self, code: str, number: int) -> None:
        """The class refuses this report: let its number stand for one that says nothing."""
        with self._store.transaction(PATIENT) as database:
            database.execute(
                "UPDATE report SET body = ? WHERE code = ? AND number = ?",
                (json.dumps(wire.active()), code, number),
            )

    def gone_back(self, code: str, sent: Kept, answer: int, synced: wire.Frame) -> None:
        """The class has forgotten reports that it had taken: it was brought back from a copy.

        An answer below what had been taken before ``sent`` was sent says so. Those that wait are
        numbered anew after ``answer``, behind one that says where the learner stands.
        """
        with self._store.transaction(PATIENT) as database:
            row = _the_row(database, code)
            if not answer < min(sent.taken, row.taken):
                return  # another kernel has seen it, too
            waiting = database.execute(
                "SELECT at, body FROM report WHERE code = ? ORDER BY number", (code,)
            ).fetchall()
            database.execute("DELETE FROM report WHERE code = ?", (code,))
            renewed = [(time.time(), json.dumps(synced)), *waiting]
            database.executemany(
                "INSERT INTO report VALUES (?, ?, ?, ?)",
                [(code, answer + count, *each) for count, each in enumerate(renewed, 1)],
            )
            database.execute(
                # Its notes count anew as well: the next time, all of them are asked for.
                "UPDATE class SET taken = ?, given = ?, last_note = 0 WHERE code = ?",
                (answer, answer + len(renewed), code),
            )

    # --- what the instructor does ----------------------------------------------------------------

    def add_note(self, code: str, note: Note) -> None:
        """Keep a note; one that is there already changes nothing.

        Another one of the same number is new: the class was brought back from a copy.
        """
        paused = {"pause": 1, "resume": 0}.get(note.kind)
        with self._store.transaction(PATIENT) as database:
            is_new = database.execute(
                "INSERT INTO note VALUES (?, ?, ?, ?, ?) ON CONFLICT (code, number) DO UPDATE "
                "SET kind = excluded.kind, text = excluded.text, at = excluded.at "
                "WHERE (kind, text, at) != (excluded.kind, excluded.text, excluded.at)",
                (code, note.number, note.kind, note.text, note.at),
            ).rowcount
            if not is_new:
                database.execute(
                    "UPDATE class SET last_note = max(last_note, ?) WHERE code = ?",
                    (note.number, code),
                )
            else:
                database.execute(
                    "UPDATE class SET last_note = ?, read_note = min(read_note, ?), "
                    "paused = coalesce(?, paused) WHERE code = ?",
                    (note.number, note.number - 1, paused, code),
                )

    def notes(self) -> list[Note]:
        """The notes of the class that was heard last, oldest first."""
        if not self._store.path.exists():
            return []
        with self._store.transaction(PATIENT, write=False) as database:
            rows = database.execute(
                "SELECT number, kind, text, at FROM note WHERE code = "
                "(SELECT code FROM class ORDER BY current DESC, heard DESC LIMIT 1) ORDER BY number"
            ).fetchall()
        return [Note(*row) for row in rows]

    def mark_read(self, number: int) -> None:
        """The notes up to this one were closed in a notebook."""
        with self._store.transaction(PATIENT) as database:
            database.execute(
                "UPDATE class SET read_note = max(read_note, ?) WHERE current = 1", (number,)
            )

    def hand_down(self, code: str) -> None:
        """The instructor took the hand down."""
        with self._store.transaction(PATIENT) as database:
            database.execute("UPDATE class SET hand = NULL WHERE code = ?", (code,))

    # --- the file ------------------------------------------------------------------------------

    def tidy(self) -> None:
        """Do what may wait for the disk."""
        self._store.tidy()

    def close(self) -> None:
        """Close the file."""
        self._store.close()


_COLUMNS = ", ".join(name for name in Membership.__dataclass_fields__ if name != "unwritten")


def _row(database: sqlite3.Connection, where: str, *values: object) -> Membership | None:
    found = database.execute(f"SELECT {_COLUMNS} FROM class WHERE {where}", values).fetchone()
    return Membership(*found) if found else None


def _the_row(database: sqlite3.Connection, code: str) -> Membership:
    row = _row(database, "code = ?", code)
    if row is None:  # forgotten by another kernel at this moment
        raise Unwritable(f"the class {code} was left")
    return row


def _take(database: sqlite3.Connection, code: str, number: int) -> None:
    database.execute(
        "UPDATE class SET taken = max(taken, ?), given = max(given, ?) WHERE code = ?",
        (number, number, code),
    )
    database.execute("DELETE FROM report WHERE code = ? AND number <= ?", (code, number))


def _end_all(database: sqlite3.Connection, but: str = "") -> None:
    database.execute("DELETE FROM report WHERE code != ?", (but,))
    database.execute(
        "UPDATE class SET current = 0, given = taken, hand = NULL, step = NULL WHERE code != ?",
        (but,),
    )


def _append(database: sqlite3.Connection, at: float, body: wire.Frame) -> None:
    """Number a report, and keep it, unless it would say what was said last."""
    row = _row(database, "current = 1")
    if row is None:
        return
    step, hand, idle, active = row.step, row.hand, row.idle, row.active
    match body["what"]:
        case "step":
            step = body["step"]
        case "stuck":
            hand = body["text"]
        case "unstuck":
            hand = None
        case "idle":
            idle = 1
        case "active":
            idle, active = 0, max(at, active)
    says_nothing_new = {
        "step": step == row.step,
        "unstuck": row.hand is None,
        "idle": idle == row.idle or row.active > at,
        "active": idle == row.idle,
    }.get(body["what"], False)
    number = row.given + (0 if says_nothing_new else 1)
    database.execute(
        "UPDATE class SET given = ?, step = ?, hand = ?, idle = ?, active = ? WHERE code = ?",
        (number, step, hand, idle, active, row.code),
    )
    if not says_nothing_new:
        database.execute(
            "INSERT INTO report VALUES (?, ?, ?, ?)", (row.code, number, at, json.dumps(body))
        )
