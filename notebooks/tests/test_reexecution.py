"""Running a lesson again, as `make outputs` does, changes not one byte of it."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest

from tools.delivered import text_under_test
from tools.notebook import lesson_files
from tools.outputs import executed_text


def difference(stored: str, now: str) -> str:
    """Return the changed lines of a lesson's file, at most forty."""
    lines = difflib.unified_diff(
        stored.splitlines(), now.splitlines(), "stored", "now", n=1, lineterm=""
    )
    return "\n".join(list(lines)[:40])


@pytest.mark.parametrize("path", lesson_files(), ids=lambda path: path.stem)
def test_running_it_again_changes_no_byte(path: Path) -> None:
    stored = text_under_test(path)
    now = executed_text(path)
    if now != stored:  # not `assert`: pytest would print both files
        pytest.fail(f"{path.name} changed (make outputs):\n{difference(stored, now)}")


def test_a_difference_is_shown_by_its_lines() -> None:
    assert difference("a\nb\n", "a\nc\n").splitlines()[-2:] == ["-b", "+c"]
