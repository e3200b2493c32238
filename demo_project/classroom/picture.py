"""What a board shows of a class, and what learners read: rows as the wire has them."""

from collections.abc import Iterable
from typing import Any

from classroom.codes import spelled
from classroom.events import Frame
from classroom.models import Cell, Learner, Note, Room
from classroom.turn import Turn, instructors, iso


def learner(row: Learner) -> Frame:
    """One learner, whole."""
    about = {"id": row.pk, "name": row.name, "here": row.here, "joined_at": iso(row.joined_at)}
    return {**about, **row.standing}


def cell(row: Cell) -> Frame:
    """One cell that was shown."""
    texts = {"step": row.step, "source": row.source, "output": row.output}
    return {"learner": row.learner_id, **texts, "at": iso(row.at)}


def note(row: Note) -> Frame:
    """A note, as its learners get it."""
    return {"number": row.number, "kind": row.kind, "text": row.text, "at": iso(row.at)}


def note_for_boards(row: Note) -> Frame:
    """A note, as boards get it: with whom it was for, and whose it is."""
    return note(row) | {"to": row.to, "by": row.by}


def state(turn: Turn, room: Room) -> Frame:
    """The first frame of a board; a frozen class shows its picture."""
    frozen = room.picture if room.frozen_at else None
    return _about(turn, room) | (frozen or picture(turn, room))


def truth(turn: Turn, room: Room) -> Frame:
    """The class as it is, whether its board is frozen or not."""
    return _about(turn, room) | picture(turn, room)


def _about(turn: Turn, room: Room) -> Frame:
    turn.save()
    return {
        "type": "class",
        "event": "state",
        "version": room.version,
        "class": {
            "code": spelled(room.code),
            "title": room.title,
            "opened_at": iso(room.opened_at),
            "frozen": iso(room.frozen_at),
            "paused": room.paused,
        },
        "instructors": instructors(room),
        "notes": [note_for_boards(row) for row in room.notes.all()],
    }


def picture(turn: Turn, room: Room) -> dict[str, Any]:
    """Learners and what they showed: the part of a state that a frozen class keeps."""
    cells = Cell.objects.filter(learner__room=room)
    learners: Iterable[Learner] = turn.learners(room)
    return {
        "learners": [learner(row) for row in learners],
        "shown": [cell(row) for row in cells],
    }
