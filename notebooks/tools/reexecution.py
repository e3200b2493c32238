"""The last check of a lesson's file: the run that nbval made, stored, would change no byte of it.

nbval compares what cells print; this compares the file as `make outputs` would write it: titles,
navigation, metadata, execution counts and every output, with one run of the lesson for both.
"""

from __future__ import annotations

import difflib

import nbformat
import pytest
from nbval.plugin import IPyNbCell

from tools.delivered import text_under_test, under_test
from tools.notebook import settled, to_text
from tools.outputs import lesson_of, with_generated_cells, with_stored_ignored_outputs


class Reexecution(pytest.Item):
    """Comes after the cells of a lesson, and looks at what they have just put out."""

    cells: list[IPyNbCell]

    def runtest(self) -> None:
        """Compare the bytes; fail with the lines that differ."""
        outputs = [cell.test_outputs for cell in self.cells if hasattr(cell, "test_outputs")]
        if len(outputs) != len(self.cells):
            pytest.skip(f"{len(outputs)} of {len(self.cells)} cells were run")
        stored = under_test(self.path)
        new = with_generated_cells(stored, lesson_of(self.path))
        code = [cell for cell in new.cells if cell.cell_type == "code"]
        for count, (cell, put_out) in enumerate(zip(code, outputs, strict=True), 1):
            cell.execution_count = count
            cell.outputs = nbformat.from_dict(put_out)
        now = to_text(with_stored_ignored_outputs(settled(new), stored))
        before = text_under_test(self.path)
        if now != before:
            lines = difference(before, now)
            pytest.fail(f"{self.path.name} changed (make outputs):\n{lines}", pytrace=False)


def difference(stored: str, now: str) -> str:
    """Return the changed lines of a lesson's file, at most forty."""
    lines = difflib.unified_diff(
        stored.splitlines(), now.splitlines(), "stored", "now", n=1, lineterm=""
    )
    return "\n".join(list(lines)[:40])
