"""Write lessons as assignments for nbgrader: `python -m tools.assignments 03` (no number: all).

Each exercise becomes a read-only task, a cell with its answer between BEGIN SOLUTION and END
SOLUTION, and a test with points. nbgrader itself is not needed for that, and not installed here.
Source: https://nbgrader.readthedocs.io/en/stable/contributor_guide/metadata.html
"""

from __future__ import annotations

import copy
import shlex
import shutil
import sys
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from channels_lab.contents import Lesson
from tools.delivered import under_test
from tools.exercises import answer_file, magic, places
from tools.links import without_links
from tools.notebook import LESSONS, lesson_files, settled, tags, to_text
from tools.outputs import chosen, lesson_of

FOLDER = LESSONS / "assignments"
CONFIG = Path(__file__).parent / "nbgrader" / "nbgrader_config.py"
SCHEMA = 3  # of nbgrader's metadata, since nbgrader 0.6
POINTS = 1  # of each exercise
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
# How a file says that a line is a comment: nbgrader looks for the two words anywhere in a line.
COMMENTS = {
    **dict.fromkeys(("", ".py", ".ini", ".conf", ".cfg", ".toml", ".sh", ".yml"), "{}"),
    **dict.fromkeys((".ts", ".js", ".mjs"), "// {}"),
    ".css": "/* {} */",
    **dict.fromkeys((".html", ".md", ".svg"), "<!-- {} -->"),
}
FIND_THE_COURSE = """\
# Finds the course: this notebook lies below its folder `notebooks`, or CHANNELS_COURSE names it.
import os
import sys
import tempfile
from pathlib import Path

above = [Path(os.environ.get("CHANNELS_COURSE", ".")).resolve(), *Path.cwd().parents]
course = next((folder for folder in above if (folder / "channels_lab").is_dir()), None)
assert course, "expected this notebook below the course's folder notebooks, or CHANNELS_COURSE set"
sys.path.insert(0, str(course))
if "NBGRADER_EXECUTION" in os.environ:  # what is graded builds its project elsewhere than yours
    elsewhere = tempfile.TemporaryDirectory(prefix="grading-", ignore_cleanup_errors=True)
    os.environ["CHANNELS_LAB_WORKSPACE"] = elsewhere.name"""


def grading(id: str, *, grade: bool = False, solution: bool = False) -> dict[str, Any]:
    """Return nbgrader's metadata of a cell; neither graded nor an answer, it is read-only."""
    points = {"points": POINTS} if grade else {}
    return {
        "schema_version": SCHEMA,
        "grade_id": id,
        "grade": grade,
        "solution": solution,
        "locked": not solution,
        "task": False,
        **points,
    }


def marked(answer: str, first: str) -> str:
    """Return an answer between nbgrader's markers, below the cell's own first line, if any.

    In a file that the cell writes the markers are comments of its language; ``ValueError`` for a
    file of a kind that has none here.
    """
    file = shlex.split(first)[-1] if first else ""
    suffix = Path(file).suffix
    if suffix not in COMMENTS:
        known = ", ".join(filter(None, COMMENTS))
        raise ValueError(f"expected a file with comments ({known}), got {file}: it takes no marker")
    begin, end = (COMMENTS[suffix].format(marker) for marker in (BEGIN, END))
    return "\n".join(filter(None, [first, begin, answer.strip("\n"), end]))


def tested(source: str) -> str:
    """Return the test of a check: an assertion whose message is what the check found.

    Not the value itself: nbgrader takes what a test shows for the points that it gives.
    """
    if not source.startswith("await check(") or "\n" in source:
        raise ValueError(f"expected a check of one line, `await check(…)`, got {source!r}")
    return f"result = {source}\nassert result.solved, result\nprint(result)"


def assignment(notebook: NotebookNode) -> NotebookNode:
    """Return a lesson as nbgrader's source: the instructor's version, with all answers in it."""
    notebook = settled(copy.deepcopy(notebook))
    for id, place in places(notebook).items():
        number = id.replace(".", "-")
        task, work, check = (notebook.cells[index] for index in place)
        task.metadata["nbgrader"] = grading(f"task-{number}")
        work.metadata["nbgrader"] = grading(f"answer-{number}", solution=True)
        work.metadata["start"] = work.source
        work.source = marked(answer_file(id).read_text("utf-8"), magic(work))
        check.metadata["nbgrader"] = grading(f"check-{number}", grade=True)
        check.source = tested(check.source)
        check.metadata["tags"] = [*tags(check), "raises-exception"]  # *Run all* goes on after it
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        else:
            cell.source = without_links(cell.source)
    begin = new_code_cell(FIND_THE_COURSE, id="course", metadata={"nbgrader": grading("course")})
    first = next(n for n, cell in enumerate(notebook.cells) if cell.cell_type == "code")
    notebook.cells.insert(first, begin)
    # The line of links at the end leads to lessons that are not there.
    notebook.cells = [cell for cell in notebook.cells if "nav-end" not in tags(cell)]
    return notebook


def store(entry: Lesson, notebook: NotebookNode, folder: Path = FOLDER) -> Path:
    """Write one assignment where nbgrader looks for it: ``source/03_…/03_….ipynb``."""
    path = folder / "source" / entry.slug / entry.file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(to_text(assignment(notebook)), encoding="utf-8")
    return path


def main(arguments: list[str]) -> int:
    """Write the chosen lessons' assignments; return 1 when one cannot be made."""
    try:
        files = chosen(arguments, lesson_files())
        written = 0
        FOLDER.mkdir(exist_ok=True)
        shutil.copy(CONFIG, FOLDER)
        for path in files:
            notebook = under_test(path)
            if places(notebook):
                print(store(lesson_of(path), notebook).relative_to(LESSONS.parent))
                written += 1
    except (LookupError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    if not written:
        print("No assignment: these lessons have no exercises.", file=sys.stderr)
        return 1
    print(
        f"{written} assignments. Next: cd notebooks/assignments && nbgrader generate_assignment …"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
