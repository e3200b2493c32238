"""Notes: to whom they go, and that nobody misses one."""

import pytest
from channels.layers import get_channel_layer
from django.test import TransactionTestCase, override_settings

from classroom.models import Room
from classroom.tests.people import IN_MEMORY, beat, joined, open_class, opened


@override_settings(CHANNEL_LAYERS=IN_MEMORY)
class NoteTests(TransactionTestCase):
    async def test_a_note_reaches_those_it_is_for_and_nobody_else(self) -> None:
        klass = await open_class()
        async with (
            opened(klass.key) as board,
            joined(klass.code, "ana") as (ana, _),
            joined(klass.code, "bob") as (bob, _),
            joined(klass.code, "cem") as (cem, _),
        ):
            for learner, step in ((ana, "03/2"), (bob, "03/4"), (cem, "04/1")):
                await learner.report("step", step=step)
            await board.is_up_to_date()
            number = board.learners["cem"]["id"]
            for text, to, count in (
                ("step", {"step": "03/2"}, 1),
                ("lesson", {"lesson": "03"}, 2),
                ("one", {"learner": number}, 1),
                ("nobody", {"step": "09/9"}, 0),
                ("all", "all", 3),
            ):
                done = await board.want(type="note", kind="hint", text=text, to=to)
                assert (done["type"], done["learners"]) == ("done", count)
            for learner, texts in (
                (ana, ["step", "lesson", "all"]),
                (bob, ["lesson", "all"]),
                (cem, ["one", "all"]),
            ):
                notes = [await learner.receive() for _ in texts]
                assert [each["note"]["text"] for each in notes] == texts
                assert notes[0]["note"].keys() == {"number", "kind", "text", "at"}
            assert [note["to"] for note in board.state["notes"]][-1] == "all"
            assert [note["by"] for note in board.state["notes"]] == ["Dr. Ada"] * 5

    async def test_notes_are_caught_up_after_absence(self) -> None:
        klass = await open_class()
        async with opened(klass.key) as board:
            async with joined(klass.code) as (ana, _):
                await board.next()
                await board.want(type="note", kind="hint", text="one", to="all")
                seen = (await ana.receive())["note"]["number"]
            await board.next()
            number = board.learners["ana"]["id"]
            for text, to in (("two", "all"), ("three", {"learner": number})):
                await board.want(type="note", kind="hint", text=text, to=to)
            async with joined(klass.code, "ana", ana.key, since=seen) as (_, welcome):
                assert [note["text"] for note in welcome["notes"]] == ["two", "three"]
            async with joined(klass.code, "bob") as (_, welcome):  # who comes later
                assert [note["text"] for note in welcome["notes"]] == ["one", "two"]

    async def test_news_that_come_late_or_twice_send_no_note_again(self) -> None:
        klass = await open_class()
        async with opened(klass.key) as board, joined(klass.code) as (ana, _):
            room = await Room.objects.aget()
            for text in ("one", "two", "three"):
                await board.want(type="note", kind="hint", text=text, to="all")
                assert (await ana.receive())["note"]["text"] == text
                news = {"type": "class.news", "events": [{"event": "note", "number": 1}]}
                await get_channel_layer().group_send(f"class.{room.pk}.learners", news)

    async def test_a_note_that_the_layer_lost_comes_all_the_same(self) -> None:
        klass = await open_class()
        async with opened(klass.key) as board, joined(klass.code) as (ana, _):
            await board.next()
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr("classroom.hub.group", lambda room, whose: f"lost.{room}.{whose}")
                done = await board.ask(type="note", id=1, kind="hint", text="one", to="all")
                assert done["type"] == "done"
            await beat()
            assert (await ana.receive())["note"]["text"] == "one"
            assert (await board.next())["event"] == "state"
            assert [note["text"] for note in board.state["notes"]] == ["one"]

    async def test_a_pause_is_for_all_and_who_comes_later_knows(self) -> None:
        klass = await open_class()
        async with opened(klass.key) as board, joined(klass.code) as (ana, _):
            await board.next()
            await board.want(type="note", kind="pause", text="Coffee", to="all")
            assert (await ana.receive())["note"]["kind"] == "pause"
            assert board.state["class"]["paused"] is True
            async with joined(klass.code, "bob") as (_, welcome):
                assert welcome["class"] == {"title": "Channels", "paused": True}
            await board.want(type="note", kind="resume", to="all")
            assert board.state["class"]["paused"] is False

    async def test_a_hand_that_is_taken_down_is_heard_by_its_learner_only(self) -> None:
        klass = await open_class()
        async with (
            opened(klass.key) as board,
            joined(klass.code, "ana") as (ana, _),
            joined(klass.code, "bob") as (bob, _),
        ):
            await ana.report("stuck", text="why?")
            await bob.report("stuck", text="")
            await board.is_up_to_date()
            number = board.learners["ana"]["id"]
            assert (await board.want(type="hand_down", learner=number))["type"] == "done"
            assert await ana.receive() == {"type": "class", "event": "hand", "stuck": False}
            assert board.learners["ana"]["stuck"] is None and board.learners["bob"]["stuck"]
            await board.want(type="note", kind="hint", text="x", to="all")
            assert (await bob.receive())["event"] == "note"
