"""Markdown, taken apart as far as the checks of the course need it."""

from __future__ import annotations

import re
from pathlib import Path

from nbformat import NotebookNode

from tools.notebook import read


def prose(source: str) -> str:
    """Return Markdown without its code: fenced blocks, code spans and HTML comments blanked."""
    source = re.sub(r"<!--.*?-->", "", without_fences(source), flags=re.DOTALL)
    return re.sub(r"`+[^`\n]*`+", "``", source)


def bullets(source: str) -> list[str]:
    """Return the items of the top-level list in a Markdown source."""
    return re.findall(r"^(?:[-*]|\d+\.) (.+)$", source, flags=re.MULTILINE)


def anchors(markdown: str) -> set[str]:
    """Return the anchors of the headings of a Markdown text, as JupyterLab makes them."""
    headings = re.findall(r"^#+ +(.+?)\s*$", markdown, flags=re.MULTILINE)
    return {heading.replace(" ", "-") for heading in headings}


def without_fences(source: str) -> str:
    """Return Markdown without its fenced code; code spans stay, for they stand in links."""
    return re.sub(r"^(```|~~~).*?^\1", "", source, flags=re.DOTALL | re.MULTILINE)


def markdown_of(file: Path, notebook: NotebookNode | None) -> str:
    """Return the Markdown of a notebook, or of the file that a link leads to."""
    if notebook is None and file.suffix == ".md":
        return file.read_text(encoding="utf-8")
    notebook = notebook or read(file)
    return "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
