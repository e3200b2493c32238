"""The plan of the course, made from the notebooks: lessons, their steps, their exercises.

`python -m tools.course` writes `demo_project/classroom/course.json`, by which the classroom knows
the course; `make outputs` does so, too. A step is what stands under one `##` heading; those without
a cell to run are left out, for nobody can be seen there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from channels_lab.classroom.steps import COURSE, OPENING, headings
from channels_lab.contents import LESSONS, Lesson
from tools.delivered import under_test
from tools.notebook import LESSONS as FOLDER

_EXERCISE = re.compile(r"^### Exercise (\d\d\.\d+) · (.+?)\s*$", re.MULTILINE)


def course(folder: Path = FOLDER) -> list[dict[str, Any]]:
    """The lessons of the course, in order, as the classroom knows them."""
    written = [(entry, folder / entry.file) for entry in LESSONS]
    return [plan(entry, under_test(path)) for entry, path in written if path.exists()]


def plan(entry: Lesson, notebook: NotebookNode) -> dict[str, Any]:
    """One lesson: its steps that have a cell to run, and its exercises with the step of each.

    ``ValueError`` names two steps with one title: a learner's kernel tells them apart by it.
    """
    steps, exercises = [], []
    for number, title, cells in _sections(notebook):
        step = f"{entry.number:02d}/{number}"
        if any(cell.cell_type == "code" for cell in cells):
            steps.append({"id": step, "title": title})
        exercises += [
            {"id": id, "title": name, "step": step}
            for cell in cells
            if cell.cell_type == "markdown"
            for id, name in _EXERCISE.findall(cell.source)
        ]
    titles = [step["title"] for step in steps]
    if twice := {title for title in titles if titles.count(title) > 1}:
        raise ValueError(f"{entry.file}: expected each heading once, got {sorted(twice)} twice")
    return {
        "id": f"{entry.number:02d}",
        "title": entry.title,
        "minutes": entry.minutes,
        "steps": steps,
        "exercises": exercises,
    }


def _sections(notebook: NotebookNode) -> Iterator[tuple[int, str, list[NotebookNode]]]:
    """Yield the number, the title and the cells of each part between two headings."""
    cells: list[NotebookNode] = []
    number, title = 0, OPENING
    for cell in notebook.cells:
        for heading in headings(cell.source) if cell.cell_type == "markdown" else []:
            yield number, title, cells
            number, title, cells = number + 1, heading, []
        cells.append(cell)
    yield number, title, cells


def text(lessons: list[dict[str, Any]]) -> str:
    """The file: a line for each step and each exercise, so that a change of one is a line."""
    whole = json.dumps({"lessons": lessons}, indent=1, ensure_ascii=False)
    return re.sub(r"\{\n +(\"id\": .+)((?:,\n +\".+)+)\n +\}", _on_one_line, whole) + "\n"


def _on_one_line(found: re.Match[str]) -> str:
    return "{" + ", ".join(line.strip().rstrip(",") for line in found[0].splitlines()[1:-1]) + "}"


def store() -> None:
    """Write the file."""
    COURSE.write_text(text(course()), encoding="utf-8")


if __name__ == "__main__":
    store()
