"""The rules of presence, also when many come and go at the same instant."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from threading import Barrier
from typing import TypeVar

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser, User
from django.db import IntegrityError, connection
from django.test import TestCase, TransactionTestCase
from django.utils import timezone

from account import presence
from account.models import UserOnline

T = TypeVar("T")
GUEST = AnonymousUser()
AT_ONCE = 8


def make(username: str) -> User:
    user = get_user_model()(username=username)
    user.save()
    return user


class PresenceTests(TestCase):
    def test_only_the_first_tab_of_a_user_is_first(self) -> None:
        ana = make("ana")
        assert presence.track("s1", ana) == ("ana", True)
        assert presence.track("s2", ana) == ("ana", False)

    def test_only_the_last_tab_of_a_user_is_last(self) -> None:
        ana = make("ana")
        presence.track("s1", ana)
        presence.track("s2", ana)
        assert presence.untrack("s1") == ("ana", False)
        assert presence.untrack("s2") == ("ana", True)

    def test_to_untrack_a_connection_twice_says_so_once(self) -> None:
        presence.track("s1", make("ana"))
        assert presence.untrack("s1") == ("ana", True)
        assert presence.untrack("s1") is None
        assert presence.untrack("never seen") is None

    def test_one_connection_cannot_be_tracked_twice(self) -> None:
        presence.track("s1", GUEST)
        with pytest.raises(IntegrityError):
            presence.track("s1", GUEST)

    def test_guests_without_a_name_are_called_by_the_number_of_their_row(self) -> None:
        name, first = presence.track("s1", GUEST)
        assert (name, first) == (f"guest-{UserOnline.objects.get().pk}", True)
        assert presence.track("s2", GUEST).name != name

    def test_a_guest_with_a_name_in_the_session_keeps_it_in_every_tab(self) -> None:
        assert presence.track("s1", GUEST, "guest-abc") == ("guest-abc", True)
        assert presence.track("s2", GUEST, "guest-abc") == ("guest-abc", False)

    def test_a_guest_cannot_take_the_name_of_a_user(self) -> None:
        make("ana")
        with self.assertRaisesMessage(ValueError, "begins with 'guest-', got 'ana'"):
            presence.track("s1", GUEST, "ana")
        assert presence.online() == []

    def test_a_user_with_the_name_of_a_guest_or_of_the_server_is_shown_as_a_user(self) -> None:
        for username in ("guest-7", "Guest-7", "server", "SERVER"):
            assert presence.track(username, make(username)).name == f"user {username}"
        assert presence.track("guest", GUEST, "guest-7") == ("guest-7", True)

    def test_the_session_name_of_a_user_who_logged_in_does_not_count(self) -> None:
        assert presence.track("s1", make("ana"), "guest-abc").name == "ana"

    def test_the_list_is_sorted_by_name_and_counts_tabs(self) -> None:
        ana, bob = make("ana"), make("bob")
        for sid, user in (("s1", bob), ("s2", ana), ("s3", bob)):
            presence.track(sid, user)
        assert presence.online() == [{"user": "ana", "tabs": 1}, {"user": "bob", "tabs": 2}]
        assert presence.sids_of("bob") == ["s1", "s3"]
        assert presence.sids_of("nobody") == []
        assert presence.is_online("ana")
        assert not presence.is_online("nobody")

    def test_touch_notes_the_time_and_says_whether_the_connection_is_known(self) -> None:
        presence.track("s1", GUEST)
        long_ago = timezone.now() - timedelta(hours=1)
        UserOnline.objects.update(last_seen=long_ago)
        assert presence.touch("s1")
        assert UserOnline.objects.get().last_seen > long_ago
        assert not presence.touch("never seen")

    def test_expire_forgets_only_the_silent_and_names_who_is_gone(self) -> None:
        ana, bob = make("ana"), make("bob")
        for sid, user in (("s1", bob), ("s2", ana), ("s3", bob)):
            presence.track(sid, user)
        silent = UserOnline.objects.filter(sid__in=["s1", "s2"])
        silent.update(last_seen=timezone.now() - timedelta(minutes=2))
        assert presence.expire(timedelta(minutes=1)) == ["ana"]
        assert presence.online() == [{"user": "bob", "tabs": 1}]

    def test_a_row_reads_as_its_name_and_its_channel(self) -> None:
        presence.track("s1", GUEST, "guest-abc")
        assert str(UserOnline.objects.get()) == "guest-abc (s1)"


class RaceTests(TransactionTestCase):
    """Each thread has a database connection of its own, as each server process has."""

    def at_once(self, work: Callable[[int], T]) -> list[T]:
        barrier = Barrier(AT_ONCE, timeout=15)

        def run(number: int) -> T:
            try:
                connection.ensure_connection()
                barrier.wait()
                return work(number)
            finally:
                connection.close()

        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(run, range(AT_ONCE), timeout=30))

    def track(self, user: User, number: int) -> presence.Arrival:
        return presence.track(f"{user}-{number}", user)

    def untrack(self, user: User, number: int) -> presence.Departure | None:
        return presence.untrack(f"{user}-{number}")

    def untrack_one(self, sid: str, number: int) -> presence.Departure | None:
        return presence.untrack(sid)

    def test_of_tabs_that_open_at_the_same_instant_exactly_one_is_first(self) -> None:
        for round in range(10):
            ana = make(f"ana{round}")
            arrivals = self.at_once(partial(self.track, ana))
            assert [arrival.first for arrival in arrivals].count(True) == 1
        assert [user["tabs"] for user in presence.online()] == [AT_ONCE] * 10

    def test_of_tabs_that_close_at_the_same_instant_exactly_one_is_last(self) -> None:
        for round in range(10):
            ana = make(f"ana{round}")
            for number in range(AT_ONCE):
                presence.track(f"{ana}-{number}", ana)
            departures = self.at_once(partial(self.untrack, ana))
            last = [departure for departure in departures if departure and departure.last]
            assert len(last) == 1
        assert presence.online() == []

    def test_one_connection_that_is_untracked_by_all_at_once_leaves_once(self) -> None:
        for round in range(10):
            presence.track(f"s{round}", GUEST)
            departures = self.at_once(partial(self.untrack_one, f"s{round}"))
            assert departures.count(None) == AT_ONCE - 1
