"""A class on real servers: what a learner and a board see while servers and brokers come and go."""

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import websockets

from account.frames import MAX_FRAME
from account.tests import live, postgres
from account.tests.conftest import StartServer, on_both_databases
from classroom.codes import new_key
from classroom.tests.pupil import Pupil
from classroom.tests.school import LEASE, School, by_name, connect, tell, watching


@pytest.fixture(scope="module")
def school(migrated_database: Path) -> Iterator[School]:
    """Two servers, which the tests share; each has a class of its own."""
    with School(2, migrated_database) as running:
        yield running
        assert "Traceback" not in running.log


@asynccontextmanager
async def learning(school: School, *names: str) -> AsyncIterator[list[Pupil]]:
    """Learners in the class, one server after the other; gone at the end."""
    pupils = []
    try:
        for number, name in enumerate(names):
            server = school.servers[number % len(school.servers)]
            pupils.append(Pupil(name, server, school.code))
            pupils[-1].come()
            await _soon(pupils[-1].connected.wait())
        yield pupils
    finally:
        for each in pupils:
            await each.end()


async def _soon(what: Any) -> Any:
    async with asyncio.timeout(live.TIMEOUT):
        return await what


def here(*names: str) -> Callable[[dict[str, Any]], bool]:
    """Whether a state shows exactly these learners as being here."""
    return lambda state: {n for n, each in by_name(state).items() if each["here"]} == set(names)


def at_step(name: str, step: str) -> Callable[[dict[str, Any]], bool]:
    """Whether a state shows this learner at this step."""
    return lambda state: by_name(state).get(name, {}).get("step") == step


async def test_boards_of_two_servers_show_the_same(school: School) -> None:
    school.open_class()
    async with (
        watching(school.servers[0], school.key) as one,
        watching(school.servers[1], school.key) as two,
        learning(school, "ana", "bob", "cem") as pupils,
    ):
        for number, each in enumerate(pupils):
            each.reach(f"01/{number}")
            each.attempt("01.1", number == 1)
            each.raise_hand(f"{number}")
        await _soon(asyncio.gather(*(each.has_reported_all() for each in pupils)))
        for board in (one, two):
            await board.until(
                lambda state: (
                    len(state["learners"]) == 3 and all(each["stuck"] for each in state["learners"])
                )
            )
        assert one.state["version"] == two.state["version"]
        assert by_name(one.state) == by_name(two.state)
        assert one.states == two.states == 1


async def test_a_state_may_be_longer_than_what_clients_may_send(school: School) -> None:
    school.open_class()
    async with learning(school, "ana", "bob", "cem", "dora") as pupils:
        for each in pupils:
            for _ in range(3):
                each.show_cell("01/1", "s" * 8_000, "o" * 8_000)
        await _soon(asyncio.gather(*(each.has_reported_all() for each in pupils)))
        async with watching(school.servers[0], school.key) as board:
            assert len(board.state["shown"]) == 12
            assert len(json.dumps(board.state)) > 2 * MAX_FRAME


async def test_a_note_reaches_learners_of_both_servers_in_a_moment(school: School) -> None:
    school.open_class()
    async with (
        learning(school, "ana", "bob") as pupils,
        connect(school.servers[1], "board") as board,
    ):
        await tell(board, type="open", key=school.key)
        note = {"type": "note", "kind": "hint", "text": "look", "to": "all", "id": 1}
        await tell(board, **note)
        done = await live.receive_until(board, lambda frame: frame["type"] == "done")
        assert done == {"type": "done", "id": 1, "number": 1, "learners": 2}
        for each in pupils:
            await _soon(each.has_notes(1))
            assert each.notes[0]["text"] == "look"


async def test_a_class_on_uvicorn(start_uvicorn: StartServer, env: dict[str, str]) -> None:
    server = start_uvicorn()
    done = await asyncio.to_thread(live.manage, "open_class", "--title=Channels", env=env)
    printed = {line.split()[0]: line.split()[-1] for line in done.stdout.splitlines()}
    shown = {"what": "shown", "step": "01/1", "source": "s" * 8_000, "output": "o" * 8_000}
    async with server.connect(path="/classroom/learner/") as ana:
        first = {"code": printed["Code:"], "name": "ana", "key": new_key(), "since": 0}
        await tell(ana, type="join", **first)
        assert (await live.receive(ana))["event"] == "welcome"
        async with server.connect(path="/classroom/board/") as board:
            await tell(board, type="open", key=printed["Instructor:"].partition("=")[2])
            assert (await live.receive(board))["event"] == "state"
            for number in range(1, 4):
                await tell(ana, type="report", number=number, ago=0, **shown)
                assert await live.receive(ana) == {"type": "taken", "number": number}
                assert (await live.receive(board))["event"] == "shown"
        await asyncio.to_thread(server.__exit__)
        with pytest.raises(websockets.ConnectionClosed):
            await live.receive(ana)
        assert ana.close_code == 1012
    assert "Traceback" not in server.log


async def test_nothing_secret_is_in_the_log(school: School) -> None:
    school.open_class()
    key = new_key()
    async with connect(school.servers[0], "learner") as ana:
        await tell(ana, type="join", code=school.code, name="ana", key=key, since=0)
        await live.receive(ana)
        await tell(ana, type="report", number=1, ago=0, what="stuck", text="nobody's business")
        await live.receive(ana)
    async with connect(school.servers[0], "board") as board:
        await tell(board, type="open", key=school.key)
        await live.receive(board)
    for secret in (key, school.key, school.code, school.code.replace("-", ""), "business"):
        assert secret not in school.log


async def test_another_site_opens_no_board(school: School) -> None:
    for whose in ("learner", "board"):
        address = f"ws://{school.servers[0].address}/classroom/{whose}/"
        origin = websockets.Origin("https://evil.example")
        with pytest.raises(websockets.InvalidStatus) as refused:
            await websockets.connect(address, origin=origin, proxy=None)
        assert refused.value.response.status_code == 403


@pytest.fixture(scope="module")
def on_postgresql(cluster: postgres.Postgres) -> Iterator[School]:
    """Two servers on PostgreSQL, which the tests share as well."""
    with School(2, database_url=cluster.copy()) as running:
        yield running
        assert "Traceback" not in running.log


@pytest.fixture
def each_school(database: str, request: pytest.FixtureRequest) -> School:
    """The servers on the database that the test asks for."""
    name = "on_postgresql" if database == "postgresql" else "school"
    school: School = request.getfixturevalue(name)
    return school


@on_both_databases
async def test_an_instructor_may_do_everything(each_school: School) -> None:
    school = each_school
    school.open_class()
    async with (
        watching(school.servers[0], school.key) as board,
        learning(school, "ana", "bob") as (ana, bob),
        connect(school.servers[1], "board") as instructor,
    ):

        async def want(**wish: Any) -> dict[str, Any]:
            await tell(instructor, id=1, **wish)
            return await live.receive_until(
                instructor, lambda frame: frame["type"] in ("done", "error")
            )

        await tell(instructor, type="open", key=school.key)
        ana.reach("01/1")
        ana.show_cell("01/1", "print('\0')", "\N{SNOWMAN}")
        ana.raise_hand("why?")
        await _soon(ana.has_reported_all())
        await board.until(lambda state: bool(by_name(state).get("ana", {}).get("stuck")))
        numbers = {name: each["id"] for name, each in by_name(board.state).items()}
        note = {"type": "note", "kind": "hint", "text": "look"}
        for to, count in (("all", 2), ({"step": "01/1"}, 1), ({"learner": numbers["ana"]}, 1)):
            assert (await want(**note, to=to))["learners"] == count
        await _soon(asyncio.gather(ana.has_notes(3), bob.has_notes(1)))
        wishes: list[dict[str, Any]] = [
            {"type": "hand_down", "learner": numbers["ana"]},
            {"type": "note", "kind": "pause", "to": "all"},
            {"type": "freeze", "on": True},
            {"type": "freeze", "on": False},
            {"type": "hand_over"},
            {"type": "remove", "learner": numbers["bob"]},
            {"type": "reset"},
        ]
        for wish in wishes:
            assert (await want(**wish))["type"] == "done", wish
        state = await board.until(lambda state: not state["shown"])
        assert by_name(state)["ana"]["step"] == "01/1" and not by_name(state)["ana"]["exercises"]
        assert list(by_name(state)) == ["ana"] and len(state["notes"]) == 4
        assert len(state["instructors"]) == 2 and state["class"]["paused"]
        words = "prune_classes", "--older-than=0"
        pruned = await asyncio.to_thread(live.manage, *words, env=school.env)
        assert pruned.stdout.startswith("Deleted: 'Channels'")  # others: in this one somebody is
        assert (await want(type="delete", title="Channels"))["type"] == "done"
        assert (await live.receive(instructor))["event"] == "closed"
        assert bob.closes[0] == 4410


@on_both_databases
async def test_a_server_that_is_killed_in_the_middle_of_class_loses_nothing(
    each_school: School,
) -> None:
    school = each_school
    school.open_class()
    async with (
        watching(school.servers[0], school.key) as board,
        watching(school.servers[1], school.key) as other,
        learning(school, "ana", "bob", "cem") as (ana, bob, cem),
    ):
        for each in (ana, bob, cem):
            each.reach("01/1")
        await _soon(asyncio.gather(*(each.has_reported_all() for each in (ana, bob, cem))))
        school.servers[0].kill()
        ana.attempt("01.1", False)  # nobody takes it now
        ana.attempt("01.1", True)
        cem.drop_out()  # for good
        bob.reach("01/2")
        await other.until(at_step("bob", "01/2"))
        await asyncio.to_thread(school.servers[0].start)
        await _soon(ana.connected.wait())
        ana.reach("01/2")
        await _soon(asyncio.gather(ana.has_reported_all(), bob.has_reported_all()))
        for watcher in (board, other):  # cem goes with the lease of the server that was killed
            await watcher.until(here("ana", "bob"), LEASE + live.TIMEOUT)
            await watcher.until(at_step("ana", "01/2"))
            work = by_name(watcher.state)["ana"]["exercises"]["01.1"]
            assert work["tries"] == 2 and work["solved"]
            assert by_name(watcher.state)["cem"]["step"] == "01/1"
        assert by_name(board.state) == by_name(other.state)
        assert board.states >= 2 and other.states == 1


async def test_a_server_that_ends_sends_everybody_elsewhere(school: School) -> None:
    school.open_class()
    async with (
        watching(school.servers[1], school.key) as board,
        learning(school, "ana", "bob") as (ana, _),
        connect(school.servers[0], "board") as ending,
    ):
        await tell(ending, type="open", key=school.key)
        await live.receive(ending)
        await board.until(here("ana", "bob"))
        await asyncio.to_thread(school.servers[0].stop)
        await board.until(here("bob"))
        assert ana.closes == [1012]
        with pytest.raises(websockets.ConnectionClosed):
            await live.receive_until(ending, lambda frame: False)
        assert ending.close_code == 1012
        await asyncio.to_thread(school.servers[0].start)
        await board.until(here("ana", "bob"))


async def test_while_the_broker_is_away_reports_are_taken_and_boards_are_right(
    school: School,
) -> None:
    school.open_class()
    async with (
        watching(school.servers[1], school.key) as board,
        learning(school, "ana") as (ana,),
    ):
        await board.until(here("ana"))
        school.valkey.terminate()
        ana.reach("01/1")
        await _soon(ana.has_reported_all())
        await board.until(at_step("ana", "01/1"))
        assert (board.states, ana.closes) == (2, [])
        await asyncio.to_thread(school.start_valkey)
        ana.reach("01/2")
        await board.until(at_step("ana", "01/2"))


def test_without_a_build_the_pages_say_what_is_missing(
    migrated_database: Path, tmp_path: Path
) -> None:
    settings = {"FRONTEND_DIST": str(tmp_path / "nowhere")}
    with School(1, migrated_database, settings=settings) as school:
        for path, base in (("/classroom/", "../"), ("/classroom/board/", "../../")):
            page = school.servers[0].get(path)
            assert "not built" in page and f'<base href="{base}">' in page
        with pytest.raises(urllib.error.HTTPError) as missing:
            school.servers[0].get("/classroom/nothing/")
        with missing.value as answer:  # or its socket stays open, and another test is blamed for it
            assert answer.code == 404
        request = urllib.request.Request(f"http://{school.servers[0].address}/classroom/course/")
        with urllib.request.urlopen(request, timeout=live.TIMEOUT) as plan:
            assert json.load(plan)["lessons"]
