"""A real PostgreSQL for the tests: a cluster of its own in a folder, on a socket in that folder."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from account.tests import live

DEBIAN = "/usr/lib/postgresql"  # it puts initdb and postgres on nobody's PATH
TEMPLATE = "template_of_the_tests"


def programs() -> Path | None:
    """The folder of `initdb` and `postgres`; None where PostgreSQL is not installed."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path(DEBIAN).glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "postgres").exists()), None)


class Postgres:
    """A running cluster."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._databases = 0

    def url(self, database: str, host: str = "") -> str:
        """The DATABASE_URL of a database in it: by its socket, or by the address of its host."""
        return f"postgresql://postgres@{host}/{database}" + ("" if host else f"?host={self.folder}")

    def migrate_template(self) -> None:
        """Make the database that `copy` copies: all tables, and the demo users."""
        self._execute("CREATE DATABASE {}", TEMPLATE)
        for command in (["migrate", "--verbosity=0"], ["demo_users"]):
            env = live.environment(Path(), None, DATABASE_URL=self.url(TEMPLATE))
            done = live.manage(*command, env=env)
            assert done.returncode == 0, done.stderr

    def copy(self, host: str = "") -> str:
        """The DATABASE_URL of a new, migrated database."""
        self._databases += 1
        name = f"test_{self._databases}"
        self._execute("CREATE DATABASE {} TEMPLATE {}", name, TEMPLATE)
        return self.url(name, host)

    def _execute(self, statement: str, *names: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


@contextmanager
def running(bin: Path, listen: str = "", trust: str = "") -> Iterator[Postgres]:
    """Start a cluster and end it. PostgreSQL refuses to run as root, so there it is `postgres`.

    It also listens on the address `listen`, for those of the network `trust`.
    """
    # A short path: the name of a socket has at most a hundred characters.
    with tempfile.TemporaryDirectory(prefix="pg-", ignore_cleanup_errors=True) as made:
        folder = Path(made)
        user = "postgres" if os.getuid() == 0 else None
        if user:
            shutil.chown(folder, user)
        create: list[str | Path] = [bin / "initdb", "--auth=trust", "--username=postgres"]
        create += ["--no-sync", folder / "d"]
        subprocess.run(
            create, user=user, cwd=folder, check=True, capture_output=True, timeout=live.TIMEOUT * 2
        )
        if trust:
            with open(folder / "d" / "pg_hba.conf", "a") as rules:
                rules.write(f"host all all {trust} trust\n")
        serve: list[str | Path] = [bin / "postgres", "-D", folder / "d", "-k", folder]
        serve += [
            "-c",
            f"listen_addresses={listen}",
            "-c",
            "fsync=off",
            "-c",
            "max_connections=200",
        ]
        process = subprocess.Popen(
            serve, user=user, cwd=folder, stderr=subprocess.PIPE, text=True, bufsize=1
        )
        try:
            assert process.stderr
            for line in process.stderr:
                if "ready to accept connections" in line:
                    break
            yield Postgres(folder)
        finally:
            process.send_signal(signal.SIGINT)  # on SIGTERM it waits for hosts that are gone
            process.communicate(timeout=live.TIMEOUT)
