"""show(): the real code, by symbol."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from channels_lab import LabError, show


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(
        "LIMIT: int = 3\n\n\n@decorated\nclass A:\n    def one(self):\n        return 1\n\n"
        "    @property\n    def two(self):\n        return 2\n"
    )
    return tmp_path


@pytest.mark.parametrize(
    ("symbol", "text"),
    [
        ("LIMIT", "LIMIT: int = 3"),
        ("A.one", "def one(self):\n    return 1"),
        ("A.two", "@property\ndef two(self):\n    return 2"),
    ],
)
def test_it_shows_one_symbol_with_its_decorators(project: Path, symbol: str, text: str) -> None:
    assert show("app.py", symbol, project).text == text


def test_it_shows_a_whole_file(project: Path) -> None:
    assert show("app.py", project=project).text == (project / "app.py").read_text().strip()


def test_a_symbol_that_is_not_there_is_answered_with_those_that_are(project: Path) -> None:
    with pytest.raises(LabError, match="'three' is not there; one, two are"):
        show("app.py", "A.three", project)


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(LabError, match="expected a file of demo_project, got 'no.py'"):
        show("no.py")


def test_it_shows_the_demo_project_itself() -> None:
    shown = show("account/consumer.py", "OnlineConsumer.receive")
    assert re.match(r"async def receive\(", shown.text)
    assert shown._repr_markdown_().endswith("```")
