"""What a beat asks the database about classes, and what it puts right there."""

from collections.abc import Collection, Iterable
from typing import NamedTuple
from uuid import UUID

from classroom.models import Connection, Instructor, Learner, Room
from classroom.turn import Turn


class Seat(NamedTuple):
    """Whose connection this is: a learner's or an instructor's, in one class."""

    channel: str
    room: int
    learner: int | None = None
    instructor: int | None = None


class Known(NamedTuple):
    """What the database knows of one class."""

    version: int  # what boards were told last
    last_note: int
    people: frozenset[int]  # its learners
    teachers: frozenset[int]
    is_right: bool  # who is here is what boards were told


def look(seats: Collection[Seat]) -> dict[int, Known]:
    """What is known of the classes that these connections belong to; only reads."""
    return {
        room.pk: _known(room)
        for room in Room.objects.filter(pk__in={seat.room for seat in seats}).defer("picture")
    }


def _known(room: Room) -> Known:
    people = dict(Learner.objects.filter(room=room).values_list("pk", "here"))
    teachers = dict(Instructor.objects.filter(room=room).values_list("pk", "here"))
    open_ones = Connection.objects.filter(room=room).values_list("learner", "instructor")
    here = {learner for learner, _ in open_ones}, {teacher for _, teacher in open_ones}
    is_right = all(
        told is (number in found)
        for rows, found in zip((people, teachers), here, strict=True)
        for number, told in rows.items()
    )
    return Known(room.version, room.last_note, frozenset(people), frozenset(teachers), is_right)


def written_down(server: UUID) -> set[str]:
    """The channels of this process's connections, as the database has them."""
    return set(Connection.objects.filter(server=server).values_list("channel", flat=True))


def write_down(turn: Turn, room: Room, server: UUID, seats: Iterable[Seat]) -> None:
    """Write down connections again, whose rows went with a lease that this process had lost."""
    people = set(Learner.objects.filter(room=room).values_list("pk", flat=True))
    teachers = set(Instructor.objects.filter(room=room).values_list("pk", flat=True))
    Connection.objects.bulk_create(
        (
            Connection(
                channel=seat.channel,
                server_id=server,
                room=room,
                learner_id=seat.learner,
                instructor_id=seat.instructor,
            )
            for seat in seats
            if seat.learner in people or seat.instructor in teachers
        ),
        ignore_conflicts=True,  # it is there after all
    )


def cross_out(server: UUID, channels: Iterable[str]) -> None:
    """Remove rows of connections that this process has no more."""
    Connection.objects.filter(server=server, channel__in=list(channels)).delete()
