"""What a run has measured, of every round, and the noise of the machine meanwhile."""

import statistics
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from account.tests.broadcast.session import Figures
from account.tests.broadcast.values import Value

SPINS = 2_000_000
"""Turns of the loop that shows how quiet the machine is."""


class Spread(NamedTuple):
    """The median of all rounds, and the extremes."""

    median: float
    least: float
    most: float


def spread(values: Iterable[float]) -> Spread | None:
    """The spread of some values; None of none."""
    found = list(values)
    return Spread(statistics.median(found), min(found), max(found)) if found else None


@dataclass(frozen=True)
class Record:
    """One session: the round, the side's name, the size of the crowd, what was measured.

    `spun` is how long the machine needed for a fixed piece of work just before it, in seconds.
    """

    round: int
    side: str
    clients: int
    figures: Figures
    spun: float


class Results:
    """All records of a run."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    def by_round(self, side: str, clients: int, value: Value) -> dict[int, float]:
        """A figure of a side with so many clients, by round."""
        return {
            record.round: found
            for record in self.records
            if (record.side, record.clients) == (side, clients)
            and (found := value(record.figures)) is not None
        }

    def spread(self, side: str, clients: int, value: Value) -> Spread | None:
        """The spread of a figure over the rounds; None when it was not measured."""
        return spread(self.by_round(side, clients, value).values())

    @property
    def crowds(self) -> list[int]:
        """The sizes of crowd, smallest first."""
        return sorted({record.clients for record in self.records})


def spin() -> float:
    """Do a fixed piece of work; the seconds that it took, always the same on a quiet machine."""
    began = time.perf_counter()
    for _ in range(SPINS):
        pass
    return time.perf_counter() - began
