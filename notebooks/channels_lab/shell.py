"""Commands, run as in a terminal: with this Python's programs, and ended when they do not end."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from .errors import LabError, LabTimeout
from .text import settle

# Names that a test run or an outer project leaves in the environment and a server must not see.
_FOREIGN = (
    "DJANGO_SETTINGS_MODULE",
    "PYTEST_CURRENT_TEST",
    "REDIS_URL",
    "DATABASE_URL",
    "CHANNELS_RECORD",
    "CI",  # where it is set, pytest says more
    "BUILD_NUMBER",
)


class Text(str):
    """Text that a notebook shows as it is, without quotes."""

    def __repr__(self) -> str:
        return str(self) or "(it printed nothing)"


def clean_environment(**more: str) -> dict[str, str]:
    """The environment for a child process: this Python's programs first, nothing foreign."""
    kept = {name: value for name, value in os.environ.items() if name not in _FOREIGN}
    kept["PATH"] = os.pathsep.join([os.path.dirname(sys.executable), kept.get("PATH", "")])
    # A width, since some of what is printed is cut to that of the learner's terminal.
    settled = {"PYTHONUNBUFFERED": "1", "DJANGO_COLORS": "nocolor", "COLUMNS": "80"}
    # A file that changes within a second and keeps its size is to Python what it was before: it
    # would run the bytecode of the old one. So what cells edit and run leaves none.
    settled["PYTHONDONTWRITEBYTECODE"] = "1"
    return kept | settled | more


def run(command: str, folder: Path, environment: Mapping[str, str], timeout: float) -> Text:
    """Run a command in a folder and return what it printed, standard error last, settled.

    A command that fails says so in a last line, ``(exit code 1)``. Raises ``LabTimeout`` when it
    does not end within ``timeout`` seconds (it is ended then) and ``LabError`` without the program.
    """
    try:
        done = subprocess.run(
            shlex.split(command),
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
        )
    except FileNotFoundError:
        raise LabError(f"expected a program, got {command.split()[0]!r}: not found") from None
    except subprocess.TimeoutExpired:
        raise LabTimeout(f"waited {timeout:g} s for `{command}` to end, in vain") from None
    lines = settle(done.stdout + done.stderr, folder)
    if done.returncode:
        lines.append(f"(exit code {done.returncode})")
    return Text("\n".join(lines).strip())
