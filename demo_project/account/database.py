"""The threads in which consumers use the ORM, with an end to the wait for them."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from contextvars import Context, copy_context
from functools import partial
from typing import Generic, NamedTuple, ParamSpec, TypeVar

from django.db import (
    DataError,
    IntegrityError,
    OperationalError,
    close_old_connections,
    connections,
    reset_queries,
)

PATIENCE = 5.0
"""Seconds without any success until those who wait for their turn give up."""
AT_MOST = 30.0
"""Seconds that anybody waits for a turn."""
LOOK_AGAIN = 0.5
"""Seconds between two looks at whether the database still gets on."""

LINGER = 0.1
"""Seconds that an open connection waits for the next call. To open one takes longer than what is
done with it, and as SQLite's last one is closed, all of its log is written into the file."""
OLDEST = 0.5
"""Seconds after which it is opened anew, however fast the calls follow: what it was opened to may
be there no more."""
TURNS = 5
"""Turns of the event loop in which nobody came, until a batch begins; of an idle one, 0.1 ms."""
ENOUGH = 100
"""Calls in a batch that waits for no more of them."""

STUCK = "the database is busy: nothing got a turn"


_OF_ONE = (IntegrityError, DataError, ValueError)


class Ending(Exception):
    """The process is about to end: it takes no connection and no work any more."""


P = ParamSpec("P")
A = TypeVar("A")
T = TypeVar("T")


class DatabaseThread:
    """One thread that uses the ORM, and those who wait for it.

    `keep` is for how many seconds it uses a connection that it has opened, whether anybody asks or
    not; with 0, it is closed as soon as nobody has asked for `LINGER` seconds.
    """

    def __init__(self, name: str, keep: float = 0.0) -> None:
        self.executor = ThreadPoolExecutor(1, thread_name_prefix=name)
        self.succeeded_at = 0.0  # by time.monotonic()
        self._keep = keep or OLDEST
        self._lingers = not keep
        self._asked = threading.Condition()
        self._opened_at = 0.0
        self._is_fresh = False  # its connection was opened a moment ago

    async def run(self, work: Callable[[], T]) -> T:
        """Do something in it; see `in_database`."""
        asked_at = time.monotonic()
        try:
            call = self.executor.submit(self._do, partial(copy_context().run, work))
            if self._lingers:
                self.executor.submit(self._linger)
                with self._asked:
                    self._asked.notify()
        except RuntimeError as error:  # threads end before what runs at the exit
            raise Ending from error
        answer = asyncio.wrap_future(call)
        while not answer.done():
            await asyncio.wait([answer], timeout=LOOK_AGAIN)
            if not answer.done() and self.is_stuck(asked_at) and call.cancel():
                raise OperationalError(STUCK)
        return await answer

    def is_stuck(self, asked_at: float) -> bool:
        """Whether to wait no longer: many who wait are no reason, if one after the other has a
        turn."""
        now = time.monotonic()
        return now - max(asked_at, self.succeeded_at) > PATIENCE or now - asked_at > AT_MOST

    def _do(self, work: Callable[[], T]) -> T:
        now = time.monotonic()
        reset_queries()  # with DEBUG on, every thread keeps its last 9,000
        if not self._is_fresh or now - self._opened_at > self._keep:
            self._close()
            self._opened_at = now
        self._is_fresh = True
        try:
            answer = work()
        except BaseException:
            self._close()
            raise
        self.succeeded_at = time.monotonic()
        return answer

    def _linger(self) -> None:
        """Close the connection, unless somebody asks soon."""
        queue = self.executor._work_queue
        if self._is_fresh:
            with self._asked:
                self._asked.wait_for(lambda: not queue.empty(), LINGER)
            if queue.empty():
                self._close()

    def _close(self) -> None:
        """Close the connection, whatever CONN_MAX_AGE is: how long it is kept, is said here."""
        self._is_fresh = False
        connections.close_all()


# One to write: SQLite has one writer at a time, and those who wait inside sqlite3 wait longer. And
# one that only reads, which SQLite lets do so while a writer waits.
_thread, _reader = DatabaseThread("database"), DatabaseThread("database-reader")


async def in_database(function: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
    """Run a function of the ORM in the thread of the database, and answer what it answers.

    Raises OperationalError when it did not have its turn: then it has not run and never will. Once
    it has begun, its end is waited for, so that its outcome is known; how long one statement may
    take is a setting of the database. Raises Ending when the interpreter is about to end.
    """
    return await _thread.run(partial(function, *args, **named))


async def from_database(function: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
    """Run a function that only reads, and does not wait for those that write; else the same."""
    return await _reader.run(partial(function, *args, **named))


class Together(Generic[A, T]):
    """Lets calls that come at one time, or while others are under way, be carried out all at once.

    `work` gets their arguments in order and answers each. What it raises, each of them raises; if
    it is about a value that one of them brought, they are carried out one by one.
    """

    def __init__(self, work: Callable[[list[A]], Awaitable[list[T]]]) -> None:
        self._work = work
        self._waiting: list[_Call[A, T]] = []
        self._working: asyncio.Task[None] | None = None

    async def __call__(self, argument: A) -> T:
        """Have it done, alone or with others."""
        call = _Call[A, T](argument, asyncio.get_running_loop().create_future(), copy_context())
        self._waiting.append(call)
        # A task of a loop that is over (each test has a loop of its own) never goes on.
        if self._working is None or self._working.get_loop() is not asyncio.get_running_loop():
            self._begin()
        return await call.answer

    def _begin(self) -> None:
        loop = asyncio.get_running_loop()
        self._working = loop.create_task(self._carry_out(), context=Context())

    async def _carry_out(self) -> None:
        try:
            await self._until_no_more_come()
            calls, self._waiting = self._waiting, []
            if len(calls) > 1:
                await self._answer(calls)
            else:  # what one asked for alone is done in its own context
                loop = asyncio.get_running_loop()
                await loop.create_task(self._answer(calls), context=calls[0].context)
        finally:
            self._working = None
            if self._waiting:
                self._begin()

    async def _until_no_more_come(self) -> None:
        """Let those come along who are on their way: the first of a crowd would else go alone, and
        all others would wait for the transaction that it has for itself."""
        quiet = 0
        while quiet < TURNS and (before := len(self._waiting)) < ENOUGH:
            await asyncio.sleep(0)
            quiet = quiet + 1 if len(self._waiting) == before else 0

    async def _answer(self, calls: list["_Call[A, T]"]) -> None:
        try:
            answers = await self._work([call.argument for call in calls])
        except Exception as error:
            if len(calls) > 1 and isinstance(error, _OF_ONE):
                for call in calls:  # the others are not to pay for it
                    await self._answer([call])
                return
            for call in calls:
                if not call.answer.done():
                    call.answer.set_exception(error)
        else:
            for call, found in zip(calls, answers, strict=True):
                if not call.answer.done():  # whoever asked may have been cancelled
                    call.answer.set_result(found)


class _Call(NamedTuple, Generic[A, T]):
    argument: A
    answer: asyncio.Future[T]
    context: Context


@asynccontextmanager
async def turn_of(lock: asyncio.Lock) -> AsyncIterator[None]:
    """Hold a lock under which others use the database. Raises OperationalError as they do."""
    asked_at = time.monotonic()
    acquiring = asyncio.ensure_future(lock.acquire())
    try:
        while not (await asyncio.wait([acquiring], timeout=LOOK_AGAIN))[0]:
            if _thread.is_stuck(asked_at):
                raise OperationalError(STUCK)
        yield
    finally:
        if not acquiring.cancel():  # it was there in time
            lock.release()


def with_fresh_connections(work: Callable[[], T]) -> T:
    """Do in a thread of our own what Django does around each request."""
    reset_queries()
    close_old_connections()
    try:
        return work()
    finally:
        close_old_connections()
