"""An instructor's connection: what the board shows, and all that an instructor may do."""

import pytest
from channels.layers import get_channel_layer
from django.db import OperationalError
from django.test import TransactionTestCase, override_settings

from classroom import codes
from classroom.models import Instructor, Room
from classroom.tests.people import (
    IN_MEMORY,
    Board,
    beat,
    everything,
    joined,
    open_class,
    opened,
)


@override_settings(CHANNEL_LAYERS=IN_MEMORY)
class BoardTests(TransactionTestCase):
    async def test_the_first_frame_is_the_state(self) -> None:
        klass = await open_class("Channels")
        room = await Room.objects.aget()
        async with opened(klass.key, "Grace") as board:
            state = dict(board.state)
            state["class"] = {**state["class"], "opened_at": "then"}
            assert state == {
                "type": "class",
                "event": "state",
                "version": 1,  # the instructor came
                "class": {
                    "code": codes.spelled(room.code),
                    "title": "Channels",
                    "opened_at": "then",
                    "frozen": None,
                    "paused": False,
                },
                "you": {"name": "Grace"},
                "instructors": [{"name": "Grace", "here": True}],
                "learners": [],
                "notes": [],
                "shown": [],
            }

    async def test_a_board_that_opens_later_shows_the_same(self) -> None:
        klass = await open_class()
        async with opened(klass.key) as board, joined(klass.code) as (ana, _):
            await ana.report("step", step="01/1")
            await ana.report("tried", exercise="01.1", solved=True)
            await ana.report("stuck", text="why?")
            async with joined(klass.code, "bob"), opened(klass.key) as fresh:
                await board.is_up_to_date()
                assert by_id(board.state) == by_id(fresh.state)
                assert list(fresh.learners) == ["ana", "bob"]

    async def test_a_wrong_key_is_closed_as_if_there_were_no_class(self) -> None:
        klass = await open_class()
        for key in (codes.new_key(), klass.code.replace("-", "") * 4):
            board = Board(key)
            await board.connect()
            await board.send(type="open", key=key, name="Eve")
            assert await board.closed() == 4404

    async def test_before_the_key_nothing_is_done(self) -> None:
        klass = await open_class()
        board = Board(klass.key)
        await board.connect()
        before = await everything()
        refused = await board.ask(type="delete", title="Channels", id=7)
        assert (refused["code"], refused["id"]) == ("not_allowed", 7)
        assert await everything() == before
        assert (await board.open())["event"] == "state"
        assert (await board.ask(type="open", key=klass.key))["code"] == "not_allowed"
        await board.socket.disconnect()

    async def test_a_second_instructor_has_the_same_rights(self) -> None:
        klass = await open_class()
        async with opened(klass.key) as first, joined(klass.code) as (ana, _):
            key = (await first.want(type="hand_over"))["key"]
            assert first.state["instructors"][1] == {"name": "", "here": False}
            async with opened(key, "Grace") as second:
                await first.is_up_to_date()
                assert second.state["you"] == {"name": "Grace"}
                assert first.state["instructors"] == second.state["instructors"]
                assert first.state["instructors"][1] == {"name": "Grace", "here": True}
                await second.want(type="note", kind="hint", text="look", to="all")
                assert (await ana.receive())["note"]["text"] == "look"
                await first.is_up_to_date()
                assert first.state["notes"][0]["by"] == "Grace"
            await first.is_up_to_date()
            assert first.state["instructors"][1] == {"name": "Grace", "here": False}

    async def test_a_key_without_a_name_keeps_the_one_it_has(self) -> None:
        klass = await open_class()
        for name in ("", "Grace", ""):
            async with opened(klass.key, name) as board:
                assert board.state["you"]["name"] == (name or board.state["instructors"][0]["name"])
        assert (await Instructor.objects.aget()).name == "Grace"

    async def test_who_steps_down_is_out_and_the_last_one_cannot(self) -> None:
        klass = await open_class()
        async with opened(klass.key) as first, opened(klass.key) as tab:
            assert (await first.want(type="step_down"))["code"] == "not_allowed"
            key = (await first.want(type="hand_over"))["key"]
            await tab.is_up_to_date()
            async with opened(key) as second:
                await tab.is_up_to_date()
                await first.is_up_to_date()
                assert await first.ask(type="step_down", id=1) == {"type": "done", "id": 1}
                for board in (first, tab):
                    while (frame := await board.socket.receive_output(10))["type"] != CLOSE:
                        pass
                    assert frame["code"] == 4410
                await second.is_up_to_date()
                assert len(second.state["instructors"]) == 1
            again = Board(klass.key)
            await again.connect()
            await again.send(type="open", key=klass.key)
            assert await again.closed() == 4404

    async def test_a_frozen_board_keeps_its_picture_and_misses_nothing(self) -> None:
        klass = await open_class()
        async with (
            opened(klass.key) as board,
            joined(klass.code, "ana") as (ana, _),
            joined(klass.code, "bob") as (bob, _),
        ):
            await ana.report("step", step="01/1")
            await board.want(type="freeze", on=True)
            assert board.state["class"]["frozen"] is not None
            picture = board.state["learners"]
            await ana.report("step", step="01/2")
            await ana.report("shown", step="01/2", source="x", output="")
            await bob.report("stuck", text="why?")
            async with joined(klass.code, "cem"), opened(klass.key) as fresh:
                assert fresh.state["learners"] == picture
                assert fresh.state["shown"] == []
                await board.want(type="note", kind="hint", text="look", to={"step": "01/2"})
                assert board.state["learners"] == picture
                assert (await ana.receive())["note"]["text"] == "look"
                assert (await board.want(type="freeze", on=True))["type"] == "done"
                assert (await board.want(type="reset"))["code"] == "not_allowed"
                number = board.learners["bob"]["id"]
                await board.want(type="remove", learner=number)
                await fresh.is_up_to_date()
                async with opened(klass.key) as third:
                    assert list(board.learners) == list(fresh.learners) == ["ana"]
                    assert third.learners == board.learners
                await board.want(type="freeze", on=False)
                await fresh.is_up_to_date()
                for each in (board, fresh):
                    assert each.state["class"]["frozen"] is None
                    assert list(each.learners) == ["ana", "cem"]
                    assert each.learners["ana"]["step"] == "01/2"
                    assert [cell["source"] for cell in each.state["shown"]] == ["x"]

    async def test_after_a_reset_everybody_begins_anew_and_reports_go_on(self) -> None:
        klass = await open_class()
        async with opened(klass.key) as board, joined(klass.code) as (ana, _):
            await ana.report("step", step="01/0")
            await ana.report("step", step="01/1")
            await ana.report("tried", exercise="01.1", solved=True)
            await ana.report("shown", step="01/1", source="x", output="")
            await ana.report("stuck", text="")
            await board.want(type="reset")
            assert await ana.receive() == {"type": "class", "event": "hand", "stuck": False}
            assert board.state["shown"] == []
            assert board.learners["ana"]["exercises"] == {}
            assert board.learners["ana"]["step"] == "01/1"  # nobody says so again
            assert list(board.learners["ana"]["steps"]) == ["01/1"]
            assert board.learners["ana"]["here"] is True
            await ana.report("step", step="01/2")
            assert (await board.next())["learner"]["step"] == "01/2"
            assert ana.number == 6

    async def test_a_removed_learner_is_closed_and_gone(self) -> None:
        klass = await open_class()
        async with (
            opened(klass.key) as board,
            joined(klass.code, "ana") as (ana, _),
            joined(klass.code, "bob") as (bob, _),
        ):
            await board.is_up_to_date()
            number = board.learners["ana"]["id"]
            assert (await board.want(type="remove", learner=number))["type"] == "done"
            assert await ana.closed() == 4410
            assert list(board.learners) == ["bob"]
            assert await bob.nothing_came()
            for wish in ("remove", "hand_down"):
                assert (await board.want(type=wish, learner=number))["code"] == "bad_event"
            note = {"type": "note", "kind": "hint", "text": "x"}
            refused = await board.want(**note, to={"learner": number})
            assert refused["code"] == "bad_event" and board.state["notes"] == []

    async def test_a_learner_of_another_class_is_out_of_reach(self) -> None:
        klass, other = await open_class(), await open_class()
        async with (
            opened(klass.key) as board,
            opened(other.key) as others,
            joined(other.code, "ana") as (ana, _),
        ):
            await others.is_up_to_date()
            number = others.learners["ana"]["id"]
            before = await everything()
            for wish in ("remove", "hand_down"):
                assert (await board.want(type=wish, learner=number))["code"] == "bad_event"
            to = {"learner": number}
            assert (await board.want(type="note", kind="hint", text="x", to=to))["type"] == "error"
            assert await everything() == before
            assert await ana.nothing_came()

    async def test_a_deleted_class_is_in_no_table_and_everybody_hears_it(self) -> None:
        klass, other = await open_class("One"), await open_class("Another")
        async with joined(other.code, "dora"):
            before = await everything()
            async with (
                opened(klass.key) as board,
                opened(klass.key) as tab,
                joined(klass.code) as (ana, _),
            ):
                await ana.report("shown", step="01/1", source="x", output="")
                await board.want(type="note", kind="hint", text="x", to="all")
                await board.want(type="note", kind="hint", text="x", to={"step": "01/1"})
                await board.want(type="freeze", on=True)
                await tab.is_up_to_date()
                assert (await ana.receive())["event"] == "note"
                assert (await board.want(type="delete", title="one"))["code"] == "not_allowed"
                assert (await board.ask(type="delete", id=1, title="One"))["type"] == "done"
                for each in (ana, board, tab):
                    assert await each.receive() == {"type": "class", "event": "closed"}
                    assert await each.closed() == 4410
            assert str(klass.title) not in await everything()
            assert len((await everything()).splitlines()) == len(before.splitlines()) - 2

    async def test_what_the_layer_lost_is_shown_anew(self) -> None:
        klass = await open_class()
        async with opened(klass.key) as board, joined(klass.code) as (ana, _):
            await board.is_up_to_date()
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr("classroom.hub.group", lambda room, whose: f"lost.{room}.{whose}")
                await ana.report("step", step="01/1")
            await ana.report("step", step="01/2")  # its change waits for the lost one
            assert await board.nothing_came()
            await beat()
            assert (await board.next())["event"] == "state"
            assert board.learners["ana"]["step"] == "01/2"
            await ana.report("step", step="01/3")
            assert (await board.next())["event"] == "changed"

    async def test_rubbish_on_the_layer_closes_nothing(self) -> None:
        klass = await open_class()
        room = await Room.objects.aget()
        async with opened(klass.key) as board, joined(klass.code) as (ana, _):
            await board.is_up_to_date()
            for event in (
                {"type": "class.new", "events": []},
                {"type": "leave"},
                {"type": "class.news", "events": []},
                {"no": "type"},
            ):
                for whose in ("boards", "learners"):
                    await get_channel_layer().group_send(f"class.{room.pk}.{whose}", event)
            await ana.report("step", step="01/1")
            assert (await board.next())["learner"]["step"] == "01/1"
            await board.want(type="note", kind="hint", text="look", to="all")
            assert (await ana.receive())["event"] == "note"

    async def test_who_could_not_come_in_hears_nothing_of_that_class(self) -> None:
        one, two = await open_class("One"), await open_class("Two")
        board = Board(two.key)
        await board.connect()
        with pytest.MonkeyPatch.context() as monkey:
            monkey.setattr("classroom.hub.Hub.enter", fail)
            refused = await board.ask(type="open", key=one.key)
            assert (refused["type"], refused["code"]) == ("error", "unavailable")
        await board.open()
        async with joined(one.code, "ana"), joined(one.code, "cem"), joined(two.code, "bob"):
            await board.next()
            assert list(board.learners) == ["bob"]
        await board.socket.disconnect()


async def fail(*args: object, **named: object) -> None:
    """What an outage raises."""
    raise OperationalError("the database is away")


CLOSE = "websocket.close"


def by_id(state: dict[str, object]) -> dict[str, object]:
    """A state whose learners are in the order in which they came."""
    learners: list[dict[str, int]] = state["learners"]  # type: ignore[assignment]
    return {**state, "learners": sorted(learners, key=lambda each: each["id"])}
