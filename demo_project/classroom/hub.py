"""What this server process has to do with classes: its open connections, and their way to the rows.

What many want at once is done in one turn. What others are to hear goes to all processes over the
channel layer, which may lose it: so a beat looks every second at what the database knows, and each
connection that is behind catches up by itself.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from functools import partial
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple, ParamSpec, Protocol, TypeVar

from channels.layers import get_channel_layer
from django.conf import settings

from account.database import DatabaseThread, Ending, Together
from account.outage import OUTAGES
from account.presence import LeaseLost
from account.server import this_process
from classroom import beat, rules
from classroom.beat import Known, Seat
from classroom.events import Frame
from classroom.limits import TooManyGuesses, guesses
from classroom.turn import Command, News, Turn, carry_out

logger = logging.getLogger(__name__)

PAUSE = 1.0
"""Seconds from one beat to the next."""

KEEP = 1.0
"""Seconds that a connection to the database is used. To open one for each report would take longer
than the report; and as SQLite's last one is closed, all of its log is written into the file."""

P = ParamSpec("P")
T = TypeVar("T")

_writer, _reader = DatabaseThread("classroom", KEEP), DatabaseThread("classroom-reader", KEEP)


class Guess(NamedTuple):
    """A code or a key, and the address that it comes from."""

    secret: str
    address: str | None


class Member(Protocol):
    """What the hub asks of each connection of this process that has come in."""

    seat: Seat

    def is_behind(self, known: Known | None) -> bool:
        """Whether its client was not told all that the database knows; None: the class is gone."""

    async def catch_up(self, known: Known | None) -> None:
        """Tell its client what is missing."""

    async def go_away(self) -> None:
        """Close it with 1012: the service restarts, come back."""


class Hub:
    """The connections of this process to classes."""

    def __init__(self) -> None:
        self.process = this_process()
        self.process.at_the_end.append(self._close_all)
        self.find_class = Together(_finding(rules.room_with_code))
        self.find_instructor = Together(_finding(rules.instructor_with_key))
        self.notes = Together(_notes_since)
        self._do = Together(self._do_all)
        self._members: dict[str, Member] = {}
        self._odd: set[str] = set()
        self._behind: set[str] = set()
        self._beating: asyncio.Task[None] | None = None
        self._ending = False

    @property
    def patience(self) -> float:
        """Seconds in which a connection has to say who comes."""
        return float(settings.HANDSHAKE_SECONDS)

    # --- its connections ---

    async def enter(
        self, room: int, rule: Callable[..., T], channel: str, *args: Any, **named: Any
    ) -> T | None:
        """Carry out a rule that writes down a connection of this process. Raises Ending."""
        await self.process.begin()
        server = self.process.id
        work = _with(rule, server, channel, *args, **named)
        answer: T | None = await self._do(Command(room, work, server))
        if self._ending:  # meanwhile: nobody else would close it, its row goes with all
            raise Ending
        return answer

    def stay(self, member: Member) -> None:
        """Look after a connection from now on."""
        self._members[member.seat.channel] = member
        if self._beating is None or self._beating.done():
            self._beating = self.process.later(self._beat_until_all_is_right())

    async def leave(self, room: int, channel: str) -> None:
        """Look after it no more; what the database does not take now, the next beat puts right."""
        self._members.pop(channel, None)
        if not self._ending:  # then all its rows go with the lease
            await self.do(room, rules.leave, channel)

    async def do(self, room: int, rule: Callable[..., T], *args: Any, **named: Any) -> T | None:
        """Carry out a rule in a turn at a class; None when there is no such class any more."""
        answer: T | None = await self._do(Command(room, _with(rule, *args, **named)))
        return answer

    async def _do_all(self, commands: list[Command]) -> list[Any]:
        if self._ending:
            raise Ending
        try:
            answers, news = await writing(carry_out, commands)
        except LeaseLost:
            await self.process.beat()  # it makes a new one
            answers, news = await writing(carry_out, commands)
        except OUTAGES:
            raise
        except Exception as error:
            if len(commands) == 1:
                raise
            # It is about one of them: the others are not to pay for it.
            raise ValueError("carried out one by one") from error
        await publish(news)
        return answers

    # --- the beat ---

    async def _beat_until_all_is_right(self) -> None:
        """Beat while somebody is here, and until no row of a connection is left over."""
        is_right = False
        while not is_right:
            await asyncio.sleep(PAUSE)
            was_empty = not self._members  # who leaves during a beat is looked for at the next
            try:
                await self.beat()
                is_right = was_empty and not (self._members or self._odd)
            except Exception as error:  # whatever it was, the next beat may succeed
                logger.error("A beat failed: %s: %s", type(error).__name__, error)

    async def beat(self) -> None:
        """Put right what the database has of these connections, and let those behind catch up."""
        await self._compare()
        members = list(self._members.values())
        known = await reading(beat.look, [member.seat for member in members])
        for room, found in known.items():
            if not found.is_right:
                await self.do(room, rules.look_who_is_here)
        behind = {
            each.seat.channel for each in members if each.is_behind(known.get(each.seat.room))
        }
        # What is new may be on its way: only who is behind at two beats has missed something.
        for member in members:
            if member.seat.channel in behind & self._behind:
                self.process.later(member.catch_up(known.get(member.seat.room)))
        self._behind = behind

    async def _compare(self) -> None:
        """Compare the rows with the connections: what differs at two beats is put right."""
        rows = await reading(beat.written_down, self.process.id)
        odd = rows ^ self._members.keys()
        wrong, self._odd = odd & self._odd, odd
        lost = sorted((self._members[channel].seat for channel in wrong - rows), key=_room)
        if gone := wrong & rows:
            await writing(beat.cross_out, self.process.id, gone)
        for room, seats in groupby(lost, key=_room):
            again = _with(beat.write_down, self.process.id, list(seats))
            await self._do(Command(room, again, self.process.id))

    # --- the end ---

    async def _close_all(self) -> None:
        self._ending = True
        if self._beating is not None:
            self._beating.cancel()
        goodbyes = [self.process.later(each.go_away()) for each in self._members.values()]
        await asyncio.gather(*goodbyes, return_exceptions=True)


_room = attrgetter("room")
_hub: Hub | None = None


def this_hub() -> Hub:
    """The hub of this process, for the event loop that runs (a test has one each)."""
    global _hub
    if _hub is None or _hub.process is not this_process():
        _hub = Hub()
    return _hub


async def writing(function: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
    """Run a function of the ORM, one at a time; as `account.database.in_database` does."""
    return await _writer.run(partial(function, *args, **named))


async def reading(function: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
    """Run a function that only reads, and does not wait for those that write."""
    return await _reader.run(partial(function, *args, **named))


def group(room: int, whose: str) -> str:
    """The group of all connections of a class: of its `boards`, or of its `learners`."""
    return f"class.{room}.{whose}"


async def publish(news: Iterable[News]) -> None:
    """Send news to the connections of all processes. What is lost, their beats find."""
    layer = get_channel_layer()
    for (room, whose), some in groupby(sorted(news, key=_where), key=_where):
        event = {"type": "class.news", "events": [each.event for each in some]}
        try:
            await layer.group_send(group(room, whose), event)
        except Exception as error:  # each layer has exceptions of its own
            kind = type(error).__name__
            logger.error("The channel layer did not take news: %s: %s", kind, error)


def _where(news: News) -> tuple[int, str]:
    return news.room, news.to


def _with(rule: Callable[..., T], *args: Any, **named: Any) -> Callable[[Turn, Any], T]:
    return lambda turn, room: rule(turn, room, *args, **named)


def _finding(find: Callable[[str], T | None]) -> Callable[[list[Guess]], Any]:
    """What looks up many guesses, and answers each: what it leads to, or TooManyGuesses."""

    def look_up(guess: Guess) -> T | TooManyGuesses | None:
        try:
            return guesses.look_up(guess.address, lambda: find(guess.secret))
        except TooManyGuesses as refusal:
            return refusal

    async def look_up_all(many: list[Guess]) -> list[T | TooManyGuesses | None]:
        return await reading(lambda: [look_up(guess) for guess in many])

    return look_up_all


async def _notes_since(asked: list[tuple[int, int, int]]) -> list[list[Frame]]:
    return await reading(rules.notes_since, asked)
