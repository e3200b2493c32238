"""How often anybody may guess a code or a key: by address, and all together.

Of 850 billion codes, 120 guesses a minute find that of one of ten classes in some 1,200 years. Each
server process counts for itself: four of them let 480 through, and that is some 300 years.
"""

from collections.abc import Callable
from threading import Lock
from time import monotonic
from typing import Final, TypeVar

from django.conf import settings

from myproject.guard.bucket import Buckets, TokenBucket

MINUTE = 60.0
"""Seconds. As many guesses as a minute allows may come at once."""
HERE = "this machine"
"""The address of those who have none of their own: notebooks beside the server."""

T = TypeVar("T")


class TooManyGuesses(Exception):
    """There were too many wrong guesses lately: now even a right one has to wait."""


class Guesses:
    """Counts wrong guesses in this process. A right one costs nothing."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        each, together = settings.CLASSROOM_GUESSES_PER_ADDRESS, settings.CLASSROOM_GUESSES
        self._by_address = Buckets(each / MINUTE, each, clock)
        self._together = TokenBucket(together / MINUTE, together, clock)
        self._one_at_a_time = Lock()

    def look_up(self, address: str | None, find: Callable[[], T | None]) -> T | None:
        """Find what a code or a key leads to; None for a wrong one. Raises TooManyGuesses.

        One after the other: a thousand guesses at the same instant would all be allowed.
        """
        name = address or HERE
        with self._one_at_a_time:
            if self._by_address.is_empty(name) or self._together.is_empty():
                raise TooManyGuesses
            found = find()
            if found is None:
                self._by_address.take(name)
                self._together.take()
            return found


guesses: Final = Guesses()
"""Those of this process."""
