"""The files of deploy/, as the tests use them: their own addresses and folders in place of ours."""

import shlex
import sys
from collections.abc import Sequence
from configparser import ConfigParser
from pathlib import Path
from typing import Literal

from account.tests import live

DEPLOY = live.PROJECT / "deploy"
PORTS = (8001, 8002, 8003, 8004)
"""Those of the server processes, as the files have them."""
INSTALLED = {
    "/srv/board/.venv/bin/python": sys.executable,
    "/srv/board/demo_project": str(live.PROJECT),
}
CERTIFICATES = "/etc/letsencrypt/live/board.example.org"
Kind = Literal["daphne", "uvicorn"]


def board_env() -> dict[str, str]:
    """The variables of board.env."""
    lines = (DEPLOY / "board.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def systemd(file: str) -> str:
    """A file for systemd, with the folders of this clone."""
    text = (DEPLOY / "systemd" / file).read_text()
    return _replaced(text, {theirs: our for theirs, our in INSTALLED.items() if theirs in text})


class Unit:
    """The unit of the server process on a port; for uvicorn with its drop-in."""

    def __init__(self, port: int, kind: Kind = "daphne") -> None:
        self._port = port
        # Of an option that is there twice the last counts, as far as these files use that.
        parser = ConfigParser(interpolation=None, strict=False, default_section="")
        parser.optionxform = str  # type: ignore[assignment, method-assign]
        for file in ["board@.service"] + (["uvicorn.conf"] if kind == "uvicorn" else []):
            parser.read_string(systemd(file))
        self._service = parser["Service"]

    @property
    def command(self) -> list[str]:
        """The words after Python that start the process."""
        return self._words("ExecStart")

    @property
    def wait(self) -> list[str]:
        """The command that ends when the process answers."""
        return [sys.executable, *self._words("ExecStartPost")]

    def _words(self, option: str) -> list[str]:
        python, *words = shlex.split(self._service[option].replace("%i", str(self._port)))
        assert python == sys.executable, python
        return words


def site(address: str, ports: Sequence[int], http: int, https: int, certificates: Path) -> str:
    """nginx's configuration of the site, listening there, before the processes on these ports."""
    text = (DEPLOY / "nginx" / "board.conf").read_text()
    processes = {
        f"    server 127.0.0.1:{port} max_fails=0;\n": (
            f"    server 127.0.0.1:{ports[number]} max_fails=0;\n" if number < len(ports) else ""
        )
        for number, port in enumerate(PORTS)
    }
    ours = {
        CERTIFICATES: str(certificates),
        "listen 80;": f"listen {address}:{http};",
        "listen 443 ssl;": f"listen {address}:{https} ssl;",
        "server_name board.example.org;": f"server_name {address};",
    }
    return _replaced(text, processes | ours)


def _replaced(text: str, ours: dict[str, str]) -> str:
    """Put ours in place of what the files have. Raises AssertionError for what they have not."""
    for theirs, our in ours.items():
        assert theirs in text, f"expected {theirs!r} in the file"
        text = text.replace(theirs, our)
    return text
