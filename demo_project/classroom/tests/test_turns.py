"""A turn: several commands in one transaction, and what each class hears of it."""

from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError

from account import presence
from classroom import codes, rules
from classroom.events import Join, Opening
from classroom.models import Learner, Room
from classroom.turn import Command, Turn, carry_out

pytestmark = pytest.mark.django_db

SERVER = UUID(int=7)


def a_class_with(name: str) -> tuple[Room, Learner]:
    """A class with one learner."""
    presence.restore(SERVER, 600, [])
    opened = rules.open_class(Opening("Channels", ""))
    room = Room.objects.get(code=codes.normal(opened.code))
    join = Join(opened.code, name, codes.new_key(), 0)
    carry_out([entering(room, join)])
    return room, Learner.objects.get(room=room)


def entering(room: Room, join: Join, channel: str = "") -> Command:
    channel = channel or f"channel of {join.key}"
    return Command(
        room.pk, lambda turn, held: rules.join(turn, held, SERVER, channel, join), SERVER
    )


def test_a_learner_of_another_class_is_none_of_this_one_also_in_one_turn() -> None:
    (one, ana), (two, _) = a_class_with("ana"), a_class_with("bob")

    def look(turn: Turn, room: Room) -> Any:
        return turn.learner(room, ana.pk)

    [mine, others], _ = carry_out([Command(one.pk, look), Command(two.pk, look)])
    assert mine == ana and others is None
    assert carry_out([Command(two.pk, look), Command(one.pk, look)])[0] == [None, ana]


def test_what_several_change_is_numbered_one_after_the_other() -> None:
    room, ana = a_class_with("ana")

    def change(turn: Turn, held: Room) -> None:
        learner = turn.learner(held, ana.pk)
        assert learner is not None
        turn.tell_standing(learner, {"step": f"{held.version}"})

    _, news = carry_out([Command(room.pk, change)] * 3)
    assert [each.event["version"] for each in news] == [2, 3, 4]
    room.refresh_from_db()
    ana.refresh_from_db()
    assert (room.version, ana.standing["step"]) == (4, "3")


def test_of_a_turn_that_fails_nothing_is_kept() -> None:
    room, _ = a_class_with("ana")
    joins = [Join("", name, codes.new_key(), 0) for name in ("bob", "cem")]
    with pytest.raises(IntegrityError):
        carry_out([entering(room, join, "the same channel") for join in joins])
    assert Learner.objects.count() == 1
    assert Room.objects.get().version == 1


def test_a_class_that_is_gone_is_answered_by_none() -> None:
    room, _ = a_class_with("ana")

    def delete(turn: Turn, held: Room) -> str:
        turn.forget_room(held)
        return "done"

    answers, _ = carry_out([Command(room.pk, delete), Command(room.pk, delete), Command(0, delete)])
    assert answers == ["done", None, None]


def test_nobody_enters_without_a_lease() -> None:
    room, _ = a_class_with("ana")
    presence.end(SERVER)
    with pytest.raises(presence.LeaseLost):
        carry_out([entering(room, Join("", "bob", codes.new_key(), 0))])
    assert Learner.objects.count() == 1


def test_who_went_with_a_lease_is_not_here_any_more() -> None:
    room, ana = a_class_with("ana")
    assert ana.here
    presence.end(SERVER)
    _, news = carry_out([Command(room.pk, rules.look_who_is_here)])
    assert [each.event["learner"] for each in news] == [{"id": ana.pk, "here": False}]
    assert carry_out([Command(room.pk, rules.look_who_is_here)])[1] == []
