"""Database: what a project needs in its tables before its first request."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from .deadline import Deadline
from .errors import ServerError
from .processes import Processes
from .tables import Tables
from .text import settle

# The demo_project also has demo users, save where others may reach it; a learner's project has no
# such command.
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


class Database:
    """The database of a server, which its project's own code fills."""

    def __init__(self, processes: Processes, project: Path, env: Mapping[str, str]) -> None:
        self._processes, self._project = processes, project
        # To make the tables is no traffic.
        self._env = {key: value for key, value in env.items() if key != "CHANNELS_RECORD"}

    def copy(self, deadline: Deadline) -> bool:
        """Copy what is kept ready of this project, and first make it where there is none yet.

        False where nothing is kept: of a learner's project, or for a database that was there.
        """
        file = own_file(self._processes.folder)
        if self._env["DATABASE_URL"] != sqlite_url(file):
            return False
        tables = Tables.of(self._project, self._env, _PREPARE)
        if tables is None:
            return False
        if not tables.copy_to(file):
            self.make()
            self.wait(deadline)  # before the server has the file open, too
            tables.keep(file)
        return True

    def make(self) -> None:
        """Begin to make it; ``wait`` waits for the end."""
        argv = [sys.executable, "-c", _PREPARE]
        self._processes.run("tables", argv, self._project, self._env)

    def wait(self, deadline: Deadline) -> None:
        """Wait until it is made. Raises ``ServerError`` when the project's code does not do it."""
        while (code := self._processes.exit_code("tables")) is None:
            deadline.pause("the database tables")
        if code:
            printed = (self._processes.folder / "tables.log").read_text(errors="replace")
            last = settle(printed, self._project)[-8:]
            raise ServerError("`manage.py migrate` failed:\n" + "\n".join(last))


def own_file(folder: Path) -> Path:
    """The file of a server's own database, in its folder."""
    return folder / "db.sqlite3"


def sqlite_url(file: Path) -> str:
    """The ``DATABASE_URL`` of a file."""
    return f"sqlite:///{file}"
