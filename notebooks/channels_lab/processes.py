"""Processes: what the keeper runs for a server, in one folder, for as long as the kernel."""

from __future__ import annotations

import atexit
import json
import selectors
import shutil
import subprocess
import sys
import tempfile
import threading
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .errors import LabTimeout, ServerError
from .shell import clean_environment

PREFIX = "channels-lab-"  # of every temporary folder
_running: weakref.WeakSet[Processes] = weakref.WeakSet()


class Processes:
    """A keeper and what it has started, each by its name; see `keeper.py`.

    ``folder`` is theirs: the process ``server-1`` prints to ``server-1.log`` in it.
    """

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        self._turn = threading.Lock()  # one request to the keeper at a time
        self._keeper = subprocess.Popen(
            # By its path: it needs none of this package, and so is there at once.
            [sys.executable, str(Path(__file__).with_name("keeper.py")), str(self.folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).resolve().parents[1],
            env=clean_environment(),
            start_new_session=True,  # out of reach of the notebook's stop button
        )
        _running.add(self)

    @property
    def keeper_pid(self) -> int:
        """The process id of the keeper, which is the parent of all the others."""
        return self._keeper.pid

    def run(
        self, name: str, argv: list[str], project: Path, env: Mapping[str, str], **shared: Any
    ) -> int:
        """Start a process in the folder of a project; its process id.

        With ``workers=2, listen=(HOST, PORT)`` so many that share a listening socket.
        """
        asked = {"name": name, "argv": argv, "cwd": str(project), "env": dict(env)}
        return int(self._ask(do="run", **asked, **shared))

    def exit_code(self, name: str) -> int | None:
        """How a process has ended; None while it runs."""
        code: int | None = self._ask(do="poll", name=name)
        return code

    def signal(self, name: str, number: int) -> None:
        """Send a process a signal; one that has ended is left alone."""
        self._ask(do="signal", name=name, number=int(number))

    def start_valkey(self, number: int, port: int) -> None:
        """Start a Valkey on this port, empty, unless it runs."""
        self._ask(do="valkey", number=number, port=port)

    def kill_valkey(self, number: int) -> None:
        """End a Valkey with ``kill -9``."""
        self._ask(do="valkey-kill", number=number)

    def end(self) -> None:
        """End all of them, and remove the folder."""
        _running.discard(self)
        keeper = self._keeper
        assert keeper.stdin and keeper.stdout
        keeper.stdin.close()  # the keeper reads the end of its input and tidies up
        try:
            keeper.wait(10)
        except subprocess.TimeoutExpired:
            keeper.kill()
            keeper.wait()
        keeper.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _ask(self, **request: Any) -> Any:
        keeper = self._keeper
        assert keeper.stdin and keeper.stdout
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


@atexit.register
def _end_all() -> None:
    """End what still runs when the kernel ends by itself (the keeper covers every other end)."""
    for processes in list(_running):
        processes.end()
