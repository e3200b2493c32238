"""Where the exercises of a lesson stand: the task, the cell to work in, the check."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from nbformat import NotebookNode

from channels_lab.exercise import SOLUTIONS
from tools.notebook import tags


class Place(NamedTuple):
    """Where an exercise stands in its lesson: indices of its task, work and check cells."""

    task: int
    work: int
    check: int


def places(notebook: NotebookNode) -> dict[str, Place]:
    """Return the place of each exercise by its id, such as ``03.1``.

    ``ValueError`` names a cell that is tagged ``check`` and checks nothing.
    """
    found: dict[str, Place] = {}
    task = work = -1
    for index, cell in enumerate(notebook.cells):
        if "exercise" in tags(cell) and cell.cell_type == "markdown":
            task = index
        elif "exercise" in tags(cell):
            work = index
        elif "check" in tags(cell):
            match = re.search(r'check\("(\d\d\.\d)"', cell.source)
            if match is None:
                raise ValueError(f"cell {index + 1} is tagged check and has no check(…)")
            found[match[1]] = Place(task, work, index)
    return found


def answer_file(id: str, folder: Path = SOLUTIONS) -> Path:
    """Return the file of the answer to an exercise, such as ``solutions/03_1.py``."""
    return folder / f"{id.replace('.', '_')}.py"


def magic(cell: NotebookNode) -> str:
    """Return the first line of a cell such as ``%%writefile a.py``, or an empty text."""
    first = str(cell.source).partition("\n")[0]
    return first if first.startswith("%%") else ""
