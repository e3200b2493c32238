"""Replays: the learner's project as earlier lessons left it, made once, copied after that.

The commands that the lessons run (`startproject`, `startapp`, `makemigrations`, `migrate`) take up
to two seconds each time a lesson begins. What they make is kept in .venv, under a hash of all that
it follows from: the cells, in order, and the packages. When any of it changes, there is none of
that name, and the cells are run.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import tempfile
from pathlib import Path

from .tables import packages

KEPT = 32  # replays; there is one for each lesson, and one more whenever a lesson was changed
FOLDER = Path(sys.prefix) / "ready_workspaces"


class Replay:
    """What these cells make of an empty folder."""

    def __init__(self, sources: list[str]) -> None:
        words = json.dumps([sys.version, packages(), sources])
        self.path = FOLDER / hashlib.sha256(words.encode()).hexdigest()

    def copy_to(self, folder: Path) -> bool:
        """Put a copy of it into an empty folder; False when none is kept."""
        try:
            shutil.copytree(self.path, folder, dirs_exist_ok=True)
        except OSError:  # also one that was half removed: whatever of it came is no project
            shutil.rmtree(folder)
            folder.mkdir()
            return False
        return True

    def keep(self, folder: Path) -> None:
        """Keep a copy of this folder; do nothing where it cannot be."""
        if sys.prefix == sys.base_prefix:  # no environment of the course's own
            return
        try:
            FOLDER.mkdir(exist_ok=True)
            with tempfile.TemporaryDirectory(dir=FOLDER, ignore_cleanup_errors=True) as beside:
                # Whole or not at all; where another kernel was quicker, its copy stays.
                Path(shutil.copytree(folder, Path(beside) / "replay")).rename(self.path)
            kept = sorted(FOLDER.iterdir(), key=lambda each: each.stat().st_mtime)
            for old in kept[:-KEPT]:
                shutil.rmtree(old, ignore_errors=True)
        except OSError:
            return
