"""The environment in which a lesson's kernel starts: the same in JupyterLab and in every check."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# What a check, a learner's shell or another project may have set and a lesson must not see.
FOREIGN_PREFIXES = ("CLASSROOM_", "PYTEST_", "JUPYTER_", "JUPYTERLAB_", "JPY_")
FOREIGN = frozenset(
    {
        "DATABASE_URL",
        "DJANGO_DEBUG",
        "DJANGO_SECRET_KEY",
        "DJANGO_SETTINGS_MODULE",
        "IPYTHONDIR",
        "PYTHONHOME",
        "PYTHONPATH",
        "PYTHONSTARTUP",
        "REDIS_URL",
        "ALLOWED_HOSTS",
        "GUESTS",
        "HTTPS",
        "HSTS_SECONDS",
        "TRUSTED_PROXIES",
        "MESSAGES_PER_CONNECTION",
        "MESSAGES_PER_USER",
        "CONNECTIONS_PER_USER",
        "CONNECTIONS_PER_ADDRESS",
        "HANDSHAKE_SECONDS",
        "MAX_UNREAD_BYTES",
    }
)
WORKSPACE = "CHANNELS_LAB_WORKSPACE"


def clean_environment() -> dict[str, str]:
    """Return this process's environment without what belongs to other projects and to pytest."""
    return {
        name: value
        for name, value in os.environ.items()
        if name not in FOREIGN and not name.startswith(FOREIGN_PREFIXES)
    }


def kernel_environment(workspace: Path, home: Path) -> dict[str, str]:
    """Return the environment of a checked lesson's kernel.

    ``workspace`` is the folder where the learner's own project is built; ``home`` holds IPython's
    history and Jupyter's connection files, so that the user's own are neither read nor written.
    """
    return {
        **clean_environment(),
        "IPYTHONDIR": str(home / "ipython"),
        "JUPYTER_CONFIG_DIR": str(home / "jupyter"),
        "PYTHONNOUSERSITE": "1",
        # Colour codes in a stored traceback would depend on the terminal.
        "NO_COLOR": "1",
        WORKSPACE: str(workspace),
    }


@contextmanager
def replaced_environment(environment: dict[str, str]) -> Iterator[None]:
    """Make this the process's environment for the length of a ``with`` block."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
