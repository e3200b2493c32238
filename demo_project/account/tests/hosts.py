"""One host of the board as deploy/ describes it: nginx, and the server processes behind it."""

import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, nullcontext
from pathlib import Path

from account.tests import live
from account.tests.deployment import PORTS, Kind, Unit
from account.tests.network import Host
from account.tests.nginx import Nginx
from account.tests.restartable import Server

LOOPBACK = "127.0.0.1"


def inside(host: Host | None) -> AbstractContextManager[None]:
    """Be on a host of a network, or just here."""
    return host.inside() if host else nullcontext()


class UnitServer(Server):
    """A server process as its unit starts it."""

    def __init__(self, env: dict[str, str], port: int, kind: Kind, host: Host | None) -> None:
        self._unit, self._host = Unit(port, kind), host
        live.LiveServer.__init__(self, env, self._unit.command)

    def __enter__(self) -> "UnitServer":
        with inside(self._host):
            super().__enter__()
        return self

    def restart(self) -> None:
        """Do as `systemctl restart`: SIGTERM, the end, a new process, and wait until it answers."""
        self.stop()
        self.start()
        with inside(self._host):
            subprocess.run(self._unit.wait, cwd=live.PROJECT, check=True, timeout=live.TIMEOUT * 2)


class BoardHost:
    """nginx and a server process for each of `kinds`; use it with `with`.

    On a host of a network everything has the ports of deploy/; without one, ports that are free.
    `env` are the variables of the server processes.
    """

    def __init__(
        self, env: Mapping[str, str], kinds: Sequence[Kind], host: Host | None = None
    ) -> None:
        self._host = host
        self._stack = ExitStack()
        self._ports = PORTS[: len(kinds)] if host else [live.free_port() for _ in kinds]
        address = host.front if host else LOOPBACK
        env = {**env, "ALLOWED_HOSTS": address}
        self.servers = [
            UnitServer(env, port, kind, host) for port, kind in zip(self._ports, kinds, strict=True)
        ]
        self._address = address

    def __enter__(self) -> "BoardHost":
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="nginx-")))
            free = {} if self._host else {"http": live.free_port(), "https": live.free_port()}
            self.nginx = Nginx(folder, self._address, self._ports, **free)
            with inside(self._host):
                stack.enter_context(self.nginx)
            with ThreadPoolExecutor(len(self.servers)) as pool:
                for starting in [pool.submit(stack.enter_context, one) for one in self.servers]:
                    starting.result()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    def kill(self) -> None:
        """End everything on it with `kill -9`."""
        for server in self.servers:
            server.kill()
        self.nginx.kill()

    @property
    def connections(self) -> list[int]:
        """How many WebSockets each process has."""
        with inside(self._host):
            return [int(one.figures()["board_connections"]) for one in self.servers]

    @property
    def is_well(self) -> bool:
        """Whether each process says so."""
        with inside(self._host):
            try:
                for server in self.servers:
                    server.get("/healthz")
            except OSError:  # also of an answer 503
                return False
        return True
