"""`make assignments`: nbgrader's own code takes them, releases them as lessons, and grades them."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import NotebookNode

from channels_lab.contents import LESSONS, Lesson, lesson
from channels_lab.exercise import exercises_of
from tests.samples import code, markdown
from tools import assignments, setup
from tools.delivered import under_test
from tools.exercises import answer_file, places
from tools.kernel import clean_environment
from tools.notebook import LESSONS as FOLDER
from tools.notebook import to_text

NBGRADER = FOLDER / "tools" / "nbgrader"
ENVIRONMENT = Path(sys.prefix) / "nbgrader"  # beside the course's packages, never among them
GRADED = lesson(3)  # a lesson with an answer in a cell and answers in files
SOLVED = {"answer-03-1", "answer-03-3"}  # the third is handed in as it was released
WITH_EXERCISES = [entry for entry in LESSONS if exercises_of(entry.number)]
SECONDS = 240


def uv(*arguments: str | Path) -> None:
    """Run uv and show what it said when it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "uv", *map(str, arguments)],
        env={**setup.clean_environment(), **setup.package_index(sys.executable)},
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def nbgrader() -> Path:
    """The Python of an environment with nbgrader in it, made once and kept in .venv."""
    pins = (NBGRADER / "requirements.txt", FOLDER.parent / "constraints.txt")
    stamp = hashlib.sha256(b"".join(pin.read_bytes() for pin in pins)).hexdigest()
    complete, python = ENVIRONMENT / ".complete", ENVIRONMENT / "bin" / "python"
    if not complete.is_file() or complete.read_text("utf-8") != stamp:
        uv("venv", "--quiet", "--clear", "--python", sys.executable, ENVIRONMENT)
        uv("pip", "install", "--quiet", "--python", python, "-r", pins[0])
        complete.write_text(stamp, "utf-8")
    return python


@pytest.fixture(scope="module")
def course() -> Iterator[Path]:
    """A folder of assignments below the course's own: all of the lessons, and one for the web."""
    folder = FOLDER / "assignments" / f"test-{os.getpid()}"
    folder.mkdir(parents=True)
    try:
        shutil.copy(assignments.CONFIG, folder)
        for entry in WITH_EXERCISES:
            assignments.store(entry, under_test(FOLDER / entry.file), folder)
        web = folder / "source" / "99_web" / "99_web.ipynb"
        web.parent.mkdir()
        web.write_text(to_text(for_the_web()), "utf-8")
        yield folder
    finally:
        shutil.rmtree(folder)


def for_the_web() -> NotebookNode:
    """A made-up assignment whose answers stand in files that are not Python's."""
    notebook = nbformat.v4.new_notebook(cells=[markdown("Two files.")])
    for id, file, answer in (
        ("a", "page.html", "<p>hello</p>"),
        ("b", "app.ts", "export const hello = 1;"),
    ):
        cell = code(assignments.marked(answer, f"%%writefile {file}"))
        cell.metadata["nbgrader"] = assignments.grading(id, solution=True)
        cell.metadata["start"] = f"%%writefile {file}\nto do"
        notebook.cells.append(cell)
    return notebook


@pytest.fixture(scope="module")
def trial(nbgrader: Path, course: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What came of it when nbgrader released all of them and graded what a student handed in."""
    jupyter = tmp_path_factory.mktemp("jupyter")
    kernel = jupyter / "kernels" / "python3" / "kernel.json"
    kernel.parent.mkdir(parents=True)
    # nbgrader runs the notebooks with the course's Python, as on a machine where both are.
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": command, "display_name": "the course's", "language": "python"}
    kernel.write_text(json.dumps(spec), "utf-8")
    places_of_its_own = {
        name: str(jupyter / name.lower())
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "HOME")
    }
    done = subprocess.run(
        [nbgrader, NBGRADER / "trial.py", course, GRADED.slug, *SOLVED],
        env={
            **clean_environment(),
            **places_of_its_own,
            "JUPYTER_PATH": str(jupyter),
            "PATH": os.pathsep.join([str(nbgrader.parent), os.environ["PATH"]]),  # for its alembic
        },
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def released(course: Path, slug: str, folder: str = "release") -> NotebookNode:
    """Read what nbgrader hands out to students."""
    path = course / folder / slug / f"{slug}.ipynb"
    return nbformat.read(path, as_version=nbformat.NO_CONVERT)


def by_id(notebook: NotebookNode) -> dict[str, NotebookNode]:
    """Return the cells that nbgrader knows, by its own name of each."""
    known = [cell for cell in notebook.cells if "nbgrader" in cell.metadata]
    return {cell.metadata.nbgrader.grade_id: cell for cell in known}


def test_nbgrader_releases_every_lesson_that_has_exercises(trial: Any) -> None:
    assert trial["released"] == [*(entry.slug for entry in WITH_EXERCISES), "99_web"]


@pytest.mark.parametrize("entry", WITH_EXERCISES, ids=lambda entry: entry.slug)
def test_what_students_get_begins_as_the_lesson_does_and_has_no_answer(
    trial: Any, course: Path, entry: Lesson
) -> None:
    notebook, cells = under_test(FOLDER / entry.file), by_id(released(course, entry.slug))
    for id, place in places(notebook).items():
        number = id.replace(".", "-")
        assert cells[f"answer-{number}"].source == notebook.cells[place.work].source
        assert "start" not in cells[f"answer-{number}"].metadata
        check = cells[f"check-{number}"]
        assert check.metadata.nbgrader.points == assignments.POINTS
        assert check.metadata.nbgrader.checksum
        assert "raises-exception" in check.metadata.tags  # what is not solved stops no *Run all*
        for fixed in (check, cells[f"task-{number}"]):
            assert (fixed.metadata.editable, fixed.metadata.deletable) == (False, False)
    text = (course / "release" / entry.slug / entry.file).read_text("utf-8")
    assert "END SOLUTION" not in text


def test_answers_in_files_of_the_web_are_taken_out_too(trial: Any, course: Path) -> None:
    cells = by_id(released(course, "99_web"))
    assert cells["a"].source == "%%writefile page.html\nto do"
    assert cells["b"].source == "%%writefile app.ts\nto do"


def test_nbgrader_as_it_comes_takes_the_answers_out_as_well(trial: Any, course: Path) -> None:
    cells = by_id(released(course, GRADED.slug, "plain"))
    for entry in exercises_of(GRADED.number):
        cell = cells[f"answer-{entry.id.replace('.', '-')}"]
        assert cell.source.endswith("# YOUR CODE HERE\nraise NotImplementedError()")
        assert answer_file(entry.id).read_text("utf-8").strip() not in cell.source


def test_what_is_solved_gets_its_point_and_what_is_not_gets_none(trial: Any) -> None:
    one = float(assignments.POINTS)
    assert trial["points"] == {
        "check-03-1": [one, one],
        "check-03-2": [0.0, one],
        "check-03-3": [one, one],
    }


def test_a_marker_is_a_comment_of_the_file_that_the_cell_writes() -> None:
    python = assignments.marked("a = 1\n", "%%writefile -a a.py")
    assert python == "%%writefile -a a.py\n### BEGIN SOLUTION\na = 1\n### END SOLUTION"
    assert assignments.marked("a = 1\n", "") == "### BEGIN SOLUTION\na = 1\n### END SOLUTION"
    page = assignments.marked("<p>", "%%writefile page.html").splitlines()[1:]
    assert page == ["<!-- ### BEGIN SOLUTION -->", "<p>", "<!-- ### END SOLUTION -->"]
    assert "// ### BEGIN SOLUTION" in assignments.marked("let a", "%%writefile a.ts")


def test_a_file_that_takes_no_comment_is_refused() -> None:
    with pytest.raises(ValueError, match=r"expected a file with comments .*, got a\.json"):
        assignments.marked("{}", "%%writefile a.json")


def test_a_check_that_cannot_become_a_test_is_refused() -> None:
    with pytest.raises(ValueError, match=r"expected a check of one line, .* got 'check_up\(\)'"):
        assignments.tested("check_up()")
