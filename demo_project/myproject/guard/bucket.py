"""A token bucket: how fast somebody may go, and how far ahead."""

from collections.abc import Callable
from time import monotonic


class TokenBucket:
    """Holds up to `most` tokens and fills with `rate` tokens a second; a rate of 0 is no limit.

    Source: https://en.wikipedia.org/wiki/Token_bucket
    """

    __slots__ = ("_clock", "_filled", "_most", "_rate", "_tokens")

    def __init__(self, rate: float, most: float, clock: Callable[[], float] = monotonic) -> None:
        self._rate = rate
        self._most = self._tokens = most
        self._clock = clock
        self._filled = clock()

    def is_full(self) -> bool:
        """Whether nobody has taken anything for long enough: a new bucket would be the same."""
        self._fill()
        return self._tokens >= self._most

    def is_empty(self) -> bool:
        """Whether there is no token to take."""
        self._fill()
        return bool(self._rate) and self._tokens < 1

    def take(self) -> bool:
        """Take one token; False if there is none."""
        if not self._rate:
            return True
        if self.is_empty():
            return False
        self._tokens -= 1
        return True

    def forgive(self, seconds: float) -> None:
        """Give what flows in so many seconds, also above `most`: it was we who were slow."""
        self._fill()
        self._tokens += seconds * self._rate

    def _fill(self) -> None:
        now = self._clock()
        filled = self._tokens + (now - self._filled) * self._rate
        self._tokens = max(self._tokens, min(self._most, filled))
        self._filled = now


class Buckets:
    """A bucket for each name that took something lately; full ones are forgotten in time."""

    MANY = 1_000

    def __init__(self, rate: float, most: float, clock: Callable[[], float] = monotonic) -> None:
        self._rate = rate
        self._most = most
        self._clock = clock
        self._buckets: dict[str, TokenBucket] = {}

    def __len__(self) -> int:
        return len(self._buckets)

    def is_empty(self, name: str) -> bool:
        """Whether this name has no token to take."""
        return name in self._buckets and self._buckets[name].is_empty()

    def take(self, name: str) -> bool:
        """Take one token of this name; False if there is none."""
        if name not in self._buckets:
            if len(self._buckets) >= self.MANY:
                self._buckets = {n: b for n, b in self._buckets.items() if not b.is_full()}
            self._buckets[name] = TokenBucket(self._rate, self._most, self._clock)
        return self._buckets[name].take()
