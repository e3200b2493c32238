"""The rules of presence, also when many come and go at the same instant."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from threading import Barrier
from typing import TypeVar
from uuid import UUID

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser, User
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now
from django.test import TestCase, TransactionTestCase
from django.test.utils import CaptureQueriesContext

from account import presence
from account.models import ServerLease, UserOnline
from account.tests.servers import HERE, LEASE, THERE, track

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
        assert track("s1", ana) == ("ana", True)
        assert track("s2", ana) == ("ana", False)

    def test_only_the_last_tab_of_a_user_is_last(self) -> None:
        ana = make("ana")
        track("s1", ana)
        track("s2", ana)
        assert presence.untrack("s1") == ("ana", False)
        assert presence.untrack("s2") == ("ana", True)

    def test_to_untrack_a_connection_twice_says_so_once(self) -> None:
        track("s1", make("ana"))
        assert presence.untrack("s1") == ("ana", True)
        assert presence.untrack("s1") is None
        assert presence.untrack("never seen") is None

    def test_one_connection_cannot_be_tracked_twice(self) -> None:
        track("s1", GUEST)
        with pytest.raises(IntegrityError):
            track("s1", GUEST)

    def test_of_many_who_come_at_once_one_is_first_and_of_many_who_leave_one_is_last(self) -> None:
        ana, bob = make("ana"), make("bob")
        track("s0", bob)
        coming = [presence.Coming(f"s{at}", user) for at, user in enumerate((ana, ana, bob), 1)]
        arrivals = presence.track_all(HERE, [*coming, presence.Coming("s4", GUEST)])
        guest = f"guest-{UserOnline.objects.get(sid='s4').pk}"
        assert [(each.tab.sid, each.tab.name, each.first) for each in arrivals] == [
            ("s1", "ana", True),
            ("s2", "ana", False),
            ("s3", "bob", False),
            ("s4", guest, True),
        ]
        departures = presence.untrack_all(["s1", "never seen", "s2", "s3", "s4"])
        assert {sid: departure.name for sid, departure in departures.items()} == {
            "s1": "ana",
            "s2": "ana",
            "s3": "bob",
            "s4": guest,
        }
        assert sorted(each.name for each in departures.values() if each.last) == ["ana", guest]
        assert presence.online() == [{"user": "bob", "tabs": 1}]

    def test_if_one_of_many_cannot_be_tracked_none_is(self) -> None:
        track("s1", GUEST)
        with pytest.raises(IntegrityError), transaction.atomic():
            presence.track_all(HERE, [presence.Coming(sid, GUEST) for sid in ("s2", "s1")])
        assert [row.sid for row in UserOnline.objects.all()] == ["s1"]

    def test_guests_without_a_name_are_called_by_the_number_of_their_row(self) -> None:
        name, first = track("s1", GUEST)
        assert (name, first) == (f"guest-{UserOnline.objects.get().pk}", True)
        assert track("s2", GUEST)[0] != name

    def test_a_guest_with_a_name_in_the_session_keeps_it_in_every_tab(self) -> None:
        assert track("s1", GUEST, "guest-abc") == ("guest-abc", True)
        assert track("s2", GUEST, "guest-abc") == ("guest-abc", False)

    def test_a_guest_cannot_take_the_name_of_a_user(self) -> None:
        make("ana")
        with self.assertRaisesMessage(ValueError, "begins with 'guest-', got 'ana'"):
            track("s1", GUEST, "ana")
        assert presence.online() == []

    def test_a_user_with_the_name_of_a_guest_or_of_the_server_is_shown_as_a_user(self) -> None:
        for username in ("guest-7", "Guest-7", "server", "SERVER"):
            assert track(username, make(username))[0] == f"user {username}"
        assert track("guest", GUEST, "guest-7") == ("guest-7", True)

    def test_the_session_name_of_a_user_who_logged_in_does_not_count(self) -> None:
        assert track("s1", make("ana"), "guest-abc")[0] == "ana"

    def test_the_list_is_sorted_by_name_and_counts_tabs(self) -> None:
        ana, bob = make("ana"), make("bob")
        for sid, user in (("s1", bob), ("s2", ana), ("s3", bob)):
            track(sid, user)
        assert presence.online() == [{"user": "ana", "tabs": 1}, {"user": "bob", "tabs": 2}]
        assert presence.sids_of("bob") == ["s1", "s3"]
        assert presence.sids_of("nobody") == []
        assert presence.is_online("ana")
        assert not presence.is_online("nobody")

    def test_a_row_reads_as_its_name_and_its_channel(self) -> None:
        track("s1", GUEST, "guest-abc")
        assert str(UserOnline.objects.get()) == "guest-abc (s1)"


class LeaseTests(TestCase):
    """A row is as alive as the server process that wrote it."""

    def setUp(self) -> None:
        self.ana, self.bob = make("ana"), make("bob")

    def lapse(self, server: UUID) -> None:
        ServerLease.objects.filter(pk=server).update(expires_at=Now() - timedelta(seconds=1))

    def test_a_process_without_a_lease_can_track_nobody(self) -> None:
        with pytest.raises(presence.LeaseLost):
            presence.track(HERE, "s1", self.ana)
        track("s1", self.ana)
        self.lapse(HERE)
        with pytest.raises(presence.LeaseLost):
            presence.track(HERE, "s2", self.ana)

    def test_renewing_answers_how_many_rows_the_process_has(self) -> None:
        track("s1", self.ana)
        track("s2", self.bob)
        track("s3", self.bob, server=THERE)
        assert presence.renew(HERE, LEASE) == 2
        assert presence.renew(UUID(int=3), LEASE) is None

    def test_a_renewal_is_one_write_however_many_connections_there_are(self) -> None:
        for number in range(20):
            track(f"s{number}", self.ana)
        with CaptureQueriesContext(connection) as queries:
            presence.renew(HERE, LEASE)
        assert [query["sql"].split()[0] for query in queries] == ["UPDATE", "SELECT"]

    def test_the_end_of_a_lease_takes_its_rows_and_names_who_is_gone(self) -> None:
        track("s1", self.ana)
        track("s2", self.bob)
        track("s3", self.bob, server=THERE)
        assert presence.expire() == []
        self.lapse(HERE)
        assert presence.expire() == ["ana"]
        assert presence.expire() == []
        assert presence.online() == [{"user": "bob", "tabs": 1}]
        assert list(ServerLease.objects.values_list("pk", flat=True)) == [THERE]

    def test_who_looks_from_outside_does_not_see_the_lapsed(self) -> None:
        track("s1", self.ana)
        track("s2", self.bob, server=THERE)
        self.lapse(HERE)
        assert presence.online(presence.alive()) == [{"user": "bob", "tabs": 1}]

    def test_a_lapsed_lease_cannot_be_renewed(self) -> None:
        track("s1", self.ana)
        self.lapse(HERE)
        assert presence.renew(HERE, LEASE) is None

    def test_a_lease_from_the_future_is_of_a_clock_that_was_set_back(self) -> None:
        track("s1", self.ana)
        later = Now() + timedelta(hours=1)
        ServerLease.objects.update(renewed_at=later, expires_at=later)
        assert presence.expire() == ["ana"]

    def test_who_did_not_renew_for_so_long_can_be_ended_before_the_lease_is(self) -> None:
        track("s1", self.ana)
        assert presence.expire(timedelta(seconds=30)) == []
        assert presence.expire(timedelta(0)) == ["ana"]

    def test_a_process_that_lives_comes_back_with_the_connections_that_it_has(self) -> None:
        ana = presence.track(self.hold(HERE), "s1", self.ana).tab
        presence.track(HERE, "s2", self.bob)
        presence.track(self.hold(THERE), "s3", self.bob)
        self.lapse(HERE)
        assert presence.expire() == ["ana"]
        assert presence.restore(HERE, LEASE, [ana]) == (["ana"], [])
        assert presence.restore(HERE, LEASE, [ana]) == ([], [])
        assert presence.online() == [{"user": "ana", "tabs": 1}, {"user": "bob", "tabs": 1}]
        assert presence.restore(HERE, LEASE, []) == ([], ["ana"])

    def test_a_connection_outlives_the_account_of_its_user(self) -> None:
        tab = presence.track(self.hold(HERE), "s1", self.ana).tab
        self.ana.delete()
        assert presence.online() == []
        assert presence.restore(HERE, LEASE, [tab]) == (["ana"], [])
        assert UserOnline.objects.get().user_id is None

    def test_a_process_that_ends_takes_all_of_its_people_with_it(self) -> None:
        track("s1", self.ana)
        track("s2", self.bob)
        track("s3", self.bob, server=THERE)
        assert presence.end(HERE) == ["ana"]
        assert presence.end(HERE) == []

    def hold(self, server: UUID) -> UUID:
        presence.restore(server, LEASE, [])
        return server


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

    def setUp(self) -> None:
        presence.restore(HERE, LEASE, [])

    def track(self, user: User, number: int) -> bool:
        return presence.track(HERE, f"{user}-{number}", user).first

    def untrack(self, user: User, number: int) -> presence.Departure | None:
        return presence.untrack(f"{user}-{number}")

    def untrack_one(self, sid: str, number: int) -> presence.Departure | None:
        return presence.untrack(sid)

    def test_of_tabs_that_open_at_the_same_instant_exactly_one_is_first(self) -> None:
        for round in range(10):
            ana = make(f"ana{round}")
            arrivals = self.at_once(partial(self.track, ana))
            assert arrivals.count(True) == 1
        assert [user["tabs"] for user in presence.online()] == [AT_ONCE] * 10

    def test_of_tabs_that_close_at_the_same_instant_exactly_one_is_last(self) -> None:
        for round in range(10):
            ana = make(f"ana{round}")
            for number in range(AT_ONCE):
                track(f"{ana}-{number}", ana)
            departures = self.at_once(partial(self.untrack, ana))
            last = [departure for departure in departures if departure and departure.last]
            assert len(last) == 1
        assert presence.online() == []

    def test_one_connection_that_is_untracked_by_all_at_once_leaves_once(self) -> None:
        for round in range(10):
            track(f"s{round}", GUEST)
            departures = self.at_once(partial(self.untrack_one, f"s{round}"))
            assert departures.count(None) == AT_ONCE - 1

    def test_a_lease_that_all_end_at_once_is_announced_by_one(self) -> None:
        for round in range(10):
            ana = make(f"ana{round}")
            presence.restore(THERE, LEASE, [])
            presence.track(THERE, f"{ana}-1", ana)
            ServerLease.objects.filter(pk=THERE).update(expires_at=Now() - timedelta(seconds=1))
            gone = self.at_once(lambda number: presence.expire())
            assert sorted(gone) == [[]] * (AT_ONCE - 1) + [[f"ana{round}"]]
