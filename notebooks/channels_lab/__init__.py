"""channels_lab: the small helper that the lessons import.

``LiveServer`` starts a real server, ``Client`` is a named browser without a window, ``Workspace``
is the learner's own project, ``show`` prints the real code. Nothing here knows Django but
``inprocess``, which a lesson imports when a cell itself takes part in the project.
"""

from __future__ import annotations

import sys
from pathlib import Path

from .bars import Bars
from .client import Client
from .crowd import Crowd, to_group
from .diagram import Sequence
from .errors import Closed, LabError, LabTimeout, Refused, ServerError
from .exercise import check, hint, solution
from .limit import Limit
from .progress import progress
from .reset import reset_lesson
from .server import LiveServer
from .source import show
from .workspace import Workspace, root

__all__ = [
    "Bars",
    "Client",
    "Closed",
    "Crowd",
    "LabError",
    "LabTimeout",
    "Limit",
    "LiveServer",
    "Refused",
    "Sequence",
    "ServerError",
    "Workspace",
    "check",
    "hint",
    "progress",
    "reset_lesson",
    "show",
    "solution",
    "to_group",
]


def _settle_the_kernel() -> None:
    """Make errors short (a sentence, no machine's paths) and keep this package importable."""
    # Kernels start in the lesson's folder; a Workspace changes it, so put the folder on the path.
    folder = str(Path(__file__).resolve().parents[1])
    if folder not in sys.path:
        sys.path.insert(0, folder)
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is not None:
        shell.InteractiveTB.set_mode("Minimal")
        # An exercise's cell that was emptied is "not yet", not a NameError that stops a run.
        shell.user_ns.setdefault("answer", None)
        # Nothing of the classroom is imported for a learner who has joined none.
        if (root() / "classroom-joined.txt").exists():
            from . import classroom

            classroom.take_up()


_settle_the_kernel()
