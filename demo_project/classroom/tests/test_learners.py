"""A learner's connection: joining, reporting, leaving."""

from django.test import TransactionTestCase, override_settings

from classroom.tests.people import IN_MEMORY, joined, open_class, opened


@override_settings(CHANNEL_LAYERS=IN_MEMORY)
class LearnerTests(TransactionTestCase):
    async def test_who_joins_is_welcomed_and_appears_on_the_board(self) -> None:
        klass = await open_class("Channels")
        async with opened(klass.key) as board:
            assert board.state["learners"] == []
            async with joined(klass.code, "ana") as (ana, welcome):
                assert welcome == {
                    "type": "class",
                    "event": "welcome",
                    "class": {"title": "Channels", "paused": False},
                    "you": {"name": "ana", "stuck": False},
                    "taken": 0,
                    "notes": [],
                }
                frame = await board.next()
                assert frame["event"] == "changed"
                learner = frame["learner"]
                assert learner["name"] == "ana" and learner["here"] is True
                await ana.report("step", step="03/2")
                await board.next()
                assert board.learners["ana"]["step"] == "03/2"
                assert list(board.learners["ana"]["steps"]) == ["03/2"]
            await board.next()
            assert board.learners["ana"]["here"] is False
