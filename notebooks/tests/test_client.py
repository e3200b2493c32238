"""Client: bounded waits, clear errors, nothing lost."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from channels_lab import Client, LabError, LabTimeout, LiveServer, Refused
from tests.board import wait_until_online


@pytest.fixture(scope="module")
def shared_server() -> Iterator[LiveServer]:
    with LiveServer() as live:
        yield live


@pytest.fixture
def server(shared_server: LiveServer) -> Iterator[LiveServer]:
    """The server of all tests here; at the start of each nobody is online."""
    yield shared_server
    wait_until_online(shared_server)


async def settled_client(server: LiveServer, name: str = "ana") -> Client:
    """A connected client that has heard all there is: the state."""
    client = await Client(name, server).connect()
    await client.receive()
    return client


async def test_its_repr_follows_its_life(server: LiveServer) -> None:
    ana = Client("ana", server)
    seen = [repr(ana)]
    await ana.connect()
    seen.append(repr(ana))
    await ana.close()
    seen.append(repr(ana))
    assert seen == ["Client('ana', new)", "Client('ana', open)", "Client('ana', closed 1000)"]


async def test_log_in_makes_the_server_know_the_name(server: LiveServer) -> None:
    ana = await Client("ana", server).login()
    await ana.connect()
    assert (await ana.receive())["you"]["user"] == "ana"
    await ana.close()


async def test_a_tab_is_the_same_user_with_a_connection_of_its_own(server: LiveServer) -> None:
    ana = await (await Client("ana", server).login()).connect()
    second = await ana.tab().connect()
    try:
        assert (await second.receive())["you"]["user"] == "ana"
        await second.close()
        assert (ana.state, second.state) == ("open", "closed 1000")
    finally:
        await ana.close()


async def test_a_wrong_password_is_said_so(server: LiveServer) -> None:
    with pytest.raises(LabError, match="ana could not log in .* expected a session cookie"):
        await Client("ana", server).login(password="wrong")


async def test_waiting_in_vain_shows_who_waited_and_what_came_before(server: LiveServer) -> None:
    ana = await settled_client(server)
    with pytest.raises(LabTimeout, match=r'(?s)ana waited 0.1 s for a frame, .*← {"type": "onl'):
        await ana.receive(timeout=0.1)
    await ana.close()


async def test_receive_nothing_keeps_the_frame_that_came(server: LiveServer) -> None:
    ana = Client("ana", server)
    await ana.connect()
    assert not await ana.receive_nothing(timeout=2)
    assert (await ana.receive())["event"] == "state"
    assert [frame.way for frame in ana.frames][:1] == ["received"]
    await ana.close()


async def test_a_refused_handshake_carries_its_status(server: LiveServer) -> None:
    with pytest.raises(Refused) as refused:
        await Client("ana", server, path="/no/such/path/").connect()
    assert refused.value.status == 403


async def test_a_foreign_origin_is_refused_and_its_own_is_not(server: LiveServer) -> None:
    ana = Client("ana", server)
    with pytest.raises(Refused):
        await ana.connect(origin="https://elsewhere.example")
    await ana.connect()
    assert ana.state == "open"
    await ana.close()


async def test_connecting_again_closes_what_was_open(server: LiveServer) -> None:
    ana = await Client("ana", server).login()
    await ana.connect()
    await ana.receive()
    await ana.connect()
    await ana.receive()
    await asyncio.to_thread(wait_until_online, server, {"user": "ana", "tabs": 1})
    await ana.close()


async def test_a_dropped_network_is_noticed_by_both_sides(server: LiveServer) -> None:
    bob = await settled_client(server, "bob")
    ana = await Client("ana", server).login()
    await ana.connect()
    ana.drop()
    assert await ana.wait_closed() == 1006
    assert [await bob.receive(), await bob.receive()] == [
        {"type": "online", "event": "joined", "user": "ana"},
        {"type": "online", "event": "left", "user": "ana"},
    ]
    await bob.close()


async def test_sending_before_connecting_says_what_to_do(server: LiveServer) -> None:
    with pytest.raises(LabError, match=r"ana is not connected: await ana.connect\(\) first"):
        await Client("ana", server).send("hello")


async def test_nobody_there_is_a_sentence() -> None:
    server = LiveServer().start()
    server.kill()
    try:
        with pytest.raises(LabError, match="ana: nobody answers at /online/"):
            await Client("ana", server).connect()
        with pytest.raises(LabError, match="ana: nobody answers at /me/"):
            await Client("ana", server).get("/me/")
    finally:
        server.stop()


async def test_text_that_is_not_json_and_bytes_pass_as_they_are(server: LiveServer) -> None:
    ana = await settled_client(server)
    for raw in ("not json", b"\x00\x01"):
        await ana.send(raw)
        assert (await ana.receive())["code"] == "bad_json"
    assert [frame.payload for frame in ana.frames if frame.way == "sent"] == [
        "not json",
        b"\x00\x01",
    ]
    await ana.close()


async def test_a_tab_is_the_same_browser_and_a_log_out_ends_all_of_it(server: LiveServer) -> None:
    ana = await Client("ana", server).login()
    tab = await ana.tab("another tab").connect()
    assert (await tab.receive())["you"]["user"] == "ana"
    assert "sessionid=" in ana.cookies and ana.cookies == tab.cookies
    await ana.logout()
    assert await tab.wait_closed() == 4401
    await tab.connect()
    assert (await tab.receive())["you"]["user"].startswith("guest-")
    await tab.close()


async def test_a_log_out_without_a_log_in_says_so(server: LiveServer) -> None:
    with pytest.raises(LabError, match="ana is not logged in: await ana.login\\(\\) first"):
        await Client("ana", server).logout()


async def test_it_can_wait_for_one_kind_of_frame(server: LiveServer) -> None:
    ana = await Client("ana", server).connect()
    await ana.send({"type": "ping", "id": 7})
    assert await ana.receive_only("pong") == {"type": "pong", "id": 7}
    assert [frame.payload["type"] for frame in ana.frames][-1] == "pong"
    await ana.close()
