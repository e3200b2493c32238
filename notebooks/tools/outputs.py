"""Run lessons and store their outputs: `python -m tools.outputs 03` (without a number: all)."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError
from nbformat import NotebookNode

from channels_lab.contents import (
    LESSONS,
    Lesson,
    contents_cell,
    contents_table,
    map_cell,
    nav_line,
    title_cell,
)
from tools import course, guide
from tools.blocks import with_block
from tools.delivered import under_test
from tools.kernel import kernel_environment
from tools.notebook import LESSONS as LESSONS_FOLDER
from tools.notebook import is_compared, lesson_files, read, settled, tags, to_text

CELL_SECONDS = 60
GENERATED = {
    "nav": title_cell,
    "map": map_cell,
    "contents": lambda _: contents_cell(),
    "nav-end": nav_line,
}
README = LESSONS_FOLDER.parent / "README.md"


class LessonFailed(Exception):
    """A cell that must not fail did; the message names the lesson, the cell and the error."""


def lesson_of(path: Path) -> Lesson:
    """Return the entry of the table of contents for this file; ``LookupError`` if it has none."""
    for entry in LESSONS:
        if entry.file == path.name:
            return entry
    expected = ", ".join(entry.file for entry in LESSONS)
    raise LookupError(f"{path.name} is not in the table of contents: expected one of {expected}")


def with_generated_cells(notebook: NotebookNode, entry: Lesson) -> NotebookNode:
    """Return the notebook with its title, map and navigation made anew from the contents."""
    notebook = settled(notebook)
    for cell in notebook.cells:
        for tag, generate in GENERATED.items():
            if tag in tags(cell):
                cell.source = generate(entry)
    return notebook


def with_contents(readme: str) -> str:
    """Return the README with its table of lessons made anew from the contents."""
    return with_block(readme, "contents", contents_table(folder="notebooks/"))


def execute(notebook: NotebookNode, folder: Path) -> NotebookNode:
    """Run every cell in a new kernel in this folder and return the notebook with its outputs.

    Raises `LessonFailed` when a cell without the tag ``raises-exception`` raises, or takes longer
    than a minute.
    """
    notebook = settled(notebook)
    # A fresh folder for each run: a lesson that needs the last run's files must be seen to fail.
    with tempfile.TemporaryDirectory(prefix="lesson-") as temporary:
        home = Path(temporary)
        workspace = home / "workspace"
        workspace.mkdir()
        client = NotebookClient(
            notebook,
            timeout=CELL_SECONDS,
            kernel_name="python3",
            record_timing=False,
            store_widget_state=False,
            coalesce_streams=True,
            resources={"metadata": {"path": str(folder)}},
        )
        environment: dict[str, Any] = kernel_environment(workspace, home)
        try:
            # What is left on stderr is the log of the kernel itself; what cells write is captured.
            client.execute(env=environment, stderr=subprocess.DEVNULL)
        except (CellExecutionError, CellTimeoutError) as error:
            raise LessonFailed(str(error)) from error
    return settled(notebook)


def with_stored_ignored_outputs(new: NotebookNode, stored: NotebookNode) -> NotebookNode:
    """Return ``new`` with the outputs that may differ by nature taken from ``stored``."""
    for cell, before in zip(new.cells, stored.cells, strict=True):
        if cell.cell_type == "code" and not is_compared(cell):
            cell.outputs = before.outputs
    return new


def executed_text(path: Path) -> str:
    """Run a lesson (a learner's copy: as it was delivered) and return the file to be stored."""
    stored = under_test(path)
    new = execute(with_generated_cells(stored, lesson_of(path)), path.parent)
    return to_text(with_stored_ignored_outputs(new, stored))


def store(path: Path) -> None:
    """Run a lesson and store its outputs, all or nothing."""
    new = execute(with_generated_cells(read(path), lesson_of(path)), path.parent)
    draft = path.with_suffix(".draft")
    draft.write_text(to_text(new), encoding="utf-8")
    os.replace(draft, path)


def chosen(numbers: list[str], files: list[Path]) -> list[Path]:
    """Return the files with these numbers (``3`` or ``03``), all without a number.

    ``LookupError`` names the lessons there are when one is not among them.
    """
    by_number = {int(path.name[:2]): path for path in files}
    for number in numbers:
        if not number.isdecimal() or int(number) not in by_number:
            known = ", ".join(f"{known:02d}" for known in by_number) or "none yet"
            raise LookupError(f"There is no lesson {number!r}: expected one of {known}.")
    return [by_number[int(number)] for number in numbers] or files


def main(arguments: list[str]) -> int:
    """Store the outputs of the chosen lessons; return 1 when a lesson failed."""
    try:
        paths = chosen(arguments, lesson_files())
    except LookupError as error:
        print(error, file=sys.stderr)
        return 1
    README.write_text(with_contents(README.read_text("utf-8")), encoding="utf-8")
    guide.store()
    failed = False
    for path in paths:
        started = time.monotonic()
        print(f"{path.name} … ", end="", flush=True)
        try:
            store(path)
        except (LessonFailed, LookupError, ValueError) as error:
            failed = True
            print(f"not stored\n{error}", file=sys.stderr)
        else:
            print(f"stored, {time.monotonic() - started:.1f} s")
    course.store()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
