"""Ports of this machine: a free one, and who holds a taken one."""

from __future__ import annotations

import random
import socket

HOST = "127.0.0.1"
EVERYWHERE = "0.0.0.0"

# Below the ports that Linux, macOS and Windows give to outgoing connections: one of those could
# take a port in the moment between finding it free and listening on it.
_PORTS = range(20_000, 32_768)


def free_port() -> int:
    """Return a TCP port of the loopback interface on which nothing listens, chosen at random."""
    for _ in range(100):
        port = random.choice(_PORTS)
        if not is_taken(port):
            return port
    raise OSError(f"expected a free port from {_PORTS.start} to {_PORTS.stop - 1}, found none")


def is_taken(port: int, host: str = HOST) -> bool:
    """Say whether a server could not listen on this port, of the loopback interface by default."""
    with socket.socket() as probe:
        # As servers do: connections of an ended server that still linger do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False


def holder(port: int) -> str:
    """Name the process that listens on this port, for example ``daphne (pid 4711)``.

    ``another program`` where the system does not tell (it belongs to another user).
    """
    import psutil  # ipykernel brings it; only this error path needs it

    # Process by process: asked for all at once, macOS answers root only.
    for process in psutil.process_iter():
        try:
            for connection in process.net_connections("tcp"):
                if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port:
                    return f"{process.name()} (pid {process.pid})"
        except psutil.Error:
            continue
    return "another program"
