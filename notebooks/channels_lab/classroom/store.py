"""Store: the journal's file, opened so that kernels and threads share it and none waits long."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .records import Unwritable

_SCHEMA = Path(__file__).with_name("schema.sql")
_VERSION = 1
_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class Store:
    """One SQLite file: a transaction at a time, each with a bound on how long it waits.

    A file that is no journal is set aside as ``….damaged.sqlite3``, never overwritten; ``note`` is
    the sentence about it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.note = ""
        self._database: sqlite3.Connection | None = None
        self._opened: tuple[int, int] | None = None  # device and inode of the open file
        self._process = os.getpid()  # SQLite does not survive a fork
        self._turn = threading.Lock()

    def is_ours(self) -> bool:
        """Say whether this is the process that made it, and no fork of that."""
        return os.getpid() == self._process

    @contextmanager
    def transaction(self, patience: float, *, write: bool = True) -> Iterator[sqlite3.Connection]:
        """Everything in the block, or nothing; raises ``Unwritable`` when it cannot be now.

        It waits ``patience`` seconds for another thread, and as long for another kernel.
        """
        if not self.is_ours():
            raise Unwritable("a fork of the kernel does not write in its journal")
        if not self._turn.acquire(timeout=patience):
            raise Unwritable("another thread of this kernel is writing")
        try:
            database = self._connected(patience)
            database.execute("BEGIN IMMEDIATE" if write else "BEGIN")
            try:
                yield database
                if database.in_transaction:
                    database.execute("COMMIT")
            finally:
                if database.in_transaction:
                    database.execute("ROLLBACK")
        except sqlite3.Error as error:
            self._failed(error)
        except OSError as error:  # the folder is gone, or not to be written in
            raise Unwritable(str(error)) from None
        finally:
            self._turn.release()

    def tidy(self) -> None:
        """Write what was appended into the file itself: it may wait for the disk, so no cell does.

        Source: https://www.sqlite.org/wal.html#ckpt
        """
        with suppress(Unwritable), self.transaction(1.0, write=False) as database:
            database.execute("COMMIT")
            database.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def close(self) -> None:
        """Close the file; the next transaction opens it again."""
        with self._turn:
            self._close()

    def _close(self) -> None:
        if self._database is not None:
            with suppress(sqlite3.Error):
                self._database.close()
        self._database = self._opened = None

    def _connected(self, patience: float) -> sqlite3.Connection:
        database = self._database
        if database is None or _identity(self.path) != self._opened:
            self._close()  # another kernel has set it aside, or somebody deleted it
            database = self._connect(patience)
        database.execute(f"PRAGMA busy_timeout = {int(patience * 1000)}")
        return database

    def _connect(self, patience: float) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))  # it holds a secret
        self._opened = _identity(self.path)
        # Threads take their turns by the lock; transactions begin and end where they say so.
        self._database = database = sqlite3.connect(
            self.path, timeout=patience, isolation_level=None, check_same_thread=False
        )
        # A commit appends to a file and waits for no disk; `tidy` does that, in the background.
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute("PRAGMA wal_autocheckpoint = 0")
        database.execute("PRAGMA secure_delete = ON")  # what is forgotten is not left on the disk
        if _version(database) == 0:
            database.execute("BEGIN IMMEDIATE")
            if _version(database) == 0:  # no other kernel was quicker
                for statement in _SCHEMA.read_text(encoding="utf-8").split(";\n"):
                    database.execute(statement)
            database.execute("COMMIT")
        if _version(database) != _VERSION:
            raise sqlite3.DatabaseError(f"it is of version {_version(database)}")
        return database

    def _failed(self, error: sqlite3.Error) -> None:
        """Set a damaged file aside; raise ``Unwritable`` with the reason in any case."""
        code = getattr(error, "sqlite_errorcode", None)
        if type(error) is sqlite3.DatabaseError and (code is None or code & 0xFF in _DAMAGE):
            still_there = _identity(self.path) == self._opened
            self._close()
            if still_there:
                self._set_aside(error)
        elif not isinstance(error, sqlite3.OperationalError):
            raise error  # a mistake of our own
        elif code is not None and code & 0xFF != sqlite3.SQLITE_BUSY:
            self._close()  # the disk is full, the folder is gone: the next one tries from the start
        raise Unwritable(f"{type(error).__name__}: {error}") from None

    def _set_aside(self, error: sqlite3.Error) -> None:
        aside = self.path.with_name(f"{self.path.stem}.damaged{self.path.suffix}")
        with suppress(OSError):
            os.replace(self.path, aside)
            for ending in ("-wal", "-shm"):
                self.path.with_name(self.path.name + ending).unlink(missing_ok=True)
        self.note = (
            f"The classroom's journal could not be read ({error}): it is kept as {aside.name}; "
            "join the class again."
        )


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _version(database: sqlite3.Connection) -> int:
    (version,) = database.execute("PRAGMA user_version").fetchone()
    return int(version)
