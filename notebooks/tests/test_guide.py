"""The instructor's guide is true: its plans, its pace, each error that it quotes, each link."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import pytest

from channels_lab.contents import LESSONS, Lesson
from channels_lab.exercise import exercises_of
from tools import guide
from tools.delivered import under_test
from tools.exercises import answer_file
from tools.guide import GUIDE, PLANS, made
from tools.markdown import anchors, markdown_of
from tools.notebook import LESSONS as FOLDER
from tools.notebook import output_texts

WRONG_ANSWERS = Path(__file__).parent / "wrong_answers"
FILES = sorted(GUIDE.glob("*.md"))
LONGEST = {"half-day": 240, "full-day": 480}  # minutes
SITTING = 75  # minutes from one pause to the next
QUOTED = re.compile(r"^- `(.+?)`", re.MULTILINE)


def notes() -> dict[str, str]:
    """The notes on each lesson, by their heading such as ``03 · Creating a consumer``."""
    text = "\n".join(path.read_text("utf-8") for path in GUIDE.glob("lessons_*.md"))
    parts = re.split(r"(?m)^## (\d\d · .+)$", text)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def messages(entry: Lesson) -> str:
    """All that a lesson stores as output, and what its wrong answers are told."""
    cells = under_test(FOLDER / entry.file).cells
    stored = [text for cell in cells if cell.cell_type == "code" for text in output_texts(cell)]
    files = [answer_file(each.id, WRONG_ANSWERS) for each in exercises_of(entry.number)]
    told = [path.read_text("utf-8").partition("\n")[0] for path in files]
    return "\n".join([*stored, *told])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_what_is_made_in_the_guide_is_made_from_the_lessons_of_today(path: Path) -> None:
    assert made()[path] == path.read_text("utf-8"), "make outputs"


def test_a_plan_that_went_stale_is_seen(tmp_path: Path) -> None:
    for path in FILES:
        (tmp_path / path.name).write_text(
            path.read_text("utf-8").replace("09:10", "09:15"), "utf-8"
        )
    plan = tmp_path / "plan.md"
    assert "09:15" in plan.read_text("utf-8")
    assert made(tmp_path)[plan] != plan.read_text("utf-8")
    guide.store(tmp_path)
    assert plan.read_text("utf-8") == (GUIDE / "plan.md").read_text("utf-8")


def test_a_part_that_stands_nowhere_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected <!-- half-day --> in one file"):
        made(tmp_path)


@pytest.mark.parametrize("name", PLANS)
def test_a_plan_fits_into_its_day_and_nobody_sits_too_long(name: str) -> None:
    parts = PLANS[name]
    assert sum(part.minutes for part in parts) <= LONGEST[name]
    sitting = 0
    for part in parts:
        sitting = 0 if part.what.startswith("**") else sitting + part.minutes
        assert sitting <= SITTING, part.what


@pytest.mark.parametrize("name", PLANS)
def test_a_plan_gives_each_lesson_its_minutes_in_order(name: str) -> None:
    rows = guide.table(name).splitlines()[2:]
    starts = [datetime.strptime(row.split(" | ")[0].strip("| "), "%H:%M") for row in rows]
    taught = []
    for index, row in enumerate(rows):
        for entry in LESSONS:
            if f"(../{entry.file})" in row:
                took = (starts[index + 1] - starts[index]).total_seconds() / 60
                assert took == entry.minutes
                taught.append(entry.number)
    assert taught == sorted(set(taught)) and len(taught) >= 7


def test_every_lesson_has_its_notes() -> None:
    assert list(notes()) == [f"{entry.number:02d} · {entry.title}" for entry in LESSONS]


@pytest.mark.parametrize("entry", LESSONS, ids=lambda entry: entry.slug)
def test_the_notes_on_a_lesson_quote_what_learners_really_see(entry: Lesson) -> None:
    text = notes()[f"{entry.number:02d} · {entry.title}"]
    for part in ("**Promise.**", "**Project**", "**Pause**", "**They stumble over**"):
        assert text.count(part) == 1, part
    quoted = QUOTED.findall(text)
    assert len(quoted) >= 2
    seen = messages(entry)
    for error in quoted:
        assert error in seen, f"nobody sees {error!r} in lesson {entry.number:02d}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_link_of_the_guide_leads_somewhere(path: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", path.read_text("utf-8"))
    for target in links:
        if target.startswith("https://"):
            continue
        file, _, anchor = target.partition("#")
        there = (path.parent / file).resolve() if file else path
        assert there.exists(), target
        if anchor:
            assert anchor in anchors(markdown_of(there, None)), target


def test_the_readme_leads_to_every_part_of_the_guide() -> None:
    readme = (GUIDE / "README.md").read_text("utf-8")
    for path in FILES:
        assert path.name == "README.md" or f"({path.name})" in readme
    assert "notebooks/instructor/README.md" in (FOLDER.parent / "README.md").read_text("utf-8")
