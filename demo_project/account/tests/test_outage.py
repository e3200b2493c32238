"""While the database or the broker is away: an answer, soon, and nothing that happens later."""

import asyncio
import json
import os
import threading
import time
import urllib.error
from typing import Any

import pytest
import websockets
from django.conf import settings
from django.db import IntegrityError, OperationalError, connection

from account import database
from account.database import DatabaseThread, Together, in_database, turn_of
from account.models import UserOnline
from account.outage import answer_outages
from account.tests.conftest import StartServer
from account.tests.live import TIMEOUT, receive

Message = dict[str, Any]
CONNECT, ACCEPT = {"type": "websocket.connect"}, {"type": "websocket.accept"}


async def run(application: Any, *incoming: Message) -> list[Message]:
    """Run an ASGI application; what it sends."""
    outgoing: list[Message] = []
    waiting = list(incoming)

    async def receive_next() -> Message:
        return waiting.pop(0)

    async def send(message: Message) -> None:
        outgoing.append(message)

    await application({"type": "websocket"}, receive_next, send)
    return outgoing


def failing(*steps: str, error: Exception) -> Any:
    """An application that does these steps and then fails."""

    async def application(scope: Any, receive: Any, send: Any) -> None:
        for step in steps:
            await (receive() if step == "receive" else send({"type": f"websocket.{step}"}))
        raise error

    return answer_outages(application)


@pytest.mark.parametrize("error", [OperationalError("locked"), ConnectionError(), TimeoutError()])
async def test_a_connection_that_fails_is_accepted_told_and_closed(error: Exception) -> None:
    accept, told, close = await run(failing("receive", error=error), CONNECT)
    assert accept == ACCEPT
    frame = json.loads(told["text"])
    assert (frame["type"], frame["code"]) == ("error", "unavailable")
    assert close == {"type": "websocket.close", "code": 1013}


async def test_one_that_was_accepted_already_is_not_accepted_twice() -> None:
    sent = await run(failing("receive", "accept", error=TimeoutError()), CONNECT)
    assert [message["type"] for message in sent] == [
        "websocket.accept",
        "websocket.send",
        "websocket.close",
    ]


async def test_nobody_is_told_who_is_gone() -> None:
    gone = {"type": "websocket.disconnect", "code": 1001}
    assert await run(failing("receive", error=TimeoutError()), gone) == []
    assert await run(failing("close", error=TimeoutError())) == [{"type": "websocket.close"}]


async def test_what_is_no_outage_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        await run(failing("receive", error=ZeroDivisionError()), CONNECT)


class Hanging:
    """A call that holds the thread of the database until it is let go."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.let_go = threading.Event()

    def __call__(self) -> str:
        self.begun.set()
        self.let_go.wait(TIMEOUT)
        return "done"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "PATIENCE", 0.3)
    monkeypatch.setattr(database, "LOOK_AGAIN", 0.05)


@pytest.mark.usefixtures("impatient")
async def test_a_call_that_had_no_turn_never_happens_and_one_that_began_is_waited_for() -> None:
    hanging = Hanging()
    happened: list[str] = []
    first = asyncio.ensure_future(in_database(hanging))
    await asyncio.to_thread(hanging.begun.wait, TIMEOUT)
    with pytest.raises(OperationalError, match="busy"):
        await in_database(happened.append, "late")
    assert not first.done()
    hanging.let_go.set()
    assert await first == "done"
    assert await in_database(str, 7) == "7"
    assert not happened


@pytest.mark.django_db(transaction=True)
async def test_a_thread_keeps_no_log_of_its_queries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "DEBUG", True)

    def ask() -> int:
        UserOnline.objects.exists()
        return len(connection.queries)

    assert [await in_database(ask) for _ in range(3)] == [1, 1, 1]


def opened() -> Any:
    """The connection that this thread asks the database over."""
    UserOnline.objects.exists()
    return connection.connection


@pytest.mark.django_db(transaction=True)
async def test_who_asks_soon_is_answered_over_the_same_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(database, "LINGER", TIMEOUT)
    monkeypatch.setattr(database, "OLDEST", TIMEOUT)
    thread = DatabaseThread("test")
    first = await thread.run(opened)
    assert all([await thread.run(opened) is first for _ in range(10)])
    with pytest.raises(OperationalError):  # it is not trusted any more
        await thread.run(failing_query)
    second = await thread.run(opened)
    assert second is not first
    thread._keep = 0
    assert await thread.run(opened) is not second
    monkeypatch.setattr(database, "LINGER", 0)
    await thread.run(opened)


def failing_query() -> None:
    raise OperationalError("gone")


@pytest.mark.django_db(transaction=True)
async def test_a_connection_that_nobody_uses_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = threading.Event()
    thread = DatabaseThread("unused")
    assert await thread.run(opened)
    close = thread._close

    def close_and_say_so() -> None:
        close()
        closed.set()

    monkeypatch.setattr(thread, "_close", close_and_say_so)
    assert await asyncio.to_thread(closed.wait, TIMEOUT)
    assert await asyncio.wrap_future(thread.executor.submit(lambda: connection.connection)) is None


@pytest.mark.usefixtures("impatient")
async def test_a_long_queue_is_waited_for_as_long_as_it_moves() -> None:
    started = time.monotonic()
    await asyncio.gather(*(in_database(time.sleep, 0.05) for _ in range(20)))
    assert time.monotonic() - started > 2 * database.PATIENCE


@pytest.mark.usefixtures("impatient")
async def test_a_lock_is_given_up_when_the_database_is_stuck_and_is_not_lost() -> None:
    lock = asyncio.Lock()
    async with lock:
        with pytest.raises(OperationalError, match="busy"):
            async with turn_of(lock):
                pass
    async with turn_of(lock):
        assert lock.locked()
    assert not lock.locked()


async def test_a_database_that_was_removed_is_unavailable_until_it_is_back(
    start_server: StartServer, env: dict[str, str]
) -> None:
    server = start_server()
    file = env["DATABASE_URL"].removeprefix("sqlite:///")
    os.rename(file, f"{file}-elsewhere")
    async with server.connect() as client:
        assert (await receive(client))["code"] == "unavailable"
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await receive(client)
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 1013
    with pytest.raises(urllib.error.HTTPError) as page:
        await asyncio.to_thread(server.get, "/online/")
    with page.value as answer:  # or its socket stays open until some other test is blamed for it
        assert (answer.code, answer.headers["Retry-After"]) == (503, "5")
    os.rename(f"{file}-elsewhere", file)
    async with server.connect() as client:
        assert (await receive(client))["event"] == "state"
    assert "Traceback" not in server.log


class Doubled:
    """Doubles numbers, those of each batch at once, when it is let go on."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.begun, self.go_on = asyncio.Event(), asyncio.Event()

    async def __call__(self, numbers: list[int]) -> list[int]:
        self.batches.append(numbers)
        self.begun.set()
        await asyncio.wait_for(self.go_on.wait(), TIMEOUT)
        return [2 * number for number in numbers]


async def test_who_asks_while_others_are_served_is_served_together_with_the_next() -> None:
    double = Doubled()
    doubled = Together(double)
    first = asyncio.ensure_future(doubled(0))
    await double.begun.wait()
    others = asyncio.gather(*map(doubled, range(1, 5)))
    double.go_on.set()
    assert await first == 0
    assert await others == [2, 4, 6, 8]
    assert double.batches == [[0], [1, 2, 3, 4]]


async def test_a_crowd_is_served_together_though_it_comes_one_by_one() -> None:
    double = Doubled()
    doubled = Together(double)
    double.go_on.set()
    calls: list[asyncio.Future[int]] = []
    for number in range(5):
        calls.append(asyncio.ensure_future(doubled(number)))
        await asyncio.sleep(0)  # a turn of the event loop
    assert await asyncio.gather(*calls) == [0, 2, 4, 6, 8]
    assert double.batches == [[0, 1, 2, 3, 4]]


async def test_a_batch_does_not_wait_for_a_crowd_without_an_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(database, "ENOUGH", 20)
    double = Doubled()
    doubled = Together(double)
    calls: list[asyncio.Future[int]] = []
    try:
        while not double.begun.is_set():
            calls.append(asyncio.ensure_future(doubled(len(calls))))
            await asyncio.sleep(0)
            assert len(calls) <= 25
    finally:
        double.go_on.set()
    assert await asyncio.gather(*calls) == [2 * number for number in range(len(calls))]


async def test_one_bad_value_is_no_failure_of_the_others_and_an_outage_is() -> None:
    async def check(numbers: list[int]) -> list[int]:
        if 0 in numbers:
            raise OperationalError("locked")
        if -1 in numbers:
            raise IntegrityError("it is there already")
        return numbers

    checked = Together(check)
    found = await asyncio.gather(*map(checked, (7, 1, -1, 2)), return_exceptions=True)
    assert [type(each).__name__ for each in found] == ["int", "int", "IntegrityError", "int"]
    found = await asyncio.gather(*map(checked, (7, 1, 0)), return_exceptions=True)
    assert [type(each).__name__ for each in found] == ["OperationalError"] * 3


async def test_one_who_goes_away_while_waiting_keeps_nobody_from_an_answer() -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(numbers: list[int]) -> list[int]:
        begun.set()
        await go_on.wait()
        return numbers

    answered = Together(slowly)
    first, second, third = (asyncio.ensure_future(answered(number)) for number in range(3))
    await begun.wait()
    second.cancel()
    go_on.set()
    assert await first == 0
    assert await third == 2
