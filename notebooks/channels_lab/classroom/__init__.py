"""classroom: join a class with one cell, and leave it with one word.

Reported are the step of the course at which you are, your checks and hints, a raised hand, and
that you are idle. Your code, its output and your keys are never sent, but for the cell that you
show yourself with ``show_cell()``.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from types import ModuleType
from typing import Any

from IPython.display import display

from ..workspace import root
from .learner import Learner
from .values import Hand, Joined, Left, Notes, Shown, Status

__all__ = ["Learner", "join", "leave", "notes", "show_cell", "status", "stuck", "unstuck"]

_learners: dict[str, Learner] = {}


async def join(code: str, *, name: str, at: str | None = None) -> Joined:
    """Join a class by its code, such as ``K7PM-2QXR``, or by its link, under a name of your choice.

    ``at`` is the address of the class; without it the link's own, else what ``CLASSROOM_URL`` says,
    else this machine. It holds in later lessons, too, until you leave. Raises ``LabError`` when
    there is no such class or nobody answers there; then nothing has changed.
    """
    return await _learner().join(code, name, at)


def leave(*, forget: bool = False) -> Left:
    """Leave the class at once, whatever its server does; what was not taken yet is never sent.

    With ``forget`` the class deletes all that it has of you.
    """
    return _learner().leave(forget=forget)


def stuck(text: str = "") -> Hand:
    """Raise your hand; the instructor sees it, with what you say (at most 300 characters)."""
    return _learner().stuck(text)


def unstuck() -> Hand:
    """Take your hand down."""
    return _learner().unstuck()


def show_cell() -> Shown:
    """Show the instructor the cell that you ran before this one, with what it put out.

    You see first what the instructor will see, at most 8,000 characters of each.
    """
    return _learner().show_cell()


def notes() -> Notes:
    """Return what the instructor wrote to you or to all, the oldest first."""
    return _learner().notes()


def status() -> Status:
    """Return where you stand with the class."""
    return _learner().status()


def take_up() -> None:
    """Go on with the class that was joined in another notebook; called by the first import."""
    learner = _learner()
    with suppress(Exception):  # a lesson begins, whatever is wrong with a class
        joined = learner.take_up()
        display(joined or learner.status())  # type: ignore[no-untyped-call]


def _learner() -> Learner:
    """The learner of this kernel's workspace."""
    folder = root()
    if str(folder) not in _learners:
        _learners[str(folder)] = Learner(folder, _shell())
    return _learners[str(folder)]


def _shell() -> Any:
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython else None


class _Classroom(ModuleType):
    """The module as a value: a cell that says ``classroom`` shows where the learner stands."""

    def __repr__(self) -> str:
        return repr(status())


sys.modules[__name__].__class__ = _Classroom
