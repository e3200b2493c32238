"""The recorder: on by one setting, absent without it, its lines whole, its messages clean."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from account.tests import live
from account.tests.conftest import StartServer

_WHAT_IS_LOADED = """
import sys
from myproject import asgi
from channels.layers import get_channel_layer
from channels.consumer import AsyncConsumer
recorder = [name for name in sys.modules if name.split(".")[0] == "recorder"]
print(type(asgi.application).__name__, bool(recorder), "send" in vars(get_channel_layer()))
"""


def _loaded(env: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, "-c", _WHAT_IS_LOADED],
        cwd=live.PROJECT,
        env=env,
        capture_output=True,
        text=True,
        timeout=live.TIMEOUT,
        check=True,
    )
    return done.stdout.strip()


def _events(folder: Path) -> list[dict[str, Any]]:
    files = sorted(folder.glob("*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def test_it_is_not_there_at_all_without_the_setting(env: dict[str, str]) -> None:
    assert _loaded(env) == "Wired False False"


def test_one_setting_switches_it_on(env: dict[str, str], tmp_path: Path) -> None:
    on = env | {"CHANNELS_RECORD": str(tmp_path / "record")}
    assert _loaded(on) == "RecordedApplication True True"


async def test_a_connection_is_recorded_from_scope_to_end(
    start_server: StartServer, tmp_path: Path
) -> None:
    folder = tmp_path / "record"
    server = start_server(CHANNELS_RECORD=str(folder))
    async with server.connect() as client:
        await live.receive(client)
        assert await live.ping(client, "7") == {"type": "pong", "id": "7"}
    async with asyncio.timeout(live.TIMEOUT):
        while not any(e["what"] == "end" for e in _events(folder)):  # noqa: ASYNC110 (a file)
            await asyncio.sleep(0.02)
    events = [event for event in _events(folder) if event["connection"] is not None]
    told = [
        event.get("type") or event.get("call") or event.get("name")
        for event in events
        if event["what"] in ("scope", "in", "out", "consumer")
    ]
    assert told == [
        "websocket",
        "OnlineConsumer",
        "websocket.connect",
        "websocket.accept",
        "websocket.send",
        "websocket.receive",
        "websocket.send",
        "websocket.disconnect",
    ]
    assert [e["name"] for e in events if e["what"] == "handler"] == [
        "connect",
        "receive",
        "disconnect",
    ]
    assert {e["statement"] for e in events if e["what"] == "sql"} >= {
        "INSERT account_useronline",
        "DELETE account_useronline",
    }
    # The lease is the process's own affair: no connection's diagram shows it.
    beats = {"INSERT account_serverlease", "UPDATE account_serverlease"}
    assert not beats & {e["statement"] for e in events if e["what"] == "sql"}
    assert next(e["call"] for e in events if e["what"] == "call") == "group_add"
    times = [event["at"] for event in events]
    assert times == sorted(times)
    assert events[-1]["what"] == "end" and events[-1]["error"] is None


async def test_what_a_consumer_gets_carries_no_mark_of_it(
    start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server(CHANNELS_RECORD=str(tmp_path / "record"))
    async with server.connect() as client:
        await live.receive(client)
        await client.send(json.dumps({"type": "message", "text": "x" * 2_000}))
        frame = await live.receive_until(client, lambda frame: frame["type"] == "message")
        assert set(frame) == {"type", "from", "text", "to"}
    sent = [event for event in _events(tmp_path / "record") if event.get("call") == "group_send"]
    long = [event for event in sent if "cut_from" in event]
    assert len(long) == 1 and len(long[0]["payload"]) == 2_000 < long[0]["cut_from"]
    assert "__recorded__" not in json.dumps(_events(tmp_path / "record"))
