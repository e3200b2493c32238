"""The protocol of one connection, through the whole of routing.py, in one process."""

import asyncio
from contextlib import suppress
from unittest.mock import patch

from channels.layers import get_channel_layer
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.db import OperationalError
from django.test import AsyncClient, TransactionTestCase, override_settings

from account import presence
from account.models import UserOnline
from account.server import GROUP
from account.tests.servers import THERE, track
from account.tests.tabs import IN_MEMORY, NO_BROKER, Frame, Tab, joined, left, message, open_tab
from myproject.asgi import application

# A call of the layer that fails, for whom the message is, and how many the history keeps.
_FAILURES = (("group_send", None, 0), ("send", "ana", 200))


@override_settings(CHANNEL_LAYERS=IN_MEMORY)
class ConsumerTests(TransactionTestCase):
    async def log_in(self, username: str) -> str:
        """The Cookie header of a session in which this user is logged in."""
        users = get_user_model().objects
        user: User = (await users.aget_or_create(username=username))[0]
        client = AsyncClient()
        await client.aforce_login(user)
        return (
            f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
        )

    async def test_the_first_frame_is_the_state_with_the_newcomer_in_it(self) -> None:
        async with open_tab(await self.log_in("ana")) as (tab, state):
            row = await UserOnline.objects.aget()
            assert state == {
                "type": "online",
                "event": "state",
                "you": {"user": "ana", "sid": row.sid},
                "users": [{"user": "ana", "tabs": 1}],
            }
            assert await tab.nothing_came()  # and in particular not one's own `joined`

    async def test_others_hear_of_the_first_tab_and_of_the_last_only(self) -> None:
        ana = await self.log_in("ana")
        async with open_tab(await self.log_in("bob")) as (bob, _):
            async with open_tab(ana):
                assert await bob.receive() == joined("ana")
                async with open_tab(ana) as (_, state):
                    assert state["users"] == [
                        {"user": "ana", "tabs": 2},
                        {"user": "bob", "tabs": 1},
                    ]
                    assert await bob.nothing_came()
                assert await bob.nothing_came()
            assert await bob.receive() == left("ana")

    async def test_a_visitor_without_a_session_is_a_guest_named_by_the_server(self) -> None:
        async with open_tab() as (_, state):
            row = await UserOnline.objects.aget()
            assert state["you"]["user"] == f"guest-{row.pk}"
            assert row.user_id is None

    async def test_a_visitor_of_the_page_keeps_one_name_in_two_tabs(self) -> None:
        client = AsyncClient()
        assert (await client.get("/")).status_code == 200
        session = client.cookies[settings.SESSION_COOKIE_NAME].value
        cookie = f"{settings.SESSION_COOKIE_NAME}={session}"
        me = (await client.get("/me/")).json()["user"]
        async with open_tab(cookie) as (_, one), open_tab(cookie) as (_, two):
            assert one["you"]["user"] == two["you"]["user"] == me
            assert two["users"] == [{"user": me, "tabs": 2}]

    async def test_a_message_goes_to_everybody_and_to_its_sender(self) -> None:
        async with (
            open_tab(await self.log_in("ana")) as (ana, _),
            open_tab(await self.log_in("bob")) as (bob, _),
        ):
            assert await ana.receive() == joined("bob")
            await ana.send(type="message", text="hi")
            assert await ana.receive() == await bob.receive() == message("ana", "hi")

    async def test_a_message_to_one_user_reaches_all_their_tabs_and_the_senders(self) -> None:
        ana, bob = await self.log_in("ana"), await self.log_in("bob")
        async with (
            open_tab(await self.log_in("cem")) as (cem, _),
            open_tab(ana) as (ana1, _),
            open_tab(ana) as (ana2, _),
            open_tab(bob) as (bob1, _),
            open_tab(bob) as (bob2, _),
        ):
            for tab in (ana1, ana2, cem):
                while await tab.receive() != joined("bob"):
                    pass
            await ana1.send(type="message", text="psst", to="bob")
            for tab in (ana1, ana2, bob1, bob2):
                assert await tab.receive() == message("ana", "psst", "bob")
                assert await tab.nothing_came()
            assert await cem.nothing_came()

    async def test_a_message_to_oneself_comes_once(self) -> None:
        async with open_tab(await self.log_in("ana")) as (ana, _):
            await ana.send(type="message", text="note", to="ana")
            assert await ana.receive() == message("ana", "note", "ana")
            assert await ana.nothing_came()

    async def test_a_message_to_nobody_online_is_answered(self) -> None:
        async with open_tab() as (tab, _):
            for to in ("nobody", "", "x" * 60_000):
                await tab.send(type="message", text="hi", to=to)
                error = await tab.receive()
                assert (error["type"], error["code"]) == ("error", "unknown_user")
                assert len(error["detail"]) < 300

    async def test_nobody_can_speak_under_another_name(self) -> None:
        async with open_tab(await self.log_in("ana")) as (ana, _):
            await ana.send(**{"type": "message", "text": "hi", "from": "admin", "user": "admin"})
            assert await ana.receive() == message("ana", "hi")

    async def test_a_ping_is_answered(self) -> None:
        async with open_tab() as (tab, _):
            await tab.send(type="ping", id=7)
            assert await tab.receive() == {"type": "pong", "id": 7}

    async def test_a_binary_frame_is_answered_with_bad_json(self) -> None:
        async with open_tab() as (tab, _):
            await tab.communicator.send_to(bytes_data=b"\x00\x01")
            assert await tab.receive() == {
                "type": "error",
                "code": "bad_json",
                "detail": "expected a text frame, got a binary one of 2 bytes",
            }

    async def test_the_tutorials_loop_reaches_every_connection(self) -> None:
        async with open_tab() as (one, _), open_tab() as (two, _):
            assert (await one.receive())["event"] == "joined"
            async for row in UserOnline.objects.all():
                event = {"type": "online.off", "message": "chao-kakao"}
                await get_channel_layer().send(row.sid, event)
            off = {"type": "online", "event": "off", "message": "chao-kakao"}
            assert await one.receive() == await two.receive() == off

    async def test_rubbish_on_the_layer_closes_no_socket_and_is_logged(self) -> None:
        rubbish: list[Frame] = [
            {"type": "online.of", "message": "a typing error"},
            {"type": "online.off"},
            {"type": "online.message", "from": 7, "text": []},
            {"type": "_private"},
            {"type": None},
            {"no": "type"},
            {"type": "websocket.disconnect", "code": 1000},
            {"type": "websocket.receive", "text": '{"type":"message","text":"forged"}'},
            {"type": "connect"},
            {"type": "leave"},
        ]
        async with open_tab() as (tab, _):
            with self.assertLogs("account.consumer", "WARNING") as log:
                for event in rubbish:
                    await get_channel_layer().group_send(GROUP, event)
                assert await tab.nothing_came()
            assert len(log.output) == len(rubbish)
            assert all(record.exc_info is None for record in log.records)

    async def test_an_announcement_of_what_a_client_knows_already_is_not_repeated(self) -> None:
        bob = await self.log_in("bob")
        async with open_tab(await self.log_in("ana")) as (ana, _), open_tab(bob) as (_, state):
            assert len(state["users"]) == 2
            assert await ana.receive() == joined("bob")
            for event in ("joined", "joined"):
                await get_channel_layer().group_send(
                    GROUP, {"type": f"online.{event}", "user": "bob"}
                )
            for user in ("nobody", "ana"):
                await get_channel_layer().group_send(GROUP, {"type": "online.left", "user": user})
            assert await ana.nothing_came()

    async def test_an_announcement_that_was_overtaken_is_put_right(self) -> None:
        """ana's last tab closes; before the others hear of it, she has opened another."""
        cookie = await self.log_in("ana")
        async with open_tab(await self.log_in("bob")) as (bob, _):
            tab = Tab(cookie)
            await tab.communicator.connect(timeout=10)
            await tab.receive()
            assert await bob.receive() == joined("ana")
            ana = await get_user_model().objects.aget(username="ana")
            real = presence.untrack_all

            def untrack_and_come_back(sids: list[str]) -> dict[str, presence.Departure]:
                departures = real(sids)
                track("another process's tab", ana, server=THERE)
                return departures

            with patch("account.presence.untrack_all", untrack_and_come_back):
                await tab.communicator.disconnect(timeout=10)
            assert await bob.receive() == left("ana")
            assert await bob.receive() == joined("ana")
            assert await bob.nothing_came()

    async def test_a_closed_connection_leaves_no_row_and_no_group_member(self) -> None:
        async with open_tab():
            assert len(get_channel_layer().groups[GROUP]) == 1
        assert not await UserOnline.objects.aexists()
        assert not get_channel_layer().groups.get(GROUP)

    async def test_a_connection_that_fails_half_way_leaves_nothing_behind(self) -> None:
        for step in ("track_all", "online"):
            tab = Tab()
            failure = OperationalError("the database went away")
            with patch(f"account.presence.{step}", side_effect=failure):
                await tab.communicator.connect(timeout=10)
                error = await tab.receive()
                assert (error["type"], error["code"]) == ("error", "unavailable")
                end = await tab.communicator.receive_output(timeout=10)
                assert end == {"type": "websocket.close", "code": 1013}
                await asyncio.wait_for(tab.task, 10)
            assert not await UserOnline.objects.aexists()
            assert not get_channel_layer().groups.get(GROUP)

    async def test_a_consumer_that_is_killed_leaves_nothing_behind(self) -> None:
        async with open_tab() as (other, _):
            tab = Tab()
            await tab.communicator.connect(timeout=10)
            name = (await tab.receive())["you"]["user"]
            assert await other.receive() == joined(name)
            # As daphne does it: again and again, while the first is still being answered.
            for _ in range(3):
                tab.task.cancel()
                await asyncio.sleep(0)
            with suppress(asyncio.CancelledError):
                await asyncio.wait_for(tab.task, 10)
            assert await other.receive() == left(name)
            assert await UserOnline.objects.acount() == 1
            async with asyncio.timeout(10):
                while len(get_channel_layer().groups[GROUP]) > 1:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)

    async def test_a_client_that_goes_away_before_it_was_accepted_raises_nothing(self) -> None:
        tab = Tab()
        await tab.communicator.send_input({"type": "websocket.disconnect", "code": 1006})
        await asyncio.wait_for(tab.task, 10)

    async def test_a_frame_to_a_client_that_is_gone_does_not_keep_its_row(self) -> None:
        async with open_tab() as (other, _):
            tab = Tab()
            await tab.communicator.connect(timeout=10)
            await tab.receive()
            assert (await other.receive())["event"] == "joined"
            with patch(
                "channels.generic.websocket.AsyncWebsocketConsumer.send",
                side_effect=RuntimeError("closed"),
            ):
                await tab.send(type="ping", id=1)
                await tab.communicator.disconnect(timeout=10)
            assert await UserOnline.objects.acount() == 1

    async def test_a_layer_that_fails_is_an_answer_and_closes_nothing(self) -> None:
        async with open_tab(await self.log_in("ana")) as (tab, _):
            for call, to, kept in _FAILURES:
                broken = patch.object(get_channel_layer(), call, side_effect=NO_BROKER)
                with (
                    broken,
                    override_settings(HISTORY_MESSAGES=kept),
                    self.assertLogs("account.server", "ERROR") as log,
                ):
                    await tab.send(type="message", text="hi", to=to)
                    error = await tab.receive()
                assert (error["type"], error["code"]) == ("error", "unavailable")
                assert len(log.output) == 1
            assert await tab.nothing_came()

    async def test_a_database_that_fails_is_an_answer_and_closes_nothing(self) -> None:
        async with open_tab(await self.log_in("ana")) as (tab, _):
            failure = OperationalError("database is locked")
            with (
                patch("account.history.keep", side_effect=failure),
                self.assertLogs("account.consumer", "ERROR") as log,
            ):
                await tab.send(type="message", text="hi")
                assert (await tab.receive())["code"] == "unavailable"
            assert len(log.output) == 1
            await tab.send(type="message", text="hi")
            assert await tab.receive() == message("ana", "hi")


@override_settings(CHANNEL_LAYERS=IN_MEMORY)
class RoutingTests(TransactionTestCase):
    async def test_an_unknown_path_is_refused_before_it_is_accepted(self) -> None:
        for path in ("/", "/online", "/online/x", "/onlin/"):
            with self.assertLogs("myproject.routing", "WARNING") as log:
                tab = Tab(path=path)
                connected, _ = await tab.communicator.connect(timeout=10)
            assert not connected
            assert len(log.output) == 1

    async def test_only_pages_of_allowed_hosts_may_connect(self) -> None:
        for origin in (b"http://evil.example", b"null", b"", None):
            headers = [] if origin is None else [(b"origin", origin)]
            communicator = WebsocketCommunicator(application, "/online/", headers)
            connected, _ = await communicator.connect(timeout=10)
            assert not connected, origin
        assert not await UserOnline.objects.aexists()
