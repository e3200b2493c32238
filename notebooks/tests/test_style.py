"""Style and types: ruff and mypy find nothing here, and something in a bad copy."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 180


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a tool of .venv as a module, at the root, and return what it said."""
    command = [sys.executable, "-m", *map(str, arguments)]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False
    )


def said(result: subprocess.CompletedProcess[str]) -> str:
    """Return both streams of a tool, for the message of a failed test."""
    return f"\n{result.stdout}{result.stderr}"


@pytest.mark.parametrize("command", [["check"], ["format", "--check"]], ids=" ".join)
def test_ruff_finds_nothing(command: list[str]) -> None:
    result = run("ruff", *command, ".")
    assert result.returncode == 0, said(result)


def test_mypy_finds_nothing() -> None:
    result = run("mypy")
    assert result.returncode == 0, said(result)
    assert "no issues found in" in result.stdout


def test_mypy_leaves_the_learners_workspace_alone() -> None:
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]
    excluded = re.compile("|".join(tools["mypy"]["exclude"]))
    assert excluded.search("notebooks/workspace/lesson-03/account/consumer.py")
    assert not excluded.search("notebooks/channels_lab/workspace.py")


@pytest.mark.parametrize(
    ("command", "source", "expected"),
    [
        (["check"], "import os\n", "F401"),
        (["check"], "x = [i for i in range(3)]\n", "C416"),
        (["format", "--check"], "x = {  'a':1 }\n", "unformatted|Would reformat"),
    ],
)
def test_ruff_sees_a_bad_file(
    tmp_path: Path, command: list[str], source: str, expected: str
) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text(source, encoding="utf-8")
    result = run("ruff", *command, "--config", ROOT / "pyproject.toml", bad)
    assert result.returncode == 1, said(result)
    assert any(word in said(result) for word in expected.split("|")), said(result)


def test_mypy_sees_a_bad_file(tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text("from account.models import UserOnline\n\nUserOnline().sid + 1\n", "utf-8")
    # A cache of its own: the project's belongs to the other mypy, which may run at this moment.
    result = run("mypy", "--cache-dir", tmp_path / "cache", bad)
    assert result.returncode == 1, said(result)
    assert "[operator]" in result.stdout, said(result)
