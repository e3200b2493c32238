"""The symbols of a TypeScript source, read by tree-sitter's own grammar of the language."""

from __future__ import annotations

from collections.abc import Iterator

import tree_sitter_typescript
from tree_sitter import Language, Node, Parser

from .symbols import Symbol

_PARSER = Parser(Language(tree_sitter_typescript.language_typescript()))


def typescript_symbols(text: str) -> dict[str, Symbol]:
    """Return the classes, functions, types and constants of a source, with their members.

    A symbol begins with the comment and the decorators right above it.
    """
    return _symbols(_PARSER.parse(text.encode()).root_node)


def _symbols(scope: Node) -> dict[str, Symbol]:
    found = {}
    for node in scope.named_children:
        declared = node.child_by_field_name("declaration") or node  # behind `export`
        body = declared.child_by_field_name("body")
        inner = _symbols(body) if body and body.type in ("class_body", "interface_body") else {}
        for name in _names(declared):
            found[name] = Symbol(_first_line(node), node.end_point.row + 1, inner)
    return found


def _names(declared: Node) -> Iterator[str]:
    if declared.type == "lexical_declaration":
        parts = [part for part in declared.named_children if part.type == "variable_declarator"]
    else:
        parts = [declared]
    for part in parts:
        name = part.child_by_field_name("name")
        if name and name.text:
            yield name.text.decode()


def _first_line(node: Node) -> int:
    """The line on which a declaration begins, its comment and its decorators included."""
    first = node
    while (above := first.prev_named_sibling) and _belongs_to(above, first):
        first = above
    return first.start_point.row + 1


def _belongs_to(above: Node, below: Node) -> bool:
    if above.type == "decorator":
        return True
    before = above.prev_sibling
    own_line = before is None or before.end_point.row < above.start_point.row
    adjacent = above.end_point.row + 1 == below.start_point.row
    return above.type == "comment" and own_line and adjacent
