"""Hosts of a network on one machine: network namespaces (root and iproute2), for as long as a test.

            world (the tests)
              │ front, a bridge
        ┌─────┴─────┐
      host a      host b       nginx and server processes
        └─────┬─────┘
              │ back, a bridge
            data               PostgreSQL and Valkey

The addresses are of the range for tests of networks (RFC 2544), which nobody else uses.
"""

import ctypes
import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from account.tests.live import TIMEOUT

_NAMESPACES = "/run/netns"
_OWN = "/proc/thread-self/ns/net"
_NEWNET = 0x40000000  # CLONE_NEWNET of <sched.h>; os.setns() is there from Python 3.12 on
_libc = ctypes.CDLL(None, use_errno=True)


class NoNetwork(RuntimeError):
    """This machine makes no network of its own, and why."""


def _ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], capture_output=True, text=True, timeout=TIMEOUT)
    if done.returncode:
        raise NoNetwork(f"`ip {' '.join(words)}`: {done.stderr.strip()}")


def _enter(namespace: int) -> None:
    if _libc.setns(namespace, _NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


class Host:
    """One host: the name of its namespace, and its addresses in the two networks."""

    def __init__(self, name: str, namespace: str, front: str, back: str) -> None:
        self.name, self.namespace, self.front, self.back = name, namespace, front, back

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Let this thread be on the host, with all that it connects and all that it starts."""
        own = os.open(_OWN, os.O_RDONLY)
        there = os.open(f"{_NAMESPACES}/{self.namespace}", os.O_RDONLY)
        try:
            _enter(there)
            yield
        finally:
            _enter(own)
            os.close(there)
            os.close(own)


class Network:
    """Two hosts, `a` and `b`, and the host of their `data`; use it with `with`.

    Raises NoNetwork.
    """

    def __enter__(self) -> "Network":
        if os.geteuid() != 0 or shutil.which("ip") is None:
            raise NoNetwork("network namespaces need root and `ip` (`apt install iproute2`)")
        with ExitStack() as stack:
            self._front = self._bridge(stack)
            number = self._front.removeprefix("board")
            self.front, self.back = f"198.18.{number}.0/24", f"198.19.{number}.0/24"
            self.data, self.a, self.b = (
                self._host(stack, name, f"198.18.{number}.{last}", f"198.19.{number}.{last}")
                for last, name in ((1, "data"), (2, "a"), (3, "b"))
            )
            # The world and the data each have the bridge of their network, a port for each host.
            _ip("addr", "add", f"198.18.{number}.1/24", "dev", self._front)
            _ip("link", "set", self._front, "up")
            self._in_data("link", "add", "back", "type", "bridge")
            self._in_data("addr", "add", f"{self.data.back}/24", "dev", "back")
            self._in_data("link", "set", "back", "up")
            for host in (self.a, self.b):
                self._plug_in(stack, host)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    def cut_off(self, host: Host) -> None:
        """Pull the cable between a host and the data: what is sent is lost, and nobody says so."""
        self._in_data("link", "set", f"to-{host.name}", "down")

    def heal(self, host: Host) -> None:
        """Plug it in again."""
        self._in_data("link", "set", f"to-{host.name}", "up")

    def take_away(self, host: Host) -> None:
        """Pull both cables of a host."""
        self.cut_off(host)
        _ip("link", "set", self._port(host), "down")

    def _bridge(self, stack: ExitStack) -> str:
        """Make the bridge of the world; its name says which addresses nobody else here has."""
        for attempt in range(10):
            name = f"board{random.randrange(256)}"
            try:
                _ip("link", "add", name, "type", "bridge")
            except NoNetwork:
                if attempt == 9:
                    raise
            else:
                stack.callback(_ip, "link", "delete", name)
                break
        return name

    def _host(self, stack: ExitStack, name: str, front: str, back: str) -> Host:
        host = Host(name, f"{self._front}-{name}", front, back)
        _ip("netns", "add", host.namespace)
        stack.callback(_ip, "netns", "delete", host.namespace)
        _ip("-netns", host.namespace, "link", "set", "lo", "up")
        return host

    def _plug_in(self, stack: ExitStack, host: Host) -> None:
        port, there = self._port(host), ("netns", host.namespace)
        _ip("link", "add", port, "type", "veth", "peer", "name", "front", *there)
        # What waits for an answer keeps a namespace for minutes after its name is gone.
        stack.callback(_ip, "link", "delete", port)
        _ip("link", "set", port, "master", self._front, "up")
        back = ("type", "veth", "peer", "name", "back", *there)
        self._in_data("link", "add", f"to-{host.name}", *back)
        self._in_data("link", "set", f"to-{host.name}", "master", "back", "up")
        for link, address in (("front", host.front), ("back", host.back)):
            _ip("-netns", host.namespace, "addr", "add", f"{address}/24", "dev", link)
            _ip("-netns", host.namespace, "link", "set", link, "up")

    def _port(self, host: Host) -> str:
        return f"{self._front}-{host.name}"

    def _in_data(self, *words: str) -> None:
        _ip("-netns", self.data.namespace, *words)
