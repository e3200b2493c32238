"""LiveServer: a real server process with its Valkey and its database, for as long as the kernel."""

from __future__ import annotations

import os
import secrets
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

from .command import LISTENS, Kind
from .database import Database, own_file, sqlite_url
from .deadline import Deadline
from .errors import LabError, LabTimeout, ServerError
from .log import Log
from .places import BUILT_CLIENT, DEMO_PROJECT
from .ports import EVERYWHERE, HOST, free_port, holder, is_taken
from .processes import Processes
from .program import Program
from .server_process import ServerProcess
from .shell import Text, clean_environment, run
from .valkeys import Valkeys

if TYPE_CHECKING:
    from .profiling import Profiling
    from .trace import Trace

START_TIMEOUT = 20.0  # seconds
PATIENCE = 3.0  # seconds that a server has to end by itself


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
        self._process: ServerProcess | None = None
        self._valkeys: Valkeys | None = None
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
        return self._started.pid

    @property
    def megabytes(self) -> int:
        """The memory of the server process: what it holds in RAM, in MiB."""
        return self._started.megabytes

    @property
    def state(self) -> Literal["running", "ended", "stopped"]:
        """``running``, ``ended`` (the process is gone, restart() brings it back) or ``stopped``."""
        if self._process is None:
            return "stopped"
        return "running" if self._process.is_running else "ended"

    # ------------------------------------------------------------------ start and stop

    def start(self, timeout: float = START_TIMEOUT) -> Self:
        """Start everything and return when the server accepts connections.

        Raises ``ServerError`` when the project's own code stops it (the message ends with the
        error) or when the port is taken (the message says by whom).
        """
        if self._process is not None:
            raise LabError(f"{self} has been started already: stop() it first, or restart() it")
        if self.port is not None and is_taken(self.port, self.host):
            raise ServerError(
                f"port {self.port} is taken by {holder(self.port)}: end it, or take another port"
            )
        self.port = self.port or free_port()
        processes = Processes()
        address = self.host, self.port
        process = ServerProcess(self.kind, self.project, address, processes, self.workers)
        self._process = process
        deadline = Deadline(timeout, process.said)
        try:
            self._prepare_environment(processes)
            database = Database(processes, self.project, self.env)
            makes_tables = self._beside is None and not database.copy(deadline)
            # Side by side, since each takes about as long: the tables, then Valkey and the server.
            if makes_tables:
                database.make()
            if self._valkeys is not None:
                self._valkeys.start_all()
                self.env["REDIS_URL"] = self._valkeys.urls
            self._run(process)
            if makes_tables:
                database.wait(deadline)
            process.wait_until_it_listens(deadline)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End the server, its Valkey and its folder; does nothing when it is stopped already."""
        process, self._process, self._valkeys = self._process, None, None
        if process is not None:
            process.processes.end()

    def kill(self) -> None:
        """End the server process with ``kill -9``; Valkey and the database stay."""
        process = self._started
        process.signal(signal.SIGKILL)
        process.wait_for_end()
        self._note("killed", server=self.name, pid=process.pid)

    def restart(self, timeout: float = START_TIMEOUT) -> Self:
        """Start the server process again, on the same port, with the same Valkey and database."""
        if self._process is None:
            return self.start(timeout)
        process = self._process
        if process.is_running:
            process.signal(signal.SIGTERM)
            try:
                process.wait_for_end(PATIENCE)
            except LabTimeout:
                self.kill()  # code that never returns does not hear SIGTERM
            else:
                self._note("stopped", server=self.name, pid=process.pid)
        self._run(process)
        process.wait_until_it_listens(Deadline(timeout, process.said))
        self._note("started", server=self.name)
        return self

    def kill_valkey(self, shard: int = 1) -> None:
        """End Valkey (of several shards: this one) with ``kill -9``; the server process stays."""
        name, valkeys = self._valkey(shard)
        self._note("valkey_killed", valkey=name)
        valkeys.kill(shard)

    def start_valkey(self, shard: int = 1) -> None:
        """Start Valkey (of several shards: this one) again, on the same port, empty."""
        name, valkeys = self._valkey(shard)
        valkeys.start(shard)
        self._note("valkey_started", valkey=name)

    def _valkey(self, shard: int) -> tuple[str, Valkeys]:
        if not 1 <= shard <= self._shards:
            raise LabError(f"expected a Valkey of {self} from 1 to {self._shards}, got {shard!r}")
        if self._valkeys is None:
            raise self._not_running()
        return f"Valkey {shard}" if self._shards > 1 else "Valkey", self._valkeys

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exception: object) -> None:
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
        if self._process is None:
            raise LabError("a stopped server has no record: call start() first")
        if self._recorded_with is not None:
            return self._recorded_with.record_folder
        return self._process.processes.folder / "record"

    def enrol(self, name: str) -> str:
        """Give a client its name in the record: ``ana``, and ``ana (2)`` for a second one."""
        taken = sum(each == name or each.startswith(f"{name} (") for each in self.clients)
        self.clients.append(name if not taken else f"{name} ({taken + 1})")
        return self.clients[-1]

    # ------------------------------------------------------------------ where its time goes

    def profile(self, timeout: float = 10.0) -> Profiling:
        """Profile a block: ``async with server.profile() as profile: …``.

        Raises ``LabError`` when the server was not started for it, ``LabTimeout`` when no profile
        came of it.
        """
        if not self._profiles:
            raise LabError(f"expected a server to profile, got {self}: LiveServer(profile=True)")
        return self._started.profile(timeout)

    def _note(self, what: str, **details: Any) -> None:
        if self.program is not None:
            self.program.step(what, **details)

    # ------------------------------------------------------------------ what it says

    def lines(self, words: str = "") -> list[str]:
        """The lines that the server has printed and that contain ``words``, settled.

        Settled: without dates, ports and addresses of objects; a traceback keeps only the frames
        of the project (see ``text.settle``). The untouched text: ``log_path``.
        """
        return self._log.lines(words)

    @property
    def log_path(self) -> Path:
        """The file that the server process prints to."""
        return self._log.path

    @property
    def _log(self) -> Log:
        if self._process is None:
            raise LabError("a stopped server has no log: read it before stop()")
        return self._process.log

    async def logged(self, words: str, timeout: float = 5.0, times: int = 1) -> str:
        """Wait until the server has printed a line with these ``words``; return the last such line.

        ``times`` is how many such lines there must be.
        """
        return await self._log.logged(words, timeout, times)

    # ------------------------------------------------------------------ its commands

    def run(self, command: str, timeout: float = 60.0) -> Text:
        """Run a command of the project with the server's database and broker.

        For example ``server.run('python manage.py broadcast "hello"')``; returns what it printed.
        """
        if not self.env:
            raise LabError(f"{self} has no database and no broker yet: call start() first")
        return run(command, self.project, self.env, timeout)

    # ------------------------------------------------------------------ the parts

    @property
    def _started(self) -> ServerProcess:
        if self._process is None:
            raise self._not_running()
        return self._process

    def _not_running(self) -> LabError:
        return LabError(f"{self} is not running: call start() first")

    def _run(self, process: ServerProcess) -> None:
        process.start(self.env, records=self.program is not None, profiles=self._profiles)
        if self.program is not None:
            self.program.servers[process.pid] = self.name

    def _prepare_environment(self, processes: Processes) -> None:
        database = self._database or own_file(processes.folder)
        self.env = clean_environment(
            DATABASE_URL=sqlite_url(database),
            DJANGO_SETTINGS_MODULE="myproject.settings",
            # A copy of the demo_project lies elsewhere, and has the same client.
            FRONTEND_DIST=os.environ.get("FRONTEND_DIST") or str(BUILT_CLIENT),
            # So that a session of an earlier server is not taken for one of this.
            **({} if self._database else {"DJANGO_SECRET_KEY": secrets.token_urlsafe(32)}),
        )
        if self._shards:
            self._valkeys = Valkeys(self._shards, processes)
            self.env["REDIS_URL"] = self._valkeys.urls
        if self._beside is not None:
            self.env = {k: v for k, v in self._beside.env.items() if k != "CHANNELS_RECORD"}
        self.env |= self.settings
        if self.program is not None:
            self.env["CHANNELS_RECORD"] = str(self.record_folder)
