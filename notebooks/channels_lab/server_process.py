"""The process of a server, one run after the other."""

from __future__ import annotations

import signal
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .command import LISTENS, Kind, command
from .deadline import Deadline
from .errors import ServerError
from .log import Log
from .ports import EVERYWHERE, HOST
from .processes import Processes

if TYPE_CHECKING:
    from .profiling import Profiling


class ServerProcess:
    """A process that serves a project on an address; each run has a log of its own.

    With several ``workers`` they share the address, and its ``pid`` is that of the first.
    """

    def __init__(
        self,
        kind: Kind,
        project: Path,
        address: tuple[str, int],
        processes: Processes,
        workers: int = 1,
    ) -> None:
        self.kind = kind
        self.processes = processes
        self.pid = 0  # before its first run
        self._project, self._address, self._workers = project, address, workers
        self._profile = processes.folder / "server.profile"
        self._runs = 0

    @property
    def name(self) -> str:
        """What the keeper calls this run of it."""
        return f"server-{self._runs}"

    @property
    def log(self) -> Log:
        """What this run of it has printed."""
        return Log(self.processes.folder / f"{self.name}.log", self._project)

    @property
    def is_running(self) -> bool:
        """Whether it has not ended (of several: none of them)."""
        return self.processes.exit_code(self.name) is None

    @property
    def megabytes(self) -> int:
        """The memory of the server process: what it holds in RAM, in MiB."""
        words = ["ps", "-o", "rss=", "-p", str(self.pid)]
        return int(subprocess.run(words, capture_output=True, timeout=5, check=True).stdout) // 1024

    def said(self) -> str:
        """The last of what this run of it has printed, for an error."""
        return self.log.tail()

    def start(self, env: Mapping[str, str], *, records: bool, profiles: bool) -> None:
        """Start it; ``profiles``: so that ``profile()`` can be called."""
        self._runs += 1
        alone = self._workers == 1
        argv = command(
            self.kind,
            self._project,
            self._address if alone else None,
            records=records,
            profile=self._profile if profiles else None,
        )
        several = {"workers": self._workers, "listen": self._address}
        shared: dict[str, Any] = {} if alone else several
        self.pid = self.processes.run(self.name, argv, self._project, env, **shared)

    def profile(self, timeout: float) -> Profiling:
        """A block that it profiles, if it was started for that."""
        from .profiling import Profiling

        return Profiling(lambda: self.signal(signal.SIGUSR2), self._profile, timeout)

    def signal(self, number: int) -> None:
        """Send it a signal."""
        self.processes.signal(self.name, number)

    def wait_until_it_listens(self, deadline: Deadline) -> None:
        """Return when it takes connections. Raises ``ServerError`` when it ends before."""
        host, port = self._address
        while True:
            if not self.is_running:
                raise ServerError(f"{self.kind} ended before it listened:\n{self.said()}")
            if self._workers > 1:  # their socket takes connections before any of them does
                if len(self.log.lines(LISTENS[self.kind])) == self._workers:
                    return
                deadline.pause(f"{self._workers} processes of {self.kind}")
                continue
            try:
                at = HOST if host == EVERYWHERE else host, port
                socket.create_connection(at, timeout=1).close()
                return
            except OSError:
                deadline.pause(self.kind)

    def wait_for_end(self, timeout: float = 10.0) -> None:
        """Return when it has ended."""
        deadline = Deadline(timeout, self.said)
        while self.is_running:
            deadline.pause(f"the end of {self.kind}")
