"""A class as a file: JSON for programs, CSV for a spreadsheet."""

import csv
import io
import json
from typing import Any

from classroom.events import Frame

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet would carry out."""

_HEAD = (
    "learner",
    "joined",
    "stuck",
    "kind",
    "what",
    "reached",
    "begun",
    "solved",
    "tries",
    "hints",
)


def as_json(state: Frame) -> str:
    """All that the board knows."""
    kept = ("class", "instructors", "learners", "notes", "shown")
    return json.dumps({key: state[key] for key in kept}, indent=2, ensure_ascii=False) + "\n"


def as_csv(state: Frame) -> str:
    """A line for each step that a learner reached, and for each exercise."""
    file = io.StringIO()
    file.write("\N{BOM}")  # or Excel takes it for the code page of its country
    writer = csv.writer(file)
    writer.writerow(_HEAD)
    for learner in state["learners"]:
        about = learner["name"], learner["joined_at"], (learner["stuck"] or {}).get("since")
        lines: list[tuple[Any, ...]] = [("step", step, at) for step, at in learner["steps"].items()]
        lines += [
            ("exercise", name, None, work["begun"], work["solved"], work["tries"], work["hints"])
            for name, work in learner["exercises"].items()
        ]
        for line in sorted(lines, key=lambda line: line[:2]) or [("", "", "")]:
            padded = (*line, *[""] * (len(_HEAD) - len(about) - len(line)))
            writer.writerow([_harmless(cell) for cell in (*about, *padded)])
    return file.getvalue()


def _harmless(cell: Any) -> str:
    """A cell that no spreadsheet takes for a formula (OWASP: CSV injection)."""
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(_FORMULA) else text
