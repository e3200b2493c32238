"""A learner and a class that misbehaves: nothing lost, nothing twice, no cell that waits."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from channels_lab import LabError, LabTimeout
from channels_lab.classroom import sender, talk
from channels_lab.classroom.talk import Refused
from channels_lab.ports import HOST, free_port
from channels_lab.progress import Progress
from tests.classroom_server import CODE, FakeClass
from tests.learners import SECONDS, Learners, threads, until


@pytest.fixture
def room() -> Iterator[FakeClass]:
    """A class that runs."""
    with FakeClass() as running:
        yield running


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses and time-outs of a tenth of what they are, so that a test sees their end."""
    for module, names in (
        (sender, ("TICK_SECONDS", "FIRST_PAUSE", "LONGEST_PAUSE", "REFUSED_PAUSE")),
        (talk, ("ANSWER_SECONDS", "OPEN_SECONDS")),
    ):
        for name in names:
            monkeypatch.setattr(module, name, min(getattr(module, name) / 10, 0.5))


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Learners]:
    """Makes learners."""
    with Learners(tmp_path) as learners:
        yield learners


# ---------------------------------------------------------------------- joining


async def test_one_call_joins_and_says_what_is_reported(room: FakeClass, make: Learners) -> None:
    ana = make()
    Progress(ana.folder).tried("03.1", solved=True)
    Progress(ana.folder).hint("03.2")
    joined = await ana.join(" k7pm2qxr ", " ana ", room.url)
    assert repr(joined) == (
        "You are in the class 'Channels' as ana. Reported: the step you are at, checks and hints, "
        "a raised hand, idle time; never code or output. classroom.leave() ends it."
    )
    room.until(lambda: room.reports, "the first report")
    first = room.frames[0]
    assert first == {
        "type": "join", "code": CODE, "name": "ana", "key": first["key"], "since": 0
    }  # fmt: skip
    assert len(first["key"]) >= 32
    assert room.reports[0]["exercises"] == {
        "03.1": {"solved": True, "tries": 1, "hints": 0},
        "03.2": {"solved": False, "tries": 0, "hints": 1},
    }
    until(lambda: not ana.status().waiting, "the answer")
    assert repr(ana.status()) == (
        "You are in the class 'Channels' as ana: connected, nothing waiting."
    )


async def test_the_link_of_the_class_is_as_good(room: FakeClass, make: Learners) -> None:
    await make().join(f"{room.url}/classroom/#K7PM2QXR", "ana")
    assert room.frames[0]["code"] == CODE


@pytest.mark.parametrize(
    ("code", "name", "at", "said"),
    [
        ("K7PM-2QX", "ana", None, "expected the code of a class, 8 letters .*, got 'K7PM-2QX'"),
        ("K7PM-2QX0", "ana", None, r"never 0, 1, I, L or O\) or its link, got 'K7PM-2QX0'"),
        ("http://127.0.0.1/classroom/", "ana", None, "expected the code of a class, .*, got ''"),
        (5, "ana", None, "expected the code of a class as a text, got 5"),
        (CODE, "", None, "expected a name of 1 to 40 characters, .*, got ''"),
        (CODE, None, None, "expected a name of 1 to 40 characters, .*, got None"),
        (CODE, "a" * 41, None, "expected a name of 1 to 40 characters"),
        (CODE, "ana", "ftp://127.0.0.1", "expected an address such as 'http://127.0.0.1:8080'"),
        (CODE, "ana", "http://127.0.0.1:x", "expected an address such as .* got 'http:"),
    ],
)
async def test_what_cannot_be_a_class_is_said_before_anybody_is_asked(
    make: Learners, code: Any, name: Any, at: Any, said: str
) -> None:
    with pytest.raises(LabError, match=said):
        await make().join(code, name, at)
    assert threads() == []


async def test_a_wrong_code_is_an_error_that_says_so(room: FakeClass, make: Learners) -> None:
    ana = make()
    with pytest.raises(Refused, match=f"there is no class AAAA-BBBB at {room.url}: ask for"):
        await ana.join("AAAA-BBBB", "ana", room.url)
    assert not ana.journal.is_joined() and not threads()
    with pytest.raises(LabError, match="you are in no class: await classroom.join"):
        ana.stuck()


@pytest.mark.parametrize(
    ("code", "said"),
    [(4429, "too many wrong codes were tried at http"), (4410, "has ended, or you were taken out")],
)
async def test_whoever_is_turned_away_is_told_why(
    room: FakeClass, make: Learners, code: int, said: str
) -> None:
    room.close_with = code
    with pytest.raises(Refused, match=said):
        await make().join(CODE, "ana", room.url)
    assert threads() == []


async def test_nobody_there_is_an_error_that_says_where(make: Learners) -> None:
    at = f"http://{HOST}:{free_port()}"
    with pytest.raises(LabError, match=f"nobody answers at {at}: is it the instructor's address"):
        await make().join(CODE, "ana", at)
    assert threads() == []


@pytest.mark.usefixtures("quick")
async def test_a_server_that_hangs_is_not_waited_for(room: FakeClass, make: Learners) -> None:
    room.is_mute = True
    with pytest.raises(LabTimeout, match=f"waited 0.5 s for the class at {room.url}, in vain"):
        await make().join(CODE, "ana", room.url)
    assert threads() == []


async def test_a_server_that_is_none_of_ours_is_named(make: Learners) -> None:
    def answer(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")

    with socket.create_server((HOST, 0)) as listening:
        web = threading.Thread(target=answer, args=(listening,))
        web.start()
        at = f"http://{HOST}:{listening.getsockname()[1]}"
        with pytest.raises(LabError, match=f"expected a class at {at}, got HTTP 404"):
            await make().join(CODE, "ana", at)
        web.join(SECONDS)


async def test_another_class_takes_the_place_of_the_first(room: FakeClass, make: Learners) -> None:
    ana = make()
    await ana.join(CODE, "ana", room.url)
    with FakeClass("Django", "AAAA-BBBB") as second:
        with pytest.raises(Refused):
            await ana.join("CCCC-DDDD", "ana", second.url)
        assert ana.status().title == "Channels", "what fails changes nothing"
        joined = await ana.join("AAAA-BBBB", "ana", second.url)
        assert repr(joined).startswith(
            "You have left the class 'Channels' for it. You are in the class 'Django' as ana."
        )
        room.until(lambda: not room.connections, "the first class to be left")
        assert room.frames[-1] == {"type": "leave"}
        ana.tried("03.1", solved=False)
        second.until(lambda: second.whats() == ["synced", "tried"], "the second class to hear")
        assert room.whats()[1:] == []
        assert room.frames[0]["key"] != second.frames[0]["key"]
        assert len(threads()) == 1
        ana.leave()


async def test_the_same_cell_run_again_is_the_same_learner(room: FakeClass, make: Learners) -> None:
    ana = make()
    await ana.join(CODE, "ana", room.url)
    ana.tried("03.1", solved=False)
    await ana.join(CODE, "Ana B.", room.url)
    room.until(lambda: room.whats().count("synced") == 2, "both to be reported")
    joins = [frame for frame in room.frames if frame["type"] == "join"]
    assert {frame["key"] for frame in joins} == {joins[0]["key"]}
    assert [frame["name"] for frame in joins] == ["ana", "Ana B."]
    assert [frame["number"] for frame in room.reports] == [1, 2, 3]
    assert len(threads()) == 1


# ---------------------------------------------------------------------- going on


async def test_the_same_class_asked_for_at_a_wrong_address_is_still_the_class(
    room: FakeClass, make: Learners
) -> None:
    ana = make()
    await ana.join(CODE, "ana", room.url)
    with FakeClass() as other:
        other.close_with = 4404
        with pytest.raises(LabError, match="there is no class"):
            await ana.join(CODE, "hanna", other.url)
        row = ana.journal.membership()
        assert row is not None and row.address.shown == room.url
        ana.tried("03.1", solved=True)
        room.until(lambda: "tried" in room.whats(), "a report at the address where the class is")


async def test_the_next_kernel_goes_on_without_being_asked(room: FakeClass, make: Learners) -> None:
    first = make()
    await first.join(CODE, "ana", room.url)
    room.say(3, "hint", "look")
    until(lambda: len(first.notes()) == 1, "the note")
    second = make()
    assert repr(second.take_up()) == repr(first.take_up())
    second.tried("05.1", solved=False)
    room.until(lambda: "tried" in room.whats(), "the second kernel's report")
    assert {frame["since"] for frame in room.frames if frame["type"] == "join"} == {0, 3}
    assert repr(second.notes()) == "hint: look"


async def test_two_kernels_send_everything_once_and_in_order(
    room: FakeClass, make: Learners
) -> None:
    one, two = make(), make()
    await one.join(CODE, "ana", room.url)
    two.take_up()
    room.until(lambda: len(room.connections) == 2, "both kernels")
    for count in range(100):
        (one, two)[count % 2].tried(f"03.{count}", solved=False)
    room.until(lambda: room.whats().count("tried") == 100, "all of them")
    assert [f["number"] for f in room.reports] == list(range(1, len(room.reports) + 1))
    tried = [frame["exercise"] for frame in room.reports if frame["what"] == "tried"]
    assert sorted(tried) == sorted(f"03.{count}" for count in range(100))


async def test_a_class_that_comes_back_hears_all_that_it_missed(
    room: FakeClass, make: Learners
) -> None:
    ana = make()
    await ana.join(CODE, "ana", room.url)
    room.until(lambda: room.reports, "the first report")
    room.kill()
    until(lambda: ana.status().state == "away", "the loss to be noticed")
    for count in range(50):
        ana.tried(f"03.{count}", solved=False)
    assert repr(ana.status()) == (
        "You are in the class 'Channels' as ana: the class is away, 50 reports waiting."
    )
    began = time.time()
    room.start()
    room.until(lambda: room.whats().count("tried") == 50, "all of them")
    assert [f["exercise"] for f in room.reports[1:]] == [f"03.{n}" for n in range(50)]
    assert all(0 <= f["ago"] <= time.time() - began + SECONDS for f in room.reports)


@pytest.mark.usefixtures("quick")
async def test_a_class_that_hangs_is_called_again(room: FakeClass, make: Learners) -> None:
    ana = make()
    await ana.join(CODE, "ana", room.url)
    room.until(lambda: room.reports, "the first report")
    room.is_mute = True
    ana.tried("03.1", solved=True)
    room.until(lambda: room.frames[-1]["type"] == "join", "another attempt")
    room.is_mute = False
    room.until(lambda: room.whats() == ["synced", "tried"], "the report")


@pytest.mark.parametrize(
    ("code", "heard"),
    [
        ("rate_limited", ["synced", "tried"]),
        ("unavailable", ["synced", "tried"]),
        ("bad_event", ["synced", "active"]),
    ],
)
async def test_an_error_is_answered_with_patience_or_with_a_report_that_says_nothing(
    room: FakeClass, make: Learners, code: str, heard: list[str]
) -> None:
    ana = make()
    await ana.join(CODE, "ana", room.url)
    room.until(lambda: room.reports, "the first report")
    room.errors = [code]
    ana.tried("03.1", solved=True)
    room.until(lambda: room.whats() == heard, "the report")


async def test_a_class_that_forgot_is_told_where_the_learner_stands(
    room: FakeClass, make: Learners
) -> None:
    ana = make()
    await ana.join(CODE, "ana", room.url)
    for _ in range(5):
        ana.tried("03.1", solved=False)
    room.until(lambda: len(room.reports) == 6, "six reports")
    room.kill()
    room.taken.clear()
    room.reports.clear()
    room.start()
    ana.tried("03.2", solved=True)
    room.until(lambda: room.whats() == ["synced", "tried"], "where the learner stands")
    assert [frame["number"] for frame in room.reports] == [1, 2]


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(("code", "joins"), [(4410, 1), (4404, 3)])
async def test_a_class_that_has_ended_is_not_looked_for_for_ever(
    room: FakeClass, make: Learners, code: int, joins: int
) -> None:
    ana = make()
    await ana.join(CODE, "ana", room.url)
    room.close_with = code
    before = len(room.frames)
    room.drop()
    until(lambda: not threads(), "the thread to end")
    assert [frame["type"] for frame in room.frames[before:] if frame["type"] == "join"] == (
        ["join"] * joins
    )
    assert repr(ana.status()) == "You are in no class. Nothing is reported."
    ana.tried("03.1", solved=False)
    assert threads() == []


async def test_nonsense_of_a_server_hurts_nobody(room: FakeClass, make: Learners) -> None:
    ana = make()
    await ana.join(CODE, "ana", room.url)
    room.until(lambda: room.reports, "the first report")
    for frame in (
        {}, {"type": "taken"}, {"type": "taken", "number": "x"}, {"type": "taken", "number": -1},
        {"type": "class", "event": "note"}, {"type": "class", "event": "note", "note": {}},
        {"type": "class", "event": "note", "note": {"number": 1, "kind": 5, "text": None}},
        {"type": "class", "event": "nothing of ours"},
    ):  # fmt: skip
        room.send(frame)
    ana.tried("03.1", solved=True)
    room.until(lambda: room.whats() == ["synced", "tried"], "a report all the same")
    assert ana.status().state == "here"


async def test_the_instructor_takes_the_hand_down(room: FakeClass, make: Learners) -> None:
    ana = make()
    await ana.join(CODE, "ana", room.url)
    hand = ana.stuck("why " * 100)
    assert repr(hand).startswith("Your hand is up: why why ") and len(hand.text) == 300
    assert "your hand is up" in repr(ana.status())
    room.until(lambda: room.whats() == ["synced", "stuck"], "the hand")
    room.send({"type": "class", "event": "hand", "stuck": False})
    until(lambda: ana.status().hand is None, "the hand to be down")
    assert repr(ana.unstuck()) == "Your hand is down."
