"""Valkeys: the brokers of a server, one or several shards."""

from __future__ import annotations

from .errors import ServerError
from .ports import HOST, free_port
from .processes import Processes

ATTEMPTS = 5  # to find ports that nobody else takes meanwhile


class Valkeys:
    """So many Valkeys, each on a port of its own; the first has the number 1."""

    def __init__(self, count: int, processes: Processes) -> None:
        self.count = count
        self._processes = processes
        self._ports = self._free_ports()

    @property
    def urls(self) -> str:
        """Their addresses as one ``REDIS_URL``, with commas between."""
        return ",".join(f"redis://{HOST}:{port}" for port in self._ports)

    def start_all(self) -> None:
        """Start each; where another program was faster to take a port, on other ones."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                for number in range(1, self.count + 1):
                    self.start(number)
                return
            except ServerError:
                if attempt == ATTEMPTS:
                    raise
                for number in range(1, self.count + 1):
                    self.kill(number)
                self._ports = self._free_ports()

    def start(self, number: int) -> None:
        """Start one, empty, on its port."""
        self._processes.start_valkey(number, self._ports[number - 1])

    def kill(self, number: int) -> None:
        """End one with ``kill -9``."""
        self._processes.kill_valkey(number)

    def _free_ports(self) -> list[int]:
        ports: set[int] = set()
        while len(ports) < self.count:
            ports.add(free_port())
        return sorted(ports)
