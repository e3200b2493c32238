"""Start JupyterLab on lesson 00 (`python -m tools.lab`), with none of the learner's own settings.

Source: https://jupyterlab.readthedocs.io/en/stable/user/directories.html
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.kernel import clean_environment

ROOT = Path(__file__).resolve().parents[2]
FIRST_LESSON = "notebooks/00_start_here.ipynb"
# No news, and no look at each page for a build that is due: what the course installs needs none.
SETTINGS = Path(__file__).parent / "jupyter"


def lab_command(root: Path, *extra: str) -> list[str]:
    """Return the command that serves JupyterLab: files from ``root``, loopback only, token on."""
    command = [
        *(sys.executable, "-m", "jupyterlab"),
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.root_dir={root}",
        f"--LabApp.default_url=/lab/tree/{FIRST_LESSON}",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        # The address is shown even so; the names of extensions are not for a learner.
        "--ServerApp.log_level=WARN",
        # A lesson sends its messages in bursts; the default limits would drop some.
        "--ZMQChannelsWebsocketConnection.iopub_msg_rate_limit=10000",
    ]
    if os.geteuid() == 0:
        command.append("--allow-root")
    return [*command, *extra]


def lab_environment() -> dict[str, str]:
    """Return the environment of JupyterLab: its settings, state and history live in .venv."""
    state = Path(sys.prefix) / "var"
    return {
        **clean_environment(),
        "IPYTHONDIR": str(state / "ipython"),
        "JUPYTER_CONFIG_DIR": str(state / "jupyter"),
        "JUPYTER_CONFIG_PATH": str(SETTINGS),
        "JUPYTER_DATA_DIR": str(Path(sys.prefix) / "share" / "jupyter"),
        "JUPYTER_RUNTIME_DIR": str(state / "jupyter" / "runtime"),
    }


@contextmanager
def client_built_meanwhile() -> Iterator[None]:
    """Build the Angular client in the background, after JupyterLab in rank; ends with the block."""
    builder = subprocess.Popen(
        ["nice", sys.executable, "-m", "tools.frontend"],
        cwd=Path(__file__).parents[1],
        start_new_session=True,  # npm has children: they end together, and not by Ctrl-C
    )
    try:
        yield
    finally:
        if builder.poll() is None:
            os.killpg(builder.pid, signal.SIGTERM)
        builder.wait()


def main(arguments: list[str]) -> int:
    """Serve JupyterLab until Ctrl-C; return its exit code."""
    print("Starting JupyterLab on lesson 00. Stop it with Ctrl-C.", flush=True)
    with client_built_meanwhile():
        server = subprocess.Popen(lab_command(ROOT, *arguments), env=lab_environment(), cwd=ROOT)
        while True:
            try:
                return server.wait()
            except KeyboardInterrupt:
                continue  # Ctrl-C reached the server too: it asks, or ends, by itself.


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
