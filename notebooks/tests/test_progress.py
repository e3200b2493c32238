"""Progress: it survives, it repairs itself, it draws the course, and a lesson can be reset."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from channels_lab import LabError, check, hint, reset_lesson, solution
from channels_lab.contents import LESSONS
from channels_lab.exercise import Lab, Result, exercises_of
from channels_lab.progress import CourseMap, Progress

FIRST = exercises_of(3)[0].id


@pytest.fixture(autouse=True)
def own_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The learner's own progress is not touched."""
    monkeypatch.setenv("CHANNELS_LAB_WORKSPACE", str(tmp_path / "workspace"))
    return tmp_path / "workspace"


def test_what_is_solved_is_still_solved_in_the_next_process() -> None:
    Progress().tried(FIRST, solved=True)
    assert Progress().solved(FIRST)


def test_what_was_solved_once_stays_solved() -> None:
    progress = Progress()
    progress.tried(FIRST, solved=True)
    progress.tried(FIRST, solved=False)
    assert Progress().solved(FIRST)


@pytest.mark.parametrize(
    "damage", ["", "{", "[]", '{"exercises": {"03.1": 5}}', '{"exercises": 1}']
)
def test_a_damaged_file_is_set_aside_and_said_so(own_workspace: Path, damage: str) -> None:
    own_workspace.mkdir(parents=True)
    (own_workspace / "progress.json").write_text(damage)
    shown = repr(CourseMap(Progress()))
    assert "is kept as progress.damaged.json" in shown
    assert (own_workspace / "progress.damaged.json").read_text() == damage
    Progress().tried(FIRST, solved=True)
    assert Progress().solved(FIRST)


def test_the_map_shows_the_next_step_first_and_the_count() -> None:
    Progress().tried(FIRST, solved=True)
    shown = repr(CourseMap(Progress())).splitlines()
    assert shown[0].startswith("Next: ") and " Solved: 1 of " in shown[0]
    assert [line for line in shown if "●" in line and line.startswith("03")]
    assert len(shown) == len(LESSONS) + 2


def test_hints_come_one_by_one_and_are_counted() -> None:
    entry = exercises_of(3)[0]
    said = [repr(hint(FIRST)) for _ in range(4)]
    assert said[:3] == [f"hint {n} of 3: {text}" for n, text in enumerate(entry.hints, 1)]
    assert said[3] == said[2]
    assert Progress().hints(FIRST) == 3


def test_the_solution_is_shown_on_demand() -> None:
    assert "answer = [" in solution(FIRST).text


async def test_an_exercise_that_is_not_there_lists_those_that_are() -> None:
    with pytest.raises(LabError, match=r"expected an exercise .* got '03.9' \(there: 03.1, 03.2"):
        await check("03.9")
    with pytest.raises(LabError, match="got 'nonsense'"):
        hint("nonsense")


async def test_a_check_without_the_server_it_needs_says_so() -> None:
    assert "this check needs the running project" in repr(await check("03.2"))


async def test_a_wrong_second_argument_is_refused() -> None:
    with pytest.raises(LabError, match="expected a LiveServer .*, got str"):
        await check("03.2", "server")  # type: ignore[arg-type]


async def test_a_check_that_never_ends_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncio

    from channels_lab import exercise

    async def endless(lab: Lab) -> Result:
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    entry = exercise.find("03.1")
    monkeypatch.setattr(exercise, "CHECK_TIMEOUT", 0.2)
    monkeypatch.setitem(
        exercise._exercises, "03.1", exercise.Exercise("03.1", "x", entry.hints, endless, False)
    )
    assert repr(await check("03.1")) == "○ not yet – the check did not end within 0.2 s"


# ---------------------------------------------------------------------- reset


@pytest.fixture
def course(tmp_path: Path, own_workspace: Path) -> Path:
    """A small course in git, with lessons 1 and 2."""
    folder = tmp_path / "course"
    folder.mkdir()
    for lesson in LESSONS[1:3]:
        (folder / lesson.file).write_text(f"delivered {lesson.number}")
    for command in (
        "git init -q",
        "git add .",
        "git -c user.name=n -c user.email=e@example.org commit -qm x",
    ):
        subprocess.run(command.split(), cwd=folder, check=True)
    return folder


def test_reset_brings_the_lesson_back_and_keeps_what_there_was(
    course: Path, own_workspace: Path
) -> None:
    one, two = (course / lesson.file for lesson in LESSONS[1:3])
    one.write_text("mine 1")
    two.write_text("mine 2")
    (own_workspace / "lesson-01").mkdir(parents=True)
    (own_workspace / "lesson-01" / "mine.py").write_text("x = 1")
    Progress().tried("01.1", solved=True)
    Progress().tried("02.1", solved=True)

    said = reset_lesson(1, notebooks=course)

    assert one.read_text() == "delivered 1" and two.read_text() == "mine 2"
    assert (own_workspace / "kept" / one.name).read_text() == "mine 1"
    assert (own_workspace / "kept" / "lesson-01" / "mine.py").read_text() == "x = 1"
    assert not Progress().solved("01.1") and Progress().solved("02.1")
    assert f"Kept in workspace/kept: {one.name}, lesson-01" in said


def test_reset_twice_keeps_both_versions(course: Path, own_workspace: Path) -> None:
    one = course / LESSONS[1].file
    for text in ("mine 1", "mine 2"):
        one.write_text(text)
        reset_lesson(1, notebooks=course)
    kept = sorted(path.read_text() for path in (own_workspace / "kept").iterdir())
    assert kept == ["mine 1", "mine 2"]


def test_reset_brings_a_deleted_lesson_back(course: Path) -> None:
    one = course / LESSONS[1].file
    one.unlink()
    assert "Nothing had been changed" in reset_lesson(1, notebooks=course)
    assert one.read_text() == "delivered 1"


def test_reset_without_git_history_changes_nothing_and_says_why(
    tmp_path: Path, own_workspace: Path
) -> None:
    one = tmp_path / LESSONS[1].file
    one.write_text("mine")
    with pytest.raises(LabError, match="expected 01_installing.ipynb in this folder's git history"):
        reset_lesson(1, notebooks=tmp_path)
    assert one.read_text() == "mine"


def test_the_progress_file_is_plain_json(own_workspace: Path) -> None:
    Progress().tried(FIRST, solved=False)
    stored = json.loads((own_workspace / "progress.json").read_text())
    assert stored["exercises"][FIRST] == {"solved": False, "tries": 1, "hints": 0}
