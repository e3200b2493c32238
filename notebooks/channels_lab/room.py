"""How the others in a room reach this machine: its addresses and its names."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, ip_address

from .errors import LabError
from .ports import EVERYWHERE, HOST


def addresses() -> list[str]:
    """The IPv4 addresses of this machine in its networks, the one most used first."""
    import psutil  # only this asks for it

    # A bridge of Docker without a container, a cable that is out: each has an address, too.
    running = {name for name, state in psutil.net_if_stats().items() if state.isup}
    found = [
        each.address
        for name, interface in psutil.net_if_addrs().items()
        for each in interface
        if name in running
        if each.family == socket.AF_INET and not ip_address(each.address).is_loopback
    ]
    main = way_out()
    # One that the machine gave itself because nobody else did comes last.
    return sorted(found, key=lambda one: (one != main, ip_address(one).is_link_local))


def way_out() -> str | None:
    """The address from which this machine asks the world, if there is a way; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("203.0.113.1", 9))  # RFC 5737: nobody has it
            return str(probe.getsockname()[0])
        except OSError:
            return None


def names(host: str) -> list[str]:
    """By which names browsers may reach a server that listens on this address."""
    here = ["localhost", HOST]
    if host == EVERYWHERE:
        name = socket.gethostname().lower()
        return [*here, *addresses(), name, f"{name.partition('.')[0]}.local"]
    return [*here, host]


def link(host: str, port: int) -> str:
    """How the others write the address of a server that listens there.

    Raises LabError when this machine is in no network.
    """
    if host != EVERYWHERE:
        return f"http://{host}:{port}"
    if not (found := addresses()):
        raise LabError("this machine has no address in any network: connect it, or leave HOST out")
    return f"http://{found[0]}:{port}"


def check_host(host: str) -> str:
    """Answer the address to listen on; raises LabError for what is none."""
    if host == "localhost":
        return HOST
    try:
        parsed = ip_address(host)
    except ValueError:
        parsed = None
    if not isinstance(parsed, IPv4Address):
        wanted = "0.0.0.0 for all of them, or 127.0.0.1 for nobody else"
        raise LabError(
            f"expected HOST to be an IPv4 address of this machine ({wanted}), got {host!r}"
        )
    return str(parsed)
