"""Workspace: the learner's project, replayed from the lessons."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from channels_lab import LabError, LabTimeout, LiveServer, Workspace, replays
from channels_lab.contents import LESSONS


@pytest.fixture(autouse=True)
def elsewhere(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Workspaces go to a temporary folder, and the test comes back from them.

    What is kept of replays is of this run alone.
    """
    monkeypatch.setattr(replays, "FOLDER", tmp_path_factory.getbasetemp() / "ready")
    monkeypatch.chdir(tmp_path)
    root = tmp_path / "workspaces"
    monkeypatch.setenv("CHANNELS_LAB_WORKSPACE", str(root))
    return root


def _lesson(folder: Path, number: int, *cells: tuple[str, list[str]]) -> None:
    notebook: dict[str, Any] = {
        "cells": [
            {"cell_type": "code", "source": source, "metadata": {"tags": tags}}
            for source, tags in cells
        ]
    }
    (folder / LESSONS[number].file).write_text(json.dumps(notebook))


def test_it_replays_only_cells_tagged_build_in_order(tmp_path: Path) -> None:
    _lesson(
        tmp_path,
        1,
        ("%%writefile a/one.txt\nfirst", ["build"]),
        ("%%writefile a/one.txt\nan experiment", ["then"]),
        ("%%writefile -a a/one.txt\nsecond", ["build"]),
    )
    _lesson(tmp_path, 2, ('ws.run("python -c \'open(\\"two.txt\\", \\"w\\")\'")', ["build"]))
    workspace = Workspace.at(3, notebooks=tmp_path)
    assert (workspace.path / "a/one.txt").read_text() == "first\nsecond\n"
    assert (workspace.path / "two.txt").exists()
    assert Path.cwd() == workspace.path


def test_the_second_replay_is_a_copy_until_a_cell_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replays, "FOLDER", tmp_path / "ready")
    count = "import os; open('ran.txt', 'w').write(str(os.getpid()))"
    _lesson(tmp_path, 1, (f'ws.run("python -c \\"{count}\\"")', ["build"]))

    def ran() -> str:
        return (Workspace.at(2, notebooks=tmp_path).path / "ran.txt").read_text()

    first = ran()
    assert ran() == first, "the command was run a second time"
    (next((tmp_path / "ready").iterdir()) / "ran.txt").unlink()
    with pytest.raises(FileNotFoundError):
        ran()  # what is kept is what comes
    _lesson(tmp_path, 1, (f'ws.run("python -c \\"{count}; 1\\"")', ["build"]))
    assert ran() != first
    assert len(list((tmp_path / "ready").iterdir())) == 2


def test_a_replay_that_failed_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replays, "FOLDER", tmp_path / "ready")
    _lesson(tmp_path, 1, ('ws.run("python -c 1/0")', ["build"]))
    for _ in range(2):
        with pytest.raises(LabError, match="cell 1: .*ZeroDivisionError|cell 1"):
            Workspace.at(2, notebooks=tmp_path)
    assert not (tmp_path / "ready").exists()


def test_what_was_there_is_kept_beside_it(tmp_path: Path) -> None:
    workspace = Workspace.at(1, notebooks=tmp_path)
    (workspace.path / "mine.txt").write_text("my work")
    again = Workspace.at(1, notebooks=tmp_path)
    assert list(again.path.iterdir()) == []
    assert (again.path.with_name("lesson-01.before") / "mine.txt").read_text() == "my work"


def test_a_missing_lesson_is_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="expected the lesson 01_installing.ipynb .*git checkout"):
        Workspace.at(2, notebooks=tmp_path)


def test_a_damaged_lesson_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / LESSONS[1].file).write_text("{")
    with pytest.raises(LabError, match="got a damaged 01_installing.ipynb"):
        Workspace.at(2, notebooks=tmp_path)


def test_a_build_cell_that_cannot_be_replayed_is_named(tmp_path: Path) -> None:
    _lesson(tmp_path, 1, ("print('hello')", ["build"]))
    with pytest.raises(LabError, match=r"cell 1: expected `%%writefile` or .*got \"print"):
        Workspace.at(2, notebooks=tmp_path)


def test_a_build_command_that_fails_stops_the_replay(tmp_path: Path) -> None:
    _lesson(tmp_path, 1, ('ws.run("python -c 1/0")', ["build"]))
    with pytest.raises(LabError, match="(?s)`python -c 1/0` failed:.*ZeroDivisionError"):
        Workspace.at(2, notebooks=tmp_path)


def test_a_lesson_that_does_not_exist_is_refused() -> None:
    with pytest.raises(LookupError, match="there is no lesson 99"):
        Workspace.at(99)


def test_run_shows_what_a_command_printed_and_its_exit_code(tmp_path: Path) -> None:
    workspace = Workspace.at(1, notebooks=tmp_path)
    assert repr(workspace.run("python -c 'print(1)'")) == "1"
    failed = workspace.run("python -c 'raise SystemExit(3)'")
    assert failed == "(exit code 3)"


def test_run_ends_a_command_that_does_not_end(tmp_path: Path) -> None:
    workspace = Workspace.at(1, notebooks=tmp_path)
    with pytest.raises(LabTimeout, match="waited 0.5 s for `python -c"):
        workspace.run("python -c 'import time; time.sleep(30)'", timeout=0.5)


def test_run_names_a_program_that_is_not_there(tmp_path: Path) -> None:
    workspace = Workspace.at(1, notebooks=tmp_path)
    with pytest.raises(LabError, match="expected a program, got 'no-such-program': not found"):
        workspace.run("no-such-program --help")


def test_a_traceback_keeps_only_the_frames_of_the_project(tmp_path: Path) -> None:
    workspace = Workspace.at(1, notebooks=tmp_path)
    (workspace.path / "mine.py").write_text("import json\njson.loads('')\n")
    printed = workspace.run("python mine.py")
    assert '  File "mine.py", line 2, in <module>' in printed
    assert "decoder.py" not in printed and str(tmp_path) not in printed


def test_a_change_within_a_second_is_run_though_the_file_keeps_its_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    workspace = Workspace.at(1, notebooks=tmp_path)
    mine = workspace.path / "mine.py"
    for number in (1, 2):
        mine.write_text(f"print({number})\n")
        os.utime(mine, (1_000_000_000, 1_000_000_000))
        assert workspace.run("python -c 'import mine'") == str(number)


def test_pytest_says_the_same_in_ci(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = Workspace.at(1, notebooks=tmp_path)
    (workspace.path / "test_mine.py").write_text("def test_mine(): assert [1] == [1, 2]\n")
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # they take longer than the test
    printed = workspace.run("pytest -q -p no:cacheprovider -c /dev/null test_mine.py")
    assert "Use -v to get more diff" in printed
    assert printed.splitlines()[-2:] == ["1 failed", "(exit code 1)"]


def test_the_tree_marks_what_changed(tmp_path: Path) -> None:
    workspace = Workspace.at(1, notebooks=tmp_path)
    (workspace.path / "app").mkdir()
    (workspace.path / "app" / "new.py").touch()
    (workspace.path / "db.sqlite3").touch()
    assert workspace.tree("app/new.py") == "app/\n    new.py   ←"


def test_a_lesson_enters_a_copy_of_the_demo() -> None:
    workspace = Workspace.demo(7)
    assert Path.cwd() == workspace.path and workspace.path.name == "lesson-07"
    assert (workspace.path / "account" / "consumer.py").is_file()
    assert "identified no issues" in workspace.run("python manage.py check")


def test_an_edit_shows_what_it_changed_and_can_be_taken_back(tmp_path: Path) -> None:
    workspace = Workspace.at(1, notebooks=tmp_path)
    (workspace.path / "mine.py").write_text("a = 1\nb = 2\n")
    assert workspace.edit("mine.py", "b = 2", "b = 3") == "-b = 2\n+b = 3"
    assert (workspace.path / "mine.py").read_text() == "a = 1\nb = 3\n"
    assert workspace.edit("mine.py", "b = 3", "b = 2") == "-b = 3\n+b = 2"


@pytest.mark.parametrize(("old", "count"), [("c", 0), ("=", 2)])
def test_an_edit_of_what_does_not_stand_there_once_is_refused(
    tmp_path: Path, old: str, count: int
) -> None:
    workspace = Workspace.at(1, notebooks=tmp_path)
    (workspace.path / "mine.py").write_text("a = 1\nb = 2\n")
    with pytest.raises(LabError, match=f"expected '{old}' once in mine.py, got it {count} times"):
        workspace.edit("mine.py", old, "d")
    assert (workspace.path / "mine.py").read_text() == "a = 1\nb = 2\n"


@pytest.fixture(scope="module")
def checked() -> dict[str, str]:
    """What `manage.py check` said of each project, by all that is in it."""
    return {}


def _content(folder: Path) -> str:
    """A hash of the files in a folder, with their names."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(folder)}\n".encode() + path.read_bytes())
    return digest.hexdigest()


@pytest.mark.parametrize("number", [entry.number for entry in LESSONS if entry.number])
def test_the_stored_lessons_rebuild_the_project_for_lesson(
    number: int, checked: dict[str, str]
) -> None:
    workspace = Workspace.at(number)
    if number == 1:
        assert repr(workspace) == "Workspace(lesson-01: empty)"
        return
    content = _content(workspace.path)
    if content not in checked:  # most lessons from 08 on begin with the same project
        checked[content] = workspace.run("python manage.py check")
    assert checked[content] == "System check identified no issues (0 silenced)."


def test_a_copy_of_the_demo_is_as_delivered_and_has_the_client(tmp_path: Path) -> None:
    _lesson(tmp_path, 1)
    workspace = Workspace.at(2, notebooks=tmp_path)
    board = workspace.copy_of_demo("board")
    consumer = board / "account" / "consumer.py"
    delivered = consumer.read_text()
    consumer.write_text("broken")
    assert workspace.copy_of_demo("board") == board
    assert consumer.read_text() == delivered
    assert not list(board.rglob("__pycache__")) + list(board.glob("*.sqlite3"))
    with LiveServer(board) as server, urlopen(server.url) as answer:
        assert b"<app-root" in answer.read(), "expected the built client: make client"
