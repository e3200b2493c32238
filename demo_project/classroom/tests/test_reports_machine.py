"""Reports as a state machine: whatever is lost, doubled or cut off, each one counts once.

Hypothesis looks for the order of events that breaks it, and shows the shortest one.
"""

from uuid import UUID

from django.test import TestCase
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from account import presence
from classroom import codes, rules
from classroom.events import Join, Opening, Report, Tried
from classroom.models import Learner, Room
from classroom.turn import Command, Turn, carry_out

SERVER = UUID(int=7)


class Journal(RuleBasedStateMachine):
    """A learner's journal, and the server that it reports to over a line that may fail."""

    def __init__(self) -> None:
        super().__init__()
        Room.objects.all().delete()
        presence.restore(SERVER, 600, [])
        rules.open_class(Opening("Channels", ""))
        self.room = Room.objects.get()
        self.key = codes.new_key()
        self.connections = 0
        self.happened = 0  # tries, each one report in the journal
        self.acknowledged = 0  # as far as the journal knows
        self.come_back()

    def send(self, number: int) -> int:
        """Send a report; what the server answers."""
        report = Report(number, 0.0, Tried("03.1", False))
        now = timezone.now()

        def send(turn: Turn, room: Room) -> int | None:
            return rules.report(turn, room, learner=self.pk, report=report, heard_at=now)

        [taken], _ = carry_out([Command(self.room.pk, send)])
        return int(taken)

    @rule()
    def try_the_exercise(self) -> None:
        self.happened += 1

    @rule(times=st.integers(1, 3), is_answered=st.booleans())
    def report_the_next(self, times: int, is_answered: bool) -> None:
        """Send what comes next, perhaps more than once; perhaps the answers get lost."""
        if self.acknowledged < self.happened:
            for _ in range(times):
                taken = self.send(self.acknowledged + 1)
            if is_answered:
                self.acknowledged = taken

    @rule(number=st.integers(1, 30))
    def report_another(self, number: int) -> None:
        """Send what was sent long ago, or what is not its turn."""
        if number <= self.happened:
            self.acknowledged = self.send(number)

    @rule()
    def come_back(self) -> None:
        """Join anew: the server says what it has taken."""
        self.connections += 1
        channel, join = f"c{self.connections}", Join(self.room.code, "ana", self.key, 0)
        [seat], _ = carry_out(
            [
                Command(
                    self.room.pk,
                    lambda turn, room: rules.join(turn, room, SERVER, channel, join),
                    SERVER,
                )
            ]
        )
        self.pk, self.acknowledged = seat.learner, seat.welcome["taken"]

    @invariant()
    def nothing_is_counted_twice_and_nothing_is_made_up(self) -> None:
        learner = Learner.objects.get()
        work = learner.standing["exercises"].get("03.1", {"tries": 0})
        assert work["tries"] == learner.taken <= self.happened
        assert self.acknowledged <= learner.taken

    def teardown(self) -> None:
        """At last the line holds, and all of the journal arrives."""
        while self.acknowledged < self.happened:
            self.acknowledged = self.send(self.acknowledged + 1)
        self.nothing_is_counted_twice_and_nothing_is_made_up()
        assert Learner.objects.get().taken == self.happened


class ReportTests(TestCase):
    def test_each_report_counts_once_whatever_happens(self) -> None:
        run_state_machine_as_test(
            Journal,
            settings=settings(
                max_examples=25,
                stateful_step_count=20,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
