"""The command line of a server process."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

from .places import RECORDER

Kind = Literal["daphne", "uvicorn", "runserver"]
PROFILED = Path(__file__).with_name("profiled.py")
APPLICATION = "myproject.asgi:application"
# A client whose network is gone is found within 30 seconds; daphne's own 20 and 30 take up to 52.
# The time-out is not longer than the interval: daphne forgets the older of two open pings.
PINGS = ("--ping-interval", "14", "--ping-timeout", "14")
# What a server prints when it takes connections.
LISTENS: dict[Kind, str] = {"daphne": "Listening on TCP", "uvicorn": "Uvicorn running on"}


def command(
    kind: Kind,
    project: Path,
    address: tuple[str, int] | None,
    *,
    records: bool = False,
    profile: Path | None = None,
) -> list[str]:
    """The words that start a server of this project.

    ``address`` is the host and the port it listens on; None: the keeper's socket, which stands as
    ``FD`` in the words. ``profile`` is the file that a profile of it goes to.
    """
    host, port = address or ("", 0)
    daphne_at = ["-b", host, "-p", str(port)] if address else ["--fd", "FD"]
    uvicorn_at = ["--host", host, "--port", str(port)] if address else ["--fd", "FD"]
    program: dict[Kind, list[str]] = {
        "daphne": ["-m", "daphne", *PINGS, *daphne_at, APPLICATION],
        "uvicorn": [*_uvicorn(project), *uvicorn_at],
        "runserver": ["manage.py", "runserver", "--noreload", f"{host}:{port}"],
    }
    # A project that has the recorder switches it on itself; any other is run under it.
    under = records and not (project / RECORDER.name).is_dir()
    words = [*([str(RECORDER)] if under else []), *program[kind]]
    if profile and words[0] == "-m":
        words = [str(PROFILED), str(profile), *words[1:]]
    return [sys.executable, *words]


def _uvicorn(project: Path) -> list[str]:
    # The finished project has a way of its own to start it, with its limits.
    if (project / "myproject" / "uvicorn_server.py").is_file():
        return ["-m", "myproject.uvicorn_server"]
    return ["-m", "uvicorn", "--ws", "websockets-sansio", APPLICATION]
