"""Records: what the journal keeps, as values."""

from __future__ import annotations

from dataclasses import dataclass

from . import wire
from .address import Address


class Unwritable(Exception):
    """The journal cannot be read or written at this moment; the message says why."""


@dataclass(frozen=True)
class Membership:
    """The row of a class, as it was at one moment; a column each, see ``schema.sql``."""

    code: str
    base: str
    name: str
    called: str
    title: str
    key: str
    current: int
    given: int
    taken: int
    last_note: int
    read_note: int
    hand: str | None
    paused: int
    step: str | None
    active: float
    idle: int
    heard: float
    unwritten: int = 0  # reports of this kernel that are not in the file yet

    @property
    def address(self) -> Address:
        """Where the class is."""
        return Address(self.code, self.base)

    @property
    def waiting(self) -> int:
        """How many reports the class has not taken yet."""
        return self.given - self.taken + self.unwritten

    def is_same(self, other: Membership | None) -> bool:
        """Say whether this is the same learner in the same class at the same address."""
        mine = (self.code, self.base, self.key, self.name)
        return other is not None and mine == (other.code, other.base, other.key, other.name)


@dataclass(frozen=True)
class Kept:
    """A report that the class has not taken yet, and what it had taken when this was read."""

    number: int
    at: float
    body: wire.Frame
    taken: int


@dataclass(frozen=True)
class Note:
    """What the instructor wrote: its ``kind`` (hint, pause, resume, reply), its text, and when."""

    number: int
    kind: str
    text: str
    at: str

    def __repr__(self) -> str:
        return f"{self.kind}: {self.text}" if self.text else self.kind
