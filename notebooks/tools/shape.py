"""The shape of a lesson, as rules: `python -m tools.shape` prints what breaks them.

`problems` takes a notebook and gives sentences with the number of the cell, counted from 1.
"""

from __future__ import annotations

import sys
from pathlib import Path

from nbformat import NotebookNode

from channels_lab.contents import Lesson
from tools.notebook import lesson_files, read
from tools.outputs import lesson_of
from tools.rules import code, outputs, parts, prose
from tools.rules.page import Page, Rule

RULES: tuple[Rule, ...] = (
    parts.is_format_4_5,
    parts.has_length,
    parts.has_generated_cells,
    parts.has_opening,
    parts.has_closing,
    parts.has_then_and_now,
    code.code_comes_early,
    code.code_is_short,
    code.code_is_explained,
    outputs.was_executed,
    outputs.errors_are_meant,
    outputs.ignored_outputs_are_settled,
    outputs.outputs_are_settled,
    prose.prose_is_plain,
    prose.links_resolve,
    prose.diagrams_are_described,
)


def problems(notebook: NotebookNode, entry: Lesson, folder: Path) -> list[str]:
    """Return one sentence for each broken rule; an empty list for a lesson in good shape.

    ``folder`` is where relative links start from.
    """
    page = Page(notebook, entry, folder)
    found = {problem for rule in RULES for problem in rule(page)}
    return [str(problem) for problem in sorted(found, key=lambda p: (p.cell, p.text))]


def main() -> int:
    """Print the problems of all lessons; return 1 when there are any, or no lessons."""
    files = lesson_files()
    broken = False
    for path in files:
        found = problems(read(path), lesson_of(path), path.parent)
        broken = broken or bool(found)
        print(f"{path.name}: " + ("".join(f"\n  {text}" for text in found) or "in good shape"))
    if not files:
        print("There is no lesson to look at.", file=sys.stderr)
    return 1 if broken or not files else 0


if __name__ == "__main__":
    sys.exit(main())
