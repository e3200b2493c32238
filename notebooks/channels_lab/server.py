"""LiveServer: a real server process with its Valkey and its database, for as long as the kernel."""

from __future__ import annotations

import asyncio
import atexit
import json
import os
import secrets
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

from .errors import LabError, LabTimeout, ServerError
from .ports import HOST, free_port, holder, is_taken
from .program import Program
from .shell import Text, clean_environment, run
from .tables import Tables
from .text import settle

if TYPE_CHECKING:
    from .profiling import Profile
    from .trace import Trace

RECORDER = Path(__file__).resolve().parents[2] / "demo_project" / "recorder"
PROFILED = Path(__file__).with_name("profiled.py")
DEMO_PROJECT = Path(__file__).resolve().parents[2] / "demo_project"
EVERYWHERE = "0.0.0.0"
BUILT_CLIENT = DEMO_PROJECT.parent / "frontend" / "dist" / "browser"
Kind = Literal["daphne", "uvicorn", "runserver"]
PREFIX = "channels-lab-"  # of every temporary folder
START_TIMEOUT = 20.0  # seconds
PATIENCE = 3.0  # seconds that a server has to end by itself
APPLICATION = "myproject.asgi:application"
# A client whose network is gone is found within 30 seconds; daphne's own 20 and 30 take up to 52.
# The time-out is not longer than the interval: daphne forgets the older of two open pings.
PINGS = ("--ping-interval", "14", "--ping-timeout", "14")
# What a server prints when it takes connections.
LISTENS: dict[Kind, str] = {"daphne": "Listening on TCP", "uvicorn": "Uvicorn running on"}
_running: weakref.WeakSet[LiveServer] = weakref.WeakSet()


class LiveServer:
    """A live Django project: daphne, Valkey and a database of its own, on a free port.

    ``project`` is the folder that holds ``manage.py``; without one it is the demo_project.
    ``valkey=False`` leaves the broker out (then the project has to do with the in-memory layer).
    ``settings`` are further environment variables of the server process.
    ``database`` is a SQLite file to keep; without one it is a new file that goes with the server.
    ``record=True`` records what happens in it, for ``record()`` to draw.
    ``profile=True`` lets ``profile()`` measure where its time goes.
    ``server="uvicorn"`` starts the finished project its own way, any other by uvicorn's command.
    ``workers`` is how many processes share the port: the system gives a connection to one of them.
    Its ``pid`` and ``megabytes`` are those of the first.
    ``beside`` is a running server: this one is a second process of the same site, with its project,
    Valkey, database and settings. It is of no use without the other, so stop it first. If both
    record, they share the record, and ``name`` is what this one is called in it, such as ``A``.
    ``shards`` is how many Valkeys there are.
    ``host`` is the address that it listens on; 0.0.0.0 are all addresses of this machine.

    >>> server = LiveServer().start()
    >>> server
    LiveServer(demo_project, daphne, running)
    """

    def __init__(
        self,
        project: str | os.PathLike[str] | None = None,
        *,
        server: Kind = "daphne",
        valkey: bool = True,
        port: int | None = None,
        settings: Mapping[str, str] | None = None,
        database: Path | None = None,
        record: bool = False,
        profile: bool = False,
        beside: LiveServer | None = None,
        workers: int = 1,
        name: str = "",
        shards: int = 1,
        host: str = HOST,
    ) -> None:
        if beside is not None and not beside.env:
            raise LabError(f"{beside} has nothing to share yet: call start() first")
        if beside is not None:
            project = project or beside.project
        self.project: Path = Path(project).resolve() if project else DEMO_PROJECT
        if not (self.project / "manage.py").is_file():
            raise LabError(
                f"expected a folder with a manage.py, got {self.project.name!r}: a Django project "
                "has one, `django-admin startproject myproject .` makes it"
            )
        if server not in get_args(Kind):
            raise LabError(f"expected server to be one of {get_args(Kind)}, got {server!r}")
        if workers < 1 or (workers > 1 and server not in LISTENS):
            raise LabError(f"expected one worker or more (of runserver one), got {workers}")
        self.kind: Kind = server
        self.workers = workers
        self.port = port
        self.host = host
        self.env: dict[str, str] = {}
        self.name = name
        self._shards = shards if valkey and beside is None else 0
        self._beside = beside
        self.settings = dict(settings or {})
        self._database = database
        self._keeper: subprocess.Popen[str] | None = None
        self._folder: Path | None = None
        self._runs = 0
        self._turn = threading.Lock()  # one request to the keeper at a time
        self.program: Program | None = Program() if record else None
        self._profiles = profile
        self.clients: list[str] = []  # names in the record, as they were made
        self._recorded_with = beside if beside is not None and record and beside.program else None
        if self._recorded_with is not None:
            self.program, self.clients = self._recorded_with.program, self._recorded_with.clients

    def __repr__(self) -> str:
        project = "demo_project" if self.project == DEMO_PROJECT else "your project"
        name = f"{self.name}, " if self.name else ""
        return f"LiveServer({name}{project}, {self.kind}, {self.state})"

    # ------------------------------------------------------------------ addresses

    @property
    def url(self) -> str:
        """The address of the server, such as ``http://127.0.0.1:8080``."""
        return f"http://{self._reached_at}:{self._port()}"

    def ws_url(self, path: str = "/online/") -> str:
        """The address of a WebSocket on it, such as ``ws://127.0.0.1:8080/online/``."""
        return f"ws://{self._reached_at}:{self._port()}{path}"

    @property
    def _reached_at(self) -> str:
        return HOST if self.host == EVERYWHERE else self.host

    def _port(self) -> int:
        if self.port is None:
            raise LabError("the server has no address before start()")
        return self.port

    @property
    def pid(self) -> int:
        """The process id of the server process."""
        if self._folder is None:
            raise LabError("the server is not running, so it has no process: call start() first")
        return self._pid

    @property
    def megabytes(self) -> int:
        """The memory of the server process: what it holds in RAM, in MiB."""
        words = ["ps", "-o", "rss=", "-p", str(self.pid)]
        return int(subprocess.run(words, capture_output=True, timeout=5, check=True).stdout) // 1024

    @property
    def state(self) -> Literal["running", "ended", "stopped"]:
        """``running``, ``ended`` (the process is gone, restart() brings it back) or ``stopped``."""
        if self._keeper is None:
            return "stopped"
        return "running" if self._ask(do="poll", name=self._name) is None else "ended"

    @property
    def _name(self) -> str:
        return f"server-{self._runs}"

    # ------------------------------------------------------------------ start and stop

    def start(self, timeout: float = START_TIMEOUT) -> Self:
        """Start everything and return when the server accepts connections.

        Raises ``ServerError`` when the project's own code stops it (the message ends with the
        error) or when the port is taken (the message says by whom).
        """
        if self._keeper is not None:
            raise LabError(f"{self} has been started already: stop() it first, or restart() it")
        if self.port is not None and is_taken(self.port, self.host):
            raise ServerError(
                f"port {self.port} is taken by {holder(self.port)}: end it, or take another port"
            )
        self.port = self.port or free_port()
        self._folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        self._keeper = subprocess.Popen(
            # By its path: it needs none of this package, and so is there at once.
            [sys.executable, str(Path(__file__).with_name("keeper.py")), str(self._folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).resolve().parents[1],
            env=clean_environment(),
            start_new_session=True,  # out of reach of the notebook's stop button
        )
        _running.add(self)
        deadline = time.monotonic() + timeout
        try:
            self._prepare_environment()
            makes_tables = self._beside is None and not self._has_tables(deadline)
            # Side by side, since each takes about as long: the tables, then Valkey and the server.
            if makes_tables:
                self._make_tables()
            if self._shards:
                self._first_valkeys()
            self._start_server()
            if makes_tables:
                self._await_tables(deadline)
            self._await_server(deadline)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End the server, its Valkey and its folder; does nothing when it is stopped already."""
        keeper, folder = self._keeper, self._folder
        self._keeper = self._folder = None
        _running.discard(self)
        if keeper is not None and keeper.stdin and keeper.stdout:
            keeper.stdin.close()  # the keeper reads the end of its input and tidies up
            try:
                keeper.wait(10)
            except subprocess.TimeoutExpired:
                keeper.kill()
                keeper.wait()
            keeper.stdout.close()
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)

    def kill(self) -> None:
        """End the server process with ``kill -9``; Valkey and the database stay."""
        self._ask(do="signal", name=self._name, number=int(signal.SIGKILL))
        self._await_end()
        self._note("killed", server=self.name, pid=self._pid)

    def restart(self, timeout: float = START_TIMEOUT) -> Self:
        """Start the server process again, on the same port, with the same Valkey and database."""
        if self._keeper is None:
            return self.start(timeout)
        if self.state == "running":
            self._ask(do="signal", name=self._name, number=int(signal.SIGTERM))
            try:
                self._await_end(PATIENCE)
            except LabTimeout:
                self.kill()  # code that never returns does not hear SIGTERM
            else:
                self._note("stopped", server=self.name, pid=self._pid)
        self._start_server()
        self._await_server(time.monotonic() + timeout)
        self._note("started", server=self.name)
        return self

    def kill_valkey(self, shard: int = 1) -> None:
        """End Valkey (of several shards: this one) with ``kill -9``; the server process stays."""
        self._note("valkey_killed", valkey=self._valkey(shard))
        self._ask(do="valkey-kill", number=shard)

    def start_valkey(self, shard: int = 1) -> None:
        """Start Valkey (of several shards: this one) again, on the same port, empty."""
        url = self.env["REDIS_URL"].split(",")[shard - 1]
        self._ask(do="valkey", number=shard, port=int(url.rpartition(":")[2]))
        self._note("valkey_started", valkey=self._valkey(shard))

    def _valkey(self, shard: int) -> str:
        if not 1 <= shard <= self._shards:
            raise LabError(f"expected a Valkey of {self} from 1 to {self._shards}, got {shard!r}")
        return f"Valkey {shard}" if self._shards > 1 else "Valkey"

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    # ------------------------------------------------------------------ the record

    def record(self, timeout: float = 5.0) -> Trace:
        """Record a block: ``async with server.record() as trace: …``, then ``Sequence(trace)``.

        At the end of the block it waits until all that the block began has come to its end, at most
        ``timeout`` seconds. Raises ``LabError`` when the server does not record.
        """
        from .trace import Trace

        if self.program is None:
            raise LabError(f"expected a server that records, got {self}: LiveServer(record=True)")
        return Trace(self, timeout)

    @property
    def record_folder(self) -> Path:
        """Where the processes of this server write what happens in them."""
        if self._folder is None:
            raise LabError("a stopped server has no record: call start() first")
        if self._recorded_with is not None:
            return self._recorded_with.record_folder
        return self._folder / "record"

    def enrol(self, name: str) -> str:
        """Give a client its name in the record: ``ana``, and ``ana (2)`` for a second one."""
        taken = sum(each == name or each.startswith(f"{name} (") for each in self.clients)
        self.clients.append(name if not taken else f"{name} ({taken + 1})")
        return self.clients[-1]

    # ------------------------------------------------------------------ where its time goes

    @asynccontextmanager
    async def profile(self, timeout: float = 10.0) -> AsyncIterator[Profile]:
        """Profile a block: ``async with server.profile() as profile: …``.

        Raises ``LabError`` when the server was not started for it, ``LabTimeout`` when no profile
        came of it.
        """
        from .profiling import Profile

        if not self._profiles:
            raise LabError(f"expected a server to profile, got {self}: LiveServer(profile=True)")
        self.profile_path.unlink(missing_ok=True)
        profile = Profile()
        self._ask(do="signal", name=self._name, number=int(signal.SIGUSR2))
        try:
            yield profile
        finally:
            self._ask(do="signal", name=self._name, number=int(signal.SIGUSR2))
        deadline = time.monotonic() + timeout
        while not self.profile_path.exists():
            if time.monotonic() > deadline:
                raise LabTimeout(f"waited {timeout:g} s for the profile of the server, in vain")
            await asyncio.sleep(0.02)
        profile.read(self.profile_path)

    @property
    def profile_path(self) -> Path:
        """The file that a profile of the server process is written to."""
        if self._folder is None:
            raise LabError("a stopped server has no profile: call start() first")
        return self._folder / "server.profile"

    def _note(self, what: str, **details: Any) -> None:
        if self.program is not None:
            self.program.step(what, **details)

    # ------------------------------------------------------------------ what it says

    def lines(self, words: str = "") -> list[str]:
        """The lines that the server has printed and that contain ``words``, settled.

        Settled: without dates, ports and addresses of objects; a traceback keeps only the frames
        of the project (see ``text.settle``). The untouched text: ``log_path``.
        """
        printed = self.log_path.read_text(errors="replace")
        whole, _, _ = printed.rpartition("\n")  # the last line may be half written
        return [line for line in settle(whole, self.project) if words in line]

    @property
    def log_path(self) -> Path:
        """The file that the server process prints to."""
        if self._folder is None:
            raise LabError("a stopped server has no log: read it before stop()")
        return self._folder / f"{self._name}.log"

    async def logged(self, words: str, timeout: float = 5.0, times: int = 1) -> str:
        """Wait until the server has printed a line with these ``words``; return the last such line.

        ``times`` is how many such lines there must be.
        """
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if len(found := self.lines(words)) >= times:
                return found[-1]
            await asyncio.sleep(0.02)
        raise LabTimeout(
            f"waited {timeout:g} s for the server to print {words!r}; "
            f"it printed:\n{self._tail() or '(nothing)'}"
        )

    # ------------------------------------------------------------------ its commands

    def run(self, command: str, timeout: float = 60.0) -> Text:
        """Run a command of the project with the server's database and broker.

        For example ``server.run('python manage.py broadcast "hello"')``; returns what it printed.
        """
        if not self.env:
            raise LabError(f"{self} has no database and no broker yet: call start() first")
        return run(command, self.project, self.env, timeout)

    def _tail(self, lines: int = 12) -> str:
        return "\n".join(self.lines()[-lines:]) if self._runs else ""

    # ------------------------------------------------------------------ the parts

    def _prepare_environment(self) -> None:
        assert self._folder is not None
        database = self._database or self._folder / "db.sqlite3"
        self.env = clean_environment(
            DATABASE_URL=_sqlite_url(database),
            DJANGO_SETTINGS_MODULE="myproject.settings",
            # A copy of the demo_project lies elsewhere, and has the same client.
            FRONTEND_DIST=os.environ.get("FRONTEND_DIST") or str(BUILT_CLIENT),
            # So that a session of an earlier server is not taken for one of this.
            **({} if self._database else {"DJANGO_SECRET_KEY": secrets.token_urlsafe(32)}),
        )
        if self._shards:
            self.env["REDIS_URL"] = self._free_redis_urls()
        if self._beside is not None:
            self.env = {k: v for k, v in self._beside.env.items() if k != "CHANNELS_RECORD"}
        self.env |= self.settings
        if self.program is not None:
            self.env["CHANNELS_RECORD"] = str(self.record_folder)

    def _first_valkeys(self) -> None:
        """Start each Valkey; where another program was faster to take a port, on other ones."""
        for attempt in range(5):
            try:
                for shard in range(1, self._shards + 1):
                    self.start_valkey(shard)
                return
            except ServerError:
                if attempt == 4:
                    raise
                for shard in range(1, self._shards + 1):
                    self._ask(do="valkey-kill", number=shard)
                self.env["REDIS_URL"] = self._free_redis_urls()

    def _free_redis_urls(self) -> str:
        ports = {free_port() for _ in range(self._shards)}
        while len(ports) < self._shards:
            ports.add(free_port())
        return ",".join(f"redis://{HOST}:{port}" for port in sorted(ports))

    def _start_server(self) -> None:
        self._runs += 1
        port = str(self._port())
        alone = self.workers == 1
        shared: dict[str, Any] = {"workers": self.workers, "listen": [self.host, self._port()]}
        daphne_at = ["-b", self.host, "-p", port] if alone else ["--fd", "FD"]
        uvicorn_at = ["--host", self.host, "--port", port] if alone else ["--fd", "FD"]
        program: dict[Kind, list[str]] = {
            "daphne": ["-m", "daphne", *PINGS, *daphne_at, APPLICATION],
            "uvicorn": [*self._uvicorn(), *uvicorn_at],
            "runserver": ["manage.py", "runserver", "--noreload", f"{self.host}:{port}"],
        }
        # A project that has the recorder switches it on itself; any other is run under it.
        under = self.program is not None and not (self.project / RECORDER.name).is_dir()
        start = [str(RECORDER)] if under else []
        argv = [*start, *program[self.kind]]
        if self._profiles and argv[0] == "-m":
            argv = [str(PROFILED), str(self.profile_path), *argv[1:]]
        argv = [sys.executable, *argv]
        self._pid = self._run(self._name, argv, **({} if alone else shared))
        if self.program is not None:
            self.program.servers[self._pid] = self.name

    def _uvicorn(self) -> list[str]:
        # The finished project has a way of its own to start it, with its limits.
        if (self.project / "myproject" / "uvicorn_server.py").is_file():
            return ["-m", "myproject.uvicorn_server"]
        return ["-m", "uvicorn", "--ws", "websockets-sansio", APPLICATION]

    def _run(self, name: str, argv: list[str], **shared: Any) -> int:
        # Making the tables is no traffic.
        unseen = ("CHANNELS_RECORD",) if name == "tables" else ()
        env = {key: value for key, value in self.env.items() if key not in unseen}
        asked = {"name": name, "argv": argv, "cwd": str(self.project), "env": env}
        return int(self._ask(do="run", **asked, **shared))

    def _has_tables(self, deadline: float) -> bool:
        """Whether there are the tables, from a database that is kept ready for this project."""
        assert self._folder is not None
        database = self._folder / "db.sqlite3"
        if self.env["DATABASE_URL"] != _sqlite_url(database):
            return False
        tables = Tables.of(self.project, self.env, _PREPARE)
        if tables is None:
            return False
        if not tables.copy_to(database):
            self._make_tables()
            self._await_tables(deadline)  # before the server has the file open, too
            tables.keep(database)
        return True

    def _make_tables(self) -> None:
        self._run("tables", [sys.executable, "-c", _PREPARE])

    def _await_tables(self, deadline: float) -> None:
        while (code := self._ask(do="poll", name="tables")) is None:
            self._in_time(deadline, "the database tables")
        if code:
            assert self._folder is not None
            log = settle((self._folder / "tables.log").read_text(errors="replace"), self.project)
            raise ServerError("`manage.py migrate` failed:\n" + "\n".join(log[-8:]))

    def _await_server(self, deadline: float) -> None:
        while True:
            code = self._ask(do="poll", name=self._name)
            if code is not None:
                raise ServerError(f"{self.kind} ended before it listened:\n{self._tail()}")
            if self.workers > 1:  # their socket takes connections before any of them does
                if len(self.lines(LISTENS[self.kind])) == self.workers:
                    return
                self._in_time(deadline, f"{self.workers} processes of {self.kind}")
                continue
            try:
                socket.create_connection((self._reached_at, self._port()), timeout=1).close()
                return
            except OSError:
                self._in_time(deadline, self.kind)

    def _await_end(self, timeout: float = 10.0) -> None:
        deadline = time.monotonic() + timeout
        while self._ask(do="poll", name=self._name) is None:
            self._in_time(deadline, f"the end of {self.kind}")

    def _in_time(self, deadline: float, what: str) -> None:
        """One short pause of a bounded wait for another process."""
        if time.monotonic() > deadline:
            raise LabTimeout(
                f"waited for {what}, in vain; the server printed:\n{self._tail() or '(nothing)'}"
            )
        time.sleep(0.02)

    def _ask(self, **request: Any) -> Any:
        keeper = self._keeper
        if keeper is None or keeper.stdin is None or keeper.stdout is None:
            raise LabError(f"{self} is not running: call start() first")
        with self._turn:  # a check may restart the server in a thread
            try:
                keeper.stdin.write(json.dumps(request) + "\n")
                keeper.stdin.flush()
                with selectors.DefaultSelector() as selector:
                    selector.register(keeper.stdout, selectors.EVENT_READ)
                    if not selector.select(timeout=15):
                        raise LabTimeout(f"waited 15 s for the keeper to {request['do']}, in vain")
                reply = json.loads(keeper.stdout.readline() or '{"error": "it is gone"}')
            except BrokenPipeError:
                reply = {"error": "it is gone"}
        if "error" in reply:
            raise ServerError(f"the keeper could not {request['do']}: {reply['error']}")
        return reply["ok"]


def _sqlite_url(database: Path) -> str:
    return f"sqlite:///{database}"


# What a project needs before its first request. The demo_project also has demo users, save where
# others may reach it; a learner's project has no such command.
_PREPARE = """
import django
django.setup()
from django.conf import settings
from django.core.management import call_command, get_commands
from django.db import connections
call_command("migrate", verbosity=0)
if settings.DEBUG and "demo_users" in get_commands():
    call_command("demo_users", verbosity=0)
connections.close_all()  # or SQLite would leave a part of it in a second file
"""


@atexit.register
def _stop_all() -> None:
    """Stop what still runs when the kernel ends by itself (the keeper covers every other end)."""
    for server in list(_running):
        server.stop()
