"""A turn at classes: one transaction, which says at its end who is to hear of what it changed.

Who changes a class holds its row, so that its changes have one order; those of many learners who
wait are made in one turn. What boards hear is numbered in the turn itself: a board that knows the
number of the last thing it heard knows whether it missed anything.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from account.models import ServerLease
from account.presence import LeaseLost
from classroom.events import Frame
from classroom.models import Instructor, Learner, Room
from classroom.standing import Change, merged

TO_THE_HOUR = timedelta(hours=1)
"""How exactly it is known when a class was used last: not each turn writes that down."""


def iso(at: datetime | None) -> str | None:
    """A time as the wire has it: `2030-01-31T12:00:00Z`."""
    return None if at is None else at.strftime("%Y-%m-%dT%H:%M:%SZ")


class News(NamedTuple):
    """What the connections of a class are to hear: those of its boards, or of its learners."""

    room: int
    to: Literal["boards", "learners"]
    event: Frame


class Turn:
    """What is changed in one transaction, and what is to be told after it."""

    def __init__(self) -> None:
        self.now = timezone.now()
        self.news: list[News] = []
        self._learners: dict[int, Learner] = {}
        self._changed: dict[int, tuple[Learner, set[str]]] = {}
        self._rooms: dict[int, tuple[Room, set[str]]] = {}

    # --- rows ---

    def learner(self, room: Room, number: int) -> Learner | None:
        """A learner of this class; None if there is none (any more)."""
        known = self._learners.get(number)
        if known is None and (found := Learner.objects.filter(room=room, pk=number).first()):
            known = self._know(room, found)
        return known if known is not None and known.room_id == room.pk else None

    def learners(self, room: Room) -> list[Learner]:
        """All learners of this class."""
        return [self._know(room, each) for each in Learner.objects.filter(room=room)]

    def _know(self, room: Room, found: Learner) -> Learner:
        """The learner as this turn knows them: what it changed may not be written yet."""
        found.room = room  # the one that is held
        return self._learners.setdefault(found.pk, found)

    def change(self, learner: Learner, **values: Any) -> None:
        """Set fields of a learner, without a word to anybody."""
        for name, value in values.items():
            setattr(learner, name, value)
        self._changed.setdefault(learner.pk, (learner, set()))[1].update(values)

    def change_room(self, room: Room, **values: Any) -> None:
        """Set fields of a class, without a word to anybody."""
        for name, value in values.items():
            setattr(room, name, value)
        self._rooms.setdefault(room.pk, (room, set()))[1].update(values)

    def add(self, learner: Learner) -> None:
        """Write down a new learner of a class that is held."""
        self.save()  # somebody may just have given up the name
        learner.save()
        self._learners[learner.pk] = learner

    def forget(self, learner: Learner) -> None:
        """Remove a learner and all that is known of them."""
        self._changed.pop(learner.pk, None)
        self._learners.pop(learner.pk, None)
        Learner.objects.filter(pk=learner.pk).delete()

    def forget_room(self, room: Room) -> None:
        """Remove a class and all that is known of it."""
        self.save()
        room.delete()

    def save(self) -> None:
        """Write what was changed."""
        for learner, fields in self._changed.values():
            learner.save(update_fields=fields)
        for room, fields in self._rooms.values():
            room.save(update_fields=fields)
        self._changed.clear()
        self._rooms.clear()

    # --- what is told ---

    def tell_boards(self, room: Room, event: str, **fields: Any) -> None:
        """Number what the boards of a class are to hear."""
        self.change_room(room, version=room.version + 1)
        frame = {"type": "class", "event": event, "version": room.version, **fields}
        self.news.append(News(room.pk, "boards", frame))

    def tell_class(self, room: Room, **fields: Any) -> None:
        """Let boards hear what changed of the class itself."""
        self.tell_boards(room, "class", **{"class": fields})

    def tell_standing(self, learner: Learner, change: Change) -> None:
        """Let a standing change, and the boards of the class hear what changed of a learner."""
        self.change(learner, standing=merged(learner.standing, change))
        self.tell_changed(learner, **change)

    def tell_changed(self, learner: Learner, **change: Any) -> None:
        """Let boards hear what changed of a learner; a frozen one hears all of it as it thaws."""
        if change and learner.room.frozen_at is None:
            self.tell_boards(learner.room, "changed", learner={"id": learner.pk, **change})

    def call(
        self, room: Room, to: Literal["boards", "learners"], event: str, **fields: Any
    ) -> None:
        """Let connections look whether something concerns them; no client sees it as it is."""
        self.news.append(News(room.pk, to, {"event": event, **fields}))


class Command(NamedTuple):
    """Something to be done with one class in a turn; its answer is what `do` returns.

    `server` is the process that holds a new connection: a connection ends with its process's lease,
    so there has to be one.
    """

    room: int
    do: Callable[[Turn, Room], Any]
    server: UUID | None = None


def carry_out(commands: list[Command]) -> tuple[list[Any], list[News]]:
    """Carry out commands in one turn: their answers, None where the class is gone, and the news.

    Raises LeaseLost when a process has no lease; then nothing was done.
    """
    with transaction.atomic():
        for server in {command.server for command in commands if command.server}:
            _hold_lease(server)
        rooms = _hold_rooms({command.room for command in commands})
        turn, answers = Turn(), []
        for room in rooms.values():
            if turn.now - room.used_at > TO_THE_HOUR:
                turn.change_room(room, used_at=turn.now)
        for command in commands:
            held = rooms.get(command.room)
            answers.append(None if held is None or held.pk is None else command.do(turn, held))
        turn.save()
    return answers, turn.news


def _hold_lease(server: UUID) -> None:
    """Hold a lease, before all else as in account/presence.py: so that nobody waits in a ring."""
    alive = ServerLease.objects.filter(pk=server, expires_at__gte=Now())
    if alive.select_for_update().first() is None:
        raise LeaseLost


def _hold_rooms(numbers: set[int]) -> dict[int, Room]:
    """Hold classes, in one order. SQLite needs no lock: one transaction at a time writes."""
    rooms = Room.objects.select_for_update().filter(pk__in=numbers).order_by("pk")
    return {room.pk: room for room in rooms.defer("picture")}


def instructors(room: Room) -> list[Frame]:
    """Who teaches this class, as the wire has it."""
    return [{"name": each.name, "here": each.here} for each in Instructor.objects.filter(room=room)]
