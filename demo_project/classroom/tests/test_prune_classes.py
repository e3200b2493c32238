"""`manage.py prune_classes`: which classes end by themselves."""

import io
from datetime import timedelta
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from account import presence
from account.models import ServerLease
from classroom import codes, rules
from classroom.events import Join, Opening
from classroom.models import Learner, Room
from classroom.turn import Command, carry_out

pytestmark = pytest.mark.django_db

SERVER = UUID(int=7)


def a_class(title: str, days: float) -> Room:
    """A class in which nobody did anything for so many days."""
    opened = rules.open_class(Opening(title, ""))
    rooms = Room.objects.filter(code=codes.normal(opened.code))
    rooms.update(used_at=timezone.now() - timedelta(days=days))
    return rooms.get()


def come(room: Room) -> None:
    """Let a learner come in, and stay."""
    presence.restore(SERVER, 600, [])
    join = Join(room.code, "ana", codes.new_key(), 0)
    do = lambda turn, held: rules.join(turn, held, SERVER, "channel", join)  # noqa: E731
    carry_out([Command(room.pk, do, SERVER)])


def prune(*words: str) -> str:
    out = io.StringIO()
    call_command("prune_classes", *words, stdout=out)
    return out.getvalue()


def test_a_class_ends_when_nobody_was_in_it_for_thirty_days() -> None:
    a_class("Monday", 31), a_class("Tuesday", 29), a_class("Sunday", 40)
    assert prune() == "Deleted: 'Monday', 'Sunday'.\n"
    assert [room.title for room in Room.objects.all()] == ["Tuesday"]
    assert prune() == "Deleted: no class.\n"
    assert prune("--older-than=28") == "Deleted: 'Tuesday'.\n"


def test_who_comes_in_makes_it_one_that_is_used() -> None:
    room = a_class("Monday", 31)
    come(room)
    ServerLease.objects.all().delete()  # and is gone again
    assert prune() == "Deleted: no class.\n"
    room.refresh_from_db()
    assert room.used_at > timezone.now() - timedelta(minutes=1)


def test_a_class_in_which_somebody_is_stays_while_that_server_lives() -> None:
    room = a_class("Monday", 0)
    come(room)
    Room.objects.update(used_at=timezone.now() - timedelta(days=31))
    assert prune() == "Deleted: no class.\n"
    ServerLease.objects.update(expires_at=timezone.now() - timedelta(seconds=1))  # killed
    assert prune() == "Deleted: 'Monday'.\n"
    assert not Learner.objects.exists()


@pytest.mark.parametrize("days", ["-1", "9999999999999"])
def test_a_time_that_cannot_be_is_said_and_deletes_nothing(days: str) -> None:
    a_class("Monday", 31)
    with pytest.raises(CommandError, match=f"Expected --older-than .* got {days}"):
        prune(f"--older-than={days}")
    assert Room.objects.exists()
