"""A server process that comes back on its own port."""

import psutil

from account.tests import live


class Server(live.LiveServer):
    """A server process that comes back on its own port."""

    def __init__(self, env: dict[str, str]) -> None:
        endpoint = f"tcp:port={live.free_port()}:interface=127.0.0.1"
        super().__init__(env, ["-m", "daphne", "-e", endpoint, "myproject.asgi:application"])

    def kill(self) -> None:
        """End it with `kill -9`."""
        self._process.kill()
        self.__exit__()

    def stop(self) -> None:
        """End it as an operator does: SIGTERM."""
        self.__exit__()

    def __enter__(self) -> "Server":
        super().__enter__()
        return self

    def start(self) -> None:
        """Start it again."""
        self.__enter__()

    @property
    def process(self) -> psutil.Process:
        """The process, to look at and to limit."""
        return psutil.Process(self._process.pid)
