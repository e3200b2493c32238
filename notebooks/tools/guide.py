"""The made parts of the instructor's guide: the plans of a day, and the pace of each lesson.

`make outputs` writes them; a test holds the guide to them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from nbformat import NotebookNode

from channels_lab.contents import LESSONS, Lesson, lesson
from channels_lab.exercise import exercises_of, find
from tools.blocks import with_block
from tools.delivered import under_test
from tools.notebook import LESSONS as FOLDER
from tools.notebook import tags

GUIDE = FOLDER / "instructor"
EXERCISE_MINUTES = 5
BEGINS = "09:00"
CODE_WORDS = 40  # to predict, run and look at a code cell takes about as long as to read so many


@dataclass(frozen=True)
class Part:
    """One row of a plan: how long, what, and what the room does meanwhile."""

    minutes: int
    what: str
    how: str


def teach(number: int, how: str, *exercises: str) -> list[Part]:
    """Return the rows of a lesson with some of its exercises."""
    entry = lesson(number)
    title = f"[{entry.label}](../{entry.file})"
    tasks = [(id, find(id).title) for id in exercises]
    return [
        Part(entry.minutes, title, how),
        *(Part(EXERCISE_MINUTES, f"{id} {title}", "alone, then in pairs") for id, title in tasks),
    ]


PAUSE = "**Pause**"
PLANS: dict[str, tuple[Part, ...]] = {
    "half-day": (
        Part(10, "Welcome", "the code of the class, the sentence on privacy, lesson 00 opened"),
        *teach(0, "everybody runs it; the check-up is read aloud"),
        *teach(1, "together", "01.2"),
        *teach(2, "together; hands up before the first `Sequence`", "02.2"),
        Part(15, PAUSE, "who is behind runs all cells now"),
        *teach(3, "each alone up to *Then and now*, that together", "03.2"),
        *teach(4, "together", "04.1"),
        Part(10, PAUSE, "windows open"),
        *teach(6, "together; the page in the frame on the projector", "06.3"),
        *teach(7, "together; the 303 clients all at once", "07.3"),
        Part(10, "Closing", "the board of the class without names; lesson 05 to take home"),
    ),
    "full-day": (
        Part(10, "Welcome", "the code of the class, the sentence on privacy, lesson 00 opened"),
        *teach(0, "everybody runs it; the check-up is read aloud"),
        *teach(1, "together", "01.2"),
        *teach(2, "together; hands up before the first `Sequence`", "02.2"),
        Part(15, PAUSE, "who is behind runs all cells now"),
        *teach(3, "each alone up to *Then and now*, that together", "03.2"),
        *teach(4, "together", "04.1"),
        Part(10, PAUSE, "windows open"),
        *teach(5, "in pairs: one the page, one the cells", "05.2"),
        *teach(6, "together", "06.3"),
        Part(60, "**Lunch**", "kernels may stay open: nothing is lost"),
        *teach(7, "together; the 303 clients all at once", "07.3"),
        *teach(8, "together; a vote before each `kill()`", "08.2"),
        Part(15, PAUSE, "who is behind runs all cells now"),
        *teach(10, "in pairs: one attacks, one reads the log", "10.2"),
        *teach(11, "each alone; the outages together", "11.1"),
        Part(10, PAUSE, "windows open"),
        *teach(13, "together; a bet on each rung, on paper", "13.2"),
        Part(15, "Closing", "the board without names; three things to remember, one from each row"),
    ),
}


def table(name: str) -> str:
    """Return a plan as a table in Markdown, with the time at which each row begins."""
    at = datetime.strptime(BEGINS, "%H:%M")
    rows = ["| From | Minutes | What | How |", "|---|---|---|---|"]
    for part in PLANS[name]:
        rows.append(f"| {at:%H:%M} | {part.minutes} | {part.what} | {part.how} |")
        at += timedelta(minutes=part.minutes)
    return "\n".join([*rows, f"| {at:%H:%M} | | End | |"])


def sections(notebook: NotebookNode) -> Iterator[tuple[str, int]]:
    """Yield each section of a lesson with its length in words; exercises are not of its time.

    Of the closing the first heading stands for all of it.
    """
    title, length = "opening", 0
    for cell in notebook.cells:
        if set(tags(cell)) & {"exercise", "check", "nav", "nav-end", "map", "contents"}:
            continue
        if cell.cell_type == "code":
            length += CODE_WORDS
            continue
        before, *parts = re.split(r"(?m)^## (.+)$", cell.source)
        length += len(before.split())
        for heading, text in zip(parts[::2], parts[1::2], strict=True):
            if heading not in ("Remember", "The limit"):
                yield title, length
                title, length = heading, 0
            length += len(text.split())
    yield title, length


def pace(entry: Lesson, notebook: NotebookNode) -> str:
    """Return the minute at which each section of a lesson begins, and its exercises."""
    parts = list(sections(notebook))
    total, sofar, marks = sum(length for _, length in parts), 0, []
    for title, length in parts:
        marks.append(f"**{round(entry.minutes * sofar / total)}** {title}")
        sofar += length
    ids = [f"{each.id} {each.title}" for each in exercises_of(entry.number)]
    extra = f" {EXERCISE_MINUTES} minutes more for each of: {', '.join(ids)}." if ids else ""
    return f"*{entry.minutes} minutes:* {' · '.join(marks)}.{extra}"


def blocks() -> dict[str, str]:
    """Return the name and the content of every made part of the guide."""
    made = {name: table(name) for name in PLANS}
    for entry in LESSONS:
        made[f"pace {entry.number:02d}"] = pace(entry, under_test(FOLDER / entry.file))
    return made


def made(folder: Path = GUIDE) -> dict[Path, str]:
    """Return the text of each file of the guide with its made parts made anew.

    Raises ``ValueError`` when a part stands in no file, or in more than one.
    """
    texts = {path: path.read_text("utf-8") for path in sorted(folder.glob("*.md"))}
    for name, content in blocks().items():
        holders = [path for path, text in texts.items() if f"<!-- {name} -->" in text]
        if len(holders) != 1:
            raise ValueError(f"expected <!-- {name} --> in one file of {folder.name}/, "
                             f"got it in {len(holders)}")  # fmt: skip
        texts[holders[0]] = with_block(texts[holders[0]], name, content)
    return texts


def store(folder: Path = GUIDE) -> None:
    """Write the made parts into the guide."""
    for path, text in made(folder).items():
        path.write_text(text, encoding="utf-8")
