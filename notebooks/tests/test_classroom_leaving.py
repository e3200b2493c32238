"""Leaving a class, and the thread that talks to it: nothing goes out that should not."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from channels_lab import LabError
from channels_lab.classroom import sender
from channels_lab.classroom.records import Unwritable
from channels_lab.ports import HOST
from tests.classroom_server import CODE, FakeClass
from tests.learners import SECONDS, Learners, threads, until

NOTEBOOKS = Path(__file__).resolve().parents[1]


@pytest.fixture
def room() -> Iterator[FakeClass]:
    """A class that runs."""
    with FakeClass() as running:
        yield running


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Learners]:
    """Makes learners."""
    with Learners(tmp_path) as learners:
        yield learners


class Wire:
    """What lies between learner and class: it counts what passes from the learner."""

    def __init__(self, port: int) -> None:
        self.sent = 0
        self.opened = 0
        self.open = 0
        self._port = port
        self._server: asyncio.Server | None = None

    async def start(self) -> str:
        """Listen; the address of the class as the learner sees it."""
        self._server = await asyncio.start_server(self._pass_on, HOST, 0)
        return f"http://{HOST}:{self._server.sockets[0].getsockname()[1]}"

    async def close(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened += 1
        self.open += 1
        far_reader, far_writer = await asyncio.open_connection(HOST, self._port)

        async def up() -> None:
            while data := await reader.read(65_536):
                self.sent += len(data)
                far_writer.write(data)

        async def down() -> None:
            while data := await far_reader.read(65_536):
                writer.write(data)

        tasks = [asyncio.ensure_future(up()), asyncio.ensure_future(down())]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        writer.transport.abort()
        far_writer.transport.abort()
        self.open -= 1


@pytest.mark.parametrize("hangs", [False, True])
async def test_after_leaving_nothing_is_sent(room: FakeClass, make: Learners, hangs: bool) -> None:
    wire = Wire(room.port)
    ana, other_kernel = make(), make()
    await ana.join(CODE, "ana", await wire.start())
    other_kernel.take_up()
    await asyncio.to_thread(room.until, lambda: len(room.connections) == 2, "both kernels")
    until(lambda: room.reports and not ana.status().waiting, "everything to be quiet")
    room.is_mute = hangs
    began = time.perf_counter()
    left = ana.leave()
    assert time.perf_counter() - began < 2
    assert repr(left) == "You have left the class 'Channels': nothing is reported any more."
    frames = len(room.frames)
    for learner in (ana, other_kernel):
        learner.tried("03.1", solved=False)
        learner.hinted("03.1", 1)
        with pytest.raises(LabError, match="you are in no class"):
            learner.stuck("why?")
    # The other kernel sees it within a second.
    await asyncio.to_thread(until, lambda: not wire.open and not threads(), "an end")
    sent, opened = wire.sent, wire.opened
    ana.tried("03.1", solved=True)
    other_kernel.tried("03.1", solved=True)
    assert (wire.sent, wire.opened, threads()) == (sent, opened, [])
    late = [frame for frame in room.frames[frames:] if frame != {"type": "leave"}]
    assert late == [] and "tried" not in room.whats()
    await wire.close()


async def test_whoever_wants_to_be_forgotten_hears_whether_that_was_done(
    room: FakeClass, make: Learners
) -> None:
    ana = make()
    await ana.join(CODE, "ana", room.url)
    assert repr(ana.leave(forget=True)).endswith("It has deleted all that it had of you.")
    assert room.frames[-1] == {"type": "leave", "forget": True}
    await ana.join(CODE, "ana", room.url)
    assert len({frame["key"] for frame in room.frames if "key" in frame}) == 2
    room.kill()
    assert repr(ana.leave(forget=True)).endswith(
        "It could not be reached: what it has of you stays until the instructor deletes it."
    )


async def test_a_class_that_is_away_for_a_moment_is_called_to_be_forgotten(
    room: FakeClass, make: Learners, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "FIRST_PAUSE", 900.0)
    monkeypatch.setattr(sender, "LONGEST_PAUSE", 900.0)
    ana = make()
    await ana.join(CODE, "ana", room.url)
    room.drop()
    until(lambda: ana.status().state == "away", "the loss to be noticed")
    assert repr(ana.leave(forget=True)).endswith("It has deleted all that it had of you.")
    assert room.frames[-1] == {"type": "leave", "forget": True}


async def test_leaving_what_nobody_joined_is_no_error(make: Learners) -> None:
    assert repr(make().leave()) == "You are in no class: nothing is reported."


async def test_a_journal_that_cannot_be_read_at_this_moment_ends_nothing(
    room: FakeClass, make: Learners, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make().join(CODE, "ana", room.url)
    later = make()

    def locked(*_: object, **__: object) -> None:
        raise Unwritable("database is locked")

    with monkeypatch.context() as patch:
        patch.setattr(later.journal._store, "transaction", locked)
        assert later.take_up() is None
        assert repr(later.status()) == (
            "The classroom's journal cannot be read (database is locked). Nothing is reported."
        )
    assert later.take_up() is not None


async def test_a_class_of_last_week_is_not_looked_for(
    room: FakeClass, make: Learners, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make().join(CODE, "ana", room.url)
    monkeypatch.setattr("channels_lab.classroom.learner.KEPT_DAYS", -1)
    later = make()
    assert later.take_up() is None
    assert not later.journal.is_joined()


# ---------------------------------------------------------------------- the thread


async def test_no_call_of_the_network_is_made_in_the_thread_of_a_cell(
    room: FakeClass, make: Learners
) -> None:
    calls: list[tuple[str, str]] = []
    cell = threading.current_thread().name

    def watch(event: str, arguments: Any) -> None:
        if watching and event.startswith("socket."):
            calls.append((threading.current_thread().name, event))

    watching = True
    sys.addaudithook(watch)  # it cannot be taken away again
    ana = make()
    await ana.join(CODE, "ana", room.url)
    ana.tried("03.1", solved=False)
    room.until(lambda: "tried" in room.whats(), "the report")
    watching = False
    assert ("classroom", "socket.connect") in calls
    assert {event for name, event in calls if name == cell} <= {"socket.__new__"}, calls


async def test_the_kernel_ends_at_once_and_prints_nothing(room: FakeClass, tmp_path: Path) -> None:
    code = (
        "import asyncio, logging, sys\nfrom pathlib import Path\n"
        "logging.basicConfig(level=logging.DEBUG)\n"
        "from channels_lab.classroom.learner import Learner\n"
        "ana = Learner(Path(sys.argv[1]))\n"
        "asyncio.run(ana.join('K7PM-2QXR', 'ana', sys.argv[2]))\n"
        "ana.tried('03.1', solved=True)\n"
        "input()\n"
    )
    kernel = await asyncio.create_subprocess_exec(
        sys.executable, "-X", "dev", "-c", code, str(tmp_path), room.url, cwd=NOTEBOOKS,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    await asyncio.to_thread(room.until, lambda: "tried" in room.whats(), "the report")
    room.kill()
    async with asyncio.timeout(SECONDS):
        said = await kernel.communicate(b"\n")
    # asyncio tells of every event loop, the cell's own among them.
    printed = [line for line in said[1].splitlines() if not line.startswith(b"DEBUG:asyncio:")]
    assert (kernel.returncode, said[0], printed) == (0, b"", [])
