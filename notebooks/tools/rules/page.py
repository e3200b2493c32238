"""What a rule looks at, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode

from channels_lab.contents import Lesson
from tools.notebook import tags


@dataclass(frozen=True)
class Problem:
    """One broken rule: the cell's number, from 1 (0: the whole lesson), and a sentence."""

    cell: int
    text: str

    def __str__(self) -> str:
        return f"cell {self.cell}: {self.text}" if self.cell else self.text


@dataclass(frozen=True)
class Page:
    """What a rule looks at: the notebook, its entry in the contents and its folder."""

    notebook: NotebookNode
    entry: Lesson
    folder: Path

    def cells(self, kind: str) -> list[tuple[int, NotebookNode]]:
        """Return (number, cell) of all cells of a kind: ``code`` or ``markdown``."""
        return [(n, c) for n, c in enumerate(self.notebook.cells, 1) if c.cell_type == kind]

    def tagged(self, tag: str) -> list[tuple[int, NotebookNode]]:
        """Return (number, cell) of all cells with this tag."""
        return [(n, c) for n, c in enumerate(self.notebook.cells, 1) if tag in tags(c)]


Rule = Callable[[Page], Iterator[Problem]]
