"""Trace: several server processes in one record."""

from __future__ import annotations

from channels_lab import Client, LiveServer
from tests.drawing import SAY, lines


async def test_processes_that_share_a_broker_share_a_record_with_a_lane_each() -> None:
    with (
        LiveServer(name="A", record=True) as a,
        LiveServer(name="B", beside=a, record=True) as b,
    ):
        ana = await Client("ana", a).connect()
        await Client("bob", b).connect()
        async with b.record() as trace:
            await ana.send(SAY)
        drawn = [line.partition(',"from"')[0] for line in lines(trace)]
        assert drawn == [
            'ana → consumer A {"type":"message","text":"hi"} · receive()',
            "consumer A → layer group_send online · online.message",
            "layer → consumer A online.message for ana",
            'consumer A → ana {"type":"message"',
            "layer → consumer B online.message for bob",
            'consumer B → bob {"type":"message"',
        ]
        async with a.record() as trace:
            b.kill()
        b.restart()  # after the block, and so not a part of it
        assert lines(trace) == [
            "consumer B ✗ server B: kill -9",
            "consumer B →✗ bob connection lost · 1006",
        ]
        assert ana.state == "open"


async def test_processes_without_a_broker_have_a_memory_each() -> None:
    with (
        LiveServer(name="A", valkey=False, record=True) as a,
        LiveServer(name="B", beside=a, record=True) as b,
    ):
        ana, bob = await Client("ana", a).connect(), await Client("bob", b).connect()
        name = (await bob.receive())["you"]["user"]
        async with a.record() as trace:
            await ana.send({"type": "message", "text": "hi", "to": name})
        assert trace.settled, trace  # nobody is waited for who is out of reach
        drawn = [line for line in lines(trace) if "memory" in line]
        assert drawn == [
            "consumer A →✗ memory A send to bob's channel · online.message · reaches nobody",
            "consumer A → memory A send to ana's channel · online.message",
            "memory A → consumer A online.message",
        ]
