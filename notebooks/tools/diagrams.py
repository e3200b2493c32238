"""The Mermaid diagrams of the lessons as pictures, drawn once by JupyterLab in a real browser.

Mermaid itself comes with JupyterLab only, inside its pages. So a Markdown file with all diagrams
is opened there, and the pictures are taken out of it: a page that holds them needs no script.
"""

from __future__ import annotations

import hashlib
import html
import importlib.metadata
import json
import re
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Page, TimeoutError, sync_playwright

from tools.browser import browser, launch_arguments
from tools.running_lab import START_SECONDS, Lab, running_lab

BLOCK = re.compile(r"^```mermaid\n(.*?)^```[ \t]*$", re.DOTALL | re.MULTILINE)
SELECTOR = ".jp-MarkdownViewer .jp-RenderedMermaid img"
FILE = "notebooks/diagrams.md"
OPEN = """async path => {
    await window.jupyterapp.restored;
    await window.jupyterapp.commands.execute("markdownviewer:open", {path});
}"""
COUNT = "([selector, count]) => document.querySelectorAll(selector).length === count"
TAKE = "images => images.map(image => [image.src, image.width])"


class CannotDraw(Exception):
    """The diagrams could not be drawn; the message says why."""


class Diagram(NamedTuple):
    """A drawn diagram: an address with the picture in it, its width, and its words."""

    address: str
    width: int
    title: str
    description: str

    def figure(self) -> str:
        """Return it as HTML, on one line, for a Markdown text."""
        title, description = html.escape(self.title), html.escape(self.description)
        image = f'<img src="{html.escape(self.address)}" width="{self.width}" alt="{title}">'
        return f'<figure class="diagram">{image}<figcaption>{description}</figcaption></figure>'


def words(block: str) -> tuple[str, str]:
    """Return the title and the description that a diagram gives to a screen reader."""
    found = [
        re.search(rf"^\s*{name}: (.+)$", block, re.MULTILINE) for name in ("accTitle", "accDescr")
    ]
    title, description = (match[1].strip() if match else "" for match in found)
    return title, description


def as_text(block: str) -> str:
    """Return a diagram that nobody drew as what it says, on one line of HTML."""
    title, description = (html.escape(each) for each in words(block))
    return (
        f'<figure class="diagram"><figcaption><b>{title}.</b> {description}</figcaption></figure>'
    )


def with_pictures(source: str, drawn: dict[str, Diagram]) -> str:
    """Return a Markdown text with a picture in the place of each Mermaid block."""
    return BLOCK.sub(
        lambda match: drawn[match[1]].figure() if match[1] in drawn else as_text(match[1]), source
    )


def key(block: str) -> str:
    """Name a drawing by all that it depends on: what is drawn, and by which JupyterLab."""
    version = importlib.metadata.version("jupyterlab")
    return hashlib.sha256(f"{version}\n{block}".encode()).hexdigest()


def drawn(blocks: Iterable[str], cache: Path) -> dict[str, Diagram]:
    """Return each block's drawing; those that ``cache``, a JSON file, has are not drawn again.

    Raises `tools.browser.NoBrowser` where there is nothing to draw with.
    """
    wanted = {block: key(block) for block in blocks}
    known = json.loads(cache.read_text("utf-8")) if cache.is_file() else {}
    missing = [block for block, name in wanted.items() if name not in known]
    if missing:
        new = zip(missing, draw(missing), strict=True)
        known |= {wanted[block]: diagram for block, diagram in new}
        cache.write_text(json.dumps(known), "utf-8")
    return {block: Diagram(*known[name]) for block, name in wanted.items()}


def draw(blocks: list[str]) -> list[Diagram]:
    """Let JupyterLab draw these blocks; takes some seconds, all of them together.

    Raises `CannotDraw` when it has not done so in time.
    """
    program = browser()
    text = "\n\n".join(f"```mermaid\n{block}```" for block in blocks)
    with tempfile.TemporaryDirectory(prefix="diagrams-") as temporary:
        root, home = Path(temporary) / "root", Path(temporary) / "home"
        (root / FILE).parent.mkdir(parents=True)
        home.mkdir()
        (root / FILE).write_text(text, encoding="utf-8")
        with running_lab(root, home) as lab, sync_playwright() as playwright:
            chromium = playwright.chromium.launch(
                executable_path=program, args=launch_arguments(), headless=True
            )
            try:
                images = drawn_in(chromium.new_page(), lab, len(blocks))
            except TimeoutError as error:
                raise CannotDraw(f"JupyterLab did not draw them: {error.message}") from None
            finally:
                chromium.close()
    pictures = zip(images, map(words, blocks), strict=True)
    return [Diagram(src, round(width), *said) for (src, width), said in pictures]


def drawn_in(page: Page, lab: Lab, count: int) -> list[tuple[str, float]]:
    """Return the address and the width of each of the pictures in JupyterLab's preview."""
    page.set_default_timeout(START_SECONDS * 1000)
    page.goto(f"{lab.url}/lab?token={lab.token}")
    page.wait_for_function("() => window.jupyterapp")
    page.evaluate(OPEN, FILE)
    page.wait_for_function(COUNT, arg=[SELECTOR, count])
    images: list[tuple[str, float]] = page.locator(SELECTOR).evaluate_all(TAKE)
    return images
