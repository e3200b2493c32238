"""What others see of a server: its health, its figures, its log."""

import asyncio
import json
import logging
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from email.message import Message
from logging.config import DictConfigurator
from typing import Any

import pytest
from django.conf import settings

from account.tests.conftest import StartServer
from account.tests.live import TIMEOUT, LiveServer, ping, receive, receive_until


def ask(server: LiveServer, path: str, method: str = "GET") -> tuple[int, Message, str]:
    """The status, the headers and the body of a page."""
    request = urllib.request.Request(f"http://{server.address}{path}", method=method)
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read().decode()


# What it says when something is wrong is a column of the fault matrix (test_faults.py).
def test_health_of_a_server_that_is_well(server: LiveServer) -> None:
    status, headers, body = ask(server, "/healthz")
    answer = json.loads(body)
    assert (status, answer.pop("status")) == (200, "ok")
    assert {part: said["ok"] for part, said in answer.items()} == {
        "database": True,
        "broker": True,
        "lease": True,
    }
    assert headers["Content-Type"] == "application/json"
    assert headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in headers


def test_health_can_be_asked_by_head_and_by_nothing_else(server: LiveServer) -> None:
    status, headers, body = ask(server, "/healthz", "HEAD")
    assert (status, body) == (200, "")
    assert int(headers["Content-Length"]) > 50
    status, headers, _ = ask(server, "/healthz", "POST")
    assert (status, headers["Allow"]) == (405, "GET, HEAD")


def test_many_who_ask_at_once_are_one_question_to_the_database(server: LiveServer) -> None:
    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(lambda _: ask(server, "/healthz")[2], range(60)))
    taken = {json.loads(answer)["database"]["ms"] for answer in answers}
    assert len(taken) < 10


def test_a_server_shows_no_figures_unless_a_setting_says_so(server: LiveServer) -> None:
    assert ask(server, "/metrics")[0] == 404


async def test_the_figures_of_a_server(start_server: StartServer) -> None:
    server = start_server(METRICS="on")
    async with server.connect() as client, server.connect() as other:
        assert (await receive(client))["event"] == "state"
        assert (await receive(other))["event"] == "state"
        await client.send(json.dumps({"type": "message", "text": "hi"}))
        await receive_until(other, lambda frame: frame["type"] == "message")
        await client.send("{")
        await receive_until(client, lambda frame: frame.get("code") == "bad_json")
        await ping(client, "done")
        figures = await asyncio.to_thread(server.figures)
        page = await asyncio.to_thread(server.get, "/metrics")
    assert figures["board_connections"] == figures["board_connects_total"] == 2
    assert figures["board_received_frames_total"] == 3
    # Two states, one `joined`, twice the message, the error, the pong.
    assert figures["board_sent_frames_total"] == 7
    assert 'board_errors_total{code="bad_json"} 1.0' in page
    assert figures["board_fan_out_seconds_count"] >= 2
    assert 0 < figures["board_fan_out_seconds_sum"] < TIMEOUT
    assert figures["process_resident_memory_bytes"] > 2**20
    async with asyncio.timeout(TIMEOUT):
        while figures["board_connections"]:
            figures = await asyncio.to_thread(server.figures)
    page = await asyncio.to_thread(server.get, "/metrics")
    assert figures["board_group_entries"] == 0
    assert 'board_closed_total{code="1000"} 2.0' in page


async def test_a_log_of_json_has_an_object_for_each_event(start_server: StartServer) -> None:
    server = start_server(LOG_FORMAT="json")
    path = "/nowhere/%0a%7b%22level%22:1%7d"
    with pytest.raises(Exception, match="403"):
        async with server.connect(path=path):
            pass
    server.wait_for_line("WSREJECT")
    events = [json.loads(line) for line in server.log.splitlines()]
    for event in events:
        assert {"at", "level", "logger", "message"} <= event.keys()
    [refused] = [event for event in events if event["message"].startswith("Refused")]
    assert (refused["level"], refused["logger"]) == ("WARNING", "myproject.routing")
    [access] = [event for event in events if event["message"].startswith("WSREJECT")]
    assert access["client"].startswith("127.0.0.1:")


def test_a_traceback_in_json_is_a_field_of_its_event() -> None:
    config: Any = settings.LOGGING
    formatter: Any = DictConfigurator(config).configure_formatter(config["formatters"]["json"])
    try:
        raise ValueError("two\nlines")
    except ValueError as error:
        kind = (type(error), error, error.__traceback__)
    record = logging.LogRecord("here", logging.ERROR, __file__, 1, "it broke", (), kind)
    line = formatter.format(record)
    assert "\n" not in line
    assert "ValueError: two\nlines" in json.loads(line)["traceback"]
