"""Presence as a state machine: whatever happens in whatever order, what was told is what is true.

Hypothesis looks for the order of events that breaks it, and shows the shortest one.
"""

from datetime import timedelta
from uuid import UUID, uuid4

from django.contrib.auth.models import AnonymousUser
from django.db.models.functions import Now
from django.test import TestCase
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from account import presence
from account.models import ServerLease, UserOnline
from account.tests.servers import LEASE

NAMES = st.sampled_from(["guest-ana", "guest-bob"])
WHICH = st.integers(0, 100)


class Board(RuleBasedStateMachine):
    """Some server processes with their tabs, and an observer who is told who came and who left."""

    def __init__(self) -> None:
        super().__init__()
        UserOnline.objects.all().delete()
        ServerLease.objects.all().delete()
        self.living: dict[UUID, list[presence.Tab]] = {}
        self.lapsed: set[UUID] = set()
        self.dead: set[UUID] = set()
        self.told: set[str] = set()

    def tell(self, changes: presence.Changes) -> None:
        """Each change must be one: nobody joins twice, and nobody leaves who was not there."""
        for name in changes.came:
            assert name not in self.told, f"{name} joined twice"
            self.told.add(name)
        for name in changes.left:
            assert name in self.told, f"{name} left twice"
            self.told.remove(name)

    def one_of(self, number: int) -> UUID:
        return list(self.living)[number % len(self.living)]

    @initialize()
    def begin(self) -> None:
        for _ in range(2):
            self.start()

    @precondition(lambda self: len(self.living) < 3)
    @rule()
    def start(self) -> None:
        server = uuid4()
        self.tell(presence.restore(server, LEASE, []))
        self.living[server] = []
        self.expire()

    @precondition(lambda self: self.living)
    @rule(number=WHICH, name=NAMES)
    def track(self, number: int, name: str) -> None:
        server = self.one_of(number)
        try:
            tab, first = presence.track(server, uuid4().hex, AnonymousUser(), name)
        except presence.LeaseLost:
            assert server in self.lapsed or not ServerLease.objects.filter(pk=server).exists()
            return
        self.living[server].append(tab)
        self.tell(presence.Changes([name] if first else [], []))

    @precondition(lambda self: any(self.living.values()))
    @rule(number=WHICH)
    def untrack(self, number: int) -> None:
        tabs = [(server, tab) for server, tabs in self.living.items() for tab in tabs]
        server, tab = tabs[number % len(tabs)]
        self.living[server].remove(tab)
        departure = presence.untrack(tab.sid)
        if departure and departure.last:
            self.tell(presence.Changes([], [tab.name]))

    @precondition(lambda self: self.living)
    @rule(number=WHICH)
    def beat(self, number: int) -> None:
        server = self.one_of(number)
        if presence.renew(server, LEASE) != len(self.living[server]):
            self.tell(presence.restore(server, LEASE, self.living[server]))
        self.lapsed.discard(server)
        self.expire()

    @precondition(lambda self: self.living)
    @rule(number=WHICH)
    def sleep(self, number: int) -> None:
        server = self.one_of(number)
        ServerLease.objects.filter(pk=server).update(expires_at=Now() - timedelta(seconds=1))
        self.lapsed.add(server)

    @precondition(lambda self: self.living)
    @rule(number=WHICH)
    def kill(self, number: int) -> None:
        self.sleep(number)
        server = self.one_of(number)
        del self.living[server]
        self.dead.add(server)

    @precondition(lambda self: self.living)
    @rule(number=WHICH)
    def stop(self, number: int) -> None:
        server = self.one_of(number)
        self.tell(presence.Changes([], presence.end(server)))
        del self.living[server]
        self.dead.add(server)

    @rule()
    def expire(self) -> None:
        self.tell(presence.Changes([], presence.expire()))
        assert not UserOnline.objects.filter(server__in=self.dead).exists()
        assert not ServerLease.objects.filter(pk__in=self.dead).exists()

    @rule()
    def lose_a_row(self) -> None:
        """Somebody removes a row by hand: its name is put right at the process's next beat."""
        row = UserOnline.objects.order_by("pk").first()
        if row and UserOnline.objects.filter(name=row.name).count() > 1:
            row.delete()

    @invariant()
    def what_was_told_is_true(self) -> None:
        assert self.told == {user["user"] for user in presence.online()}

    def teardown(self) -> None:
        """When all processes have beaten, the board is exactly what is open."""
        self.start()  # where nobody lives, nobody looks
        for number in range(len(self.living)):
            self.beat(number)
        tabs = [tab.sid for tabs in self.living.values() for tab in tabs]
        assert sorted(UserOnline.objects.values_list("sid", flat=True)) == sorted(tabs)


class MachineTests(TestCase):
    def test_what_was_told_is_true_whatever_happens(self) -> None:
        run_state_machine_as_test(
            Board,
            settings=settings(
                max_examples=60,
                stateful_step_count=30,
                deadline=None,
                derandomize=True,  # the same cases at each run: red here is red everywhere
                database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
