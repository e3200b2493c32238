"""The code of a lesson: it comes early, it is short, and somebody explains it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tools.rules.page import Page, Problem

CODE_LINES = 8
BIG_CODE_LINES = 20  # a class, or a file that is written
CODE_IN_A_ROW = 2


def code_comes_early(page: Page) -> Iterator[Problem]:
    """The first code cell is one of the first five cells."""
    numbers = [number for number, _ in page.cells("code")]
    if not numbers or numbers[0] > 5:
        got = f"as cell {numbers[0]}" if numbers else "nowhere"
        yield Problem(0, f"expected the first code cell by cell 5, got it {got}")


def code_is_short(page: Page) -> Iterator[Problem]:
    """A code cell has at most 8 lines, a new class or a written file at most 20."""
    for number, cell in page.cells("code"):
        is_big = "%%writefile" in cell.source or re.search(r"^class ", cell.source, re.MULTILINE)
        most = BIG_CODE_LINES if is_big else CODE_LINES
        lines = len(cell.source.strip().split("\n"))
        if lines > most:
            yield Problem(number, f"expected at most {most} lines of code, got {lines}")
        if not cell.source.strip():
            yield Problem(number, "is an empty code cell")


def code_is_explained(page: Page) -> Iterator[Problem]:
    """No more than two code cells follow each other without a sentence between them."""
    row = 0
    for number, cell in enumerate(page.notebook.cells, 1):
        row = row + 1 if cell.cell_type == "code" else 0
        if row == CODE_IN_A_ROW + 1:
            yield Problem(number, f"more than {CODE_IN_A_ROW} code cells in a row")
