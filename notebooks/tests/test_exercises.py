"""Every exercise, both ways: solved says solved, a plausible wrong answer says why not yet."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import nbformat
import pytest

from channels_lab.contents import LESSONS, Lesson
from channels_lab.crowd import ROUNDS
from channels_lab.exercise import SOLUTIONS, Exercise, exercises_of
from tools.delivered import under_test
from tools.exercises import Place, answer_file, magic, places
from tools.outputs import execute

NOTEBOOKS = Path(__file__).resolve().parents[1]
WRONG_ANSWERS = Path(__file__).parent / "wrong_answers"
EXERCISES = [entry for lesson in LESSONS for entry in exercises_of(lesson.number)]
WITH_EXERCISES = [lesson for lesson in LESSONS if exercises_of(lesson.number)]


def _read(lesson: Lesson) -> nbformat.NotebookNode:
    return under_test(NOTEBOOKS / lesson.file)


def _answered(notebook: nbformat.NotebookNode, place: Place, answer: Path) -> list[Any]:
    """The work cell with this answer in it, and the check after it."""
    cells = copy.deepcopy(notebook.cells[place.work : place.check + 1])
    cells[0].source = "\n".join(filter(None, [magic(cells[0]), answer.read_text()]))
    for cell in cells:
        cell.id = f"{answer.parent.name[:5]}-{cell.id}"
    return cells


def _emptied(notebook: nbformat.NotebookNode, place: Place) -> list[Any]:
    """An emptied work cell, and the check after it: it must say something, not raise."""
    cells = copy.deepcopy(notebook.cells[place.work : place.check + 1])
    cells[0].source = ""
    for cell in cells:
        cell.id = f"empty-{cell.id}"
    return cells


@pytest.mark.parametrize("lesson", WITH_EXERCISES, ids=lambda lesson: lesson.slug)
def test_wrong_answers_are_not_yet_for_the_right_reason_and_solutions_are_solved(
    lesson: Lesson, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One run of the lesson: each exercise is left empty, then got wrong, then solved."""
    monkeypatch.setenv(ROUNDS, "1")  # how quick it is, is not asked here
    notebook = _read(lesson)
    found = places(notebook)
    assert sorted(found) == [entry.id for entry in exercises_of(lesson.number)]
    tried = copy.deepcopy(notebook)
    for id, place in sorted(found.items(), reverse=True):  # from the end: places stay valid
        tried.cells[place.work : place.check + 1] = [
            *_emptied(notebook, place),
            *_answered(notebook, place, answer_file(id, WRONG_ANSWERS)),
            *_answered(notebook, place, answer_file(id)),
        ]

    said = {
        cell.id: cell.outputs[-1].data["text/plain"]
        for cell in execute(tried, NOTEBOOKS).cells
        if "check" in cell.metadata.get("tags", [])
    }

    for id, place in found.items():
        check_id = notebook.cells[place.check].id
        first = answer_file(id, WRONG_ANSWERS).read_text().splitlines()[0]
        reason = first.removeprefix("# not yet: ")
        assert reason != first, f"{id}: expected a first line `# not yet: …`, got {first!r}"
        assert said[f"empty-{check_id}"].startswith(("○ not yet – ", "✔ solved")), id
        assert said[f"wrong-{check_id}"].startswith(f"○ not yet – {reason}"), id
        assert said[f"solut-{check_id}"].startswith("✔ solved"), id


@pytest.mark.parametrize("lesson", WITH_EXERCISES, ids=lambda lesson: lesson.slug)
def test_the_stored_lesson_is_not_solved(lesson: Lesson) -> None:
    notebook = _read(lesson)
    found = places(notebook)
    assert sorted(found) == [entry.id for entry in exercises_of(lesson.number)]
    for id, place in found.items():
        said = notebook.cells[place.check].outputs[-1].data["text/plain"]
        assert said.startswith("○ not yet – "), (id, said)


@pytest.mark.parametrize("lesson", WITH_EXERCISES, ids=lambda lesson: lesson.slug)
def test_every_exercise_has_its_task_and_names_its_help(lesson: Lesson) -> None:
    notebook = _read(lesson)
    for id, place in places(notebook).items():
        entry = next(entry for entry in exercises_of(lesson.number) if entry.id == id)
        task = notebook.cells[place.task].source
        assert task.startswith(f"### Exercise {id} · {entry.title}\n")
        assert f'hint("{id}")' in task and f'solution("{id}")' in task
        assert place.task < place.work < place.check == place.work + 1


@pytest.mark.parametrize("entry", EXERCISES, ids=lambda entry: entry.id)
def test_the_three_hints_are_three(entry: Exercise) -> None:
    assert len({hint.strip() for hint in entry.hints if hint.strip()}) == 3


def test_there_are_about_eighteen_exercises_two_or_three_a_lesson() -> None:
    counts = {lesson.number: len(exercises_of(lesson.number)) for lesson in LESSONS}
    assert {number: count for number, count in counts.items() if number and count < 2} == {}
    assert len(EXERCISES) >= 16


@pytest.mark.parametrize("folder", [SOLUTIONS, WRONG_ANSWERS], ids=lambda folder: folder.name)
def test_there_is_one_file_for_each_exercise_and_no_other(folder: Path) -> None:
    expected = {f"{entry.id.replace('.', '_')}.py" for entry in EXERCISES}
    assert {path.name for path in folder.iterdir() if path.name != "__pycache__"} == expected
