"""This machine in the room's network: its addresses, and whether it can be reached by them."""

from __future__ import annotations

import socket
from ipaddress import ip_address

SECONDS = 3


def addresses() -> tuple[str, ...]:
    """Return the IPv4 addresses by which other machines may know this one, the likeliest first.

    Without those that a machine gives itself because nobody else did (169.254.…).
    """
    from channels_lab import room  # which takes packages that may be missing

    return tuple(each for each in room.addresses() if not ip_address(each).is_link_local)


def fault(host: str, address: str, port: int) -> str:
    """Listen at ``host`` and come by ``address``; return what went wrong, empty if nothing did.

    Where the port is taken another one is tried: whether it is free is another question.
    """
    try:
        with listening(host, port) as server:
            server.settimeout(SECONDS)
            number = server.getsockname()[1]
            with socket.create_connection((address, number), timeout=SECONDS):
                server.accept()[0].close()  # it came here, and not to another program
    except OSError as error:
        return str(error)
    return ""


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens there, or at a free port where this one is taken."""
    try:
        return socket.create_server((host, port))
    except OSError:
        return socket.create_server((host, 0))
