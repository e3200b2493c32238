"""Trace: a block is recorded from both ends, waits until it has settled, and tells the truth."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection, connect

from channels_lab import Client, LabError, LiveServer, Refused
from channels_lab.diagram import Sequence
from channels_lab.trace import Trace

NOTEBOOKS = Path(__file__).resolve().parents[1]
SAY = {"type": "message", "text": "hi"}

_PROJECT = {
    "manage.py": """
import os, sys
from django.core.management import execute_from_command_line
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "myproject.settings")
execute_from_command_line(sys.argv)
""",
    "myproject/__init__.py": "",
    "myproject/settings.py": """
SECRET_KEY = "of a learner"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "db.sqlite3"}}
DEBUG = True
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = ["daphne", "channels", "account"]
ROOT_URLCONF = "myproject.urls"
ASGI_APPLICATION = "myproject.asgi.application"
""",
    "myproject/urls.py": "urlpatterns = []",
    "myproject/asgi.py": """
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import re_path
http = get_asgi_application()
from account.consumer import OnlineConsumer
application = ProtocolTypeRouter({
    "http": http,
    "websocket": URLRouter([re_path(r"^online/$", OnlineConsumer.as_asgi())]),
})
""",
    "account/__init__.py": "",
    "account/consumer.py": """
import json
from asgiref.sync import async_to_sync
from channels.generic.websocket import WebsocketConsumer

class OnlineConsumer(WebsocketConsumer):
    def connect(self):
        if self.channel_layer:
            async_to_sync(self.channel_layer.group_add)("online", self.channel_name)
        self.accept()

    def receive(self, text_data):
        event = json.loads(text_data)
        if event.get("close"):
            self.close(code=4001)
        else:
            self.send(text_data=json.dumps({"type": "echo"}))

    def online_off(self, event):
        self.send(text_data=json.dumps({"type": "online", "message": event["message"]}))
""",
}
_IN_MEMORY = '\nCHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}\n'
_REDIS = """
import os
CHANNEL_LAYERS = {"default": {
    "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
    "CONFIG": {"hosts": [os.environ.get("REDIS_URL", "redis://localhost")]},
}}
"""


def make_project(folder: Path, **more: str) -> Path:
    """A learner's project, which knows nothing of the recorder; ``more`` is added to files."""
    for name, text in _PROJECT.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + more.get(path.stem, ""))
    return folder


def lines(trace: Trace, *lanes: str) -> list[str]:
    """The diagram's text, without its numbers and its columns."""
    shown = Sequence(trace, lanes) if lanes else Sequence(trace)
    return [" ".join(line.split()[1:]) for line in repr(shown).splitlines()[1:]]


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    with LiveServer(record=True) as live:
        yield live


@pytest.fixture
async def pair(server: LiveServer) -> AsyncIterator[tuple[Client, Client]]:
    """Ana and bob, connected, with all that they were told read."""
    server.clients.clear()  # so that each test has its own ana
    ana, bob = await Client("ana", server).login(), await Client("bob", server).login()
    await ana.connect()
    await ana.receive()
    await bob.connect()
    await bob.receive()
    await ana.receive()
    yield ana, bob
    await ana.close()
    await bob.close()
    async with server.record():
        pass  # all quiet for the next test


Pair = tuple[Client, Client]

_ALL = ("clients", "server", "consumer", "layer", "database")


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
    assert [line.partition(',"code"')[0] for line in lines(trace, *_ALL)] == [
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
    server.clients.clear()
    eve = Client("eve", server)
    async with server.record() as trace:
        with pytest.raises(Refused):
            await eve.connect(origin="https://elsewhere.example")
    assert lines(trace) == ["eve → server opens /online/", "server → eve HTTP 403"]


async def test_a_consumer_that_refuses_is_drawn_as_the_one_who_did(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    consumer = project / "account/consumer.py"
    consumer.write_text(consumer.read_text().replace("self.accept()", "self.close(code=4401)"))
    with LiveServer(project, record=True) as server:
        ana = Client("ana", server)
        async with server.record() as trace:
            with pytest.raises(Refused) as refused:
                await ana.connect()
        assert refused.value.status == 403  # there is no WebSocket yet, and so no 4401
        assert lines(trace) == [
            "ana → consumer opens /online/ · connect()",
            "consumer → ana HTTP 403",
        ]
        assert lines(trace, *_ALL) == [
            "ana → server opens /online/",
            "server → consumer connect()",
            "consumer → server close()",
            "server → ana HTTP 403",
        ]


async def test_a_server_that_does_not_answer_is_drawn_so(tmp_path: Path) -> None:
    with LiveServer(make_project(tmp_path), record=True) as server:
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


async def test_kill_9_ends_the_servers_lane_and_clients_see_1006() -> None:
    with LiveServer(record=True) as server:
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


async def test_a_broker_restart_breaks_the_layers_lane() -> None:
    with LiveServer(record=True) as server:
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


# ---------------------------------------------------------------------- several processes


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
        drawn = [line for line in lines(trace) if "memory" in line]
        assert drawn == [
            "consumer A →✗ memory A send to bob's channel · online.message · reaches nobody",
            "consumer A → memory A send to ana's channel · online.message",
            "memory A → consumer A online.message",
        ]


# ---------------------------------------------------------------------- a learner's project


async def test_a_project_that_knows_nothing_of_it_is_recorded_too(tmp_path: Path) -> None:
    with LiveServer(make_project(tmp_path), record=True) as server:  # no CHANNEL_LAYERS
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


async def test_an_exception_is_drawn_and_its_traceback_is_as_ever(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    said = []
    for record in (False, True):
        with LiveServer(project, record=record) as server:
            ana = Client("ana", server)
            await ana.connect()
            if record:
                async with server.record() as trace:
                    await ana.send("not json")
                    assert await ana.wait_closed() == 1011
                assert [line[:60] for line in lines(trace)] == [
                    "ana → consumer not json · receive()",
                    "consumer ✗ JSONDecodeError: Expecting value: line 1 column 1",
                    "consumer → ana closes 1011",
                ]
            else:
                await ana.send("not json")
                await ana.wait_closed()
            await server.logged("WSDISCONNECT")
            said.append([line.replace(str(server.port), "") for line in server.lines()])
    assert said[0] == said[1]


async def test_an_error_before_accept_is_http_500(tmp_path: Path) -> None:
    with LiveServer(make_project(tmp_path), record=True) as server:
        ana = Client("ana", server, path="/nowhere/")
        async with server.record() as trace:
            with pytest.raises(Refused):
                await ana.connect()
        assert lines(trace)[0] == "ana → server opens /nowhere/"
        assert lines(trace)[1].startswith("server ✗ ValueError: No route found for path")
        assert lines(trace)[2] == "server → ana HTTP 500"


_CELL = """
import asyncio, sys
from pathlib import Path
sys.path.insert(0, {notebooks!r})
from channels_lab import Client, LiveServer
from channels_lab import inprocess
from channels_lab.diagram import Sequence

async def main():
    with LiveServer({project!r}, record=True) as server:
        inprocess.enter(server)
        from channels.layers import get_channel_layer
        ana = Client("ana", server)
        await ana.connect()
        async with server.record() as trace:
            event = {{"type": "online.off", "message": "chao"}}
            await get_channel_layer().group_send("online", event)
        print(repr(trace)); print(repr(Sequence(trace)))

asyncio.run(main())
"""


def run_cell(project: Path) -> list[str]:
    """Run a cell that takes part in the project, in a process of its own."""
    code = _CELL.format(notebooks=str(NOTEBOOKS), project=str(project))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return [" ".join(line.split()) for line in done.stdout.splitlines()]


def test_a_cell_that_sends_through_the_layer_has_its_own_lane(tmp_path: Path) -> None:
    assert run_cell(make_project(tmp_path, settings=_REDIS)) == [
        "Trace(1 client, settled)",
        "Sequence: ana, notebook, consumer, layer",
        "1 notebook → layer group_send online · online.off",
        "2 layer → consumer online.off · online_off()",
        '3 consumer → ana {"type":"online","message":"chao"}',
    ]


def test_an_event_in_another_processs_memory_reaches_nobody(tmp_path: Path) -> None:
    assert run_cell(make_project(tmp_path, settings=_IN_MEMORY))[1:] == [
        "Sequence: notebook, layer",
        "1 notebook →✗ layer group_send online · online.off · reaches nobody",
    ]


_CELL_THAT_RECEIVES = """
import asyncio, sys
sys.path.insert(0, {notebooks!r})
from channels_lab import LiveServer
from channels_lab import inprocess
from channels_lab.diagram import Sequence

async def main():
    with LiveServer(record=True) as server:
        inprocess.enter(server)
        from channels.layers import get_channel_layer
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
            await layer.group_send("online", {{"type": "online.off", "message": "chao"}})
        print(repr(trace)); print(repr(Sequence(trace)))
        await waiting

asyncio.run(main())
"""


def test_a_record_waits_for_what_a_cell_itself_waits_for(tmp_path: Path) -> None:
    code = _CELL_THAT_RECEIVES.format(notebooks=str(NOTEBOOKS))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert [" ".join(line.split()) for line in done.stdout.splitlines()] == [
        "Trace(0 clients, settled)",
        "Sequence: notebook, layer",
        "1 notebook → layer group_send online · online.off",
        "2 layer → notebook online.off",
    ], done.stderr


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


async def test_events_that_wait_for_a_consumer_together_are_told_apart() -> None:
    with LiveServer(record=True) as server:
        ana, bob = await Client("ana", server).login(), await Client("bob", server).login()
        await ana.connect()
        for _ in range(5):
            async with server.record() as trace:
                await bob.connect()
                await ana.send(SAY)  # while it is being announced that bob has come
                await bob.receive(), await bob.receive()
                await bob.close()
            hops = trace.arrows()
            told = [at for at, hop in enumerate(hops) if '"from"' in hop.label]
            assert [hops[at].target.name for at in told] == ["ana", "bob"], Sequence(trace)
            asked = next(at for at, hop in enumerate(hops) if hop.source.name == "ana")
            assert asked < told[0], Sequence(trace)
            # The message for two, and for ana that bob came and went.
            events = [hop for hop in hops if hop.kind == "event" and not hop.ignored]
            assert len(events) == 4, Sequence(trace)


async def test_who_is_no_client_is_a_browser_and_keeps_the_lane_when_it_comes_back() -> None:
    with LiveServer(record=True) as server:
        ana = await (await Client("ana", server).login()).connect()
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


async def test_twenty_runs_of_one_block_are_one_drawing_also_under_load() -> None:
    busy = [sys.executable, "-c", "while True: pass"]
    load = [await asyncio.create_subprocess_exec(*busy) for _ in range(2)]
    drawn = set()
    try:
        with LiveServer(record=True) as server:
            ana, bob = await Client("ana", server).login(), await Client("bob", server).login()
            for _ in range(20):
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
                for lanes in (_ALL, ("clients", "consumer", "layer")):
                    shown = Sequence(trace, lanes)
                    # A message of a later run has a larger number in the history.
                    drawing = re.sub(r'"id": \d+}', '"id": 1}', shown._repr_svg_())
                    drawn.add((repr(shown), drawing))
    finally:
        for process in load:
            process.kill()
            await process.wait()
    assert len(drawn) == 2


async def test_another_behaviour_is_another_drawing(tmp_path: Path) -> None:
    drawn = []
    for answer in ("echo", "something else"):
        project = make_project(tmp_path / answer)
        consumer = project / "account" / "consumer.py"
        consumer.write_text(consumer.read_text().replace('"echo"', f'"{answer}"'))
        with LiveServer(project, record=True) as server:
            ana = Client("ana", server)
            await ana.connect()
            async with server.record() as trace:
                await ana.send({})
            drawn.append(Sequence(trace)._repr_svg_())
    assert drawn[0] != drawn[1] and drawn[0].replace("echo", "something else") != drawn[0]
