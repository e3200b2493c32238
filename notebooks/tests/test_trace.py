"""Trace: a block is recorded from both ends, waits until it has settled, and tells the truth."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
import pytest_asyncio
from websockets.asyncio.client import ClientConnection, connect

from channels_lab import Client, LabError, LiveServer, Refused
from channels_lab.diagram import Sequence
from channels_lab.trace import Trace
from tests.drawing import ALL, SAY, lines

Pair = tuple[Client, Client]


@pytest.fixture(scope="module")
def shared_server() -> Iterator[LiveServer]:
    with LiveServer(record=True) as live:
        yield live


@pytest.fixture
async def server(shared_server: LiveServer) -> AsyncIterator[LiveServer]:
    """The server of all tests here: in each it knows no ana yet, and at its end all is quiet."""
    shared_server.clients.clear()
    yield shared_server
    async with shared_server.record():
        pass


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def logged_in(shared_server: LiveServer) -> Pair:
    """Two browsers, logged in once: to check a password is the dearest thing that a server does."""
    ana, bob = Client("ana", shared_server), Client("bob", shared_server)
    return await ana.login(), await bob.login()


@pytest.fixture
async def users(server: LiveServer, logged_in: Pair) -> AsyncIterator[Pair]:
    """Ana and bob, logged in and not connected, and so again at the end."""
    ana, bob = logged_in[0].tab(), logged_in[1].tab()
    yield ana, bob
    await ana.close()
    await bob.close()


@pytest.fixture
async def pair(users: Pair) -> Pair:
    """Ana and bob, connected, with all that they were told read."""
    ana, bob = users
    await ana.connect()
    await ana.receive()
    await bob.connect()
    await bob.receive()
    await ana.receive()
    return users


# ---------------------------------------------------------------------- what is in it


async def test_a_message_to_all_is_drawn_from_its_sender_to_everybody(
    server: LiveServer, pair: Pair
) -> None:
    ana, _ = pair
    async with server.record() as trace:
        await ana.send(SAY)
    assert repr(trace) == "Trace(2 clients, settled)"
    assert (
        repr(Sequence(trace))
        == """\
Sequence: ana, bob, consumer, layer
 1  ana → consumer    {"type":"message","text":"hi"} · receive()
 2  consumer → layer  group_send online · online.message
 3  layer → consumer  online.message for ana
 4  consumer → ana    {"type":"message","from":"ana","text":"hi","to":null}
 5  layer → consumer  online.message for bob
 6  consumer → bob    {"type":"message","from":"ana","text":"hi","to":null}"""
    )


async def test_frames_that_no_cell_has_read_have_arrived(server: LiveServer, pair: Pair) -> None:
    ana, bob = pair
    async with server.record() as trace:
        await ana.send(SAY)
    assert "consumer → bob" in repr(Sequence(trace)) and trace.settled
    assert (await bob.receive())["text"] == "hi"  # and it is still there to be read


async def test_all_lanes_show_who_calls_whom(server: LiveServer, pair: Pair) -> None:
    ana, _ = pair
    async with server.record() as trace:
        await ana.send(SAY | {"to": "nobody"})
    assert [line.partition(',"code"')[0] for line in lines(trace, *ALL)] == [
        'ana → server {"type":"message","text":"hi","to":"nobody"}',
        "server → consumer receive()",
        "consumer → database SELECT account_useronline",
        "consumer → server send()",
        'server → ana {"type":"error"',
    ]


async def test_channel_names_are_those_of_their_owners(server: LiveServer, pair: Pair) -> None:
    ana, _ = pair
    async with server.record() as trace:
        await ana.send(SAY | {"to": "bob"})
    assert "consumer → layer send to bob's channel · online.message" in lines(trace)
    assert "specific" not in repr(Sequence(trace)) + Sequence(trace)._repr_svg_()


async def test_the_table_has_times_and_payloads(server: LiveServer, pair: Pair) -> None:
    ana, _ = pair
    async with server.record() as trace:
        await ana.send(SAY)
    rows = trace.table().rows
    assert rows[0][1:] == (
        "ana → consumer",
        '{"type": "message", "text": "hi"}',
        '{"type": "message", "text": "hi"}',
    )
    assert all(float(row[0]) >= 0 for row in rows)
    assert "<th scope" in trace.table()._repr_html_()


async def test_a_long_payload_is_cut_and_says_so(server: LiveServer, pair: Pair) -> None:
    ana, _ = pair
    async with server.record() as trace:
        await ana.send(SAY | {"text": "x" * 1_990})
    assert any(arrow.payload.endswith("characters)") for arrow in trace.arrows())


async def test_a_time_in_a_frame_is_not_drawn(server: LiveServer, pair: Pair) -> None:
    ana, _ = pair
    async with server.record() as trace:
        await ana.send(SAY | {"since": "2030-01-31T12:00:00Z"})
    assert '"since":"…"' in lines(trace)[0]
    assert not any("2030" in arrow.payload for arrow in trace.arrows())


async def test_a_server_that_does_not_record_says_what_to_do() -> None:
    with pytest.raises(
        LabError, match=r"expected a server that records, .*LiveServer\(record=True\)"
    ):
        LiveServer().record()


async def test_an_unknown_lane_is_refused(server: LiveServer) -> None:
    async with server.record() as trace:
        pass
    with pytest.raises(LabError, match="expected lanes out of .*, got 'broker'"):
        Sequence(trace, ["broker"])


async def test_a_command_in_its_own_process_has_its_own_lane(
    server: LiveServer, pair: Pair
) -> None:
    async with server.record() as trace:
        await asyncio.to_thread(_broadcast, server)
    assert lines(trace)[0] == "broadcast → layer group_send online · online.message"
    assert sum("→ ana" in line or "→ bob" in line for line in lines(trace)) == 2


def _broadcast(server: LiveServer) -> None:
    subprocess.run(
        [sys.executable, "manage.py", "broadcast", "hello"],
        cwd=server.project,
        env=server.env,
        check=True,
        capture_output=True,
        timeout=30,
    )


async def test_events_that_wait_for_a_consumer_together_are_told_apart(
    server: LiveServer, users: Pair
) -> None:
    ana, bob = users
    await ana.connect()
    for _ in range(5):
        async with server.record() as trace:
            await bob.connect()
            await bob.receive()  # only what is said after his state comes to him
            await ana.send(SAY)  # while it is being announced that bob has come
            await bob.receive()
            await bob.close()
        hops = trace.arrows()
        told = [at for at, hop in enumerate(hops) if '"from"' in hop.label]
        assert [hops[at].target.name for at in told] == ["ana", "bob"], Sequence(trace)
        asked = next(at for at, hop in enumerate(hops) if hop.source.name == "ana")
        assert asked < told[0], Sequence(trace)
        # The message for two, and for ana that bob came and went.
        events = [hop for hop in hops if hop.kind == "event" and not hop.ignored]
        assert len(events) == 4, Sequence(trace)


async def test_who_is_no_client_is_a_browser_and_keeps_the_lane_when_it_comes_back(
    server: LiveServer, users: Pair
) -> None:
    ana = await users[0].connect()
    first, _ = await _tab(server)
    second, second_name = await _tab(server)
    async with server.record() as trace:
        await ana.send(SAY)
    assert _receivers(trace) == ["ana", "browser", "browser (2)"]
    await first.close()
    first, _ = await _tab(server)
    async with server.record() as trace:
        await ana.send(SAY)
    assert _receivers(trace) == ["ana", "browser", "browser (2)"]
    async with server.record() as trace:
        await second.close()
        while await ana.receive() != {"type": "online", "event": "left", "user": second_name}:
            pass  # a record does not wait for who is no client of it
    assert "browser (2) → consumer  closes 1000" in repr(Sequence(trace))
    await first.close()


async def _tab(server: LiveServer) -> tuple[ClientConnection, str]:
    """A connection that the record cannot tell from a browser's, and its guest's name."""
    tab = await connect(server.ws_url(), origin=server.url, proxy=None)  # type: ignore[arg-type]
    return tab, json.loads(await tab.recv())["you"]["user"]


def _receivers(trace: Trace) -> list[str]:
    """Who was told the message, sorted."""
    return sorted(
        arrow.target.name for arrow in trace.arrows() if '"from"' in arrow.label and arrow.owner
    )


# ---------------------------------------------------------------------- the same in every run


async def test_twenty_runs_of_one_block_are_one_drawing_also_under_load(
    server: LiveServer, users: Pair
) -> None:
    ana, bob = users
    drawn = set()
    async with AsyncExitStack() as load:
        for number in range(20):
            if number == 14:  # the rest on a machine that is busy
                for _ in range(2):
                    await load.enter_async_context(busy())
            async with server.record() as trace:
                await ana.connect()
                await ana.receive()
                await bob.connect()
                await bob.receive()
                await ana.receive()
                await ana.send(SAY)
                await asyncio.gather(ana.receive(), bob.receive())
                await ana.send({"type": "ping", "id": 1})
                await bob.send("no json")
                await asyncio.gather(ana.receive(), bob.receive())
                await bob.close()
                await ana.receive()
                await ana.close()
            assert trace.settled, trace
            for lanes in (ALL, ("clients", "consumer", "layer")):
                shown = Sequence(trace, lanes)
                # A message of a later run has a larger number in the history.
                drawing = re.sub(r'"id": \d+}', '"id": 1}', shown._repr_svg_())
                drawn.add((repr(shown), drawing))
    assert len(drawn) == 2


@asynccontextmanager
async def busy() -> AsyncIterator[None]:
    """A process that computes all the while."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", "while True: pass")
    try:
        yield
    finally:
        process.kill()
        await process.wait()


# ---------------------------------------------------------------------- ends


async def test_a_clean_close_and_its_code(server: LiveServer, pair: Pair) -> None:
    _, bob = pair
    async with server.record() as trace:
        await bob.close(4000)
    assert lines(trace)[0] == "bob → consumer closes 4000 · disconnect()"
    assert 'consumer → ana {"type":"online","event":"left","user":"bob"}' in lines(trace)


async def test_a_dropped_network(server: LiveServer, pair: Pair) -> None:
    _, bob = pair
    async with server.record() as trace:
        bob.drop()
    assert lines(trace)[0] == "bob →✗ consumer loses the network · 1006 · disconnect()"


async def test_a_refusal_is_the_servers_and_not_the_consumers(server: LiveServer) -> None:
    eve = Client("eve", server)
    async with server.record() as trace:
        with pytest.raises(Refused):
            await eve.connect(origin="https://elsewhere.example")
    assert lines(trace) == ["eve → server opens /online/", "server → eve HTTP 403"]


async def test_a_broker_restart_breaks_the_layers_lane(server: LiveServer) -> None:
    ana = Client("ana", server)
    await ana.connect()
    await ana.receive()
    async with server.record() as trace:
        server.kill_valkey()
        await ana.send(SAY)
        answer = await ana.receive()
        server.start_valkey()
    assert answer["text"] == "hi"  # the history has it: no broker is needed to read it there
    assert [line.partition(',"from"')[0] for line in lines(trace)] == [
        "layer ✗ Valkey: kill -9",
        'ana → consumer {"type":"message","text":"hi"} · receive()',
        "consumer →✗ layer group_send online · online.message · BrokerAway",
        'consumer → ana {"type":"message"',
        "layer ● Valkey: starts again",
    ]
    await ana.close()
    await server.logged("The broker is back", timeout=15)  # until then nobody else may come


# Last: those who were there at a kill are said to be there for as long as its lease lasts.
async def test_kill_9_ends_the_servers_lane_and_clients_see_1006(server: LiveServer) -> None:
    ana, bob = Client("ana", server), Client("bob", server)
    await ana.connect()
    await bob.connect()
    async with server.record() as trace:
        server.kill()
        server.restart()
        await ana.connect()
        await ana.receive()
    drawn = lines(trace)
    assert trace.settled, trace
    assert drawn[:4] == [
        "consumer ✗ server: kill -9",
        "consumer →✗ ana connection lost · 1006",
        "consumer →✗ bob connection lost · 1006",
        "consumer ● server: starts again",
    ]
    assert "ana → consumer opens /online/ · connect()" in drawn[4:]
    await ana.close()
