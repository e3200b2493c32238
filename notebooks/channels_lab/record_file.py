"""The file that one process of a server writes its events to."""

from __future__ import annotations

import json
from pathlib import Path

from .program import Event


class RecordFile:
    """The record of one process, read as it grows."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.pid = int(path.name.partition("-")[0])
        self.events: list[Event] = []
        self._read = 0  # bytes

    def read(self) -> None:
        """Read what was added; a last line that is not whole (yet, or by a kill) is left."""
        with self.path.open("rb") as file:
            file.seek(self._read)
            whole = file.read().rpartition(b"\n")[0]
        if whole:
            self.events += map(json.loads, whole.splitlines())
            self._read += len(whole) + 1
