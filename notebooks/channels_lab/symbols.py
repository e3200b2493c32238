"""The symbols of a source file: what has a name in it, and on which lines it stands."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from .errors import LabError


@dataclass(frozen=True)
class Symbol:
    """Something with a name: its first and last line, counted from 1, and what it holds."""

    first: int
    last: int
    inner: Mapping[str, Symbol] = field(default_factory=dict)


def find(symbols: Mapping[str, Symbol], name: str, file: str) -> Symbol:
    """Return the symbol of a dotted name; raises ``LabError`` that lists what there is."""
    scope = symbols
    for part in name.split("."):
        if part not in scope:
            there = ", ".join(scope) or "nothing"
            raise LabError(
                f"expected a symbol of {file}, got {name!r}: {part!r} is not there; {there} are"
            )
        found = scope[part]
        scope = found.inner
    return found


def python_symbols(text: str) -> dict[str, Symbol]:
    """Return the classes, functions, methods and assigned names of a Python source."""
    return _symbols(ast.parse(text).body)


def _symbols(statements: Iterable[ast.stmt]) -> dict[str, Symbol]:
    return {name: _symbol(node) for node in statements for name in _names(node)}


def _symbol(node: ast.stmt) -> Symbol:
    first = min([node.lineno, *(mark.lineno for mark in getattr(node, "decorator_list", []))])
    return Symbol(first, node.end_lineno or node.lineno, _symbols(getattr(node, "body", [])))


def _names(node: ast.stmt) -> list[str]:
    match node:
        case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
            return [node.name]
        case ast.Assign():
            return [target.id for target in node.targets if isinstance(target, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
    return []
