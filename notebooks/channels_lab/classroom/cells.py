"""Cells: what the kernel says of the cells that it runs: which, when, and what they put out.

Outputs are kept in memory, of the last two cells only, so that the learner can show one.
"""

from __future__ import annotations

import re
import sys
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_MOST = 16_000  # characters of an output that are kept


@dataclass
class Cell:
    """One cell as it was run: its id in the notebook's file, its source, what it put out."""

    id: str | None
    source: str
    request: str | None  # the id of the message that asked for it
    parts: list[str] = field(default_factory=list)

    @property
    def output(self) -> str:
        """What it put out, as text without colours."""
        return _ANSI.sub("", "".join(self.parts)).strip("\n")

    def add(self, text: str) -> None:
        """Keep what it puts out, as far as anybody would want to see it."""
        room = _MOST - sum(map(len, self.parts))
        if room > 0:
            self.parts.append(text[:room])


class Cells:
    """Listens to a shell from ``listen()`` to ``stop()``; calls ``began`` with each cell."""

    def __init__(self, shell: Any, began: Callable[[Cell], None]) -> None:
        self.last: deque[Cell] = deque(maxlen=2)
        self.is_running = False
        self._shell = shell
        self._began = began
        self._is_listening = False

    def __repr__(self) -> str:
        return f"Cells({'listening' if self._is_listening else 'not listening'})"

    def current(self) -> Cell:
        """The cell that runs at this moment."""
        parent = _parent(self._shell)
        return Cell(
            parent.get("metadata", {}).get("cellId"),
            str(parent.get("content", {}).get("code", "")),
            parent.get("header", {}).get("msg_id"),
        )

    def listen(self) -> None:
        """Begin, in the cell that runs now."""
        if self._is_listening or self._shell is None:
            return
        self._is_listening = self.is_running = True
        self.last.append(self.current())
        self._shell.events.register("pre_run_cell", self._before)
        self._shell.events.register("post_run_cell", self._after)
        for name in ("display_pub", "displayhook"):
            if hasattr(publisher := getattr(self._shell, name), "register_hook"):
                publisher.register_hook(self._put_out)
        for stream in _streams():
            stream.pub_thread.schedule(lambda stream=stream: stream.register_hook(self._put_out))

    def stop(self) -> None:
        """End; nothing of it is left in the shell."""
        if not self._is_listening:
            return
        self._is_listening = False
        self.last.clear()
        with suppress(ValueError):
            self._shell.events.unregister("pre_run_cell", self._before)
            self._shell.events.unregister("post_run_cell", self._after)
        for name in ("display_pub", "displayhook"):
            if hasattr(publisher := getattr(self._shell, name), "unregister_hook"):
                publisher.unregister_hook(self._put_out)
        for stream in _streams():
            stream.pub_thread.schedule(lambda stream=stream: stream.unregister_hook(self._put_out))

    def before_this(self) -> Cell | None:
        """The cell that was run before the one that runs now, with all that it has put out."""
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        now = self.current().request
        return next((cell for cell in reversed(self.last) if cell.request != now), None)

    # IPython prints what a callback raises into the learner's cell: so these raise nothing.

    def _before(self, info: Any) -> None:
        with suppress(Exception):
            if info.silent or not info.store_history:
                return
            self.is_running = True
            cell = self.current()
            cell.id, cell.source = getattr(info, "cell_id", None) or cell.id, str(info.raw_cell)
            self.last.append(cell)
            self._began(cell)

    def _after(self, result: Any) -> None:
        with suppress(Exception):
            if not result.info.store_history:
                return
            self.is_running = False
            error = result.error_before_exec or result.error_in_exec
            if error is not None and self.last:
                self.last[-1].add(f"{type(error).__name__}: {error}\n")

    def _put_out(self, message: dict[str, Any]) -> dict[str, Any]:
        with suppress(Exception):
            request = message["parent_header"].get("msg_id")
            text = _text(message["msg_type"], message["content"])
            for cell in self.last:
                if cell.request == request:
                    cell.add(text)
        return message


def _text(kind: str, content: dict[str, Any]) -> str:
    """The text of an output; of a picture or a widget what it says of itself."""
    if kind == "stream":
        return str(content["text"])
    if kind in ("execute_result", "display_data"):
        return f"{content['data'].get('text/plain', '')}\n"
    return ""


def _parent(shell: Any) -> dict[str, Any]:
    get_parent = getattr(shell, "get_parent", None)  # the shell of a terminal has none
    parent = get_parent() if get_parent else None
    return parent if isinstance(parent, dict) else {}


def _streams() -> list[Any]:
    return [
        stream
        for stream in (sys.stdout, sys.stderr)
        if hasattr(stream, "register_hook") and getattr(stream, "pub_thread", None) is not None
    ]
