"""`make outputs`: what it stores, in which bytes, and when it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
from nbformat.v4 import new_notebook

from channels_lab.contents import lesson, title_cell
from tests.samples import code, markdown, sample_lesson, write
from tools.notebook import METADATA, read, to_text
from tools.outputs import (
    LessonFailed,
    chosen,
    execute,
    executed_text,
    lesson_of,
    store,
    with_generated_cells,
)

ENTRY = lesson(1)


def test_storing_twice_gives_the_bytes_of_storing_once(tmp_path: Path) -> None:
    path = write(sample_lesson(), tmp_path / ENTRY.file)
    store(path)
    first = path.read_bytes()
    assert executed_text(path).encode() == first
    assert first.endswith(b"}\n")
    assert not first.endswith(b"\n\n")


def test_a_changed_byte_is_seen(tmp_path: Path) -> None:
    path = write(sample_lesson(), tmp_path / ENTRY.file)
    path.write_text(path.read_text("utf-8").replace("ana 3\\n", "ana 4\\n"), encoding="utf-8")
    assert executed_text(path) != path.read_text("utf-8")


def test_a_stored_lesson_names_no_version_and_no_time(tmp_path: Path) -> None:
    new = execute(sample_lesson(), tmp_path)
    assert new.metadata == METADATA
    assert [c.execution_count for c in new.cells if c.cell_type == "code"] == list(range(1, 10))
    assert [cell.id for cell in new.cells] == [cell.id for cell in sample_lesson().cells]
    assert all(set(cell.metadata) <= {"tags"} for cell in new.cells)


def test_prints_of_one_cell_are_stored_as_one_output(tmp_path: Path) -> None:
    source = "import sys\nfor i in range(3):\n    print(i)\n    sys.stdout.flush()"
    new = execute(new_notebook(cells=[code(source)]), tmp_path)
    assert [output.text for output in new.cells[0].outputs] == ["0\n1\n2\n"]


def test_a_lesson_with_an_unmeant_error_is_not_stored(tmp_path: Path) -> None:
    notebook = sample_lesson()
    notebook.cells[5].source = "missing"
    path = write(notebook, tmp_path / ENTRY.file)
    before = path.read_bytes()
    with pytest.raises(LessonFailed, match="name 'missing' is not defined"):
        store(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_kernel_sees_a_workspace_of_its_own_and_nothing_of_pytest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "other.settings")
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    source = (
        "import os, pathlib\n"
        "workspace = pathlib.Path(os.environ['CHANNELS_LAB_WORKSPACE'])\n"
        "names = {'DJANGO_SETTINGS_MODULE', 'PYTEST_CURRENT_TEST', 'PYTHONPATH'}\n"
        "print(workspace.is_dir(), list(workspace.iterdir()), names & set(os.environ))"
    )
    new = execute(new_notebook(cells=[code(source)]), tmp_path)
    assert new.cells[0].outputs[0].text == "True [] set()\n"


def test_generated_cells_are_made_anew() -> None:
    notebook = sample_lesson()
    notebook.cells[0].source = "# Old title"
    assert with_generated_cells(notebook, ENTRY).cells[0].source == title_cell(ENTRY)
    assert notebook.cells[0].source == "# Old title"


def test_lessons_are_chosen_by_number(tmp_path: Path) -> None:
    files = [tmp_path / "00_a.ipynb", tmp_path / "03_b.ipynb"]
    assert chosen(["03"], files) == chosen(["3"], files) == [files[1]]
    assert chosen([], files) == files
    with pytest.raises(LookupError, match=r"no lesson '7': expected one of 00, 03\."):
        chosen(["7"], files)


def test_a_file_outside_the_contents_is_named(tmp_path: Path) -> None:
    with pytest.raises(LookupError, match=r"99_x\.ipynb is not in the table of contents"):
        lesson_of(tmp_path / "99_x.ipynb")


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "00_x.ipynb"
    path.write_text("not JSON", encoding="utf-8")
    with pytest.raises(ValueError, match=r"00_x\.ipynb is no notebook: expected JSON"):
        read(path)


def test_the_text_of_a_notebook_reads_back_the_same(tmp_path: Path) -> None:
    path = write(new_notebook(cells=[markdown("é – ○")], metadata=METADATA), tmp_path / "a.ipynb")
    assert to_text(read(path)) == path.read_text("utf-8")
    assert "é – ○" in path.read_text("utf-8")
