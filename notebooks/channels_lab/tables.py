"""Tables: the database that `migrate` and `demo_users` make of the demo_project, made once.

To make it costs more than to start the server, and every server of it begins with the same. So it
is kept in .venv, and each server gets a copy. Its name is a hash of all that it follows from: the
files of the project, the variables they name, the packages. When any of that changes, there is none
of that name, and it is made anew.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

KEPT = 32  # databases; a copy of the project that was changed has one of its own
FOLDER = Path(sys.prefix) / "ready_databases"
_DEMO_USERS = Path("account", "management", "commands", "demo_users.py")
_VARIABLE = re.compile(rb"\b[A-Z][A-Z0-9_]+\b")
# Each server has its own of these, and no table depends on them.
_OF_ONE_SERVER = {
    "DATABASE_URL",
    "REDIS_URL",
    "DJANGO_SECRET_KEY",
    "CHANNELS_RECORD",
    "FRONTEND_DIST",
}


class Tables:
    """The database that is kept under this name, if there is one."""

    def __init__(self, name: str) -> None:
        self.path = FOLDER / f"{name}.sqlite3"

    @classmethod
    def of(cls, project: Path, environment: Mapping[str, str], code: str) -> Tables | None:
        """What this code makes of the demo_project, or of a copy of it; None for another project.

        A learner's own project is made anew for each lesson, with a secret key of its own: what
        was kept of it would not be found again.
        """
        if sys.prefix == sys.base_prefix or not (project / _DEMO_USERS).is_file():
            return None
        try:
            return cls(fingerprint(project, environment, code))
        except OSError:  # a file that cannot be read, or is gone at this moment
            return None

    def copy_to(self, database: Path) -> bool:
        """Put a copy of it there; False when there is none."""
        try:
            shutil.copyfile(self.path, database)
        except OSError:
            database.unlink(missing_ok=True)
            return False
        return True

    def keep(self, database: Path) -> None:
        """Keep a copy of this database, which nobody has open; do nothing where it cannot be."""
        if database.with_name(f"{database.name}-wal").exists():
            return  # a part of it is still in that file
        try:
            self.path.parent.mkdir(exist_ok=True)
            handle, draft = tempfile.mkstemp(dir=self.path.parent, suffix=".draft")
            with open(handle, "wb") as file:
                file.write(database.read_bytes())
                file.flush()
                os.fsync(file.fileno())
            os.replace(draft, self.path)  # whole or not at all, whoever is killed and when
            self._forget_the_oldest()
        except OSError:
            return

    def _forget_the_oldest(self) -> None:
        """Keep the newest; the oldest go, and drafts of those who were killed while writing."""
        files = sorted(self.path.parent.iterdir(), key=lambda file: file.stat().st_mtime)
        for old in files[:-KEPT]:
            old.unlink(missing_ok=True)


def fingerprint(project: Path, environment: Mapping[str, str], code: str) -> str:
    """Return a hash of all that the tables of a project follow from."""
    digest = hashlib.sha256()
    variables: set[str] = set()

    def add(*parts: str | bytes) -> None:
        for part in parts:
            data = part.encode() if isinstance(part, str) else part
            digest.update(b"%d:%b" % (len(data), data))

    add(code, sys.version, *packages())
    for path in _files(project):
        content = path.read_bytes()
        add(str(path.relative_to(project)), content)
        variables |= {name.decode() for name in _VARIABLE.findall(content)}
    named = {name for name in environment if name in variables or name.startswith("DJANGO_")}
    for name in sorted(named - _OF_ONE_SERVER):
        add(name, environment[name])
    return digest.hexdigest()


def packages() -> list[str]:
    """Return the packages of this Python with their versions, such as ``django-5.2.dist-info``."""
    found = os.listdir(sysconfig.get_path("purelib"))
    return sorted(name for name in found if name.endswith(".dist-info"))


def _files(project: Path) -> Iterator[Path]:
    """The files of a project in order, without its tests and what Python and the database make."""
    for folder, folders, files in os.walk(project):
        folders[:] = sorted(name for name in folders if name not in ("__pycache__", "tests"))
        for name in sorted(files):
            if ".sqlite3" not in name:
                yield Path(folder, name)
