"""This server process: its connections, its lease on them, and what it says to all others.

One task beats for all connections: it renews the process's lease by one write, ends the leases of
processes that are gone, and shows each connection what the database knows, so that what a broker
lost is put right. Nothing here is needed to be alive for another process to be told the truth.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context, copy_context
from functools import partial
from typing import Any, NamedTuple, ParamSpec, Protocol, TypeVar
from uuid import uuid4

from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.conf import settings

from account import history, presence
from account.board import Board, Welcome, let_in, one_after_the_other, tend, went_back
from account.database import Ending, Together, in_database, turn_of, with_fresh_connections
from account.events import Joined, LayerEvent, Left, Place

logger = logging.getLogger(__name__)

GROUP = "online"
"""The group of all open connections."""
LONGEST_PAUSE = 2.0
"""Seconds from one beat to the next at most; what a broker lost is put right at the second."""
SHORTEST_PAUSE = 0.2
"""Seconds from one beat to the next at least, however often one is asked for."""
FAREWELL = 2.0
"""Seconds that the goodbye of a process may take."""

P = ParamSpec("P")
T = TypeVar("T")


class Member(Protocol):
    """What a process asks of each of its connections."""

    def is_behind(self, board: Board) -> bool:
        """Whether its client has not been told all of this."""

    async def catch_up(self, board: Board) -> None:
        """Tell its client what is missing."""

    async def go_away(self) -> None:
        """Close it with 1012: the service restarts, come back."""


class _Open(NamedTuple):
    """One connection of this process; what is done for it later is done in its own context."""

    tab: presence.Tab
    member: Member
    context: Context


_Entry = tuple[Member, presence.Coming, Context]


class ServerProcess:
    """The connections of this process and its lease."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.id = uuid4()
        # A dead process is found at the next beat of another: so its people leave in all in time.
        self.pause = min(settings.PRESENCE_LEASE_SECONDS / 4, LONGEST_PAUSE)
        self.lease = settings.PRESENCE_LEASE_SECONDS - self.pause
        self._members: dict[str, _Open] = {}
        # Of other apps, whose connections end with this process and its lease as well.
        self.at_the_end: list[Callable[[], Coroutine[Any, Any, None]]] = []
        # Rows and members change together, so that they can be compared.
        self._turn = asyncio.Lock()
        self._beating: asyncio.Task[None] | None = None
        self._beat_at = 0.0  # by time.monotonic()
        self._judges_at = 0.0  # the same: until then the leases of others are left alone
        self._ending = False
        self._wanted = asyncio.Event()
        self._place: Place | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._readings: dict[tuple[Place, Place], asyncio.Task[history.Since]] = {}
        # Of a crowd that comes at once each would otherwise wait for a transaction of its own.
        self._enter = Together(self._enter_all)
        self._leave = Together(self._leave_all)
        self._is_online = Together(self._are_online)
        # A thread of its own: a consumer that blocks the shared one must not end the lease.
        self._thread = ThreadPoolExecutor(1, "presence-beat")

    # --- its connections ---

    async def begin(self) -> None:
        """Hold a lease and beat, whether anybody is on the board or not. Raises Ending."""
        async with turn_of(self._turn):
            await self._begin_if_need_be()

    async def enter(self, member: Member, coming: presence.Coming) -> Welcome:
        """Write down a connection of this process, and answer what its client is to be told.

        Raises Ending, OperationalError when it is not its turn soon, and what `track_all` raises.
        """
        return await self._enter((member, coming, copy_context()))

    async def _enter_all(self, entries: list[_Entry]) -> list[Welcome]:
        async with turn_of(self._turn):
            await self._begin_if_need_be()
            coming = [each for _, each, _ in entries]
            try:
                arrivals, board = await in_database(let_in, self.id, coming)
            except presence.LeaseLost:
                await self._apart(self._come_back())
                arrivals, board = await in_database(let_in, self.id, coming)
            if self._ending:  # meanwhile: nobody else will close these, their rows go with all
                raise Ending
            for (member, each, context), arrival in zip(entries, arrivals, strict=True):
                self._members[each.sid] = _Open(arrival.tab, member, context)
        return one_after_the_other(arrivals, board)

    async def leave(self, sid: str) -> presence.Departure | None:
        """Forget a connection; None if it was unknown, or if all of them are forgotten at once."""
        try:
            return await self._leave(sid)
        finally:
            # A row that could not be removed is one too many, which the next beat puts right.
            self._members.pop(sid, None)

    async def _leave_all(self, sids: list[str]) -> list[presence.Departure | None]:
        async with turn_of(self._turn):
            if self._ending:
                return [None] * len(sids)
            departures = await in_database(presence.untrack_all, sids)
            for sid in sids:
                self._members.pop(sid, None)
        return [departures.get(sid) for sid in sids]

    async def since(self, past: Place, upto: Place) -> history.Since:
        """What was said after a place, read once for all connections that ask the same.

        `upto` is what they know to be there: who knows more must not get an older answer.
        """
        asked = (past, upto)
        if asked not in self._readings:
            reading = asyncio.ensure_future(in_database(history.since, past))
            self._readings[asked] = reading
            reading.add_done_callback(lambda _: self._readings.pop(asked))
        return await asyncio.shield(self._readings[asked])

    # --- what it says to all processes ---

    async def announce(self, name: str, *, came: bool) -> None:
        """Tell everybody that a user came or left, until what was told last is what is true.

        A user who closes a tab and opens another does both in two consumers, and their two
        announcements may overtake each other: whoever spoke last looks again.
        """
        while await publish(Joined(name) if came else Left(name)):
            if await self._is_online(name) is came:
                return
            came = not came

    async def _are_online(self, names: list[str]) -> list[bool]:
        online = await in_database(presence.online_among, names)
        return [name in online for name in names]

    # --- the beat ---

    @property
    def beat_age(self) -> float:
        """Seconds since the last beat that succeeded; 0 while there is nothing to beat for."""
        return time.monotonic() - self._beat_at if self._beating else 0.0

    def look_soon(self) -> None:
        """Beat without waiting for the next turn: the channel layer did not take something."""
        self._wanted.set()

    async def _begin_if_need_be(self) -> None:
        if self._ending:
            raise Ending
        if self._beating is None or self._beating.done():
            await self._apart(self._begin())

    async def _begin(self) -> None:
        await self._restore()
        gone = await self._in_thread(presence.expire)
        self._beat_at = time.monotonic()
        self._beating = asyncio.create_task(self._beat_for_ever())
        self._announce_later(left=gone)

    async def _beat_for_ever(self) -> None:
        while True:
            await asyncio.sleep(SHORTEST_PAUSE)
            try:
                async with asyncio.timeout(self.pause - SHORTEST_PAUSE):
                    await self._wanted.wait()
            except TimeoutError:
                pass
            at_once = self._wanted.is_set()
            self._wanted.clear()
            try:
                await self.beat(at_once=at_once)
            except Exception as error:  # whatever it was, the next beat may succeed
                logger.error("A beat failed: %s: %s", type(error).__name__, error)

    async def beat(self, *, at_once: bool = False) -> None:
        """Renew the lease, end those that ran out, and show every connection the board.

        Messages are shown as of the beat before, unless they are wanted `at_once`.
        """
        judges = time.monotonic() >= self._judges_at
        rows, gone, board = await self._in_thread(tend, self.id, self.lease, judges)
        self._beat_at = time.monotonic()
        self._announce_later(left=gone)
        if rows != len(self._members):
            await self._put_right()
            return  # the next one shows the board as it is then
        before, self._place = self._place, board.place
        if went_back(before, board.place):
            await self._in_thread(history.begin_anew)
            self._place = None
            return
        if before is not None and not at_once:
            board = board._replace(place=before)  # what came since may be on its way
        for each in self._members.values():
            if each.member.is_behind(board):
                self.later(each.member.catch_up(board), each.context)

    async def _put_right(self) -> None:
        """Write this process's connections again, if the rows are not what they should be.

        They are not when others took it for dead, when somebody changed the rows by hand, or when a
        connection ended while the database did not answer.
        """
        async with self._turn:
            if self._ending:
                return
            rows = await self._in_thread(presence.renew, self.id, self.lease)
            if rows != len(self._members):
                if self._members:
                    count = len(self._members)
                    logger.warning("Wrote the rows of %d open connections again.", count)
                await (self._come_back() if rows is None else self._restore())

    async def _come_back(self) -> None:
        """Take a lease again that ran out unnoticed, and for a while leave those of others alone.

        What let it run out (the machine slept, a clock jumped) may have done the same to theirs:
        they get the time to notice it, so that nobody is told to have left who is still there.
        """
        self._judges_at = time.monotonic() + self.lease
        await self._restore()

    async def _restore(self) -> None:
        tabs = [each.tab for each in self._members.values()]
        changes = await self._in_thread(presence.restore, self.id, self.lease, tabs)
        self._announce_later(came=changes.came, left=changes.left)

    # --- the end ---

    async def end(self) -> None:
        """Close all connections with 1012, and take them and the lease off the board at once.

        It takes at most FAREWELL seconds; what it did not reach by then ends with the lease.
        """
        try:
            async with asyncio.timeout(FAREWELL):
                await self._close_all()
                async with self._turn:
                    gone = await self._in_thread(presence.end, self.id)
                for name in gone:
                    await self.announce(name, came=False)
                while self._members:  # noqa: ASYNC110 (they leave one by one)
                    await asyncio.sleep(0.01)
        except Exception as error:
            _log_a_short_goodbye(error)

    def end_from_outside(self) -> None:
        """The same from another thread, at the end of the interpreter: the loop's own have ended.

        So the database is asked here, and what is announced is not looked at again.
        """
        try:
            self._in_loop(self._close_all())
            for name in presence.end(self.id):
                self._in_loop(publish(Left(name)))
        except Exception as error:
            _log_a_short_goodbye(error)

    async def _close_all(self) -> None:
        self._ending = True
        if self._beating is not None:
            self._beating.cancel()
        goodbyes = [
            self.later(each.member.go_away(), each.context) for each in self._members.values()
        ]
        goodbyes += [self.later(each()) for each in self.at_the_end]
        await asyncio.gather(*goodbyes, return_exceptions=True)

    # --- how ---

    def _announce_later(self, *, came: Iterable[str] = (), left: Iterable[str] = ()) -> None:
        """Announce without waiting: a broker that hangs must not hold up the beat."""
        for names, is_here in ((came, True), (left, False)):
            for name in names:
                self.later(self.announce(name, came=is_here))

    def later(
        self, work: Coroutine[Any, Any, T], context: Context | None = None
    ) -> asyncio.Task[T]:
        """Do something apart, which ends though the consumer that asked for it is cancelled."""
        task = asyncio.create_task(work, context=context)
        self._tasks.add(task)  # the loop itself holds tasks only weakly
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            logger.error("A task failed: %s: %s", type(error).__name__, error)

    async def _apart(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something that is no connection's: in a context that knows of none."""
        return await asyncio.create_task(work, context=Context())

    def _in_loop(self, work: Coroutine[Any, Any, Any]) -> None:
        asyncio.run_coroutine_threadsafe(work, self.loop).result(FAREWELL)

    async def _in_thread(self, work: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        run = database_sync_to_async(
            with_fresh_connections, thread_sensitive=False, executor=self._thread
        )
        answer: T = await run(partial(work, *args, **named))
        return answer


_process: ServerProcess | None = None


def this_process() -> ServerProcess:
    """The state of this server process, for the event loop that runs (a test has one each)."""
    global _process
    if _process is None or _process.loop is not asyncio.get_running_loop():
        _process = ServerProcess()
    return _process


async def end_this_process() -> None:
    """Say goodbye for the process, if it ever had a connection."""
    if _process is not None:
        await _process.end()


def end_this_process_from_outside() -> None:
    """The same from another thread than that of its event loop."""
    if _process is not None and _process.loop.is_running():
        _process.end_from_outside()


async def publish(event: LayerEvent, sid: str | None = None) -> bool:
    """Send an event to one connection, or to all; False, and a line in the log, if it failed.

    Which exception a broken channel layer raises is the layer's own affair (a full channel, a lost
    broker), and none of them is a reason to close a client's connection.
    """
    layer = get_channel_layer()
    try:
        if sid is None:
            await layer.group_send(GROUP, event.layer_event())
        else:
            await layer.send(sid, event.layer_event())
    except Exception as error:
        kind = type(error).__name__
        logger.error("The channel layer did not take an event: %s: %s", kind, error)
        return False
    return True


def _log_a_short_goodbye(error: Exception) -> None:
    logger.warning("The goodbye was cut short: %s %s", type(error).__name__, error)
