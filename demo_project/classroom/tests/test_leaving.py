"""How a learner's connection ends: by leaving, in an outage, with the lease of its process."""

import asyncio
from typing import Any

import pytest
from django.db import OperationalError
from django.test import TransactionTestCase, override_settings

from account.models import ServerLease
from account.server import this_process
from classroom import rules
from classroom.hub import Hub, this_hub
from classroom.models import Cell, Connection, Learner, Note
from classroom.tests import people
from classroom.tests.people import IN_MEMORY, beat, joined, open_class, opened


def fail(*args: Any) -> None:
    """What an outage raises."""
    raise OperationalError("the database is away")


@override_settings(CHANNEL_LAYERS=IN_MEMORY)
class LeavingTests(TransactionTestCase):
    async def test_who_leaves_is_gone_at_once_and_keeps_the_place(self) -> None:
        klass = await open_class()
        async with opened(klass.key) as board, joined(klass.code) as (ana, _):
            await board.next()
            await ana.report("step", step="03/1")
            await board.next()
            assert await ana.ask(type="leave") == {"type": "class", "event": "left"}
            assert await ana.closed() == 1000
            assert (await board.next())["learner"]["here"] is False
            assert board.learners["ana"]["step"] == "03/1"

    async def test_who_leaves_in_an_outage_is_gone_after_it(self) -> None:
        klass = await open_class()
        with pytest.MonkeyPatch.context() as monkey:
            monkey.setattr("classroom.hub.PAUSE", 0.05)
            with pytest.MonkeyPatch.context() as outage:
                async with joined(klass.code):
                    assert await Connection.objects.acount() == 1
                    outage.setattr("classroom.rules.leave", fail)
            beating = this_hub()._beating
            assert beating is not None
            async with asyncio.timeout(people.SECONDS):
                await beating  # it ends when nobody is here and nothing is left over
            assert not await Connection.objects.aexists()

    async def test_who_leaves_in_an_outage_during_a_beat_is_gone_after_it(self) -> None:
        klass = await open_class()
        looking, left = asyncio.Event(), asyncio.Event()
        look = Hub._compare

        async def compare_and_wait(hub: Hub) -> None:
            await look(hub)
            looking.set()
            await left.wait()

        with pytest.MonkeyPatch.context() as monkey:
            monkey.setattr("classroom.hub.PAUSE", 0.05)
            monkey.setattr(Hub, "_compare", compare_and_wait)
            with pytest.MonkeyPatch.context() as outage:
                async with asyncio.timeout(people.SECONDS), joined(klass.code):
                    await looking.wait()  # the rows are right still
                    outage.setattr("classroom.rules.leave", fail)
            left.set()
            beating = this_hub()._beating
            assert beating is not None
            async with asyncio.timeout(people.SECONDS):
                await beating
            assert not await Connection.objects.aexists()

    async def test_who_comes_in_while_the_process_ends_is_sent_elsewhere(self) -> None:
        klass = await open_class()
        ana = people.Learner(klass.code, "ana")
        await ana.connect()
        hub = this_hub()
        let_in = rules.join

        def end_meanwhile(*args: Any) -> Any:
            hub._ending = True
            return let_in(*args)

        with pytest.MonkeyPatch.context() as monkey:
            monkey.setattr("classroom.rules.join", end_meanwhile)
            await ana.send(type="join", code=klass.code, name="ana", key=ana.key, since=0)
            assert await ana.closed() == 1012
        assert not hub._members
        await ana.socket.disconnect(timeout=people.SECONDS)

    async def test_a_process_that_lost_its_lease_writes_its_connections_down_again(self) -> None:
        klass = await open_class()
        async with opened(klass.key) as board, joined(klass.code) as (ana, _):
            await board.is_up_to_date()
            await ServerLease.objects.all().adelete()  # others took it for dead
            assert not await Connection.objects.aexists()
            await this_process().beat()
            await beat(3)
            assert await Connection.objects.acount() == 2
            await board.is_up_to_date()
            assert board.learners["ana"]["here"] and board.state["instructors"][0]["here"]
            await ana.report("step", step="01/1")
            async with joined(klass.code, "bob") as (_, welcome):
                assert welcome["event"] == "welcome"

    async def test_who_leaves_and_is_forgotten_is_in_no_table(self) -> None:
        klass = await open_class()
        async with opened(klass.key) as board, joined(klass.code) as (ana, _):
            await board.next()
            await ana.report("shown", step="03/1", source="secret", output="")
            await board.next()
            number = board.learners["ana"]["id"]
            note = {"type": "note", "kind": "reply", "text": "look"}
            assert (await board.want(**note, to={"learner": number}))["type"] == "done"
            assert (await ana.receive())["event"] == "note"
            async with joined(klass.code, "ana", ana.key) as (second, _):
                assert await ana.ask(type="leave", forget=True) == {
                    "type": "class",
                    "event": "left",
                }
                assert await ana.closed() == 1000
                assert await second.closed() == 4410
            assert (await board.next())["event"] == "removed"
            assert board.state["learners"] == board.state["shown"] == []
            assert not await Learner.objects.aexists() and not await Cell.objects.aexists()
            assert await Connection.objects.acount() == 1  # the board's
            assert not await Note.learners.through.objects.aexists()
