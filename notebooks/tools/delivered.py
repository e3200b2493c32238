"""A lesson in which somebody has learned is tested as it was delivered; their copy is not touched.

JupyterLab writes more into a file than a lesson stores, and a solved exercise prints another line.
So a file that differs from git's only in its exercise cells, in outputs and in metadata is a
learner's copy. Any other change is a change of the lesson, and is tested as it stands.
"""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from tools.notebook import METADATA, lesson_files, tags

GIT_SECONDS = 20


@cache
def delivered(path: Path) -> str | None:
    """The file as the last commit holds it; None without git, or when it is new."""
    try:
        done = subprocess.run(
            ["git", "show", f"HEAD:./{path.name}"],
            cwd=path.parent,
            capture_output=True,
            timeout=GIT_SECONDS,
        )
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8") if done.returncode == 0 else None


def text_under_test(path: Path) -> str:
    """The text of a lesson that a check looks at: the delivered one for a learner's copy."""
    text = path.read_text("utf-8")
    before = delivered(path)
    return before if before is not None and is_learners_copy(text, before) else text


def under_test(path: Path) -> NotebookNode:
    """The same as a notebook; ``ValueError`` names the file when it is none."""
    try:
        return nbformat.reads(text_under_test(path), as_version=nbformat.NO_CONVERT)
    except nbformat.reader.NotJSONError as error:
        raise ValueError(f"{path.name} is no notebook: expected JSON, got {error}") from error


def learners_copies() -> list[str]:
    """The names of the lessons that are tested as delivered, because somebody learned in them."""
    return [
        path.name for path in lesson_files() if text_under_test(path) != path.read_text("utf-8")
    ]


def is_learners_copy(text: str, before: str) -> bool:
    """Say whether a lesson was only learned in: saved by JupyterLab, changed in exercises only."""
    if text == before:
        return False
    try:
        now = nbformat.reads(text, as_version=nbformat.NO_CONVERT)
        then = nbformat.reads(before, as_version=nbformat.NO_CONVERT)
    except (nbformat.reader.NotJSONError, ValueError):
        return False
    # `make outputs` stores this metadata only; JupyterLab adds the version of Python and more.
    return now.metadata != METADATA and _fixed_cells(now) == _fixed_cells(then)


def _fixed_cells(notebook: NotebookNode) -> list[tuple[str, str]]:
    return [
        (cell.cell_type, cell.source)
        for cell in notebook.cells
        if cell.cell_type != "code" or "exercise" not in tags(cell)
    ]
