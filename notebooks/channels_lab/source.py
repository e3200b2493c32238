"""show(): the real code of a file, by symbol, so that a lesson never retypes it."""

from __future__ import annotations

import os
import textwrap
from pathlib import Path

from .errors import LabError
from .places import DEMO_PROJECT
from .symbols import find, python_symbols
from .typescript import typescript_symbols

FRONTEND = DEMO_PROJECT.parent / "frontend"
_LANGUAGES = {".py": "python", ".ts": "typescript", ".html": "html", ".css": "css"}
_SYMBOLS = {".py": python_symbols, ".ts": typescript_symbols}


class Code:
    """A piece of source code: coloured in a notebook, plain everywhere else."""

    def __init__(self, text: str, title: str, language: str = "python") -> None:
        self.text = text
        self.title = title
        self.language = language

    def __repr__(self) -> str:
        return f"{'#' if self.language == 'python' else '//'} {self.title}\n{self.text}"

    def _repr_markdown_(self) -> str:
        return f"`{self.title}`\n\n```{self.language}\n{self.text}\n```"


def show(
    file: str, symbol: str | None = None, project: str | os.PathLike[str] | None = None
) -> Code:
    """Show a file of the demo_project (or of ``project``), or one symbol of it.

    A file such as ``"frontend/src/app/app.component.ts"`` is one of the Angular client. ``symbol``
    is a dotted name such as ``"OnlineConsumer.connect"``, in Python or TypeScript: a class, a
    function, a method, or a name that is assigned at the top. Raises ``LabError`` that lists what
    there is.
    """
    root, path = _place(file, project)
    if not path.is_file():
        raise LabError(f"expected a file of {root.name}, got {file!r}: there is no such file")
    text = path.read_text(encoding="utf-8")
    language = _LANGUAGES.get(path.suffix, "text")
    if symbol is None:
        return Code(text.strip("\n"), file, language)
    if path.suffix not in _SYMBOLS:
        raise LabError(f"expected no symbol of {file}, got {symbol!r}: only .py and .ts have them")
    found = find(_SYMBOLS[path.suffix](text), symbol, file)
    lines = text.split("\n")[found.first - 1 : found.last]
    return Code(textwrap.dedent("\n".join(lines)), f"{file} · {symbol}", language)


def _place(file: str, project: str | os.PathLike[str] | None) -> tuple[Path, Path]:
    """Return the folder that a file is of, and the path of the file."""
    if project is None and file.startswith(f"{FRONTEND.name}/"):
        return FRONTEND, FRONTEND.parent / file
    root = Path(project) if project else DEMO_PROJECT
    return root, root / file
