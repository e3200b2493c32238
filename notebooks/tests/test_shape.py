"""Every rule of a lesson's shape: a good lesson passes, a broken copy is named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from nbformat import NotebookNode

from channels_lab.contents import lesson
from tests.samples import code, failed, folder_of_lessons, markdown, printed, sample_lesson
from tools.notebook import lesson_files, read
from tools.outputs import lesson_of
from tools.rules.page import Page
from tools.shape import RULES, problems

Break = Callable[[NotebookNode], object]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder_of_lessons(tmp_path_factory.mktemp("notebooks"))


@pytest.mark.parametrize("path", lesson_files(), ids=lambda path: path.stem)
def test_every_lesson_is_in_good_shape(path: Path) -> None:
    found = problems(read(path), lesson_of(path), path.parent)
    assert not found, f"{path.name}:\n  " + "\n  ".join(found)


def test_there_are_lessons() -> None:
    assert lesson_files(), "expected notebooks/00_….ipynb and so on, got none"


def test_a_lesson_in_good_shape_has_no_problem(folder: Path) -> None:
    assert problems(sample_lesson(), lesson(1), folder) == []


def replace(cell: int, old: str, new: str) -> Break:
    """Change the source of a cell (from 1); the old text must be there."""

    def change(notebook: NotebookNode) -> None:
        assert old in notebook.cells[cell - 1].source
        notebook.cells[cell - 1].source = notebook.cells[cell - 1].source.replace(old, new)

    return change


def show(text: str) -> Break:
    """Make the first code cell print this."""

    def change(notebook: NotebookNode) -> None:
        notebook.cells[3].outputs = [printed(text)]

    return change


def say(text: str) -> Break:
    """Write this into the prose of cell 5."""

    def change(notebook: NotebookNode) -> None:
        notebook.cells[4].source = text

    return change


def retag(cell: int, *tags: str) -> Break:
    """Give a cell (from 1) these tags instead of its own."""

    def change(notebook: NotebookNode) -> None:
        notebook.cells[cell - 1].metadata.tags = list(tags)

    return change


def put(cell: int, **values: object) -> Break:
    """Set fields of a cell (from 1)."""

    def change(notebook: NotebookNode) -> None:
        notebook.cells[cell - 1].update(values)

    return change


def insert(cell: int, *cells: NotebookNode) -> Break:
    """Insert cells before a cell (from 1)."""

    def change(notebook: NotebookNode) -> None:
        notebook.cells[cell - 1 : cell - 1] = [c.copy() for c in cells]

    return change


BROKEN: dict[str, tuple[Break, str]] = {
    "old format": (lambda n: n.update(nbformat_minor=4), "notebook format 4.5"),
    "same id twice": (put(5, id="cell-3"), "cell 5: its id 'cell-3' is taken"),
    "invalid": (put(4, execution_count="one"), "is no valid notebook"),
    "too few cells": (lambda n: n.cells.__delitem__(slice(4, 14)), "beside the exercises, got 14"),
    "too many cells": (insert(5, *[markdown("More.")] * 20), "beside the exercises, got 44"),
    "another title": (replace(1, "Installing", "Set up"), "cell 1: differs from the generated"),
    "no title": (retag(1), "one cell tagged `nav`, got 0"),
    "another map": (replace(3, "flowchart LR", "flowchart TB"), "cell 3: differs"),
    "map elsewhere": (lambda n: n.cells.insert(6, n.cells.pop(2)), "`map` stands here"),
    "another navigation": (replace(24, "Contents", "Home"), "cell 24: differs"),
    "no opening": (retag(2), "one cell tagged `opening`, got 0"),
    "no promise": (replace(2, "**After this lesson you can**", ""), "After this lesson you can"),
    "two promises": (replace(2, "- divide\n", ""), "three promises (bullets), got 2"),
    "no needs": (replace(2, "**You need**", ""), "expected **You need**"),
    "other minutes": (replace(2, "**Minutes** 15", "**Minutes** 99"), "**Minutes** 15, got 99"),
    "no what you saw": (replace(21, "## What you saw", "## Seen"), "cell 21: expected it to begin"),
    "empty limit": (replace(23, "\n\nThe next lesson has two names.", ""), "text below"),
    "two to remember": (replace(22, "- three", ""), "three lines to remember (bullets), got 2"),
    "no then and now": (replace(15, "## Then and now", "## Then"), "`## Then and now`, got 0"),
    "late code": (insert(4, markdown("One."), markdown("Two.")), "by cell 5, got it as cell 6"),
    "long code": (put(6, source="print(1)\n" * 9), "cell 6: expected at most 8 lines of code"),
    "long class": (put(6, source="class A:\n" + "    x = 1\n" * 20), "at most 20 lines"),
    "empty code": (put(6, source=""), "cell 6: is an empty code cell"),
    "code in a row": (insert(7, code("1"), code("2")), "more than 2 code cells in a row"),
    "out of order": (put(6, execution_count=9), "cell 6: expected execution count 2, got 9"),
    "never run": (put(6, execution_count=None), "cell 6: expected execution count 2, got None"),
    "stripped": (
        lambda n: [c.update(outputs=[], execution_count=None) for c in n.cells if "outputs" in c],
        "no compared output is stored",
    ),
    "untagged error": (put(6, outputs=[failed("E", "no")]), "cell 6: stores an error"),
    "tagged, no error": (put(16, outputs=[]), "cell 16: is tagged `raises-exception` and stores"),
    "usage error": (put(6, outputs=[printed("UsageError: %x")]), "cell 6: stores a UsageError"),
    "many ignored": (retag(20, "nbval-ignore-output"), "2 of 9 code cells"),
    "ignored, no fact": (put(20, outputs=[]), "cell 18: is not compared"),
    "told to look away": (retag(6, "nbval-skip"), "cell 6: tells nbval to look away"),
    "told in a comment": (put(6, source="# NBVAL_SKIP\n1"), "cell 6: tells nbval to look away"),
    "a path": (show("see /home/ana/x.py"), "cell 4: its output holds a path"),
    "a path in a traceback": (
        put(16, outputs=[failed("E", "File /home/ana/x.py")]), "cell 16: its output holds a path"),
    "a path, not compared": (
        put(18, outputs=[printed("/home/ana/x")]), "cell 18: its output holds a path"),
    "a port": (show("127.0.0.1:38975/online/"), "holds a port"),
    "a date": (show("2026-11-22"), "holds a date"),
    "a time": (show("13:18:26"), "holds a time of day"),
    "an address": (show("<object at 0x7f3a2b1c>"), "holds an address"),
    "a duration": (show("ready in 1.3 s"), "holds a duration"),
    "a pid": (show("pid 4711"), "holds a process number"),
    "exclamation": (say("Well done!"), "cell 5: prose with an exclamation mark"),
    "filler": (say("Simply run it."), "cell 5: prose with the filler 'Simply'"),
    "dead link": (say("[there](99_none.ipynb)"), "leads to no file"),
    "dead anchor": (say("[there](01_installing.ipynb#Nowhere)"), "leads to no heading"),
    "plain http": (say("[there](http://example.org/)"), "no file of the repository, no https"),
    "absolute link": (say("[there](/etc/hosts)"), "no file of the repository"),
    "image without alt": (say("![](01_installing.ipynb)"), "has no alternative text"),
    "img without alt": (say('<img src="a.png">'), "has no alternative text"),
    "nameless diagram": (say("```mermaid\nflowchart LR\n    a --> b\n```"), "has no accTitle"),
    "nameless SVG": (
        lambda n: n.cells[3].update(outputs=[svg_output("<svg></svg>")]), "no <title> and <desc>"),
}  # fmt: skip


def svg_output(svg: str) -> NotebookNode:
    """Return the output of a displayed drawing."""
    from nbformat.v4 import new_output

    return new_output("display_data", data={"image/svg+xml": svg, "text/plain": "<drawing>"})


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_copy_is_named(name: str, folder: Path) -> None:
    change, expected = BROKEN[name]
    notebook = sample_lesson()
    change(notebook)
    found = problems(notebook, lesson(1), folder)
    assert any(expected in problem for problem in found), found


def test_every_rule_is_broken_by_a_case(folder: Path) -> None:
    broken = set()
    for change, _ in BROKEN.values():
        notebook = sample_lesson()
        change(notebook)
        page = Page(notebook, lesson(1), folder)
        broken |= {rule.__name__ for rule in RULES if any(rule(page))}
    assert broken == {rule.__name__ for rule in RULES}


@pytest.mark.parametrize("text", ["ws://localhost:8080/online/", "ana waited 0.5 s for a frame"])
def test_what_the_lesson_itself_sets_is_settled(text: str, folder: Path) -> None:
    notebook = sample_lesson()
    show(text)(notebook)
    assert problems(notebook, lesson(1), folder) == []
