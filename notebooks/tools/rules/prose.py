"""The words of a lesson: plain, with links that lead somewhere, and pictures that are described."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tools.markdown import anchors, markdown_of, prose, without_fences
from tools.rules.page import Page, Problem

FILLER = re.compile(r"\b(simply|obviously|of course|easy|easily)\b", re.IGNORECASE)


def prose_is_plain(page: Page) -> Iterator[Problem]:
    """Prose has no exclamation marks and no filler."""
    for number, cell in page.cells("markdown"):
        text = prose(cell.source)
        if re.search(r"!(?!\[)", text):
            yield Problem(number, "prose with an exclamation mark")
        if filler := FILLER.search(text):
            yield Problem(number, f"prose with the filler {filler.group(0)!r}")


def links_resolve(page: Page) -> Iterator[Problem]:
    """A link goes to a file or an anchor of the repository, or to https."""
    for number, cell in page.cells("markdown"):
        for bang, text, target in re.findall(r"(!?)\[([^\]]*)\]\(([^)\s]+)[^)]*\)",
                                             without_fences(cell.source)):  # fmt: skip
            if bang and not text.strip():
                yield Problem(number, f"the image {target} has no alternative text")
            if target.startswith("https://"):
                continue
            path, _, anchor = target.partition("#")
            if re.match(r"[a-z]+:|/", path):
                yield Problem(number, f"the link {target} is no file of the repository, no https")
                continue
            file = page.folder / path
            if path and not file.exists():
                yield Problem(number, f"the link {target} leads to no file")
            elif anchor and (not path or file.suffix in (".ipynb", ".md")):
                notebook = page.notebook if not path else None
                if anchor not in anchors(markdown_of(file, notebook)):
                    yield Problem(number, f"the link {target} leads to no heading")
        for image in re.findall(r"<img\b[^>]*>", cell.source):
            if not re.search(r'\balt="[^"]+"', image):
                yield Problem(number, f"the image {image} has no alternative text")


def diagrams_are_described(page: Page) -> Iterator[Problem]:
    """Every diagram has a title and a description that a screen reader reads."""
    for number, cell in page.cells("markdown"):
        for block in re.findall(r"^```mermaid\n(.*?)^```", cell.source, re.DOTALL | re.MULTILINE):
            for word in ("accTitle:", "accDescr"):
                if word not in block:
                    yield Problem(number, f"a mermaid diagram has no {word.rstrip(':')}")
    for number, cell in page.cells("code"):
        for output in cell.outputs:
            svg = output.get("data", {}).get("image/svg+xml", "")
            if svg and not ("<title" in svg and "<desc" in svg):
                yield Problem(number, "its SVG has no <title> and <desc>")
