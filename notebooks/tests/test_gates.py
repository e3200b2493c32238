"""The gates of the whole run are red when they should be: nbval, skips in CI, no lessons."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from nbformat import NotebookNode
from nbval.plugin import IPyNbCell

from channels_lab.contents import lesson
from tests.samples import printed, sample_lesson, write
from tools.notebook import lesson_files, read
from tools.outputs import execute, with_stored_ignored_outputs

ROOT = Path(__file__).resolve().parents[2]
LESSON_01 = f"notebooks/{lesson(1).file}"
SECONDS = 120
OPTIONS = (
    "--numprocesses=0", "--color=no", "-vv", "--continue-on-collection-errors",
    "-p", "no:hypothesispytest",  # it is imported at the end of each run, for nothing here
)  # fmt: skip


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A small copy of the project: its settings and gates, no lesson, one passing test."""
    for name in ("conftest.py", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    for name in ("tools", "channels_lab"):
        shutil.copytree(ROOT / "notebooks" / name, tmp_path / "notebooks" / name)
    shutil.copytree(
        ROOT / "demo_project", tmp_path / "demo_project", ignore=shutil.ignore_patterns("tests")
    )
    put_test(tmp_path, "test_one.py", "def test_one(): pass")
    return tmp_path


def put_test(clone: Path, name: str, source: str) -> None:
    """Write a test file into a copy."""
    path = clone / "notebooks" / "tests" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"import pytest\n\n\n{source}\n", encoding="utf-8")


def put_learners_test(clone: Path) -> None:
    """Write a red test into the workspace of a learner, where it is nobody else's affair."""
    path = clone / "notebooks" / "workspace" / "lesson-12" / "test_mine.py"
    path.parent.mkdir(parents=True)
    path.write_text("def test_mine(): assert 0\n", encoding="utf-8")


def put_lesson(clone: Path, number: int, change: Callable[[NotebookNode], object]) -> str:
    """Write a changed copy of the sample lesson and return the name of its file."""
    notebook = sample_lesson()
    change(notebook)
    return write(notebook, clone / "notebooks" / lesson(number).file).name


def run(clone: Path, ci: str = "") -> tuple[int, str]:
    """Run a copy's checks in one process and return the exit code and what it said."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "DJANGO"))}
    result = subprocess.run(
        [sys.executable, "-m", "pytest", *OPTIONS],
        cwd=clone,
        env={**environment, "CI": ci},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return result.returncode, result.stdout + result.stderr


def failed_cells(said: str) -> list[tuple[str, int]]:
    """Return (file, cell) of each failed cell, as the summary of a run names them."""
    found = re.findall(r"^FAILED notebooks/(\S+)::Cell (\d+)", said, re.MULTILINE)
    return [(file, int(cell)) for file, cell in found]


def strip(notebook: NotebookNode) -> None:
    """Remove all outputs, as a tool that cleans notebooks does."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.update(outputs=[], execution_count=None)


def test_a_good_copy_is_green_and_says_what_it_compared(clone: Path) -> None:
    # Run once: nbval overlooks the lines of a traceback, the check of the bytes does not.
    executed = execute(sample_lesson(), clone)
    write(with_stored_ignored_outputs(executed, sample_lesson()), clone / LESSON_01)
    put_learners_test(clone)
    code, said = run(clone, ci="true")
    assert code == 0, said
    assert "1 lessons, 9 cells run and compared by nbval" in said
    assert "11 passed" in said.strip().splitlines()[-1]


def test_each_way_to_break_a_lesson_is_red(clone: Path) -> None:
    changed = put_lesson(clone, 1, lambda n: n.cells[5].update(outputs=[printed("ana 99\n")]))
    raises = put_lesson(clone, 2, lambda n: n.cells[5].update(source="missing"))
    no_error = put_lesson(clone, 3, lambda n: n.cells[15].update(source="1 / 1;"))
    stripped = put_lesson(clone, 4, strip)
    code, said = run(clone)
    assert code == 1, said
    assert failed_cells(said) == [(changed, 1), (raises, 1), (no_error, 6)]
    assert "Cell outputs differ" in said
    assert "name 'missing' is not defined" in said
    assert "Missing output fields from running code" in said
    assert f"FAILED {stripped}: not one cell was compared" in said
    for file in (changed, raises, no_error, stripped):
        assert f"FAILED notebooks/{file}::re-execution changes no byte" in said
    assert '-      "ana 99\\n"\n+      "ana 1\\n"' in said
    assert "7 failed, 34 passed" in said


SKIPS = """
def test_that_skips():
    pytest.skip('no browser')


@pytest.mark.skip(reason='no browser')
def test_with_a_mark(): pass


@pytest.mark.xfail
def test_that_is_expected_to_fail(): assert 0
"""


def put_skips(clone: Path) -> None:
    """Write every way to skip into a copy, and an expected failure, which is none."""
    put_test(clone, "test_skips.py", SKIPS)
    put_test(clone, "test_file.py", "pytest.skip('no browser', allow_module_level=True)")


def test_in_ci_each_way_to_skip_is_red(clone: Path) -> None:
    put_lesson(clone, 1, strip)
    put_skips(clone)
    code, said = run(clone, ci="true")
    assert code == 1, said
    assert "2 failed, 10 passed, 1 xfailed, 2 errors" in said, said
    assert said.count("In CI nothing may be skipped") >= 3


def test_at_home_a_skip_is_a_skip_and_no_lessons_are_red_all_the_same(clone: Path) -> None:
    put_skips(clone)
    code, said = run(clone)
    assert code == 1, said
    assert "1 passed, 3 skipped, 1 xfailed" in said
    assert "FAILED lessons: not one cell was compared" in said


def test_every_code_cell_of_every_lesson_is_collected(request: pytest.FixtureRequest) -> None:
    if request.config.args_source is not pytest.Config.ArgsSource.TESTPATHS:
        return  # one file was asked for: the whole run checks this
    for path in lesson_files():
        wanted = sum(cell.cell_type == "code" for cell in read(path).cells)
        items = [item for item in request.session.items if item.path == path]
        found = sum(isinstance(item, IPyNbCell) for item in items)
        assert found == wanted, f"{path.name}: expected {wanted} cells, nbval collected {found}"
