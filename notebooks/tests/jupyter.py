"""JupyterLab as `make lab` starts it, for the tests that look at it in a real browser."""

from __future__ import annotations

import re
import secrets
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import pytest
from playwright.sync_api import Page

from channels_lab.ports import free_port
from tools.kernel import WORKSPACE
from tools.lab import lab_command, lab_environment

START_SECONDS = 90  # on a machine that does much else at the same time


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab: its address, its token, the folder that it shows."""

    url: str
    token: str
    root: Path

    def page(self, file: str, mode: str = "lab") -> str:
        """Return the address of a lesson, with the token, as `make lab` prints it.

        ``mode="doc"`` shows the document alone, without JupyterLab's side bars.
        """
        return f"{self.url}/{mode}/tree/notebooks/{file}?token={self.token}"


@contextmanager
def running_lab(root: Path, home: Path) -> Iterator[Lab]:
    """Start JupyterLab on the folder ``root`` for a user whose home is ``home``."""
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
        wait_until_served(server, f"http://127.0.0.1:{port}/api", log)
        yield Lab(f"http://127.0.0.1:{port}", token, root)
    finally:
        server.terminate()
        try:
            server.wait(timeout=START_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def wait_until_served(server: subprocess.Popen[bytes], url: str, log: Path) -> None:
    """Wait until JupyterLab answers; fail with its log when it ends or takes too long."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if server.poll() is not None:
            break
        try:
            with urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.05)  # nothing tells that a server of another process listens
    pytest.fail(f"JupyterLab did not answer in {START_SECONDS} s:\n{log.read_text()}")


def await_kernel(page: Page) -> None:
    """Wait until the kernel of the open notebook has answered and is idle.

    On a busy machine the first start of a kernel may fail, and JupyterLab asks which one to start:
    it is answered as a learner would.
    """
    asked = page.get_by_role("dialog").filter(has_text=re.compile("(Select|Error Starting) Kernel"))
    answer = asked.locator(".jp-mod-accept")
    page.add_locator_handler(asked, lambda: answer.click(), no_wait_after=True)  # two in turn
    # The toolbar shows a kernel's name and an idle sign before there is a kernel.
    page.wait_for_function(
        """async () => {
            const session = window.jupyterapp?.shell.currentWidget?.sessionContext;
            if (!session) return false;
            await session.ready;
            const kernel = session.session?.kernel;
            if (!kernel) return false;
            await kernel.info;
            return kernel.connectionStatus === "connected" && kernel.status === "idle";
        }""",
        timeout=START_SECONDS * 1000,
    )


def start_run_all(page: Page) -> None:
    """Run all cells through the menu, once the kernel is there."""
    await_kernel(page)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.locator("[data-command='runmenu:run-all']").click()
