"""Deadline: a bounded wait for other processes."""

from __future__ import annotations

import time
from collections.abc import Callable

from .errors import LabTimeout


class Deadline:
    """So many seconds from now; ``said`` gives what the server has printed, for the error."""

    def __init__(self, timeout: float, said: Callable[[], str]) -> None:
        self._at = time.monotonic() + timeout
        self._said = said

    def pause(self, what: str) -> None:
        """Let a moment pass before asking again after ``what``. Raises ``LabTimeout``."""
        if time.monotonic() > self._at:
            raise LabTimeout(f"waited for {what}, in vain; the server printed:\n{self._said()}")
        time.sleep(0.02)
