"""The history of messages: who comes back, and what a broker loses or turns round."""

from datetime import timedelta
from unittest.mock import patch

from asgiref.sync import async_to_sync, sync_to_async
from channels.layers import get_channel_layer
from django.db.models.functions import Now
from django.test import TransactionTestCase, override_settings

from account import history, presence
from account.events import Message
from account.models import History, Said, UserOnline
from account.server import GROUP
from account.tests.tabs import IN_MEMORY, NO_BROKER, Tab, beat, message, missed, open_tab


@override_settings(CHANNEL_LAYERS=IN_MEMORY)
class HistoryTests(TransactionTestCase):
    """Messages have numbers: for who asks, and for what a broker loses or turns round."""

    async def say(self, tab: Tab, *texts: str) -> None:
        """Let a client say this, and wait until it has heard it itself."""
        for text in texts:
            await tab.send(type="message", text=text)
            while (await tab.receive()).get("text") != text:
                pass

    async def test_who_does_not_ask_sees_no_numbers(self) -> None:
        async with open_tab() as (tab, state):
            assert set(state) == {"type", "event", "you", "users"}
            await tab.send(type="message", text="hi")
            assert set(await tab.receive()) == {"type", "from", "text", "to"}

    async def test_who_asks_gets_the_place_in_the_state_and_the_number_of_each_message(
        self,
    ) -> None:
        async with open_tab(query="history=1") as (tab, state):
            assert state["history"]["last"] == 0
            await self.say(tab, "one")
            await tab.send(type="message", text="two")
            assert (await tab.receive())["id"] == 2
            await tab.send(type="message", text="three", to=state["you"]["user"])
            assert "id" not in await tab.receive()  # it is for one user, and kept for nobody
            place = {"epoch": state["history"]["epoch"], "last": 2}
        async with open_tab(query="history=1") as (_, state):
            assert state["history"] == place

    async def test_who_comes_back_gets_the_state_then_what_was_missed_then_what_is_new(
        self,
    ) -> None:
        async with open_tab() as (other, _):
            async with open_tab(query="history=1") as (_, state):
                epoch = state["history"]["epoch"]
            await self.say(other, "one", "two", "three")
            async with open_tab(query=f"epoch={epoch}&since=1") as (tab, state):
                assert state["history"] == {"epoch": epoch, "last": 3}
                await other.send(type="message", text="four")
                got = [await tab.receive() for _ in range(3)]
                assert [(frame["id"], frame["text"]) for frame in got] == [
                    (2, "two"),
                    (3, "three"),
                    (4, "four"),
                ]
                assert await tab.nothing_came()

    async def test_a_place_that_the_history_does_not_reach_is_answered_with_missed(self) -> None:
        async with open_tab() as (other, _):
            with override_settings(HISTORY_MESSAGES=2):
                await self.say(other, "one", "two", "three", "four")
            epoch = (await History.objects.aget()).epoch
            for query in ("epoch=other&since=4", f"epoch={epoch}&since=5", "since=x", "since=-1"):
                async with open_tab(query=query) as (tab, state):
                    assert state["history"] == {"epoch": epoch, "last": 4}
                    assert await tab.receive() == missed(epoch, 4)
                    assert await tab.nothing_came()
            async with open_tab(query=f"epoch={epoch}&since=1") as (tab, _):
                assert await tab.receive() == missed(epoch, 2)
                assert [(await tab.receive())["id"] for _ in range(2)] == [3, 4]
                assert await tab.nothing_came()

    async def test_old_messages_are_forgotten_and_their_loss_is_told(self) -> None:
        async with open_tab() as (other, _):
            await self.say(other, "one")
            await Said.objects.aupdate(at=Now() - timedelta(hours=2))
            await sync_to_async(history.forget)()
            epoch = (await History.objects.aget()).epoch
            async with open_tab(query=f"epoch={epoch}&since=0") as (tab, _):
                assert await tab.receive() == missed(epoch, 1)

    async def test_messages_that_overtake_each_other_arrive_in_order_and_once(self) -> None:
        async with open_tab() as (tab, _):
            kept = [
                await sync_to_async(history.keep)(Message("server", f"{number}"))
                for number in range(5)
            ]
            for number in (2, 0, 1, 2, 4, 3):
                await get_channel_layer().group_send(GROUP, kept[number].layer_event())
            got = [(await tab.receive())["text"] for _ in range(5)]
            assert got == ["0", "1", "2", "3", "4"]
            assert await tab.nothing_came()

    async def test_a_message_that_the_layer_does_not_take_arrives_all_the_same(self) -> None:
        async with open_tab() as (tab, _):
            with (
                patch.object(get_channel_layer(), "group_send", side_effect=NO_BROKER),
                self.assertLogs("account.server", "ERROR"),
            ):
                await tab.send(type="message", text="hi")
                assert (await tab.receive())["text"] == "hi"
            assert await tab.nothing_came()

    async def test_a_message_that_the_layer_loses_arrives_before_the_next_one(self) -> None:
        async with open_tab() as (tab, _):
            with patch.object(get_channel_layer(), "group_send"):
                await tab.send(type="message", text="lost")
                await tab.send(type="ping", id=1)
                assert await tab.receive() == {"type": "pong", "id": 1}
            await tab.send(type="message", text="hi")
            assert [(await tab.receive())["text"] for _ in range(2)] == ["lost", "hi"]

    async def test_a_message_that_the_layer_loses_arrives_at_the_second_beat(self) -> None:
        async with open_tab() as (tab, _):
            await beat()
            await sync_to_async(history.keep)(Message("server", "lost"))
            await beat()
            assert await tab.nothing_came()  # it may be on its way
            await beat()
            assert await tab.receive() == message("server", "lost")
            await beat()
            assert await tab.nothing_came()

    async def test_what_is_said_between_the_accept_and_the_state_is_not_missed(self) -> None:
        real = presence.online

        def say_and_look() -> list[presence.OnlineUser]:
            kept = history.keep(Message("server", "hi"))
            async_to_sync(get_channel_layer().group_send)(GROUP, kept.layer_event())
            return real()

        with patch("account.presence.online", say_and_look):
            async with open_tab() as (tab, _):
                assert await tab.receive() == message("server", "hi")

    async def test_a_history_that_was_emptied_begins_anew_and_says_so(self) -> None:
        async with open_tab(query="history=1") as (tab, _), open_tab() as (plain, _):
            await self.say(plain, "one")
            while (await tab.receive()).get("text") != "one":
                pass
            await History.objects.all().adelete()
            await Said.objects.all().adelete()
            await plain.send(type="message", text="new")
            assert await plain.nothing_came()  # its number was there already
            await beat()
            await beat()
            epoch = (await tab.receive())["history"]["epoch"]
            assert (await tab.receive())["id"] == 1
            assert epoch == (await History.objects.aget()).epoch
            assert await plain.receive() == message((await self.names())[-1], "new")

    async def names(self) -> list[str]:
        return [row.name async for row in UserOnline.objects.order_by("pk")]

    async def test_numbers_that_went_back_get_a_new_epoch(self) -> None:
        """As when an older copy of the database is put in place."""
        async with open_tab(query="history=1") as (tab, _):
            await self.say(tab, "one", "two")
            before = (await History.objects.aget()).epoch
            await beat()
            await History.objects.aupdate(last=1)
            await Said.objects.filter(number=2).adelete()
            await beat()  # it finds out,
            await beat()  # looks again
            await beat()  # and tells
            frame = await tab.receive()
            assert (frame["type"], frame["history"]["last"]) == ("missed", 0)
            assert frame["history"]["epoch"] != before
            await tab.send(type="message", text="hi")
            assert (await tab.receive())["id"] == 1
