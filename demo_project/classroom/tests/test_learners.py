"""A learner's connection: joining, reporting, and what a learner may not."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import TransactionTestCase, override_settings

from classroom import codes, rules
from classroom.events import Step
from classroom.models import Learner
from classroom.tests import people
from classroom.tests.people import IN_MEMORY, everything, joined, open_class, opened
from classroom.tests.test_frames import REQUESTS


def seconds_since(iso: str) -> float:
    """How long ago a time of the wire was."""
    return (datetime.now(UTC) - datetime.fromisoformat(iso)).total_seconds()


@override_settings(CHANNEL_LAYERS=IN_MEMORY)
class LearnerTests(TransactionTestCase):
    async def test_who_joins_is_welcomed_and_appears_on_the_board(self) -> None:
        klass = await open_class("Channels")
        async with opened(klass.key) as board:
            assert board.state["learners"] == []
            async with joined(klass.code, "ana") as (_, welcome):
                assert welcome == {
                    "type": "class",
                    "event": "welcome",
                    "class": {"title": "Channels", "paused": False},
                    "you": {"name": "ana", "stuck": False},
                    "taken": 0,
                    "notes": [],
                }
                frame = await board.next()
                ana = await Learner.objects.aget()
                assert seconds_since(frame["learner"].pop("joined_at")) < 60
                assert frame == {
                    "type": "class",
                    "event": "changed",
                    "version": board.state["version"],
                    "learner": {
                        "id": ana.pk,
                        "name": "ana",
                        "here": True,
                        "step": None,
                        "step_since": None,
                        "stuck": None,
                        "idle_since": None,
                        "steps": {},
                        "exercises": {},
                    },
                }
            gone = await board.next()
            assert gone["learner"] == {"id": ana.pk, "here": False}

    async def test_a_code_is_read_as_people_type_it(self) -> None:
        klass = await open_class()
        for typed in (klass.code.lower(), klass.code.replace("-", ""), f" {klass.code} "):
            async with joined(typed) as (_, welcome):
                assert welcome["event"] == "welcome"

    async def test_the_database_has_no_key_that_opens_anything(self) -> None:
        klass = await open_class()
        async with opened(klass.key), joined(klass.code) as (ana, _):
            dump = await everything()
        assert codes.digest(ana.key) in dump and codes.digest(klass.key) in dump
        assert ana.key not in dump and klass.key not in dump

    async def test_a_report_changes_the_board_and_is_answered_with_its_number(self) -> None:
        klass = await open_class()
        async with opened(klass.key) as board, joined(klass.code) as (ana, _):
            await board.next()
            await ana.report("step", step="01/1", ago=40)
            await ana.report("tried", exercise="01.1", solved=False)
            await ana.report("hint", exercise="01.1", used=1)
            await ana.report("tried", exercise="01.1", solved=True)
            await ana.report("stuck", text="<b>why?</b>")
            await ana.report("unstuck")
            await ana.report("idle", ago=300)
            await board.is_up_to_date()
            learner = board.learners["ana"]
            assert learner["step"] == "01/1" and learner["stuck"] is None
            assert 39 < seconds_since(learner["steps"]["01/1"]) < 60
            assert 299 < seconds_since(learner["idle_since"]) < 320
            work = learner["exercises"]["01.1"]
            assert (work["tries"], work["hints"]) == (2, 1)
            assert seconds_since(work["solved"]) < 30

    async def test_only_the_next_report_is_carried_out(self) -> None:
        klass = await open_class()
        async with joined(klass.code) as (ana, _):
            tried = {
                "ago": 0,
                "what": "tried",
                "exercise": "03.1",
                "solved": False,
            }
            for number, taken in [(2, 0), (1, 1), (1, 1), (3, 1), (2, 2), (1, 2), (9, 2), (3, 3)]:
                answer = await ana.ask(type="report", number=number, **tried)
                assert answer == {"type": "taken", "number": taken}
            learner = await Learner.objects.aget()
            assert learner.standing["exercises"]["03.1"]["tries"] == learner.taken == 3

    async def test_who_comes_back_goes_on_where_the_reports_ended(self) -> None:
        klass = await open_class()
        async with joined(klass.code) as (ana, _):
            await ana.report("step", step="03/1")
            await ana.report("stuck", text="")
        async with joined(klass.code, "ana", ana.key) as (again, welcome):
            assert (welcome["taken"], welcome["you"]) == (2, {"name": "ana", "stuck": True})
            await again.report("unstuck")
        assert (await Learner.objects.aget()).taken == 3

    async def test_two_learners_with_one_name_are_told_apart(self) -> None:
        klass = await open_class()
        async with (
            joined(klass.code, "ana") as (_, one),
            joined(klass.code, "Ana") as (two, second),
            joined(klass.code, "ana") as (_, third),
        ):
            names = [welcome["you"]["name"] for welcome in (one, second, third)]
            assert names == ["ana", "Ana (2)", "ana (3)"]
        for name in ("Ana", "Ana (2)"):  # the chosen one, and the one that was given
            async with joined(klass.code, name, two.key) as (_, again):
                assert again["you"]["name"] == "Ana (2)"

    async def test_another_name_with_the_same_key_mends_a_typing_error(self) -> None:
        klass = await open_class()
        async with opened(klass.key) as board:
            async with joined(klass.code, "anna") as (ana, _):
                await board.next()
            await board.next()
            async with joined(klass.code, "ana", ana.key) as (_, welcome):
                assert welcome["you"]["name"] == "ana"
                assert (await board.next())["learner"]["name"] == "ana"
                assert list(board.learners) == ["ana"]

    async def test_a_learner_with_two_kernels_is_here_until_the_last_one_goes(self) -> None:
        klass = await open_class()
        async with opened(klass.key) as board:
            async with joined(klass.code) as (ana, _):
                await board.next()
                async with joined(klass.code, "ana", ana.key) as (second, _):
                    await second.report("step", step="03/1")
                    await board.next()
                ana.number = second.number  # they share a journal
                await ana.report("step", step="03/2")
                assert (await board.next())["learner"]["step"] == "03/2"  # and nobody went
                assert board.learners["ana"]["here"] is True
            assert (await board.next())["learner"]["here"] is False

    async def test_names_and_words_are_kept_as_text(self) -> None:
        klass = await open_class()
        name = "<img src=x onerror=alert(1)>"
        async with (
            opened(klass.key) as board,
            joined(klass.code, f"\u202e{name}\x00") as (ana, welcome),
        ):
            assert welcome["you"]["name"] == name
            assert (await board.next())["learner"]["name"] == name
            words = "</script>\x1b[31m\u202e & 'x'"
            await ana.report("stuck", text=words)
            assert (await board.next())["learner"]["stuck"]["text"] == words

    async def test_a_cell_comes_only_when_it_is_shown_and_the_newest_are_kept(self) -> None:
        klass = await open_class()
        async with opened(klass.key) as board, joined(klass.code) as (ana, _):
            await board.next()
            for number in range(5):
                await ana.report("shown", step="03/1", source=f"print({number})", output="\0")
                shown = (await board.next())["shown"]
                assert (shown["source"], shown["output"]) == (f"print({number})", "\ufffd")
            kept = [f"print({number})" for number in (2, 3, 4)]
            assert [each["source"] for each in board.state["shown"]] == kept
            async with opened(klass.key) as fresh:
                assert fresh.state["shown"] == board.state["shown"]

    async def test_a_learner_may_ask_nothing_that_an_instructor_may(self) -> None:
        klass = await open_class()
        async with joined(klass.code) as (ana, _), joined(klass.code, "bob"):
            before = await everything()
            for frame in [*(request for request, _ in REQUESTS), {"type": "open", "key": ana.key}]:
                answer = await ana.ask(**frame, id=1)
                assert (answer["type"], answer["code"]) == ("error", "not_allowed")
            assert await everything() == before

    async def test_a_learner_hears_of_nobody_else(self) -> None:
        klass = await open_class()
        async with (
            opened(klass.key) as board,
            joined(klass.code) as (ana, _),
            joined(klass.code, "bob") as (bob, _),
        ):
            await bob.report("step", step="03/1")
            await bob.report("stuck", text="psst")
            await bob.ask(type="leave")
            await board.want(type="note", kind="hint", text="look", to="all")
            assert (await ana.receive())["event"] == "note"

    async def test_the_key_of_a_learner_opens_no_board(self) -> None:
        klass = await open_class()
        async with joined(klass.code) as (ana, _):
            board = people.Board(ana.key)
            await board.connect()
            await board.send(type="open", key=ana.key)
            assert await board.closed() == 4404

    async def test_before_joining_nothing_is_answered_but_a_ping(self) -> None:
        klass = await open_class()
        ana = people.Learner(klass.code, "ana")
        await ana.connect()
        for frame in ({"type": "leave"}, {"type": "report", "number": 1, "ago": 0, "what": "idle"}):
            assert (await ana.ask(**frame))["code"] == "not_allowed"
        assert (await ana.ask(type="join"))["code"] == "bad_event"
        assert await ana.nothing_came()
        assert (await ana.join())["event"] == "welcome"
        assert (await ana.join())["code"] == "not_allowed"
        await ana.socket.disconnect()

    async def test_a_binary_frame_is_answered(self) -> None:
        klass = await open_class()
        async with joined(klass.code) as (ana, _):
            await ana.socket.send_to(bytes_data=b"\x00")
            assert (await ana.receive())["code"] == "bad_json"

    @override_settings(HANDSHAKE_SECONDS=0.2)
    async def test_who_says_nothing_is_closed(self) -> None:
        ana = people.Learner("", "ana")
        await ana.connect()
        assert await ana.closed() == 4408

    async def test_a_fault_of_ours_with_one_report_costs_no_other_learner_anything(self) -> None:
        klass = await open_class()
        bob = people.Learner(klass.code, "bob")
        await bob.connect()
        await bob.join()
        carried_out = rules.report

        def report(*args: Any, **named: Any) -> Any:
            if named["report"].what == Step("09/9"):
                raise RuntimeError("a fault of ours")
            return carried_out(*args, **named)

        async with joined(klass.code, "ana") as (ana, _), joined(klass.code, "cem") as (cem, _):
            with pytest.MonkeyPatch.context() as monkey:
                monkey.setattr("classroom.rules.report", report)
                await asyncio.gather(  # the first is carried out alone, the others together
                    cem.report("step", step="01/1"),
                    bob.send(type="report", number=1, ago=0, what="step", step="09/9"),
                    ana.report("step", step="01/2"),
                )
                with pytest.raises(RuntimeError, match="a fault of ours"):
                    await bob.receive()
            known = {each.name: (each.taken, each.here) async for each in Learner.objects.all()}
            assert known == {"ana": (1, True), "bob": (0, False), "cem": (1, True)}

    @override_settings(CLASSROOM_LEARNERS=1)
    async def test_a_full_class_says_so(self) -> None:
        klass = await open_class()
        async with joined(klass.code) as (ana, _), joined(klass.code, "bob") as (bob, answer):
            assert answer["code"] == "not_allowed" and "full" in answer["detail"]
            assert await bob.closed() == 1013
            async with joined(klass.code, "ana", ana.key) as (_, again):
                assert again["event"] == "welcome"
