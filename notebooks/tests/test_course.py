"""The plan of the course that the classroom goes by is the one that the notebooks have."""

from __future__ import annotations

from pathlib import Path

import pytest

from channels_lab.classroom.steps import COURSE, Steps, titles_of
from channels_lab.contents import LESSONS, lesson
from channels_lab.exercise import exercises_of
from tests.samples import code, markdown, sample_lesson, write
from tools.course import course, plan, text
from tools.notebook import LESSONS as FOLDER
from tools.notebook import lesson_files, read


def test_the_stored_plan_is_that_of_the_notebooks() -> None:
    assert COURSE.read_text("utf-8") == text(course()), "make outputs stores it"


def test_it_has_every_lesson_and_every_exercise() -> None:
    lessons = course()
    assert [each["id"] for each in lessons] == [path.name[:2] for path in lesson_files()]
    for each in lessons:
        declared = [(one.id, one.title) for one in exercises_of(int(each["id"]))]
        assert [(one["id"], one["title"]) for one in each["exercises"]] == declared
        steps = [step["id"] for step in each["steps"]]
        assert {one["step"] for one in each["exercises"]} <= set(steps)
        assert len(steps) >= 4


def test_a_kernel_finds_every_cell_in_its_step() -> None:
    listed = {step["id"] for each in course() for step in each["steps"]}
    found = set()
    for entry in LESSONS:
        cells = [cell for cell in read(FOLDER / entry.file).cells if cell.cell_type == "code"]
        steps = Steps(FOLDER / entry.file)
        places = [steps.of(cell.id, "") for cell in cells]
        assert places == sorted(places, key=lambda step: int(str(step).partition("/")[2]))
        found.update(places)
    assert found == listed


def test_steps_without_a_cell_are_left_out_and_counted() -> None:
    notebook = sample_lesson()
    notebook.cells[4:4] = [markdown("## Only words"), markdown("```\n## in code\n```\n## Then")]
    notebook.cells[6:6] = [code("1"), markdown("### Exercise 01.1 · Predict\n\nThe rest.")]
    planned = plan(lesson(1), notebook)
    assert [(step["id"], step["title"]) for step in planned["steps"]] == [
        ("01/0", "(opening)"), ("01/2", "Then"), ("01/3", "Then and now"),
    ]  # fmt: skip
    assert planned["exercises"] == [{"id": "01.1", "title": "Predict", "step": "01/2"}]
    assert text([planned]).count("\n") == 17


def test_two_steps_of_one_title_are_refused() -> None:
    notebook = sample_lesson()
    notebook.cells[4:4] = [markdown("## Then and now")]
    with pytest.raises(ValueError, match="expected each heading once, got .'Then and now'. twice"):
        plan(lesson(1), notebook)


def test_a_learner_may_add_headings_and_cells(tmp_path: Path) -> None:
    entry = lesson(3)
    delivered = read(FOLDER / entry.file)
    title = next(iter(titles_of(entry)))
    assert title == "(opening)"
    delivered.cells[4:4] = [markdown("## My own notes"), code("mine = 1")]
    delivered.cells[4].id, delivered.cells[5].id = "own-1", "own-2"
    steps = Steps(write(delivered, tmp_path / f"{entry.slug}-Copy1.ipynb"))
    assert steps.of("own-2", "") == "03/0"
    last = [cell for cell in delivered.cells if cell.cell_type == "code"][-1]
    assert steps.of(last.id, "") == Steps(FOLDER / entry.file).of(last.id, "") == "03/4"
    assert steps.of("unsaved", "not in the file yet") is None
    delivered.cells[-3:-3] = [code("saved = 1")]
    delivered.cells[-4].id = "unsaved"
    write(delivered, steps.notebook)
    assert steps.of("unsaved", "") == "03/4", "the file has changed, so it is read again"


@pytest.mark.parametrize("name", ["Untitled.ipynb", "", "notes/03.ipynb"])
def test_a_notebook_that_is_no_lesson_has_no_steps(tmp_path: Path, name: str) -> None:
    assert Steps(tmp_path / name).of("any", "1") is None


def test_a_file_that_is_no_notebook_has_no_steps(tmp_path: Path) -> None:
    steps = Steps(tmp_path / lesson(3).file)
    assert steps.of("03-08", "1") is None
    for damage in ("{", "[]", '{"cells": 5}', '{"cells": [5]}'):
        steps.notebook.write_text(damage)
        assert steps.of("03-08", "1") is None
