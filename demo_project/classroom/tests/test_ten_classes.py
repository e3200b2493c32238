"""Ten classes at once: none of them hears of another."""

import asyncio
import random
from contextlib import AsyncExitStack
from typing import Any

from django.test import TransactionTestCase, override_settings

from classroom.tests.people import IN_MEMORY, Board, Learner, joined, open_class, opened

CLASSES, LEARNERS, REPORTS = 10, 3, 6


@override_settings(CHANNEL_LAYERS=IN_MEMORY)
class TenClassesTests(TransactionTestCase):
    async def test_ten_classes_at_once_never_mix(self) -> None:
        async with AsyncExitStack() as stack:
            boards: list[Board] = []
            people: list[tuple[int, Learner]] = []
            for number in range(CLASSES):
                klass = await open_class(f"Class {number}")
                boards.append(await stack.enter_async_context(opened(klass.key)))
                for each in range(LEARNERS):
                    # The same key everywhere: it is another learner in each class.
                    learner, _ = await stack.enter_async_context(
                        joined(klass.code, "ana", f"{each}" * 32)
                    )
                    people.append((number, learner))
            await asyncio.gather(*(self.work(number, learner) for number, learner in people))
            for number, board in enumerate(boards):
                note = {"type": "note", "kind": "hint", "text": f"for {number}"}
                assert (await board.want(**note, to="all"))["learners"] == LEARNERS
            for number, learner in people:
                assert (await learner.receive())["note"]["text"] == f"for {number}"
            for number, board in enumerate(boards):
                self.shows_its_own_class(number, board.state)
                async with opened(board.key) as fresh:
                    self.shows_its_own_class(number, fresh.state)

    async def work(self, number: int, learner: Learner) -> None:
        """Report what names the class, in an order of one's own."""
        chance = random.Random(learner.key)
        for _ in range(REPORTS):
            what: dict[str, Any] = chance.choice(
                [
                    {"what": "step", "step": f"{number:02}/1"},
                    {"what": "tried", "exercise": f"{number:02}.1", "solved": False},
                    {"what": "stuck", "text": f"in {number}"},
                ]
            )
            await learner.report(**what)

    def shows_its_own_class(self, number: int, state: dict[str, Any]) -> None:
        """Whether there is nothing on a board that is of another class."""
        assert state["class"]["title"] == f"Class {number}"
        assert sorted(each["name"] for each in state["learners"]) == ["ana", "ana (2)", "ana (3)"]
        assert [note["text"] for note in state["notes"]] == [f"for {number}"]
        tries = 0
        for learner in state["learners"]:
            assert learner["step"] in (None, f"{number:02}/1")
            assert set(learner["exercises"]) <= {f"{number:02}.1"}
            assert learner["stuck"] is None or learner["stuck"]["text"] == f"in {number}"
            tries += sum(work["tries"] for work in learner["exercises"].values())
        expected = [random.Random(f"{each}" * 32) for each in range(LEARNERS)]
        drawn = [chance.choice([0, 1, 0]) for chance in expected for _ in range(REPORTS)]
        assert tries == sum(drawn)
