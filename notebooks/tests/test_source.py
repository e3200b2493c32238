"""show(): the real code, by symbol."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from channels_lab import LabError, show
from channels_lab.source import FRONTEND
from channels_lab.typescript import typescript_symbols


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


TYPESCRIPT = """\
import { Component } from '@angular/core';

const FIRST = 500; // not of the next one
const LAST = 15_000,
  MOST = 3;

// One line,
// and another.
@Component({ selector: 'app-root' })
export class App {
  private a = 1; // of a
  readonly #b = new Map<string, () => void>(); // a `}` in a comment

  /** What it does. */
  get two(): string {
    return `} ${this.a} }`;
  }
}

export interface Who {
  readonly user: string;
}
export type Way = 'in' | 'out';
function plain(): void {}
"""


@pytest.mark.parametrize(
    ("symbol", "text"),
    [
        ("FIRST", "const FIRST = 500; // not of the next one"),
        ("MOST", "const LAST = 15_000,\n  MOST = 3;"),
        ("App.a", "private a = 1; // of a"),
        ("App.#b", "readonly #b = new Map<string, () => void>(); // a `}` in a comment"),
        (
            "App.two",
            "/** What it does. */\nget two(): string {\n  return `} ${this.a} }`;\n}",
        ),
        ("Who.user", "readonly user: string;"),
        ("Way", "export type Way = 'in' | 'out';"),
        ("plain", "function plain(): void {}"),
    ],
)
def test_it_shows_a_symbol_of_typescript(tmp_path: Path, symbol: str, text: str) -> None:
    (tmp_path / "app.ts").write_text(TYPESCRIPT, encoding="utf-8")
    assert show("app.ts", symbol, tmp_path).text == text


def test_a_class_begins_with_its_comment_and_its_decorator(tmp_path: Path) -> None:
    (tmp_path / "app.ts").write_text(TYPESCRIPT, encoding="utf-8")
    lines = show("app.ts", "App", tmp_path).text.splitlines()
    assert lines[0] == "// One line," and lines[2].startswith("@Component(") and lines[-1] == "}"


def test_typescript_is_coloured_as_such_and_its_symbols_are_listed(tmp_path: Path) -> None:
    (tmp_path / "app.ts").write_text(TYPESCRIPT, encoding="utf-8")
    assert "\n```typescript\nfunction" in show("app.ts", "plain", tmp_path)._repr_markdown_()
    with pytest.raises(LabError, match="'c' is not there; a, #b, two are"):
        show("app.ts", "App.c", tmp_path)
    with pytest.raises(LabError, match="FIRST, LAST, MOST, App, Who, Way, plain are"):
        show("app.ts", "Nothing", tmp_path)


def test_only_python_and_typescript_have_symbols(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("<h1>Who is online</h1>\n", encoding="utf-8")
    assert "```html" in show("page.html", project=tmp_path)._repr_markdown_()
    with pytest.raises(LabError, match=r"expected no symbol of page.html, got 'h1'"):
        show("page.html", "h1", tmp_path)


def test_every_symbol_of_the_angular_client_can_be_shown() -> None:
    sources = (FRONTEND / "src").rglob("*.ts")
    files = [file for file in sources if not file.name.endswith(".spec.ts")]
    shown = [
        show(f"frontend/{file.relative_to(FRONTEND).as_posix()}", name).text
        for file in files
        for name in typescript_symbols(file.read_text("utf-8"))
    ]
    assert len(shown) > len(files) > 20
    assert all(shown)


def test_it_shows_the_heart_of_the_angular_client() -> None:
    shown = show("frontend/src/app/app.component.ts", "AppComponent.constructor")
    assert shown.text.startswith("constructor() {\n") and shown.text.endswith("\n}")
    assert "if (message.type === 'online') {" in shown.text
    with pytest.raises(LabError, match="expected a file of frontend, got 'frontend/no.ts'"):
        show("frontend/no.ts")


def test_it_shows_the_demo_project_itself() -> None:
    shown = show("account/consumer.py", "OnlineConsumer.receive")
    assert re.match(r"async def receive\(", shown.text)
    assert shown._repr_markdown_().endswith("```")
