"""A learner's copy is tested as delivered; a changed lesson is tested as it stands."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from nbformat import NotebookNode

from tests.samples import code, printed, sample_lesson
from tools.delivered import delivered, is_learners_copy, text_under_test
from tools.notebook import settled, to_text


@pytest.fixture
def lesson() -> NotebookNode:
    """A lesson with an exercise, as `make outputs` stores it."""
    notebook = sample_lesson()
    notebook.cells.insert(-4, code("answer = 1", tags=("exercise",)))
    notebook.cells.insert(-4, code("print(answer)", printed("1\n"), tags=("check",)))
    return settled(notebook)


def saved_by_jupyterlab(notebook: NotebookNode) -> str:
    """The file as JupyterLab writes it after a run."""
    copy = settled(notebook)
    copy.metadata.language_info.version = "3.12.1"
    return to_text(copy)


def exercise(notebook: NotebookNode) -> NotebookNode:
    """The work cell of the exercise."""
    return next(c for c in notebook.cells if "exercise" in c.metadata.get("tags", []))


def test_a_solved_exercise_is_a_learners_copy(lesson: NotebookNode) -> None:
    before = to_text(lesson)
    exercise(lesson).source = "answer = 2"
    lesson.cells[-5].outputs = [printed("2\n")]
    assert is_learners_copy(saved_by_jupyterlab(lesson), before)


def test_a_lesson_that_was_only_run_and_saved_is_a_learners_copy(lesson: NotebookNode) -> None:
    assert is_learners_copy(saved_by_jupyterlab(lesson), to_text(lesson))


def test_a_changed_lesson_is_none_whoever_saved_it(lesson: NotebookNode) -> None:
    before = to_text(lesson)
    lesson.cells[-1].source += " changed"
    assert not is_learners_copy(saved_by_jupyterlab(lesson), before)
    assert not is_learners_copy(to_text(lesson), before)


def test_new_outputs_stored_by_make_outputs_are_a_change_of_the_lesson(
    lesson: NotebookNode,
) -> None:
    before = to_text(lesson)
    exercise(lesson).source = "answer = 2"
    assert not is_learners_copy(to_text(lesson), before)


def test_a_damaged_file_is_no_learners_copy(lesson: NotebookNode) -> None:
    assert not is_learners_copy("{", to_text(lesson))


def test_the_delivered_lesson_comes_from_the_last_commit(
    tmp_path: Path, lesson: NotebookNode
) -> None:
    path = tmp_path / "01_installing.ipynb"
    path.write_text(to_text(lesson), encoding="utf-8")
    assert delivered(path) is None
    delivered.cache_clear()
    for command in (
        "git init -q",
        "git add .",
        "git -c user.name=n -c user.email=e@example.org commit -qm x",
    ):
        subprocess.run(command.split(), cwd=tmp_path, check=True)
    stored = path.read_text("utf-8")
    path.write_text(saved_by_jupyterlab(lesson), encoding="utf-8")
    assert text_under_test(path) == stored
