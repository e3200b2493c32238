"""Log: what a server process has printed, settled."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from .errors import LabTimeout
from .text import settle

TAIL = 12  # lines that an error shows


class Log:
    """The file that a process of a project prints to."""

    def __init__(self, path: Path, project: Path) -> None:
        self.path = path
        self._project = project

    def lines(self, words: str = "") -> list[str]:
        """The whole lines that contain ``words``, settled."""
        printed = self.path.read_text(errors="replace")
        whole, _, _ = printed.rpartition("\n")  # the last line may be half written
        return [line for line in settle(whole, self._project) if words in line]

    def tail(self) -> str:
        """The last lines, for an error; says when there are none."""
        last = self.lines()[-TAIL:] if self.path.exists() else []
        return "\n".join(last) or "(nothing)"

    async def logged(self, words: str, timeout: float, times: int) -> str:
        """Wait for so many lines with these ``words``; return the last. Raises ``LabTimeout``."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if len(found := self.lines(words)) >= times:
                return found[-1]
            await asyncio.sleep(0.02)
        raise LabTimeout(
            f"waited {timeout:g} s for the server to print {words!r}; it printed:\n{self.tail()}"
        )
