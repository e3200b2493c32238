"""JupyterLab as `make lab` starts it, in a home of its own, for as long as a ``with`` block."""

from __future__ import annotations

import secrets
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

from channels_lab.ports import free_port
from tools.kernel import WORKSPACE
from tools.lab import lab_command, lab_environment

START_SECONDS = 90  # on a machine that does much else at the same time
# A proxy of this machine is for what is far away.
_NEAR = build_opener(ProxyHandler({}))


class NotServed(Exception):
    """A program did not answer in time, or ended; the message has the end of its log."""


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab: its address, its token, the folder that it shows, its log."""

    url: str
    token: str
    root: Path
    log: Path

    def page(self, file: str, mode: str = "lab") -> str:
        """Return the address of a lesson, with the token, as `make lab` prints it.

        ``mode="doc"`` shows the document alone, without JupyterLab's side bars.
        """
        return f"{self.url}/{mode}/tree/notebooks/{file}?token={self.token}"


@contextmanager
def running_lab(root: Path, home: Path, seconds: float = START_SECONDS) -> Iterator[Lab]:
    """Start JupyterLab on the folder ``root`` for a user whose home is ``home``.

    Raises `NotServed` when it does not answer within these seconds.
    """
    port, token = free_port(), secrets.token_hex(16)
    command = lab_command(
        root,
        "--no-browser",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        f"--IdentityProvider.token={token}",
        "--LabApp.expose_app_in_browser=True",  # a test asks it whether the kernel is there
    )
    workspace = home / "workspace"
    workspace.mkdir()
    environment = {
        **lab_environment(),
        "HOME": str(home),
        WORKSPACE: str(workspace),
        # The settings of somebody who uses this clone are not those of a new learner.
        "JUPYTER_CONFIG_DIR": str(home / "jupyter"),
    }
    log = home / "lab.log"
    with log.open("w") as output:
        server = subprocess.Popen(
            command, env=environment, cwd=root, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        wait_until_served(server, f"http://127.0.0.1:{port}/api", log, seconds)
        yield Lab(f"http://127.0.0.1:{port}", token, root, log)
    finally:
        server.terminate()
        try:
            server.wait(timeout=START_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def wait_until_served(
    server: subprocess.Popen[bytes], url: str, log: Path, seconds: float = START_SECONDS
) -> None:
    """Wait until a program answers; raises `NotServed` when it ends or takes too long."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if server.poll() is not None:
            break
        try:
            with _NEAR.open(url, timeout=5):
                return
        except OSError:
            time.sleep(0.05)  # nothing tells that a server of another process listens
    raise NotServed(f"{url} did not answer in {seconds:g} s:\n{log.read_text(errors='replace')}")
