"""reset_lesson(): the stored lesson again, an empty workspace, and a copy of what there was."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from .contents import lesson as lesson_of
from .errors import LabError
from .progress import Progress
from .shell import Text
from .workspace import NOTEBOOKS, root


def reset_lesson(number: int, notebooks: Path = NOTEBOOKS) -> Text:
    """Bring one lesson back as it was delivered; the other lessons are not touched.

    The notebook comes from git; what it was is kept as ``workspace/kept/NN_….ipynb`` (with a
    number behind it when there is one already), the workspace as ``workspace/kept/lesson-NN``. The
    lesson's exercises count as not solved again. Raises ``LabError`` where git does not have it.
    """
    entry = lesson_of(number)
    stored = _stored(notebooks, entry.file)
    kept = root(notebooks) / "kept"
    kept.mkdir(parents=True, exist_ok=True)
    said = []
    notebook = notebooks / entry.file
    if notebook.is_file() and notebook.read_bytes() != stored:
        said.append(_keep(notebook, kept))
    workspace = root(notebooks) / f"lesson-{entry.number:02d}"
    if workspace.is_dir() and any(workspace.iterdir()):
        said.append(_keep(workspace, kept))
    notebook.write_bytes(stored)
    Progress(root(notebooks)).forget(entry.number)
    return Text(
        f"Lesson {entry.label} is as it was delivered. "
        + (f"Kept in workspace/kept: {', '.join(said)}. " if said else "Nothing had been changed. ")
        + "In JupyterLab: File → Reload Notebook from Disk, then Kernel → Restart Kernel."
    )


def _stored(notebooks: Path, file: str) -> bytes:
    try:
        done = subprocess.run(
            ["git", "show", f"HEAD:./{file}"], cwd=notebooks, capture_output=True, timeout=20
        )
    except (FileNotFoundError, subprocess.TimeoutExpired):
        raise LabError(
            f"expected git, which holds the delivered {file}: it did not answer"
        ) from None
    if done.returncode:
        raise LabError(
            f"expected {file} in this folder's git history, got: "
            f"{done.stderr.decode(errors='replace').strip()}; copy it from a fresh download instead"
        )
    return done.stdout


def _keep(what: Path, kept: Path) -> str:
    """Move a file or folder into ``kept`` under a name that is free; return the name."""
    name = what.name
    number = 2
    while (kept / name).exists():
        name = f"{what.stem}-{number}{what.suffix}"
        number += 1
    shutil.move(what, kept / name)
    return name
