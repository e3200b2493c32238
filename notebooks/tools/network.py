"""This machine in the room's network: its addresses, and whether it can be reached by them."""

from __future__ import annotations

import socket

SECONDS = 3
# Never handed out to anybody (RFC 5737): only the route to it is asked for, nothing is sent.
ELSEWHERE = ("203.0.113.1", 9)


def way_out() -> str:
    """Return the address with which this machine leaves its network, empty if there is no way."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(ELSEWHERE)
        except OSError:
            return ""
        return str(probe.getsockname()[0])


def addresses() -> tuple[str, ...]:
    """Return the IPv4 addresses by which other machines may know this one, the likeliest first.

    Without those of the machine itself and of links that have no address (169.254.…).
    """
    import psutil

    running = {name for name, state in psutil.net_if_stats().items() if state.isup}
    found = [
        each.address
        for name, entries in psutil.net_if_addrs().items()
        for each in entries
        if name in running and each.family is socket.AF_INET
        if not each.address.startswith(("127.", "169.254."))
    ]
    first = way_out()
    return tuple(dict.fromkeys([first] if first in found else [])) + tuple(
        each for each in dict.fromkeys(found) if each != first
    )


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
