"""show(): the real code of a file, by symbol, so that a lesson never retypes it."""

from __future__ import annotations

import ast
import os
import textwrap
from pathlib import Path

from .errors import LabError
from .server import DEMO_PROJECT


class Code:
    """A piece of source code: coloured in a notebook, plain everywhere else."""

    def __init__(self, text: str, title: str) -> None:
        self.text = text
        self.title = title

    def __repr__(self) -> str:
        return f"# {self.title}\n{self.text}"

    def _repr_markdown_(self) -> str:
        return f"`{self.title}`\n\n```python\n{self.text}\n```"


def show(
    file: str, symbol: str | None = None, project: str | os.PathLike[str] | None = None
) -> Code:
    """Show a file of the demo_project (or of ``project``), or one symbol of it.

    ``symbol`` is a dotted name such as ``"OnlineConsumer.connect"``: a class, a function, a method,
    or a name that is assigned at the top. Raises ``LabError`` that lists what there is.
    """
    root = Path(project) if project else DEMO_PROJECT
    path = root / file
    if not path.is_file():
        raise LabError(f"expected a file of {root.name}, got {file!r}: there is no such file")
    text = path.read_text()
    if symbol is None:
        return Code(text.strip("\n"), file)
    node = _find(ast.parse(text), symbol, file)
    first = min([node.lineno, *(mark.lineno for mark in getattr(node, "decorator_list", []))])
    lines = text.splitlines()[first - 1 : node.end_lineno]
    return Code(textwrap.dedent("\n".join(lines)), f"{file} · {symbol}")


def _find(tree: ast.Module, symbol: str, file: str) -> ast.stmt:
    scope: list[ast.stmt] = tree.body
    found: ast.stmt | None = None
    for part in symbol.split("."):
        names = {name: node for node in scope for name in _names(node)}
        if part not in names:
            there = ", ".join(names) or "nothing"
            raise LabError(
                f"expected a symbol of {file}, got {symbol!r}: {part!r} is not there; {there} are"
            )
        found = names[part]
        scope = getattr(found, "body", [])
    assert found is not None
    return found


def _names(node: ast.stmt) -> list[str]:
    match node:
        case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
            return [node.name]
        case ast.Assign():
            return [target.id for target in node.targets if isinstance(target, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
    return []
