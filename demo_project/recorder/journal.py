"""Journal: takes the events of one process, in the order in which they happen."""

from __future__ import annotations

import atexit
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import Any

Event = dict[str, Any]

MAX_PAYLOAD = 2_000
"""Characters of one payload that are kept; what is cut is counted."""

# Which connection runs. asgiref copies the context into its threads, so it is right there as well.
connection: ContextVar[int | None] = ContextVar("recorded connection", default=None)


class Journal:
    """Writes down events: each with its time (monotonic, in ns) and its connection (or None)."""

    def __init__(self, write: Callable[[Event], None]) -> None:
        self._write = write
        self._turn = threading.Lock()

    def note(self, what: str, **details: Any) -> None:
        """Write down one event of this moment; those of several threads in the order of time."""
        with self._turn:
            at = time.monotonic_ns()
            self._write({"what": what, "at": at, "connection": connection.get(), **details})


def file_journal(folder: Path) -> Journal:
    """Make the journal of this process: a file of its own in ``folder``, one line an event.

    Each event is one ``write`` to a file opened for appending: a process that is killed loses at
    most the line that it was writing. Raises OSError when the folder cannot be written to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = os.open(
        folder / f"{os.getpid()}-{time.monotonic_ns()}.jsonl",
        os.O_WRONLY | os.O_CREAT | os.O_APPEND,
        0o600,
    )

    def write(event: Event) -> None:
        os.write(
            file,
            (json.dumps(event, ensure_ascii=False, default=repr) + "\n").encode(errors="replace"),
        )

    journal = Journal(write)
    journal.note("process", pid=os.getpid(), program=_program())
    atexit.register(journal.note, "exit")
    return journal


def payload(value: object) -> Event:
    """What a journal keeps of a payload: its text, and how long it was if it had to be cut."""
    if isinstance(value, bytes | bytearray | memoryview):
        text = repr(bytes(value[: MAX_PAYLOAD + 1]))
        size = len(value)
    elif isinstance(value, str):
        text, size = value, len(value)
    else:
        text = json.dumps(_plain(value), ensure_ascii=False, default=repr)
        size = len(text)
    if len(text) <= MAX_PAYLOAD:
        return {"payload": text}
    return {"payload": text[:MAX_PAYLOAD], "cut_from": size}


def _plain(value: object) -> object:
    return {str(key): item for key, item in value.items()} if isinstance(value, Mapping) else value


def _program() -> str:
    """What runs here: a management command's name, else the program's."""
    if Path(sys.argv[0]).name == "manage.py" and len(sys.argv) > 1:
        return f"manage.py {sys.argv[1]}"
    return Path(sys.argv[0]).stem
