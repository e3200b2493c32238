"""Profile: where the time of a server's event loop went, while a block ran."""

from __future__ import annotations

import asyncio
import pstats
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from .bars import Bars
from .errors import LabError, LabTimeout


class _Function(NamedTuple):
    """A function in the profile: how often it was called, and the seconds in it and below it."""

    file: str
    name: str
    calls: int
    seconds: float


class Profile:
    """What `LiveServer.profile` has seen.

    A function is named as it is imported, such as ``channels.db.aclose_old_connections``; a method
    goes without its class. Of a coroutine each resumption counts as a call.
    """

    def __init__(self) -> None:
        self._functions: list[_Function] = []
        self.all_calls = 0
        self._seconds = 0.0

    def __repr__(self) -> str:
        return "Profile(of the event loop's thread)" if self._functions else "Profile(nothing yet)"

    def read(self, file: Path) -> None:
        """Take what a profiler has written."""
        stats = pstats.Stats(str(file))
        self.all_calls, self._seconds = stats.total_calls, stats.total_tt  # type: ignore[attr-defined]
        self._functions = [
            _Function(path, name, calls, seconds)
            for (path, _, name), (_, calls, _, seconds, _) in stats.stats.items()  # type: ignore[attr-defined]
        ]

    def calls(self, name: str) -> int:
        """How often a function was called."""
        return sum(found.calls for found in self._named(name))

    def share(self, name: str) -> float:
        """Which share of the time went into a function and what it called, from 0 to 1."""
        return sum(found.seconds for found in self._named(name)) / (self._seconds or 1.0)

    def bars(self, title: str, functions: Mapping[str, str]) -> Bars:
        """The shares of some functions, none of which calls another, and of all the rest.

        ``functions`` are names, each by the words for it.
        """
        named = {
            f"{words} · {name.rpartition('.')[2]}()": 100 * self.share(name)
            for words, name in functions.items()
        }
        largest_first = dict(sorted(named.items(), key=lambda item: -item[1]))
        rest = max(0.0, 100 - sum(named.values()))
        return Bars(title, largest_first | {"all the rest": rest}, unit=" %")

    def _named(self, dotted: str) -> Iterator[_Function]:
        if not self._functions:
            raise LabError("expected the profile after its block: it is written at the end of it")
        module, _, name = dotted.rpartition(".")
        ends = tuple(f"/{module.replace('.', '/')}{end}" for end in (".py", "/__init__.py"))
        return (
            found for found in self._functions if found.name == name and found.file.endswith(ends)
        )


class Profiling:
    """A block that a server profiles: ``toggle`` begins the profile and ends it, in ``file``."""

    def __init__(self, toggle: Callable[[], None], file: Path, timeout: float) -> None:
        self._toggle, self._file, self._timeout = toggle, file, timeout
        self._profile = Profile()

    async def __aenter__(self) -> Profile:
        self._file.unlink(missing_ok=True)
        self._toggle()
        return self._profile

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._toggle()
        if kind is not None:
            return
        deadline = time.monotonic() + self._timeout
        while not self._file.exists():
            if time.monotonic() > deadline:
                raise LabTimeout(
                    f"waited {self._timeout:g} s for the profile of the server, in vain"
                )
            await asyncio.sleep(0.02)
        self._profile.read(self._file)
