"""The links of a Markdown text, where it is shown away from the files that they lead to."""

from __future__ import annotations

import re
from collections.abc import Callable

_LINK = re.compile(r"(?<!!)\[([^\]\n]*)\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^(```|~~~).*?^\1[ \t]*$", re.DOTALL | re.MULTILINE)


def replaced_links(source: str, place: Callable[[str], str | None]) -> str:
    """Return a Markdown text whose links lead where ``place`` says; None leaves the text alone."""

    def replaced(match: re.Match[str]) -> str:
        target = place(match[2])
        return match[1] if target is None else f"[{match[1]}]({target})"

    # Fenced code is not touched: what looks like a link there is code.
    parts, end = [], 0
    for fence in _FENCE.finditer(source):
        parts += [_LINK.sub(replaced, source[end : fence.start()]), fence[0]]
        end = fence.end()
    return "".join([*parts, _LINK.sub(replaced, source[end:])])


def without_links(source: str) -> str:
    """Return a Markdown text of whose links only those into the web are left."""
    return replaced_links(source, lambda target: target if target.startswith("https://") else None)
