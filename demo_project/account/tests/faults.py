"""The faults: what can break under a board, and how it ends."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import psutil
import psycopg
import redis
from psycopg import sql

from account.tests.stage import Database, Stage


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
