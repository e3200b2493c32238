"""Exercises: a check is a value, ``✔ solved`` or ``○ not yet – what was expected and what came``.

An exercise is one async function in ``channels_lab/exercises/lesson_NN.py``: it drives the
learner's running project as a client would and answers with a ``Result``. Source text is never
looked at.
"""

from __future__ import annotations

import asyncio
import importlib
import pkgutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from . import exercises
from .client import Client
from .errors import LabError
from .progress import Progress
from .server import LiveServer
from .source import Code

SOLUTIONS = Path(__file__).resolve().parents[1] / "solutions"
CHECK_TIMEOUT = 20.0  # seconds that one check may take, whatever the learner's code does
RESTART_TIMEOUT = 8.0  # of these, for a server that runs what the learner wrote


@dataclass(frozen=True)
class Result:
    """What a check found: solved, or what was expected and what came."""

    solved: bool
    found: str = ""

    def __repr__(self) -> str:
        if self.solved:
            return f"✔ solved{f' – {self.found}' if self.found else ''}"
        return f"○ not yet – {self.found}"


def solved(found: str = "") -> Result:
    """The result of a check that saw what it wanted; ``found`` says what that was."""
    return Result(True, found)


def not_yet(expected: str, came: str) -> Result:
    """The result of a check that saw something else."""
    return Result(False, f"expected {expected}; {came}")


class Lab:
    """What a check works with: the running project, new clients, and the learner's answer."""

    def __init__(self, server: LiveServer | None, answer: Any) -> None:
        self._server = server
        self.answer = answer
        self._clients: list[Client] = []

    @property
    def server(self) -> LiveServer:
        """The learner's running project."""
        if self._server is None:
            raise LabError('this check needs the running project: await check("…", server)')
        return self._server

    async def client(self, name: str, path: str = "/online/") -> Client:
        """A new client that is connected; the check closes it at its end."""
        client = Client(name, self.server, path)
        self._clients.append(client)
        await client.connect()
        return client

    async def close(self) -> None:
        """Close every client of this check."""
        await asyncio.gather(*(client.close() for client in self._clients))


Check = Callable[[Lab], Awaitable[Result]]


class Listener(Protocol):
    """Who else is told of checks and hints; a call must return at once."""

    def tried(self, id: str, *, solved: bool) -> None:
        """A check was run."""

    def hinted(self, id: str, used: int) -> None:
        """A hint was shown, the first, second or third."""


# The classroom is here while the learner is in a class; else nobody.
listeners: list[Listener] = []


@dataclass(frozen=True)
class Exercise:
    """One exercise: its id such as ``03.1``, its title, three hints and its check."""

    id: str
    title: str
    hints: tuple[str, str, str]
    check: Check
    restart: bool

    @property
    def solution_file(self) -> Path:
        """Where the solution stands, such as ``solutions/03_1.py``."""
        return SOLUTIONS / f"{self.id.replace('.', '_')}.py"


_exercises: dict[str, Exercise] = {}


def exercise(
    id: str, title: str, *, hints: tuple[str, str, str], restart: bool = True
) -> Callable[[Check], Check]:
    """Declare a check; ``hints`` are the idea, the place, the line.

    With ``restart`` the server is restarted first, so that it runs what the learner has written.
    """

    def declare(check: Check) -> Check:
        if id in _exercises:
            raise ValueError(f"expected a new exercise, got {id!r} a second time")
        _exercises[id] = Exercise(id, title, hints, check, restart)
        return check

    return declare


def find(id: str) -> Exercise:
    """Return the exercise with this id; ``LabError`` lists those of its lesson."""
    number = id.partition(".")[0]
    there = exercises_of(int(number)) if number.isdigit() else []
    for entry in there:
        if entry.id == id:
            return entry
    ids = ", ".join(entry.id for entry in there) or "none"
    raise LabError(f"expected an exercise such as '03.1', got {id!r} (there: {ids})")


def exercises_of(lesson: int) -> list[Exercise]:
    """All exercises of a lesson, in order; an empty list where it has none."""
    name = f"lesson_{lesson:02d}"
    if name in {module.name for module in pkgutil.iter_modules(exercises.__path__)}:
        importlib.import_module(f"{exercises.__name__}.{name}")
    prefix = f"{lesson:02d}."
    return [entry for id, entry in sorted(_exercises.items()) if id.startswith(prefix)]


async def check(id: str, server: LiveServer | None = None, *, answer: Any = None) -> Result:
    """Check an exercise on the running project and remember it when it is solved.

    Whatever the learner's code does — it does not start, raises, never answers — the answer is a
    ``Result`` that says so; only a wrong call of ``check`` itself raises ``LabError``.
    """
    entry = find(id)
    if server is not None and not isinstance(server, LiveServer):
        raise LabError(f"expected a LiveServer as the second argument, got {type(server).__name__}")
    lab = Lab(server, answer)
    try:
        async with asyncio.timeout(CHECK_TIMEOUT):
            if server is not None and entry.restart:
                await asyncio.to_thread(server.restart, RESTART_TIMEOUT)
            result = await entry.check(lab)
    except TimeoutError as error:
        result = Result(False, str(error) or f"the check did not end within {CHECK_TIMEOUT:g} s")
    except LabError as error:
        result = Result(False, str(error))
    finally:
        await lab.close()
    progress = Progress()
    progress.tried(id, solved=result.solved)
    for listener in listeners:
        listener.tried(id, solved=result.solved)
    return result


def hint(id: str) -> str:
    """Show the next of the three hints: the idea, the place, the line."""
    entry = find(id)
    used = Progress().hint(id)
    for listener in listeners:
        listener.hinted(id, used)
    return _Sentence(f"hint {used} of 3: {entry.hints[used - 1]}")


def solution(id: str) -> Code:
    """Show the answer; copy it into the exercise's cell, or better: write it from memory."""
    entry = find(id)
    if not entry.solution_file.is_file():
        raise LabError(f"expected solutions/{entry.solution_file.name}: bring it back with git")
    return Code(entry.solution_file.read_text(encoding="utf-8").strip("\n"), f"solution of {id}")


class _Sentence(str):
    def __repr__(self) -> str:
        return str(self)
