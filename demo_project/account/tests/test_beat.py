"""The beat of a server process: what it puts right, and how the process ends."""

import asyncio
import threading
import time
from datetime import timedelta
from typing import Any
from unittest.mock import Mock, patch

from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.contrib.auth.models import AnonymousUser
from django.db import OperationalError
from django.db.models import F
from django.test import TransactionTestCase, override_settings

from account import presence
from account.events import Joined, Left
from account.models import ServerLease, UserOnline
from account.server import GROUP, this_process
from account.tests.servers import THERE, track
from account.tests.tabs import IN_MEMORY, Tab, beat, joined, left, open_tab, tabs


@override_settings(CHANNEL_LAYERS=IN_MEMORY)
class BeatTests(TransactionTestCase):
    """What the beat of a server process puts right."""

    async def test_others_who_came_and_left_unheard_are_told_at_the_second_beat(self) -> None:
        async with open_tab() as (tab, _):
            await sync_to_async(track)("s1", AnonymousUser(), "guest-abc", server=THERE)
            await beat()
            assert await tab.nothing_came()
            await beat()
            assert await tab.receive() == joined("guest-abc")
            await sync_to_async(presence.untrack)("s1")
            await beat()
            assert await tab.nothing_came()
            await beat()
            assert await tab.receive() == left("guest-abc")
            await beat()
            assert await tab.nothing_came()

    async def test_who_asks_hears_of_tabs_and_nobody_else_does(self) -> None:
        async with open_tab(query="tabs=1") as (tab, _), open_tab() as (plain, _):
            assert (await tab.receive())["event"] == "joined"
            for sid in ("s1", "s2"):
                await sync_to_async(track)(sid, AnonymousUser(), "guest-abc", server=THERE)
            for each in (tab, plain):
                await get_channel_layer().send(each.sid, Joined("guest-abc").layer_event())
                assert await each.receive() == joined("guest-abc")
            await beat()
            assert await tab.receive() == tabs("guest-abc", 2)
            await sync_to_async(presence.untrack)("s1")
            await beat()
            assert await tab.receive() == tabs("guest-abc", 1)
            await beat()
            assert await tab.nothing_came()
            assert await plain.nothing_came()

    async def test_a_process_that_was_taken_for_dead_comes_back_and_says_so(self) -> None:
        async with open_tab() as (tab, _), open_tab() as (other, _):
            assert (await tab.receive())["event"] == "joined"
            rows = {row.sid: row async for row in UserOnline.objects.all()}
            gone = await sync_to_async(presence.expire)(timedelta(0))
            assert len(gone) == 2
            await get_channel_layer().group_send(GROUP, Left(gone[1]).layer_event())
            assert await tab.receive() == left(gone[1])
            with self.assertLogs("account.server", "WARNING") as log:
                await beat()
            assert "Wrote the rows of 2 open connections again." in log.output[0]
            assert await tab.receive() == joined(gone[1])
            again = {row.sid: row async for row in UserOnline.objects.all()}
            assert {sid: row.connected_at for sid, row in again.items()} == {
                sid: row.connected_at for sid, row in rows.items()
            }
            assert await tab.nothing_came()
            assert await other.nothing_came()

    async def test_each_of_a_crowd_sees_those_before_it_and_hears_of_those_after(
        self,
    ) -> None:
        crowd = [Tab() for _ in range(5)]
        await asyncio.gather(*(tab.communicator.connect(timeout=10) for tab in crowd))
        states = [await tab.receive() for tab in crowd]
        names = [state["you"]["user"] for state in states]
        order = sorted(range(5), key=lambda at: len(states[at]["users"]))
        for place, at in enumerate(order):
            before = {names[other] for other in order[: place + 1]}
            assert {user["user"] for user in states[at]["users"]} == before
            heard = [await crowd[at].receive() for _ in order[place + 1 :]]
            assert {frame["user"] for frame in heard} == set(names) - before
            crowd[at].sid = states[at]["you"]["sid"]
            assert await crowd[at].nothing_came()
        for tab in crowd:
            await tab.communicator.disconnect(timeout=10)

    async def test_who_connects_to_a_process_that_was_taken_for_dead_brings_it_back(self) -> None:
        async with open_tab():
            await sync_to_async(presence.expire)(timedelta(0))
            async with open_tab() as (_, second):
                assert len(second["users"]) == 2

    async def test_who_lost_its_lease_gives_the_others_time_to_notice_the_same(self) -> None:
        await sync_to_async(track)("s1", AnonymousUser(), "guest-abc", server=THERE)
        async with open_tab() as (tab, state):
            assert "guest-abc" in {user["user"] for user in state["users"]}
            an_hour = timedelta(hours=1)  # as a clock jumps: no lease is good any more
            await ServerLease.objects.aupdate(
                expires_at=F("expires_at") - an_hour, renewed_at=F("renewed_at") - an_hour
            )
            with self.assertLogs("account.server", "WARNING"):
                await beat()
            await beat()
            assert await tab.nothing_came()
            later = time.monotonic() + this_process().lease
            with patch("account.server.time", Mock(monotonic=lambda: later)):
                await beat()
            assert await tab.receive() == left("guest-abc")

    async def test_a_row_that_was_removed_by_hand_is_written_again(self) -> None:
        async with open_tab() as (tab, _):
            await UserOnline.objects.all().adelete()
            with self.assertLogs("account.server", "WARNING"):
                await beat()
            assert (await UserOnline.objects.aget()).sid == tab.sid

    async def test_a_row_that_could_not_be_removed_is_removed_by_the_next_beat(self) -> None:
        other = Tab()
        async with open_tab() as (tab, _):
            await other.communicator.connect(timeout=10)
            name = (await other.receive())["you"]["user"]
            assert await tab.receive() == joined(name)
            with patch("account.presence.untrack_all", side_effect=OperationalError("locked")):
                await other.communicator.send_input({"type": "websocket.disconnect", "code": 1001})
                await asyncio.wait_for(other.task, 10)
            assert await UserOnline.objects.acount() == 2
            with self.assertLogs("account.server", "WARNING"):
                await beat()
            assert await tab.receive() == left(name)
            assert await UserOnline.objects.acount() == 1

    async def test_a_beat_that_fails_is_one_line_and_not_the_last(self) -> None:
        async with open_tab() as (tab, _):
            failed = asyncio.Event()

            def fail(*arguments: Any) -> None:
                failed.set()
                raise OperationalError("the database went away")

            with (
                patch("account.presence.renew", fail),
                self.assertLogs("account.server", "ERROR") as log,
            ):
                this_process().look_soon()
                await asyncio.wait_for(failed.wait(), 10)
                await asyncio.sleep(0)
                while not log.output:  # noqa: ASYNC110 (a log)
                    await asyncio.sleep(0.01)
            assert log.output == [
                "ERROR:account.server:A beat failed: OperationalError: the database went away"
            ]
            await sync_to_async(track)("s1", AnonymousUser(), "guest-abc", server=THERE)
            for _ in range(2):
                this_process().look_soon()
                await asyncio.sleep(0.3)
            assert await tab.receive() == joined("guest-abc")

    async def test_the_end_of_a_process_closes_all_with_1012_and_leaves_nothing(self) -> None:
        async with open_tab() as (tab, _), open_tab() as (other, _):
            assert (await tab.receive())["event"] == "joined"
            process = this_process()
            ending = asyncio.ensure_future(process.end())
            for each in (tab, other):
                output = await each.communicator.receive_output(timeout=10)
                assert output == {"type": "websocket.close", "code": 1012}
                await each.communicator.send_input({"type": "websocket.disconnect", "code": 1012})
            await asyncio.wait_for(ending, 10)
            assert not await UserOnline.objects.aexists()
            assert not await ServerLease.objects.aexists()
            late = Tab()
            assert (await late.communicator.connect(timeout=10))[0]
            output = await late.communicator.receive_output(timeout=10)
            assert output == {"type": "websocket.close", "code": 1012}
            await late.communicator.disconnect(timeout=10)

    async def test_what_a_client_says_of_itself_is_in_its_row(self) -> None:
        agent = (b"user-agent", b"Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0 Safari/537.36")
        tab = Tab(path="/online/?page=/lessons/7", header=agent)
        await tab.communicator.connect(timeout=10)
        await tab.receive()
        row = await UserOnline.objects.aget()
        assert (row.page, row.device) == ("/lessons/7", "Chrome on Linux")
        await tab.communicator.disconnect(timeout=10)

    async def test_who_comes_while_a_process_ends_is_asked_to_come_back_at_once(self) -> None:
        begun, go_on = threading.Event(), threading.Event()
        track_now = presence.track_all

        def track_slowly(*args: Any) -> list[presence.Arrival]:
            begun.set()
            go_on.wait(10)
            return track_now(*args)

        late = Tab()
        with patch("account.presence.track_all", track_slowly):
            await late.communicator.connect(timeout=10)
            await asyncio.to_thread(begun.wait, 10)
            ending = asyncio.ensure_future(this_process().end())
            await asyncio.sleep(0)  # it has begun
            go_on.set()
            with self.assertNoLogs("account.server", "WARNING"):  # no goodbye is cut short
                await ending
        closed = await late.communicator.receive_output(timeout=10)
        assert closed == {"type": "websocket.close", "code": 1012}
        assert not await UserOnline.objects.aexists()
        await late.communicator.send_input({"type": "websocket.disconnect", "code": 1012})
        await late.task

    async def test_who_is_served_while_the_interpreter_ends_is_asked_to_come_back(self) -> None:
        # Its threads end first, before what runs at the exit: nobody can ask the database any more.
        over = RuntimeError("cannot schedule new futures after interpreter shutdown")
        async with open_tab() as (tab, _):
            with patch("account.database._thread.executor.submit", side_effect=over):
                await tab.send(type="message", text="is that saved?")
                closed = await tab.communicator.receive_output(timeout=10)
            assert closed == {"type": "websocket.close", "code": 1012}
