"""A token bucket: how fast somebody may go, and how far ahead."""

from collections.abc import Callable
from time import monotonic


class TokenBucket:
    """Holds up to `most` tokens and fills with `rate` tokens a second; a rate of 0 is no limit.

    Source: https://en.wikipedia.org/wiki/Token_bucket
    """

    def __init__(self, rate: float, most: float, clock: Callable[[], float] = monotonic) -> None:
        self._rate = rate
        self._most = self._tokens = most
        self._clock = clock
        self._filled = clock()

    def take(self) -> bool:
        """Take one token; False if there is none."""
        if not self._rate:
            return True
        now = self._clock()
        self._tokens = min(self._most, self._tokens + (now - self._filled) * self._rate)
        self._filled = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
