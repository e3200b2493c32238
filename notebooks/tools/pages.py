"""Make the lessons pages that need no JupyterLab and no network: `python -m tools.pages 03`.

Each page is one HTML file without a script, fit for paper; without a number: all, and a contents.
Source: https://nbconvert.readthedocs.io/en/latest/customizing.html
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from nbconvert import HTMLExporter
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell, new_notebook
from traitlets.config import Config

from channels_lab.contents import contents_table
from tools.browser import NoBrowser
from tools.delivered import under_test
from tools.diagrams import BLOCK, CannotDraw, Diagram, drawn, with_pictures
from tools.guide import GUIDE
from tools.links import replaced_links
from tools.notebook import LESSONS, lesson_files, settled
from tools.outputs import chosen, lesson_of
from tools.running_lab import NotServed

FOLDER = LESSONS / "pages"
TEMPLATES = Path(__file__).parent
CACHE = ".diagrams.json"


def page_of(path: Path) -> str | None:
    """Return the name of the page of a lesson or of a part of the guide; None for other files."""
    if path.parent == LESSONS and path.suffix == ".ipynb":
        return f"{path.stem}.html"
    if path.parent == GUIDE and path.suffix == ".md":
        return f"guide_{path.stem.lower()}.html"
    return None


def leads(folder: Path) -> Callable[[str], str | None]:
    """Return where a link of a file in this folder leads to from a page; None for nowhere."""

    def place(target: str) -> str | None:
        if target.startswith(("https://", "#")):
            return target
        path, hash, anchor = target.partition("#")
        page = page_of((folder / path).resolve())
        return page and f"{page}{hash}{anchor}"

    return place


def exporter() -> HTMLExporter:
    """Return nbconvert's exporter with the template of these pages."""
    config = Config()
    config.CSSHTMLHeaderPreprocessor.style = "default"
    return HTMLExporter(
        config=config,
        template_name="page",
        extra_template_basedirs=[str(TEMPLATES)],
        embed_images=True,
    )


def titled(notebook: NotebookNode, title: str) -> NotebookNode:
    """Return the notebook with the title that its page shows above."""
    notebook.metadata["title"] = title
    return notebook


def sources(files: list[Path]) -> Iterator[tuple[str, Path, NotebookNode]]:
    """Yield (page, folder that its links start from, notebook) of lessons and of guides."""
    for path in files:
        name = page_of(path)
        assert name
        if path.suffix == ".ipynb":
            yield name, path.parent, titled(settled(under_test(path)), lesson_of(path).label)
        else:
            text = path.read_text("utf-8")
            title = text.partition("\n")[0].lstrip("# ")
            yield name, path.parent, titled(new_notebook(cells=[new_markdown_cell(text)]), title)


def contents(guides: list[Path]) -> tuple[str, Path, NotebookNode]:
    """Return the page that leads to the others."""
    links = [f"- [{path.read_text('utf-8').partition(chr(10))[0].lstrip('# ')}]({path})"
             for path in guides]  # fmt: skip
    text = "\n".join(["# Django Channels, live in a notebook", "", contents_table(), "",
                      "## For instructors", "", *links])  # fmt: skip
    notebook = titled(new_notebook(cells=[new_markdown_cell(text)]), "Contents")
    return "index.html", LESSONS, notebook


def draw_all(notebooks: list[NotebookNode], folder: Path) -> dict[str, Diagram]:
    """Return the drawings of all Mermaid blocks; none, and a sentence, where nothing can draw."""
    blocks = dict.fromkeys(
        block
        for notebook in notebooks
        for cell in notebook.cells
        if cell.cell_type == "markdown"
        for block in BLOCK.findall(cell.source)
    )
    try:
        return drawn(blocks, folder / CACHE)
    except (NoBrowser, NotServed, CannotDraw) as error:
        print(f"{len(blocks)} diagrams stand there as text. {error}", file=sys.stderr)
        return {}


def make(files: list[Path], folder: Path, *, index: bool) -> list[Path]:
    """Write a page for each file, and one that leads to them; return the pages."""
    folder.mkdir(parents=True, exist_ok=True)
    guides = sorted(GUIDE.glob("*.md")) if index else []
    all_sources = list(sources([*files, *guides]))
    if index:
        all_sources.insert(0, contents(guides))
    drawings = draw_all([notebook for _, _, notebook in all_sources], folder)
    converter, written = exporter(), []
    for name, origin, notebook in all_sources:
        place = leads(origin)
        for cell in notebook.cells:
            if cell.cell_type == "markdown":
                cell.source = with_pictures(replaced_links(cell.source, place), drawings)
            for output in cell.get("outputs", []):
                if text := output.get("data", {}).get("text/markdown"):
                    output.data["text/markdown"] = replaced_links(text, place)
        resources = {"metadata": {"name": name, "path": str(origin)}}
        html, _ = converter.from_notebook_node(notebook, resources=resources)
        draft = folder / f"{name}.draft"
        draft.write_text(html, encoding="utf-8")
        os.replace(draft, folder / name)
        written.append(folder / name)
    return written


def main(arguments: list[str]) -> int:
    """Make the pages; return 1 when there is no such lesson."""
    parser = argparse.ArgumentParser(prog="python -m tools.pages")
    parser.add_argument("lessons", nargs="*", help="numbers such as 03; without one, all")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the pages go")
    options = parser.parse_args(arguments)
    try:
        files = chosen(options.lessons, lesson_files())
        pages = make(files, options.folder, index=not options.lessons)
    except (LookupError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{len(pages)} pages; begin with {pages[0]}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
