"""Learners without a notebook, for the tests of the classroom: made by name, gone at the end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from channels_lab.classroom import Learner

SECONDS = 40.0  # for anything to happen


class Learners:
    """``make("ana")`` is a learner with a folder of that name; two of one name are two kernels."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: list[Learner] = []

    def __call__(self, name: str = "ana") -> Learner:
        """Make one."""
        self._made.append(Learner(self._folder / name))
        return self._made[-1]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        for learner in self._made:
            learner.leave()
            learner.journal.close()


def until(condition: Callable[[], object], what: str) -> None:
    """Wait until something is so in the thread of a sender, which tells nobody."""
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, f"waited {SECONDS:g} s for {what}"
        time.sleep(0.01)


def threads() -> list[threading.Thread]:
    """The threads of senders."""
    return [thread for thread in threading.enumerate() if thread.name == "classroom"]
