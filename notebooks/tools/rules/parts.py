"""The parts that a lesson has: its made cells, its opening, its closing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nbformat.validator import iter_validate

from channels_lab.contents import map_cell, nav_line, title_cell
from tools.markdown import bullets
from tools.notebook import tags
from tools.rules.page import Page, Problem

CELLS = range(20, 36)


def is_format_4_5(page: Page) -> Iterator[Problem]:
    """The file is notebook format 4.5 with an id of its own for each cell."""
    notebook = page.notebook
    if (notebook.nbformat, notebook.nbformat_minor) < (4, 5):
        yield Problem(0, f"expected notebook format 4.5 or newer, got {notebook.nbformat}."
                         f"{notebook.nbformat_minor}")  # fmt: skip
        return
    ids = [cell.get("id") for cell in notebook.cells]
    for number, name in enumerate(ids, 1):
        if name in ids[: number - 1]:
            yield Problem(number, f"its id {name!r} is taken by another cell")
    for error in iter_validate(notebook, relax_add_props=True):
        yield Problem(0, f"is no valid notebook: {error.message}")


def has_length(page: Page) -> Iterator[Problem]:
    """A lesson has 20 to 35 cells, and its exercises."""
    exercises = [c for c in page.notebook.cells if {"exercise", "check"} & set(tags(c))]
    count = len(page.notebook.cells) - len(exercises)
    if count not in CELLS:
        wanted = f"{CELLS.start} to {CELLS.stop - 1} cells beside the exercises"
        yield Problem(0, f"expected {wanted}, got {count}")


def has_generated_cells(page: Page) -> Iterator[Problem]:
    """The title, the map and the navigation are those that the table of contents makes."""
    last = len(page.notebook.cells)
    for tag, places, wanted in (
        ("nav", (1,), title_cell(page.entry)),
        ("map", (2, 3), map_cell(page.entry)),
        ("nav-end", (last,), nav_line(page.entry)),
    ):
        found = page.tagged(tag)
        if len(found) != 1:
            yield Problem(0, f"expected one cell tagged `{tag}`, got {len(found)}")
            continue
        number, cell = found[0]
        if number not in places:
            where = " or ".join(map(str, places))
            yield Problem(number, f"the cell tagged `{tag}` stands here: expected it as {where}")
        if cell.source != wanted:
            yield Problem(number, f"differs from the generated `{tag}` cell: run `make outputs`")


def has_opening(page: Page) -> Iterator[Problem]:
    """Cell 2 or 3 promises three things and says what is needed and how long it takes."""
    found = page.tagged("opening")
    if len(found) != 1:
        yield Problem(0, f"expected one cell tagged `opening`, got {len(found)}")
        return
    number, cell = found[0]
    if number not in (2, 3):
        yield Problem(number, "the opening stands here: expected it as 2 or 3")
    promise, _, rest = cell.source.partition("**You need**")
    if "**After this lesson you can**" not in promise:
        yield Problem(number, "expected **After this lesson you can**")
    if len(bullets(promise)) != 3:
        yield Problem(number, f"expected three promises (bullets), got {len(bullets(promise))}")
    if not rest:
        yield Problem(number, "expected **You need**")
    minutes = re.search(r"\*\*Minutes:?\*\*:?\s*(\d+)", cell.source)
    got = minutes.group(1) if minutes else "none"
    if got != str(page.entry.minutes):
        yield Problem(number, f"expected **Minutes** {page.entry.minutes}, got {got}")


def has_closing(page: Page) -> Iterator[Problem]:
    """The last cells are What you saw, Remember with three bullets, The limit, navigation."""
    last = len(page.notebook.cells)
    for offset, heading in ((3, "## What you saw"), (2, "## Remember"), (1, "## The limit")):
        if last <= offset:
            return  # has_length has said so
        number = last - offset
        cell = page.notebook.cells[number - 1]
        if cell.source.split("\n")[0].strip() != heading:
            yield Problem(number, f"expected it to begin with `{heading}`")
        elif heading == "## Remember" and len(bullets(cell.source)) != 3:
            got = len(bullets(cell.source))
            yield Problem(number, f"expected three lines to remember (bullets), got {got}")
        elif heading != "## Remember" and len(cell.source.strip().split("\n")) < 2:
            yield Problem(number, f"expected text below `{heading}`")


def has_then_and_now(page: Page) -> Iterator[Problem]:
    """Lessons 01 to 07 run the tutorial's own lines under Then and now."""
    if not 1 <= page.entry.number <= 7:
        return
    headings = [c for _, c in page.cells("markdown") if "## Then and now" in c.source.split("\n")]
    if len(headings) != 1:
        yield Problem(0, f"expected one heading `## Then and now`, got {len(headings)}")
