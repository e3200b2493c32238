"""Lessons made for the tests of the gates: in good shape, until a test breaks a copy."""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from channels_lab.contents import LESSONS, Lesson, lesson, map_cell, nav_line, title_cell
from tools.notebook import settled, to_text


def markdown(source: str, *tags: str) -> NotebookNode:
    """Return a Markdown cell with these tags."""
    return new_markdown_cell(source, metadata={"tags": list(tags)} if tags else {})


def code(source: str, *outputs: NotebookNode, tags: tuple[str, ...] = ()) -> NotebookNode:
    """Return a code cell with these stored outputs and tags."""
    metadata = {"tags": list(tags)} if tags else {}
    return new_code_cell(source, outputs=list(outputs), metadata=metadata)


def printed(text: str) -> NotebookNode:
    """Return the output of a ``print``."""
    return new_output("stream", name="stdout", text=text)


def failed(name: str, message: str) -> NotebookNode:
    """Return the output of a cell that raised."""
    return new_output("error", ename=name, evalue=message, traceback=[f"{name}: {message}"])


def sample_lesson(entry: Lesson | None = None) -> NotebookNode:
    """Return a whole lesson in good shape, with the outputs that running it really gives."""
    entry = entry or lesson(1)
    cells = [
        markdown(title_cell(entry), "nav"),
        markdown(
            "**After this lesson you can**\n\n- print a name\n- greet it\n- divide\n\n"
            f"**You need** nothing.\n\n**Minutes** {entry.minutes}",
            "opening",
        ),
        markdown(map_cell(entry), "map"),
        code("name = 'ana'\nprint(name)", printed("ana\n")),
    ]
    for number in range(1, 6):
        cells += [
            markdown(f"What does it print with {number}?"),
            code(f"print(name, {number})", printed(f"ana {number}\n")),
        ]
    cells += [
        markdown("## Then and now\n\nIn 2018 this was an integer."),
        code("1 / 0", failed("ZeroDivisionError", "division by zero"), tags=("raises-exception",)),
        markdown("A clock differs at each look."),
        code(
            "import time\nprint(time.time())",
            printed("1700000000.25\n"),
            tags=("nbval-ignore-output",),
        ),
        markdown("The settled fact:"),
        code("print(time.time() > 0)", printed("True\n")),
        markdown("## What you saw\n\nA name."),
        markdown("## Remember\n\n- one\n- two\n- three"),
        markdown("## The limit\n\nThe next lesson has two names."),
        markdown(nav_line(entry), "nav-end"),
    ]
    for count, cell in enumerate((c for c in cells if c.cell_type == "code"), 1):
        cell.execution_count = count
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number}"
    return settled(new_notebook(cells=cells))


def write(notebook: NotebookNode, path: Path) -> Path:
    """Write a notebook as `make outputs` does."""
    nbformat.validate(notebook)
    path.write_text(to_text(notebook), encoding="utf-8")
    return path


def folder_of_lessons(folder: Path) -> Path:
    """Fill a folder with a file for each lesson, so that links between them lead somewhere."""
    folder.mkdir(parents=True, exist_ok=True)
    for entry in LESSONS:
        cells = [markdown("# Contents\n\n## Contents")]
        write(settled(new_notebook(cells=cells)), folder / entry.file)
    return folder
