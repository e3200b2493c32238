"""A lesson run again changes not one byte of it: nbval's run shows it for each, outputs for one."""

from __future__ import annotations

from tools.notebook import lesson_files
from tools.outputs import executed_text
from tools.reexecution import difference


def test_make_outputs_stores_what_nbval_compared() -> None:
    path = lesson_files()[1]
    now = executed_text(path)
    # Not `assert now == stored`: pytest would print both files.
    assert difference(path.read_text("utf-8"), now) == ""


def test_a_difference_is_shown_by_its_lines() -> None:
    assert difference("a\nb\n", "a\nc\n").splitlines()[-2:] == ["-b", "+c"]
