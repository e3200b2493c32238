"""The rules of a class: what may happen in it, and who hears of it. Plain Django, no Channels.

Each rule is carried out in a `Turn`, which holds the class.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from classroom import codes, names, picture, standing
from classroom.course import homes
from classroom.events import (
    KEPT_CELLS,
    Delete,
    Error,
    Frame,
    Freeze,
    HandDown,
    HandOver,
    Join,
    Opening,
    Remove,
    Report,
    Reset,
    SendNote,
    ShowCell,
    StepDown,
    Wish,
)
from classroom.models import Cell, Connection, Instructor, Learner, Note, Room
from classroom.turn import Turn, instructors, iso


@dataclass(frozen=True)
class Opened:
    """A class that was opened: the only moment at which its key can be read."""

    code: str  # as people read it
    key: str
    title: str


@dataclass(frozen=True)
class Joined:
    """A learner who is let in, and what their client is to be told first."""

    learner: int
    welcome: Frame
    last_note: int


def open_class(opening: Opening) -> Opened:
    """Open a class for an instructor."""
    key = codes.new_key()
    with transaction.atomic():
        room = Room.objects.create(code=codes.new_code(), title=opening.title)
        Instructor.objects.create(room=room, key=codes.digest(key), name=opening.name)
    return Opened(codes.spelled(room.code), key, room.title)


def room_with_code(typed: str) -> int | None:
    """The class that a code leads to; None for a wrong one, whatever is wrong with it."""
    code = codes.normal(typed)
    return Room.objects.filter(code=code).values_list("pk", flat=True).first()


def instructor_with_key(key: str) -> tuple[int, int] | None:
    """The class and the instructor that a key belongs to; None for a wrong one."""
    digest = codes.digest(key)
    row = Instructor.objects.filter(key=digest).first()
    if row is None or not codes.is_same(row.key, digest):
        return None
    return row.room_id, row.pk


def class_with_key(key: str) -> Opened | None:
    """What was told of a class as it was opened, to who has its key."""
    found = instructor_with_key(key)
    room = found and Room.objects.filter(pk=found[0]).first()
    return Opened(codes.spelled(room.code), key, room.title) if room else None


# --- learners -----------------------------------------------------------------------------------


def join(turn: Turn, room: Room, server: UUID, channel: str, wish: Join) -> Joined | Error:
    """Let a learner in, for the first time or again."""
    learner = _known_learner(turn, room, wish) or _new_learner(turn, room, wish)
    if isinstance(learner, Error):
        return learner
    Connection.objects.create(channel=channel, server_id=server, room=room, learner=learner)
    [notes] = notes_since([(room.pk, learner.pk, wish.since)])
    return Joined(
        learner.pk,
        {
            "type": "class",
            "event": "welcome",
            "class": {"title": room.title, "paused": room.paused},
            "you": {"name": learner.name, "stuck": learner.standing["stuck"] is not None},
            "taken": learner.taken,
            "notes": notes,
        },
        room.last_note,
    )


def _known_learner(turn: Turn, room: Room, wish: Join) -> Learner | None:
    key = codes.digest(wish.key)
    row = Learner.objects.filter(room=room, key=key).values_list("pk", "key").first()
    learner = turn.learner(room, row[0]) if row and codes.is_same(row[1], key) else None
    if learner is None:
        return None
    changed: dict[str, Any] = {} if learner.here else {"here": True}
    if learner.name != wish.name and not learner.name.startswith(f"{wish.name} ("):
        changed["name"] = names.free(wish.name, _taken_names(turn, room, but=learner))
    if changed:
        turn.change(learner, **changed)
        turn.tell_changed(learner, **changed)
    return learner


def _new_learner(turn: Turn, room: Room, wish: Join) -> Learner | Error:
    taken = _taken_names(turn, room)
    if len(taken) >= settings.CLASSROOM_LEARNERS > 0:
        return Error("not_allowed", f"The class is full: it has {len(taken)} learners.")
    learner = Learner(
        room=room,
        key=codes.digest(wish.key),
        name=names.free(wish.name, taken),
        here=True,
        standing=standing.beginning(),
    )
    turn.add(learner)
    turn.tell_changed(learner, **picture.learner(learner))
    return learner


def _taken_names(turn: Turn, room: Room, but: Learner | None = None) -> set[str]:
    turn.save()
    others = Learner.objects.filter(room=room).exclude(pk=0 if but is None else but.pk)
    found = others.order_by().values_list("name", flat=True)
    return {names.folded(name) for name in found}


def report(
    turn: Turn, room: Room, *, learner: int, report: Report, heard_at: datetime
) -> int | None:
    """Carry out a learner's report, if it is the next one: the number of the last that was.

    `heard_at` is when it came, by our clock: no other is trusted. A report that comes twice counts
    once, and one that comes too early has to come again. None: there is no such learner any more.
    """
    known = turn.learner(room, learner)
    if known is None:
        return None
    if report.number == known.taken + 1:
        at = heard_at - timedelta(seconds=report.ago)
        turn.change(known, taken=report.number)
        change = standing.change(known.standing, report.what, str(iso(at)), homes())
        if change:
            turn.tell_standing(known, change)
        if isinstance(report.what, ShowCell):
            _show(turn, known, report.what, at)
    return known.taken


def _show(turn: Turn, learner: Learner, shown: ShowCell, at: datetime) -> None:
    texts = {"step": shown.step, "source": shown.source, "output": shown.output}
    cell = Cell.objects.create(learner=learner, at=at, **texts)
    old = Cell.objects.filter(learner=learner).order_by("-pk")[KEPT_CELLS:]
    Cell.objects.filter(pk__in=list(old.values_list("pk", flat=True))).delete()
    if learner.room.frozen_at is None:
        turn.tell_boards(learner.room, "shown", shown=picture.cell(cell))


def forget(turn: Turn, room: Room, number: int) -> None:
    """Forget a learner, who asked for it or was removed; also in a picture."""
    learner = turn.learner(room, number)
    if learner is None:
        return
    turn.forget(learner)
    if room.frozen_at and room.picture:
        turn.change_room(room, picture=_without(room.picture, number))
    turn.tell_boards(room, "removed", learner=number)
    turn.call(room, "learners", "gone", learner=number)


def _without(shown: dict[str, Any], number: int) -> dict[str, Any]:
    return {
        "learners": [each for each in shown["learners"] if each["id"] != number],
        "shown": [each for each in shown["shown"] if each["learner"] != number],
    }


def notes_since(asked: Iterable[tuple[int, int, int]]) -> list[list[Frame]]:
    """For each class, learner and number: the notes after that number that the learner is to have.

    Two questions to the database, however many learners ask.
    """
    asked = list(asked)
    rooms, learners = {room for room, _, _ in asked}, {learner for _, learner, _ in asked}
    least = min(since for _, _, since in asked)
    notes = list(Note.objects.filter(room__in=rooms, number__gt=least))
    to_some = Note.learners.through.objects.filter(note__in=notes, learner__in=learners)
    meant = set(to_some.values_list("note", "learner"))
    return [
        [
            picture.note(note)
            for note in notes
            if note.room_id == room and note.number > since
            if note.to == "all" or (note.pk, learner) in meant
        ]
        for room, learner, since in asked
    ]


# --- who is here --------------------------------------------------------------------------------


def leave(turn: Turn, room: Room, channel: str) -> None:
    """Forget a connection; with the last one of somebody, they are not here any more."""
    connection = Connection.objects.filter(channel=channel).first()
    if connection is None:  # it went with the lease of its process, or with its learner
        return
    connection.delete()
    if connection.learner_id is None:
        _look_at_instructors(turn, room)
    elif not Connection.objects.filter(learner=connection.learner_id).exists():
        _see(turn, room, connection.learner_id, here=False)


def look_who_is_here(turn: Turn, room: Room) -> None:
    """Let boards hear who came and who went since they were told.

    The connections of a process that was killed go with its lease, and nobody says so.
    """
    turn.save()
    learners = set(_open(room).values_list("learner", flat=True))
    for number, here in Learner.objects.filter(room=room).values_list("pk", "here"):
        if here is not (number in learners):
            _see(turn, room, number, here=not here)
    _look_at_instructors(turn, room)


def _look_at_instructors(turn: Turn, room: Room) -> None:
    teachers = set(_open(room).values_list("instructor", flat=True))
    changed = [
        each
        for each in Instructor.objects.filter(room=room)
        if each.here is not (each.pk in teachers)
    ]
    for each in changed:
        each.here = not each.here
        each.save(update_fields=["here"])
    if changed:
        turn.tell_class(room, instructors=instructors(room))


def _open(room: Room) -> QuerySet[Connection]:
    return Connection.objects.filter(room=room).order_by()


def _see(turn: Turn, room: Room, number: int, *, here: bool) -> None:
    learner = turn.learner(room, number)
    if learner is not None and learner.here is not here:
        turn.change(learner, here=here)
        turn.tell_changed(learner, here=here)


# --- instructors --------------------------------------------------------------------------------


def open_board(
    turn: Turn, room: Room, server: UUID, channel: str, *, instructor: int, name: str
) -> Frame | None:
    """Let an instructor in: the state of the class, and `you`; None if the key has ended."""
    known = Instructor.objects.filter(room=room, pk=instructor).first()
    if known is None:
        return None
    Connection.objects.create(channel=channel, server_id=server, room=room, instructor=known)
    if name and name != known.name:
        known.name = name
        known.here = False  # so that boards hear the name together with who is here
        known.save(update_fields=["name", "here"])
    return state(turn, room, instructor)


def state(turn: Turn, room: Room, instructor: int) -> Frame | None:
    """The state of the class for an instructor, as it is now; None if the key has ended."""
    look_who_is_here(turn, room)
    known = Instructor.objects.filter(room=room, pk=instructor).first()
    if known is None:
        return None
    return picture.state(turn, room) | {"you": {"name": known.name}}


def export(turn: Turn, room: Room) -> Frame:
    """All that is known of the class."""
    look_who_is_here(turn, room)
    return picture.truth(turn, room)


def wish(turn: Turn, room: Room, number: int, wish: Wish) -> Frame | Error:
    """Do what an instructor wants: fields of the answer, or why not."""
    instructor = Instructor.objects.filter(room=room, pk=number).first()
    if instructor is None:
        return Error("not_allowed", "This key has ended.")
    match wish:
        case SendNote():
            return _send_note(turn, room, instructor, wish)
        case HandDown(learner):
            return _hand_down(turn, room, learner)
        case Freeze(on):
            return _freeze(turn, room, on)
        case Reset():
            return _reset(turn, room)
        case HandOver():
            return _hand_over(turn, room)
        case StepDown():
            return _step_down(turn, room, instructor)
        case Remove(learner):
            if turn.learner(room, learner) is None:
                return _no_such_learner(learner)
            forget(turn, room, learner)
            return {}
        case Delete(title):
            return _delete(turn, room, title)


def _no_such_learner(number: int) -> Error:
    return Error("bad_event", f"expected a learner of this class, got {number}")


def _send_note(turn: Turn, room: Room, instructor: Instructor, wish: SendNote) -> Frame | Error:
    meant = [learner for learner in turn.learners(room) if _is_meant(learner, wish.to)]
    match wish.to:
        case {"learner": int(number)} if not meant:
            return _no_such_learner(number)
    turn.change_room(room, last_note=room.last_note + 1)
    note = Note.objects.create(
        room=room,
        number=room.last_note,
        kind=wish.kind,
        text=wish.text,
        to=wish.to,
        by=instructor.name,
        at=turn.now,
    )
    if wish.to != "all":
        note.learners.set(meant)
    if wish.kind in ("pause", "resume") and room.paused is not (wish.kind == "pause"):
        turn.change_room(room, paused=wish.kind == "pause")
        turn.tell_class(room, paused=room.paused)
    turn.tell_boards(room, "noted", note=picture.note_for_boards(note))
    turn.call(room, "learners", "note", number=note.number)
    return {"number": note.number, "learners": len(meant)}


def _is_meant(learner: Learner, to: Any) -> bool:
    step = learner.standing["step"]
    match to:
        case {"learner": number}:
            return bool(learner.pk == number)
        case {"step": wanted}:
            return bool(step == wanted)
        case {"lesson": lesson}:
            return step is not None and step.startswith(f"{lesson}/")
    return True


def _hand_down(turn: Turn, room: Room, number: int) -> Frame | Error:
    learner = turn.learner(room, number)
    if learner is None:
        return _no_such_learner(number)
    if learner.standing["stuck"]:
        turn.tell_standing(learner, {"stuck": None})
        turn.call(room, "learners", "hand", learner=number)
    return {}


def _freeze(turn: Turn, room: Room, on: bool) -> Frame:
    if on and room.frozen_at is None:
        look_who_is_here(turn, room)
        kept = picture.picture(turn, room)
        turn.change_room(room, frozen_at=turn.now, picture=kept)
        turn.tell_class(room, frozen=iso(room.frozen_at))
    elif not on and room.frozen_at is not None:
        turn.change_room(room, frozen_at=None, picture=None)
        turn.tell_boards(room, "anew")
    return {}


def _reset(turn: Turn, room: Room) -> Frame | Error:
    if room.frozen_at is not None:
        return Error("not_allowed", "The board is frozen: let it go on before you reset the class.")
    for learner in turn.learners(room):
        if learner.standing["stuck"]:
            turn.call(room, "learners", "hand", learner=learner.pk)
        turn.change(learner, standing=standing.anew(learner.standing, str(iso(turn.now))))
    Cell.objects.filter(learner__room=room).delete()
    turn.tell_boards(room, "anew")
    return {}


def _hand_over(turn: Turn, room: Room) -> Frame:
    key = codes.new_key()
    Instructor.objects.create(room=room, key=codes.digest(key))
    turn.tell_class(room, instructors=instructors(room))
    return {"key": key}


def _step_down(turn: Turn, room: Room, instructor: Instructor) -> Frame | Error:
    if Instructor.objects.filter(room=room).count() < 2:
        return Error("not_allowed", "You are the last one with a key: hand over first, or delete.")
    number = instructor.pk
    instructor.delete()
    turn.tell_class(room, instructors=instructors(room))
    turn.call(room, "boards", "gone", instructor=number)
    return {}


def _delete(turn: Turn, room: Room, title: str) -> Frame | Error:
    if title != room.title:
        detail = "expected 'title' to repeat the title of the class, letter by letter"
        return Error("not_allowed", detail)
    turn.call(room, "boards", "gone", instructor=None)
    turn.call(room, "learners", "gone", learner=None)
    turn.forget_room(room)
    return {}
