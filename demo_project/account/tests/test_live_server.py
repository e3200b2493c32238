"""Whole server processes: two processes, commands from outside, who may come in."""

import asyncio
import json
import re

import pytest
import websockets

from account.tests import live
from account.tests.conftest import StartServer
from account.tests.live import LiveServer, receive, receive_until


async def test_two_server_processes_are_one_board(start_server: StartServer) -> None:
    one, two = start_server(), start_server()
    ana, bob = [await asyncio.to_thread(one.log_in, name) for name in ("ana", "bob")]
    async with one.connect(ana) as ana_socket:
        state = await receive(ana_socket)
        assert state["users"] == [{"user": "ana", "tabs": 1}]
        async with two.connect(bob) as bob_socket:
            state = await receive(bob_socket)
            assert state["users"] == [{"user": "ana", "tabs": 1}, {"user": "bob", "tabs": 1}]
            joined = {"type": "online", "event": "joined", "user": "bob"}
            assert await receive(ana_socket) == joined
            await bob_socket.send(json.dumps({"type": "message", "text": "hi", "to": "ana"}))
            message = {"type": "message", "from": "bob", "text": "hi", "to": "ana"}
            assert await receive(ana_socket) == message
            assert await receive(bob_socket) == message
        assert await receive(ana_socket) == {"type": "online", "event": "left", "user": "bob"}


async def test_broadcast_to_one_user_reaches_that_users_tabs_only(server: LiveServer) -> None:
    cookie = await asyncio.to_thread(server.log_in, "ana")
    async with server.connect(cookie) as ana, server.connect(cookie) as tab, server.connect() as x:
        for client in (ana, tab, x):
            await receive(client)
        for client in (ana, tab):
            assert (await receive(client))["event"] == "joined"
        sent = await asyncio.to_thread(
            live.manage, "broadcast", "hi", "--to", "ana", env=server.env
        )
        assert sent.stdout == "Sent to ana: 2 open connections.\n", sent.stderr
        message = {"type": "message", "from": "server", "text": "hi", "to": "ana"}
        assert [await receive(ana), await receive(tab)] == [message, message]
        # What comes next for the third is the next message to all: it did not get that one.
        await ana.send(json.dumps({"type": "message", "text": "to all"}))
        wanted = {"type": "message", "from": "ana", "text": "to all", "to": None}
        assert await receive(x) == wanted


async def test_without_a_broker_the_server_says_once_that_nobody_else_can_reach_it(
    start_server: StartServer, env: dict[str, str]
) -> None:
    server = start_server(REDIS_URL="")
    async with server.connect() as client:
        assert (await receive(client))["event"] == "state"
    assert server.log.count("no other process, notebook or manage.py command can reach") == 1
    checked = live.manage("check", env=env | {"REDIS_URL": ""})
    assert checked.returncode == 0
    assert "REDIS_URL" not in checked.stdout + checked.stderr


async def test_runserver_serves_the_board_and_the_websocket(start_runserver: StartServer) -> None:
    server = start_runserver()
    assert "Starting ASGI/Daphne version" in server.log
    await assert_page_works(server)
    async with server.connect() as client:
        assert (await receive(client))["event"] == "state"
    assert "Traceback" not in server.log


async def test_plain_daphne_serves_the_page_with_its_script(server: LiveServer) -> None:
    await assert_page_works(server)


@pytest.mark.parametrize("path", ["/onlin/", "/", "/online", "/online/x"])
async def test_an_unknown_path_is_refused_with_403_and_one_line(
    server: LiveServer, path: str
) -> None:
    with pytest.raises(websockets.InvalidStatus) as refused:
        async with server.connect(path=path):
            pass
    assert refused.value.response.status_code == 403
    line = f"Refused a WebSocket to {path!r}:"
    server.wait_for_line(line)
    assert server.log.count(line) == 1


@pytest.mark.parametrize("origin", ["http://evil.example", "null"])
async def test_a_foreign_origin_is_refused(server: LiveServer, origin: str) -> None:
    with pytest.raises(websockets.InvalidStatus) as refused:
        async with server.connect(origin=origin):
            pass
    assert refused.value.response.status_code == 403


async def test_a_client_that_vanishes_leaves_the_board(server: LiveServer) -> None:
    async with server.connect() as bystander:
        await receive(bystander)
        async with server.connect() as client:
            name = (await receive(client))["you"]["user"]
            client.transport.abort()  # no close frame: a pulled cable, a killed browser
            left = await receive_until(bystander, lambda frame: frame.get("event") == "left")
            assert left["user"] == name


def test_the_log_has_one_line_for_each_event(server: LiveServer) -> None:
    assert server.log.count("Listening on TCP address") == 1


def test_a_server_with_debug_off_and_no_secret_key_refuses_to_start(env: dict[str, str]) -> None:
    done = live.manage("check", env=env | {"DJANGO_DEBUG": "0"})
    assert done.returncode != 0
    assert "DJANGO_DEBUG is off and DJANGO_SECRET_KEY is not set." in done.stderr


async def assert_page_works(server: LiveServer) -> None:
    """The page is there, and so are the files it names."""
    page = await asyncio.to_thread(server.get, "/plain/")
    files = re.findall(r'(?:src|href)="(static/[^"]+)"', page)
    assert len(files) == 3
    for file in files:
        assert await asyncio.to_thread(server.get, f"/{file}")
