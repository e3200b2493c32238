"""Runs a program that can be profiled: `python profiled.py FILE daphne -p 8080 …`.

SIGUSR2 begins a profile of the main thread, where the event loop runs; the next one ends it and
writes it to FILE, as `pstats` reads it.
"""

from __future__ import annotations

import cProfile
import os
import runpy
import signal
import sys
from types import FrameType


class Switch:
    """Begins a profile and ends it, in turn."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.profile: cProfile.Profile | None = None

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Take the signal."""
        if self.profile is None:
            self.profile = cProfile.Profile()
            self.profile.enable()
            return
        self.profile.disable()
        self.profile.dump_stats(f"{self.file}.new")
        os.replace(f"{self.file}.new", self.file)  # whoever waits for it finds it whole
        self.profile = None


if __name__ == "__main__":
    _, file, module, *arguments = sys.argv
    signal.signal(signal.SIGUSR2, Switch(file))
    sys.argv = [module, *arguments]
    sys.path[0] = os.getcwd()  # as `python -m` has it
    runpy.run_module(module, run_name="__main__", alter_sys=True)
