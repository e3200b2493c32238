"""Arrow and Lane: one hop of a trace, and from where to where it goes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

LaneKind = Literal["client", "program", "server", "consumer", "layer", "database"]
ArrowKind = Literal["frame", "inner", "call", "event", "sql", "http", "mark"]


class Lane(NamedTuple):
    """One vertical line: who sends and who receives."""

    kind: LaneKind
    name: str


LAYER, DATABASE = Lane("layer", "layer"), Lane("database", "database")


def lane_of(kind: LaneKind, server: str = "") -> Lane:
    """The lane of a server process, such as ``consumer A``; of one without a name ``consumer``."""
    return Lane(kind, f"{kind} {server}".rstrip())


def stand_in(consumer: Lane) -> Lane:
    """The lane of the server that a consumer runs in."""
    return lane_of("server", consumer.name.partition(" ")[2])


@dataclass(eq=False)
class Arrow:
    """One hop from lane to lane; one that stays on its lane is a mark, such as an exception."""

    source: Lane
    target: Lane
    label: str
    kind: ArrowKind
    at: int  # monotonic, in ns
    payload: str = ""
    handler: str = ""  # the consumer's method that it runs, such as ``receive()``
    owner: str = ""  # whose connection it is about
    lost: bool = False  # it does not arrive, or nobody gets it
    ignored: bool = False  # the consumer looked at it, and did nothing
    unasked: bool = False  # the server itself did it, not its consumer
    by_program: bool = False  # a cell did it, not the server
    because_of: int | None = None  # when the server was ended, for what came of that
    after: set[Arrow] = field(default_factory=set)  # those that happened before it
