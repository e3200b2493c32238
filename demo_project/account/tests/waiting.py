"""To wait for something that nobody announces."""

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

AT_MOST = 30.0
"""Seconds until a wait is given up."""
T = TypeVar("T")


async def until(found: Callable[[], T | None], what: str) -> T:
    """Ask again and again until there is an answer. Raises TimeoutError that says what was not."""
    end = time.monotonic() + AT_MOST
    while (answer := await asyncio.to_thread(found)) is None:
        if time.monotonic() > end:
            raise TimeoutError(f"expected within {AT_MOST:g} s that {what}")
        await asyncio.sleep(0.05)
    return answer
