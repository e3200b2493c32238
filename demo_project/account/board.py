"""The board: what the database knows at one moment, and what it is asked in one piece of work."""

from collections import Counter
from typing import NamedTuple
from uuid import UUID

from account import history, presence
from account.events import Place


class Board(NamedTuple):
    """What the database knows at one moment: each name's tabs, and the newest message's place."""

    tabs: dict[str, int]
    place: Place


class Welcome(NamedTuple):
    """What a connection that was written down is to know: its name, if it is the name's first one,
    and the board with it."""

    name: str
    first: bool
    board: Board


def let_in(server: UUID, coming: list[presence.Coming]) -> tuple[list[presence.Arrival], Board]:
    """Write down connections, and look at the board as it is then: all that is said from then on
    is new to them."""
    arrivals = presence.track_all(server, coming)
    return arrivals, look()


def one_after_the_other(arrivals: list[presence.Arrival], board: Board) -> list[Welcome]:
    """What each is to know: the board as if those who were written down after it came later.

    So they do for their client, who hears of each that it came.
    """
    tabs = Counter(board.tabs)
    welcomes = []
    for arrival in reversed(arrivals):
        name = arrival.tab.name
        welcomes.append(Welcome(name, arrival.first, Board(dict(tabs), board.place)))
        tabs[name] -= 1
        if tabs[name] < 1:  # others may have taken it away already
            del tabs[name]
    return welcomes[::-1]


def look() -> Board:
    """What the database knows now."""
    return Board({user["user"]: user["tabs"] for user in presence.online()}, history.place())


def tend(server: UUID, seconds: float, judges: bool) -> tuple[int | None, list[str], Board]:
    """One beat's work in the database: answer the process's rows, who is gone, and the board."""
    rows = presence.renew(server, seconds)
    gone = presence.expire() if judges and rows is not None else []
    history.forget()
    return rows, gone, look()


def went_back(before: Place | None, now: Place) -> bool:
    """Whether the history was put back: the numbers that clients know would come again."""
    return before is not None and before.epoch == now.epoch and now.number < before.number
