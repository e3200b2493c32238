"""Trace: the record of a learner's own project, and of cells that take part in it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from channels_lab import Client, LabError, LiveServer, Refused
from channels_lab.diagram import Sequence
from tests.drawing import ALL, lines
from tests.project import LAYERS, make_project

NOTEBOOKS = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """The project, recorded, without CHANNEL_LAYERS."""
    with LiveServer(make_project(tmp_path_factory.mktemp("project")), record=True) as live:
        yield live


@pytest.fixture
def server(shared_server: LiveServer) -> LiveServer:
    """The server of all tests here; at the start of each it runs, and nobody has a name in it."""
    shared_server.clients.clear()
    if shared_server.state == "ended":
        shared_server.restart()
    return shared_server


# The first test here: to the server's log nobody else has added anything yet.
async def test_an_exception_is_drawn_and_its_traceback_is_as_ever(server: LiveServer) -> None:
    ana = await Client("ana", server).connect()
    async with server.record() as trace:
        await ana.send("not json")
        assert await ana.wait_closed() == 1011
    assert [line[:60] for line in lines(trace)] == [
        "ana → consumer not json · receive()",
        "consumer ✗ JSONDecodeError: Expecting value: line 1 column 1",
        "consumer → ana closes 1011",
    ]
    with LiveServer(server.project) as plain:
        bob = await Client("bob", plain).connect()
        await bob.send("not json")
        await bob.wait_closed()
        said = []
        for each in (server, plain):
            await each.logged("WSDISCONNECT")
            said.append([line.replace(str(each.port), "") for line in each.lines()])
    assert said[0] == said[1]


async def test_a_project_that_knows_nothing_of_it_is_recorded_too(server: LiveServer) -> None:
    ana = Client("ana", server)
    async with server.record() as trace:
        await ana.connect()
        await ana.send({})
        await ana.receive()
        await ana.send({"close": True})
        assert await ana.wait_closed() == 4001
    assert lines(trace) == [
        "ana → consumer opens /online/ · connect()",
        "consumer → ana accepts",
        "ana → consumer {} · receive()",
        'consumer → ana {"type":"echo"}',
        'ana → consumer {"close":true} · receive()',
        "consumer → ana closes 4001",
        "ana → consumer answers the close 4001 · disconnect()",
    ]


async def test_a_consumer_that_refuses_is_drawn_as_the_one_who_did(server: LiveServer) -> None:
    ana = Client("ana", server, path="/refusing/")
    async with server.record() as trace:
        with pytest.raises(Refused) as refused:
            await ana.connect()
    assert refused.value.status == 403  # there is no WebSocket yet, and so no 4401
    assert lines(trace) == [
        "ana → consumer opens /refusing/ · connect()",
        "consumer → ana HTTP 403",
    ]
    assert lines(trace, *ALL) == [
        "ana → server opens /refusing/",
        "server → consumer connect()",
        "consumer → server close()",
        "server → ana HTTP 403",
    ]


async def test_an_error_before_accept_is_http_500(server: LiveServer) -> None:
    ana = Client("ana", server, path="/nowhere/")
    async with server.record() as trace:
        with pytest.raises(Refused):
            await ana.connect()
    assert lines(trace)[0] == "ana → server opens /nowhere/"
    assert lines(trace)[1].startswith("server ✗ ValueError: No route found for path")
    assert lines(trace)[2] == "server → ana HTTP 500"


async def test_another_behaviour_is_another_drawing(server: LiveServer) -> None:
    drawn = []
    for path in ("/online/", "/other/"):
        server.clients.clear()
        ana = await Client("ana", server, path=path).connect()
        async with server.record() as trace:
            await ana.send({})
        drawn.append(Sequence(trace)._repr_svg_())
        await ana.close()
    assert drawn[0] != drawn[1] and drawn[0].replace("echo", "something else") != drawn[0]


async def test_a_server_that_does_not_answer_is_drawn_so(server: LiveServer) -> None:
    ana, bob = Client("ana", server), Client("bob", server)
    await ana.connect()
    async with server.record() as trace:
        server.kill()
        with pytest.raises((LabError, OSError)):
            await bob.connect()
    assert lines(trace) == [
        "consumer ✗ server: kill -9",
        "consumer →✗ ana connection lost · 1006",
        "bob →✗ server opens /online/",
    ]


# ---------------------------------------------------------------------- cells that take part

_CELLS = """
import asyncio, json, sys
sys.path.insert(0, {notebooks!r})
from channels_lab import Client, LiveServer
from channels_lab import inprocess
from channels_lab.diagram import Sequence

CHAO = {{"type": "online.off", "message": "chao"}}

async def main():
    with LiveServer({project!r}, record=True) as server:
        inprocess.enter(server)
        from channels.layers import get_channel_layer
        for block in (send, send_in_memory, receive):
            server.clients.clear()
            trace = await block(server, get_channel_layer)
            print(json.dumps([repr(trace), *repr(Sequence(trace)).splitlines()]))

async def send(server, get_channel_layer):
    ana = await Client("ana", server).connect()
    async with server.record() as trace:
        await get_channel_layer().group_send("online", CHAO)
    await ana.close()
    return trace

async def send_in_memory(server, get_channel_layer):
    ana = await Client("ana", server, "/memory/").connect()
    async with server.record() as trace:
        await get_channel_layer("memory").group_send("online", CHAO)
    await ana.close()
    return trace

async def receive(server, get_channel_layer):
    from channels_redis.pubsub import RedisPubSubLoopLayer
    receive = RedisPubSubLoopLayer.receive
    async def slow_receive(self, channel):
        message = await receive(self, channel)
        await asyncio.sleep(0.5)
        return message
    RedisPubSubLoopLayer.receive = slow_receive
    layer = get_channel_layer()
    channel, other = await layer.new_channel(), await layer.new_channel()
    waiting = asyncio.create_task(layer.receive(channel))
    gone = asyncio.create_task(layer.receive(other))
    await layer.group_add("online", channel)
    await layer.group_add("online", other)
    await asyncio.sleep(0)
    gone.cancel()
    async with server.record() as trace:
        await layer.group_send("online", CHAO)
    await waiting
    return trace

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> list[list[str]]:
    """What cells that took part in the project, in a process of their own, have drawn."""
    project = make_project(tmp_path_factory.mktemp("layers"), LAYERS)
    code = _CELLS.format(notebooks=str(NOTEBOOKS), project=str(project))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    printed = [json.loads(line) for line in done.stdout.splitlines()]
    return [[" ".join(line.split()) for line in each] for each in printed]


def test_a_cell_that_sends_through_the_layer_has_its_own_lane(cells: list[list[str]]) -> None:
    assert cells[0] == [
        "Trace(1 client, settled)",
        "Sequence: ana, notebook, consumer, layer",
        "1 notebook → layer group_send online · online.off",
        "2 layer → consumer online.off · online_off()",
        '3 consumer → ana {"type":"online","message":"chao"}',
    ]


def test_an_event_in_another_processs_memory_reaches_nobody(cells: list[list[str]]) -> None:
    assert cells[1][1:] == [
        "Sequence: notebook, layer",
        "1 notebook →✗ layer group_send online · online.off · reaches nobody",
    ]


def test_a_record_waits_for_what_a_cell_itself_waits_for(cells: list[list[str]]) -> None:
    assert cells[2] == [
        "Trace(0 clients, settled)",
        "Sequence: notebook, layer",
        "1 notebook → layer group_send online · online.off",
        "2 layer → notebook online.off",
    ]
