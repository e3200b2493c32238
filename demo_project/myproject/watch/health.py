"""Is this process well? Each part is asked at most once a second, and no answer takes long."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from channels.db import DatabaseSyncToAsync
from channels.layers import get_channel_layer
from django.db import transaction

from account.models import UserOnline
from account.server import this_process

SECONDS = 2.0
"""How long a part may take to answer."""
FRESH = 1.0
"""Seconds for which an answer is given again to whoever asks."""

Answer = dict[str, Any]


class Unwell(Exception):
    """What is wrong, in words of our own, which anybody may read."""


class Part:
    """One thing without which the server does not work, and the question that tells."""

    def __init__(self, ask: Callable[[], Awaitable[None]]) -> None:
        self._ask = ask
        self._asking: asyncio.Task[Answer] | None = None
        self._asked_at = 0.0

    async def answer(self) -> Answer:
        """`{"ok": true, "ms": 1.2}`, or `{"ok": false, "error": "OperationalError"}`.

        Whoever comes meanwhile waits for the same answer. Of an error only the kind is told: its
        words may hold addresses and names.
        """
        now = time.monotonic()
        if self._asking is None or (self._asking.done() and now - self._asked_at > FRESH):
            self._asked_at = now
            self._asking = asyncio.create_task(self._timed())
        return await asyncio.shield(self._asking)

    async def _timed(self) -> Answer:
        started = time.monotonic()
        asking = asyncio.ensure_future(self._ask())
        # Not asyncio.timeout(), which would wait until all has been tidied up.
        await asyncio.wait([asking], timeout=SECONDS)
        if not asking.done():
            asking.cancel()
            asking.add_done_callback(lambda task: task.cancelled() or task.exception())
            return {"ok": False, "error": f"no answer within {SECONDS:g} s"}
        error = asking.exception()
        if isinstance(error, Unwell):
            return {"ok": False, "error": str(error)}
        if error:
            return {"ok": False, "error": type(error).__name__}
        return {"ok": True, "ms": round(1000 * (time.monotonic() - started), 1)}


# A thread of its own: the one of the consumers may be what hangs.
_thread = ThreadPoolExecutor(1, thread_name_prefix="health")


def _look_into_database() -> None:
    # A transaction of SQLite takes the turn to write at its begin, so that a locked file shows.
    with transaction.atomic():
        UserOnline.objects.exists()


async def _database() -> None:
    await DatabaseSyncToAsync(_look_into_database, thread_sensitive=False, executor=_thread)()


class RoundTrip:
    """Sends a message through the channel layer to itself."""

    def __init__(self) -> None:
        self._channel: str | None = None
        self._number = 0

    async def make(self) -> None:
        """Wait until the message is back. Raises whatever the layer raises."""
        layer = get_channel_layer()
        if self._channel not in layer.channels:  # the layer forgets it with a wait that was in vain
            self._channel = await layer.new_channel("health.")
        self._number += 1
        await layer.send(self._channel, {"type": "health", "number": self._number})
        while (await layer.receive(self._channel))["number"] != self._number:
            pass


async def _lease() -> None:
    process = this_process()
    if process.beat_age > process.lease:
        raise Unwell(f"no beat for {process.beat_age:.0f} s")


_round_trip = RoundTrip()
PARTS = {"database": Part(_database), "broker": Part(_round_trip.make), "lease": Part(_lease)}


async def health() -> tuple[bool, Answer]:
    """Ask all parts at once: whether all are well, and what each says."""
    answers = await asyncio.gather(*(part.answer() for part in PARTS.values()))
    well = all(answer["ok"] for answer in answers)
    parts = dict(zip(PARTS, answers, strict=True))
    return well, {"status": "ok" if well else "unavailable", **parts}
