"""Values: what the calls of the classroom answer with, each in one line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..shell import Text
from .records import Membership, Note

REPORTED = (
    "Reported: the step you are at, checks and hints, a raised hand, idle time; "
    "never code or output."
)


@dataclass(frozen=True)
class Joined:
    """The learner is in a class: its ``title``, the learner's ``name`` in it, its ``code``."""

    title: str
    name: str
    code: str
    note: str = ""  # what else is to be said, such as which class was left for it

    def __repr__(self) -> str:
        head = f"{self.note} " if self.note else ""
        return (
            f"{head}You are in the class {self.title!r} as {self.name}. {REPORTED} "
            "classroom.leave() ends it."
        )


@dataclass(frozen=True)
class Left:
    """The learner is in no class any more; ``is_told`` says whether the class has heard it."""

    title: str
    forget: bool
    is_told: bool

    def __repr__(self) -> str:
        if not self.title:
            return "You are in no class: nothing is reported."
        left = f"You have left the class {self.title!r}: nothing is reported any more."
        if not self.forget:
            return left
        if self.is_told:
            return f"{left} It has deleted all that it had of you."
        return (
            f"{left} It could not be reached: what it has of you stays until the instructor "
            "deletes it."
        )


@dataclass(frozen=True)
class Hand:
    """The learner's hand: whether it ``is_up``, and what it says."""

    is_up: bool
    text: str = ""

    def __repr__(self) -> str:
        if not self.is_up:
            return "Your hand is down."
        says = f": {self.text}" if self.text else ""
        return f"Your hand is up{says} – classroom.unstuck() takes it down."


@dataclass(frozen=True)
class Shown:
    """A cell that was shown to the instructor."""

    step: str
    source: str
    output: str

    def as_seen(self) -> Text:
        """What the instructor sees, for the learner to see it first."""
        output = f"\n\n{self.output}" if self.output else ""
        return Text(f"This is what the instructor sees:\n\n{self.source}{output}")

    def __repr__(self) -> str:
        lines, put_out = (len(text.splitlines()) for text in (self.source, self.output))
        return (
            f"Shown to the instructor: a cell with {lines} {_lines(lines)} of code and {put_out} "
            f"{_lines(put_out)} of output."
        )


@dataclass(frozen=True)
class Status:
    """Where the learner stands with the class: ``state`` is here, away, connecting or none."""

    state: str
    title: str = ""
    name: str = ""
    waiting: int = 0  # reports that the class has not taken yet
    hand: str | None = None
    paused: bool = False
    note: str = ""

    def __repr__(self) -> str:
        if self.state == "none":
            return f"{self.note or 'You are in no class.'} Nothing is reported."
        state = "connected" if self.state == "here" else "the class is away"
        reports = f"{self.waiting} {'report' if self.waiting == 1 else 'reports'} waiting"
        parts = [state, reports if self.waiting else "nothing waiting"]
        parts += ["your hand is up"] if self.hand is not None else []
        parts += ["the class pauses"] if self.paused else []
        return f"You are in the class {self.title!r} as {self.name}: {', '.join(parts)}."


class Notes(Sequence[Note]):
    """What the instructor wrote, the oldest first."""

    def __init__(self, notes: Sequence[Note]) -> None:
        self._notes = tuple(notes)

    def __len__(self) -> int:
        return len(self._notes)

    def __getitem__(self, at):  # type: ignore[no-untyped-def]
        return self._notes[at]

    def __iter__(self) -> Iterator[Note]:
        return iter(self._notes)

    def __repr__(self) -> str:
        return "\n".join(map(repr, self._notes)) or "No notes yet."


def joined(row: Membership, note: str = "") -> Joined:
    """The value for a membership."""
    return Joined(row.title, row.called or row.name, row.code, note)


def _lines(count: int) -> str:
    return "line" if count == 1 else "lines"
