"""Steps: where in the course a cell stands. A step is what stands under one ``##`` heading.

Steps are counted from 1 in the lesson as it was delivered, 0 being what comes before the first
heading; ``03/2`` is the second of lesson 03.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from ..contents import LESSONS, Lesson
from ..places import DEMO_PROJECT

COURSE = DEMO_PROJECT / "classroom" / "course.json"
OPENING = "(opening)"
_HEADING = re.compile(r"^## +(.+?)\s*$", re.MULTILINE)
_CODE = re.compile(r"^(```|~~~).*?^\1", re.DOTALL | re.MULTILINE)


class Steps:
    """The steps of one notebook's file, read anew when it has changed and a cell is not known.

    >>> Steps(Path("03_creating_a_consumer.ipynb")).of("03-08", "")
    '03/1'
    """

    def __init__(self, notebook: Path) -> None:
        self.notebook = notebook
        self.lesson = next((e for e in LESSONS if notebook.stem.startswith(e.slug)), None)
        self._known: dict[str, str] = {}
        self._read: tuple[int, int] | None = None

    def __repr__(self) -> str:
        return f"Steps({self.notebook.name})"

    def of(self, cell: str | None, source: str) -> str | None:
        """The step of a cell, by its id, else by its source; None for a cell of no lesson."""
        if self.lesson is None:
            return None
        keys = [cell] if cell else []
        keys.append(source)  # some front ends give the cells ids of their own
        if not any(key in self._known for key in keys):
            self._read_again()
        return next((self._known[key] for key in keys if key in self._known), None)

    def _read_again(self) -> None:
        try:
            state = self.notebook.stat()
            if (state.st_mtime_ns, state.st_size) == self._read or self.lesson is None:
                return
            cells = json.loads(self.notebook.read_text(encoding="utf-8"))["cells"]
            self._known = dict(_places(cells, titles_of(self.lesson), self.lesson))
            self._read = state.st_mtime_ns, state.st_size
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return  # half-written, or no notebook: what was known stays


def headings(source: str) -> list[str]:
    """The titles of the ``##`` headings in a Markdown source."""
    return _HEADING.findall(_CODE.sub("", source))


def source_of(cell: Mapping[str, Any]) -> str:
    """The source of a cell of a notebook's file, where it may be a list of lines."""
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(source)


@cache
def titles_of(lesson: Lesson) -> dict[str, str]:
    """The steps of a lesson by their titles, as the course has them; empty without a course."""
    try:
        course = json.loads(COURSE.read_text(encoding="utf-8"))
        entry = next(each for each in course["lessons"] if each["id"] == f"{lesson.number:02d}")
        return {str(step["title"]): str(step["id"]) for step in entry["steps"]}
    except (OSError, ValueError, KeyError, TypeError, StopIteration):
        return {}


def _places(
    cells: list[dict[str, Any]], titles: dict[str, str], lesson: Lesson
) -> Iterator[tuple[str, str]]:
    """Yield the step of each code cell, by its id and by its source.

    A learner may add headings: only those that the course knows begin a step.
    """
    count, step = 0, f"{lesson.number:02d}/0"
    for cell in cells:
        source = source_of(cell)
        if cell.get("cell_type") == "code":
            if cell.get("id"):
                yield str(cell["id"]), step
            yield source, step
        elif cell.get("cell_type") == "markdown":
            for title in headings(source):
                count += 1
                step = titles.get(title, step) if titles else f"{lesson.number:02d}/{count}"
