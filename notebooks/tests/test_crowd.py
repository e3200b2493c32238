"""Crowd: it counts what every client gets, and notices what is missing, doubled or out of order."""

from __future__ import annotations

import asyncio

import pytest

from channels_lab import Crowd, LabError, Limit, LiveServer, to_group
from channels_lab.crowd import Rung
from channels_lab.crowd_process import LOST, Listener, Stream, Wrong, end_of_frame
from channels_lab.limit_process import frame


async def test_all_clients_of_a_limit_get_everything() -> None:
    async with Limit() as limit, Crowd(20, limit) as crowd:
        for messages in (1, 100):  # again on the same connections
            rung = await crowd.measure("bare", limit.say, messages=messages)
            assert rung.whole
            assert rung.per_second > 0
    assert repr(rung) == "bare: 20 clients got each of 100 messages, once and in order"


@pytest.mark.parametrize("spoil", ["lose", "double", "swap"])
async def test_what_is_lost_doubled_or_out_of_order_is_seen(spoil: str) -> None:
    async with Limit() as limit, Crowd(5, limit) as crowd:

        async def say(texts: list[str]) -> None:
            spoilt = {
                "lose": texts[:4] + texts[5:],
                "double": texts[:5] + texts[4:],
                "swap": [*texts[:4], texts[5], texts[4], *texts[6:]],
            }
            await limit.say(spoilt[spoil])

        rung = await crowd.measure("spoilt", say, messages=10, at_once=10, timeout=1)
    assert not rung.whole
    assert repr(rung).startswith("spoilt: not all of 5 clients got each of 10 messages: some")


async def test_what_never_comes_is_lost_after_the_time_out() -> None:
    async def nothing(texts: list[str]) -> None:
        pass

    async with Limit() as limit, Crowd(5, limit) as crowd:
        rung = await crowd.measure("silence", nothing, messages=2, timeout=0.2)
    assert (rung.whole, rung.per_second) == (False, 0)


async def test_a_connection_that_ends_is_seen() -> None:
    async with Limit() as limit, Crowd(5, limit) as crowd:
        await limit.stop()

        async def nothing(texts: list[str]) -> None:
            pass

        rung = await crowd.measure("ended", nothing, timeout=2)
    assert rung.wrong == "a connection ended"


async def test_a_crowd_hears_the_finished_project_on_uvicorn_and_profiles_it() -> None:
    pubsub = pytest.importorskip("channels_redis.pubsub")
    settings = {"CONNECTIONS_PER_USER": "0"}
    with LiveServer(server="uvicorn", settings=settings, profile=True) as server:
        assert repr(server) == "LiveServer(demo_project, uvicorn, running)"
        layer = pubsub.RedisPubSubChannelLayer([server.env["REDIS_URL"]])
        async with Crowd(20, server, user="ana") as crowd:
            rung = await crowd.measure("board", to_group(layer), messages=100, profile=True)
            assert rung.whole
            assert rung.calls and 1 < rung.calls < 200
            async with server.profile() as profile:
                await asyncio.sleep(0)
        with pytest.raises(LabError, match="expected a Liv|expected the profile") as raised:
            type(profile)().calls("json.dumps")
        assert "after its block" in str(raised.value)
        assert profile.calls("json.dumps") == 0


async def test_a_server_that_is_not_started_for_it_is_not_profiled() -> None:
    with pytest.raises(LabError, match=r"LiveServer\(profile=True\)"):
        async with LiveServer().profile():
            pass


async def test_a_server_that_refuses_is_an_error_that_says_how() -> None:
    with LiveServer() as server:
        crowd = Crowd(3, server, "/nowhere/")
        with pytest.raises(LabError, match="the crowd could not connect: the handshake"):
            await crowd.connect()
        await crowd.close()
    assert repr(crowd) == "Crowd(3 clients, closed)"


def test_a_frame_in_pieces_is_one_frame() -> None:
    raw = frame("#000000# hello")
    assert end_of_frame(raw) == len(raw)
    assert end_of_frame(raw[:-1]) is None

    stream, listener = Stream(), Listener(None)  # type: ignore[arg-type]
    listener.head = None
    for byte in raw:
        listener.take(bytes([byte]), stream)
    assert (listener.at, bytes(stream.frames)) == (len(raw), raw)
    with pytest.raises(Wrong, match=LOST):
        listener.take(raw, stream)


def test_a_client_that_has_less_makes_a_rung_that_is_not_whole() -> None:
    assert Rung("x", [2, 2], 2, 1.0, "").whole
    assert not Rung("x", [2, 1], 2, 1.0, "").whole
    assert repr(Rung("x", [1], 1, 1.0, "")) == "x: 1 clients got the message, once and in order"
