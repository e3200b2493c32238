"""The thread in which consumers use the ORM, with an end to the wait for it."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from contextvars import copy_context
from functools import partial
from typing import ParamSpec, TypeVar

from django.db import OperationalError, close_old_connections, reset_queries

PATIENCE = 5.0
"""Seconds without any success until those who wait for their turn give up."""
AT_MOST = 30.0
"""Seconds that anybody waits for a turn."""
LOOK_AGAIN = 0.5
"""Seconds between two looks at whether the database still gets on."""

STUCK = "the database is busy: nothing got a turn"


class Ending(Exception):
    """The process is about to end: it takes no connection and no work any more."""


P = ParamSpec("P")
T = TypeVar("T")

# One thread: SQLite has one writer at a time, and those who wait for it inside sqlite3 wait longer.
_thread = ThreadPoolExecutor(1, thread_name_prefix="database")


_succeeded_at = 0.0  # by time.monotonic()


async def in_database(function: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
    """Run a function of the ORM in the thread of the database, and answer what it answers.

    Raises OperationalError when it did not have its turn: then it has not run and never will. Once
    it has begun, its end is waited for, so that its outcome is known; how long one statement may
    take is a setting of the database. Raises Ending when the interpreter is about to end.
    """
    asked_at = time.monotonic()
    work = partial(copy_context().run, partial(function, *args, **named))
    try:
        call = _thread.submit(_in_turn, work)
    except RuntimeError as error:  # threads end before what runs at the exit
        raise Ending from error
    answer = asyncio.wrap_future(call)
    while not answer.done():
        await asyncio.wait([answer], timeout=LOOK_AGAIN)
        if not answer.done() and is_stuck(asked_at) and call.cancel():
            raise OperationalError(STUCK)
    return await answer


@asynccontextmanager
async def turn_of(lock: asyncio.Lock) -> AsyncIterator[None]:
    """Hold a lock under which others use the database. Raises OperationalError as they do."""
    asked_at = time.monotonic()
    acquiring = asyncio.ensure_future(lock.acquire())
    try:
        while not (await asyncio.wait([acquiring], timeout=LOOK_AGAIN))[0]:
            if is_stuck(asked_at):
                raise OperationalError(STUCK)
        yield
    finally:
        if not acquiring.cancel():  # it was there in time
            lock.release()


def is_stuck(asked_at: float) -> bool:
    """Whether to wait no longer: many who wait are no reason, if one after the other has a turn."""
    now = time.monotonic()
    return now - max(asked_at, _succeeded_at) > PATIENCE or now - asked_at > AT_MOST


def with_fresh_connections(work: Callable[[], T]) -> T:
    """Do in a thread of our own what Django does around each request."""
    reset_queries()  # with DEBUG on, every thread keeps its last 9,000
    close_old_connections()
    try:
        return work()
    finally:
        close_old_connections()


def _in_turn(work: Callable[[], T]) -> T:
    global _succeeded_at
    answer = with_fresh_connections(work)
    _succeeded_at = time.monotonic()
    return answer
