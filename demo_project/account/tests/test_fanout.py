"""Fan-out: each client gets each event once, in order, whoever else is slow; nothing else waits."""

import asyncio
import json
from contextlib import AsyncExitStack
from functools import partial
from types import MethodType, SimpleNamespace
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection

from account.events import Joined, Message
from account.fanout import Encoded, FanOut, Wire
from account.tests import live
from account.tests.conftest import StartServer
from account.tests.live import LiveServer, receive, receive_until
from myproject.wire import OnDaphne, OnUvicorn, writer

CLIENTS, MESSAGES = 30, 200


def test_an_event_is_encoded_once_for_each_kind_of_client() -> None:
    encoded = Encoded(Message("ana", "hi", number=7))
    assert encoded.frame(numbered=True) is encoded.frame(numbered=True)
    assert json.loads(encoded.frame(numbered=True)[2:])["id"] == 7
    assert "id" not in json.loads(encoded.frame(numbered=False)[2:])
    assert encoded.place("an epoch") is encoded.place("an epoch")
    long = Encoded(Message("ana", "x" * 300)).frame(numbered=False)
    assert long[:2] == b"\x81\x7e" and int.from_bytes(long[2:4]) == len(long) - 4


async def test_what_is_written_within_one_turn_of_the_loop_goes_out_in_one_piece() -> None:
    sent: list[tuple[bytes, int]] = []
    wire = Wire(lambda data, frames: sent.append((data, frames)), lambda: None)
    for part in (b"a", b"b", b"c"):
        wire.write(part)
    assert not sent
    await asyncio.sleep(0)
    assert sent == [(b"abc", 3)]
    wire.write(b"d")
    wire.flush()
    await asyncio.sleep(0)
    assert sent[1:] == [(b"d", 1)]


async def publish(server: LiveServer, texts: str) -> None:
    """Send the messages that an expression makes to the group, from a process of its own."""
    code = f"""
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer

@async_to_sync
async def publish():
    for text in {texts}:
        event = {{"type": "online.message", "from": "server", "text": text, "to": None}}
        await get_channel_layer().group_send("online", event)

publish()
"""
    done = await asyncio.to_thread(live.manage, "shell", "-c", code, env=server.env)
    assert done.returncode == 0, done.stderr


async def texts(client: ClientConnection, count: int) -> list[str]:
    """The next messages of a client, its other frames passed over."""
    found: list[str] = []
    while len(found) < count:
        frame = await receive_until(client, lambda frame: frame["type"] == "message")
        found.append(frame["text"])
    return found


async def test_every_client_gets_every_message_once_and_in_order(start: StartServer) -> None:
    server = start()
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(server.connect()) for _ in range(CLIENTS)]
        for client in clients:
            assert (await receive(client))["event"] == "state"
        wanted = [str(number) for number in range(MESSAGES)]
        await publish(server, f"map(str, range({MESSAGES}))")
        assert (
            await asyncio.gather(*(texts(each, MESSAGES) for each in clients)) == [wanted] * CLIENTS
        )
        # And to one of them, by its own channel name, nothing but its own.
        await clients[0].send(json.dumps({"type": "ping", "id": "end"}))
        assert await receive(clients[0]) == {"type": "pong", "id": "end"}


async def test_what_clients_say_at_once_comes_to_all_in_one_order(start: StartServer) -> None:
    server = start(MESSAGES_PER_CONNECTION="0", MESSAGES_PER_USER="0")
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(server.connect(path="/online/?history=1"))
            for _ in range(5)
        ]
        for client in clients:
            assert (await receive(client))["event"] == "state"

        async def talk(client: ClientConnection, name: int) -> None:
            for number in range(20):
                text = f"{name} {number}"
                await client.send(json.dumps({"type": "message", "text": text}))

        async def numbered(client: ClientConnection) -> list[tuple[int, str]]:
            found: list[tuple[int, str]] = []
            while len(found) < 100:
                frame = await receive_until(client, lambda frame: frame["type"] == "message")
                found.append((frame["id"], frame["text"]))
            return found

        await asyncio.gather(*(talk(client, name) for name, client in enumerate(clients)))
        first, *others = await asyncio.gather(*map(numbered, clients))
        assert [number for number, _ in first] == list(range(1, 101))
        assert others == [first] * 4
        for name in range(5):  # each sender's own order
            assert [text for _, text in first if text.startswith(f"{name} ")] == [
                f"{name} {number}" for number in range(20)
            ]


async def test_one_consumer_that_fails_does_not_keep_an_event_from_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    heard: list[Any] = []

    class Deaf:
        def hear(self, encoded: Encoded) -> None:
            raise RuntimeError("cannot")

    class Hearing:
        def hear(self, encoded: Encoded) -> None:
            heard.append(encoded.event)

    fan_out = FanOut()
    fan_out.members = {"a": Deaf(), "b": Hearing()}  # type: ignore[dict-item]
    fan_out.hand_over(["a", "b", "gone"], {"type": "online.joined", "user": "ana"})
    assert heard == [Joined("ana")]
    assert [record.message for record in caplog.records] == ["An event could not be passed on"]
    fan_out.hand_over(["a", "b"], {"type": "online.jonied"})
    assert heard == [Joined("ana")]
    assert "Ignored an event" in caplog.records[-1].message


async def test_a_server_that_is_not_known_gets_the_ordinary_way() -> None:
    async def send(message: object) -> None:
        pass

    assert writer(send) is None
    assert writer(partial(send, object())) is None


def test_a_server_is_known_by_what_is_needed_of_it() -> None:
    uvicorn = SimpleNamespace(**dict.fromkeys(OnUvicorn.needs))
    assert isinstance(writer(MethodType(lambda self, message: None, uvicorn)), OnUvicorn)
    daphne = SimpleNamespace(**dict.fromkeys(OnDaphne.needs))

    async def handle_reply(protocol: object, message: object) -> None:
        pass

    assert isinstance(writer(partial(handle_reply, daphne)), OnDaphne)
