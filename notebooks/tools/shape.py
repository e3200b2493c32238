"""The shape of a lesson, as rules: `python -m tools.shape` prints what breaks them.

`problems` takes a notebook and gives sentences with the number of the cell, counted from 1.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode
from nbformat.validator import iter_validate

from channels_lab.contents import Lesson, map_cell, nav_line, title_cell
from tools.notebook import is_compared, lesson_files, read, tags
from tools.outputs import lesson_of

CELLS = range(20, 36)
CODE_LINES = 8
BIG_CODE_LINES = 20  # a class, or a file that is written
CODE_IN_A_ROW = 2
IGNORED_SHARE = 8  # at most one code cell in so many has outputs that are not compared
MERMAID_MIME = "text/vnd.mermaid"

# What changes from run to run or from machine to machine, and so is in no compared output.
UNSETTLED = {
    "a path of this machine": r"(?<![\w.:/<])/(?:home|root|tmp|Users|usr|opt|var|private|work)/",
    "a port": r"(?<=[\w\])]):\d{4,5}\b(?!\.)",
    "a date": r"\b(?:19|20)\d\d-[01]\d-[0-3]\d\b",
    "a time of day": r"\b[0-2]\d:[0-5]\d:[0-5]\d\b",
    "an address in memory": r"\b0x[0-9a-f]{6,}\b",
    "a duration": r"\b\d+(?:\.\d+)?\s?(?:ms|µs|us|ns|s|sec|seconds|minutes)\b",
    "a process number": r"\bpid[ =:]*\d+",
}
# The same at each run: the tutorial's own address, and a time-out that the cell itself set.
TAUGHT = re.compile(r"\blocalhost:8080\b|\bwaited \d+(?:\.\d+)? s\b")
FILLER = re.compile(r"\b(simply|obviously|of course|easy|easily)\b", re.IGNORECASE)
ANSI = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Problem:
    """One broken rule: the cell's number, from 1 (0: the whole lesson), and a sentence."""

    cell: int
    text: str

    def __str__(self) -> str:
        return f"cell {self.cell}: {self.text}" if self.cell else self.text


@dataclass(frozen=True)
class Page:
    """What a rule looks at: the notebook, its entry in the contents and its folder."""

    notebook: NotebookNode
    entry: Lesson
    folder: Path

    def cells(self, kind: str) -> list[tuple[int, NotebookNode]]:
        """Return (number, cell) of all cells of a kind: ``code`` or ``markdown``."""
        return [(n, c) for n, c in enumerate(self.notebook.cells, 1) if c.cell_type == kind]

    def tagged(self, tag: str) -> list[tuple[int, NotebookNode]]:
        """Return (number, cell) of all cells with this tag."""
        return [(n, c) for n, c in enumerate(self.notebook.cells, 1) if tag in tags(c)]


Rule = Callable[[Page], Iterator[Problem]]


def prose(source: str) -> str:
    """Return Markdown without its code: fenced blocks, code spans and HTML comments blanked."""
    source = re.sub(r"^(```|~~~).*?^\1", "", source, flags=re.DOTALL | re.MULTILINE)
    source = re.sub(r"<!--.*?-->", "", source, flags=re.DOTALL)
    return re.sub(r"`+[^`\n]*`+", "``", source)


def bullets(source: str) -> list[str]:
    """Return the items of the top-level list in a Markdown source."""
    return re.findall(r"^(?:[-*]|\d+\.) (.+)$", source, flags=re.MULTILINE)


def output_texts(cell: NotebookNode) -> Iterator[str]:
    """Yield every text that a code cell stored: streams, errors, plain text, HTML, SVG."""
    for output in cell.outputs:
        if output.output_type == "stream":
            yield output.text
        elif output.output_type == "error":
            yield "\n".join([f"{output.ename}: {output.evalue}", *output.traceback])
        else:
            for mime, data in output.data.items():
                if isinstance(data, str) and not mime.startswith(("image/png", "image/jpeg")):
                    yield data


def is_format_4_5(page: Page) -> Iterator[Problem]:
    """The file is notebook format 4.5 with an id of its own for each cell."""
    notebook = page.notebook
    if (notebook.nbformat, notebook.nbformat_minor) < (4, 5):
        yield Problem(0, f"expected notebook format 4.5 or newer, got {notebook.nbformat}."
                         f"{notebook.nbformat_minor}")  # fmt: skip
        return
    ids = [cell.get("id") for cell in notebook.cells]
    for number, name in enumerate(ids, 1):
        if name in ids[: number - 1]:
            yield Problem(number, f"its id {name!r} is taken by another cell")
    for error in iter_validate(notebook, relax_add_props=True):
        yield Problem(0, f"is no valid notebook: {error.message}")


def has_length(page: Page) -> Iterator[Problem]:
    """A lesson has 20 to 35 cells, and its exercises."""
    exercises = [c for c in page.notebook.cells if {"exercise", "check"} & set(tags(c))]
    count = len(page.notebook.cells) - len(exercises)
    if count not in CELLS:
        wanted = f"{CELLS.start} to {CELLS.stop - 1} cells beside the exercises"
        yield Problem(0, f"expected {wanted}, got {count}")


def has_generated_cells(page: Page) -> Iterator[Problem]:
    """The title, the map and the navigation are those that the table of contents makes."""
    last = len(page.notebook.cells)
    for tag, places, wanted in (
        ("nav", (1,), title_cell(page.entry)),
        ("map", (2, 3), map_cell(page.entry)),
        ("nav-end", (last,), nav_line(page.entry)),
    ):
        found = page.tagged(tag)
        if len(found) != 1:
            yield Problem(0, f"expected one cell tagged `{tag}`, got {len(found)}")
            continue
        number, cell = found[0]
        if number not in places:
            where = " or ".join(map(str, places))
            yield Problem(number, f"the cell tagged `{tag}` stands here: expected it as {where}")
        if cell.source != wanted:
            yield Problem(number, f"differs from the generated `{tag}` cell: run `make outputs`")


def has_opening(page: Page) -> Iterator[Problem]:
    """Cell 2 or 3 promises three things and says what is needed and how long it takes."""
    found = page.tagged("opening")
    if len(found) != 1:
        yield Problem(0, f"expected one cell tagged `opening`, got {len(found)}")
        return
    number, cell = found[0]
    if number not in (2, 3):
        yield Problem(number, "the opening stands here: expected it as 2 or 3")
    promise, _, rest = cell.source.partition("**You need**")
    if "**After this lesson you can**" not in promise:
        yield Problem(number, "expected **After this lesson you can**")
    if len(bullets(promise)) != 3:
        yield Problem(number, f"expected three promises (bullets), got {len(bullets(promise))}")
    if not rest:
        yield Problem(number, "expected **You need**")
    minutes = re.search(r"\*\*Minutes:?\*\*:?\s*(\d+)", cell.source)
    got = minutes.group(1) if minutes else "none"
    if got != str(page.entry.minutes):
        yield Problem(number, f"expected **Minutes** {page.entry.minutes}, got {got}")


def has_closing(page: Page) -> Iterator[Problem]:
    """The last cells are What you saw, Remember with three bullets, The limit, navigation."""
    last = len(page.notebook.cells)
    for offset, heading in ((3, "## What you saw"), (2, "## Remember"), (1, "## The limit")):
        if last <= offset:
            return  # has_length has said so
        number = last - offset
        cell = page.notebook.cells[number - 1]
        if cell.source.split("\n")[0].strip() != heading:
            yield Problem(number, f"expected it to begin with `{heading}`")
        elif heading == "## Remember" and len(bullets(cell.source)) != 3:
            got = len(bullets(cell.source))
            yield Problem(number, f"expected three lines to remember (bullets), got {got}")
        elif heading != "## Remember" and len(cell.source.strip().split("\n")) < 2:
            yield Problem(number, f"expected text below `{heading}`")


def has_then_and_now(page: Page) -> Iterator[Problem]:
    """Lessons 01 to 07 run the tutorial's own lines under Then and now."""
    if not 1 <= page.entry.number <= 7:
        return
    headings = [c for _, c in page.cells("markdown") if "## Then and now" in c.source.split("\n")]
    if len(headings) != 1:
        yield Problem(0, f"expected one heading `## Then and now`, got {len(headings)}")


def code_comes_early(page: Page) -> Iterator[Problem]:
    """The first code cell is one of the first five cells."""
    numbers = [number for number, _ in page.cells("code")]
    if not numbers or numbers[0] > 5:
        got = f"as cell {numbers[0]}" if numbers else "nowhere"
        yield Problem(0, f"expected the first code cell by cell 5, got it {got}")


def code_is_short(page: Page) -> Iterator[Problem]:
    """A code cell has at most 8 lines, a new class or a written file at most 20."""
    for number, cell in page.cells("code"):
        is_big = "%%writefile" in cell.source or re.search(r"^class ", cell.source, re.MULTILINE)
        most = BIG_CODE_LINES if is_big else CODE_LINES
        lines = len(cell.source.strip().split("\n"))
        if lines > most:
            yield Problem(number, f"expected at most {most} lines of code, got {lines}")
        if not cell.source.strip():
            yield Problem(number, "is an empty code cell")


def code_is_explained(page: Page) -> Iterator[Problem]:
    """No more than two code cells follow each other without a sentence between them."""
    row = 0
    for number, cell in enumerate(page.notebook.cells, 1):
        row = row + 1 if cell.cell_type == "code" else 0
        if row == CODE_IN_A_ROW + 1:
            yield Problem(number, f"more than {CODE_IN_A_ROW} code cells in a row")


def was_executed(page: Page) -> Iterator[Problem]:
    """Every code cell ran, in order, and something of it is stored."""
    cells = page.cells("code")
    for expected, (number, cell) in enumerate(cells, 1):
        if cell.execution_count != expected:
            got = cell.execution_count
            yield Problem(number, f"expected execution count {expected}, got {got}: make outputs")
    if not any(cell.outputs for _, cell in cells if is_compared(cell)):
        yield Problem(0, "no compared output is stored: run `make outputs`")


def errors_are_meant(page: Page) -> Iterator[Problem]:
    """An error is stored exactly in the cells tagged ``raises-exception``."""
    for number, cell in page.cells("code"):
        failed = any(output.output_type == "error" for output in cell.outputs)
        tagged = "raises-exception" in tags(cell)
        if failed and not tagged:
            yield Problem(number, "stores an error and is not tagged `raises-exception`")
        if tagged and not failed:
            yield Problem(number, "is tagged `raises-exception` and stores no error")
        if any("UsageError" in text for text in output_texts(cell)):
            yield Problem(number, "stores a UsageError: an unknown %magic or a wrong option")


def ignored_outputs_are_settled(page: Page) -> Iterator[Problem]:
    """Few outputs are not compared, and a compared one states the fact after each."""
    code = page.cells("code")
    ignored = [i for i, (_, cell) in enumerate(code) if "nbval-ignore-output" in tags(cell)]
    if len(ignored) * IGNORED_SHARE > len(code):
        share = f"{len(ignored)} of {len(code)} code cells"
        most = f"expected at most 1 in {IGNORED_SHARE}"
        yield Problem(0, f"{share} are tagged `nbval-ignore-output`: {most}")
    for index in ignored:
        following = code[index + 1][1] if index + 1 < len(code) else None
        if following is None or not is_compared(following) or not following.outputs:
            yield Problem(code[index][0], "is not compared: expected the next code cell to be "
                                          "compared and to state the fact")  # fmt: skip
    for number, cell in enumerate(page.notebook.cells, 1):
        if "nbval-skip" in tags(cell) or re.search(r"#\s*NBVAL_", cell.source):
            yield Problem(number, "tells nbval to look away: only `nbval-ignore-output` may")


def outputs_are_settled(page: Page) -> Iterator[Problem]:
    """A compared output holds nothing that another run or another machine would change."""
    for number, cell in page.cells("code"):
        texts = [ANSI.sub("", text) for text in output_texts(cell)]
        for what, pattern in UNSETTLED.items():
            # Even where outputs are not compared, no machine's path is published.
            if not is_compared(cell) and what != "a path of this machine":
                continue
            for text in texts:
                found = re.search(pattern, TAUGHT.sub("", text))
                if found:
                    yield Problem(number, f"its output holds {what}: {found.group(0)!r}")
                    break


def prose_is_plain(page: Page) -> Iterator[Problem]:
    """Prose has no exclamation marks and no filler."""
    for number, cell in page.cells("markdown"):
        text = prose(cell.source)
        if re.search(r"!(?!\[)", text):
            yield Problem(number, "prose with an exclamation mark")
        if filler := FILLER.search(text):
            yield Problem(number, f"prose with the filler {filler.group(0)!r}")


def anchors(markdown: str) -> set[str]:
    """Return the anchors of the headings of a Markdown text, as JupyterLab makes them."""
    headings = re.findall(r"^#+ +(.+?)\s*$", markdown, flags=re.MULTILINE)
    return {heading.replace(" ", "-") for heading in headings}


def links_resolve(page: Page) -> Iterator[Problem]:
    """A link goes to a file or an anchor of the repository, or to https."""
    for number, cell in page.cells("markdown"):
        for bang, text, target in re.findall(r"(!?)\[([^\]]*)\]\(([^)\s]+)[^)]*\)",
                                             prose_with_links(cell.source)):  # fmt: skip
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


def prose_with_links(source: str) -> str:
    """Return Markdown without its fenced code; code spans stay, for they stand in links."""
    return re.sub(r"^(```|~~~).*?^\1", "", source, flags=re.DOTALL | re.MULTILINE)


def markdown_of(file: Path, notebook: NotebookNode | None) -> str:
    """Return the Markdown of a notebook, or of the file that a link leads to."""
    if notebook is None and file.suffix == ".md":
        return file.read_text(encoding="utf-8")
    notebook = notebook or read(file)
    return "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


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


RULES: tuple[Rule, ...] = (
    is_format_4_5,
    has_length,
    has_generated_cells,
    has_opening,
    has_closing,
    has_then_and_now,
    code_comes_early,
    code_is_short,
    code_is_explained,
    was_executed,
    errors_are_meant,
    ignored_outputs_are_settled,
    outputs_are_settled,
    prose_is_plain,
    links_resolve,
    diagrams_are_described,
)


def problems(notebook: NotebookNode, entry: Lesson, folder: Path) -> list[str]:
    """Return one sentence for each broken rule; an empty list for a lesson in good shape.

    ``folder`` is where relative links start from.
    """
    page = Page(notebook, entry, folder)
    found = {problem for rule in RULES for problem in rule(page)}
    return [str(problem) for problem in sorted(found, key=lambda p: (p.cell, p.text))]


def main() -> int:
    """Print the problems of all lessons; return 1 when there are any, or no lessons."""
    files = lesson_files()
    broken = False
    for path in files:
        found = problems(read(path), lesson_of(path), path.parent)
        broken = broken or bool(found)
        print(f"{path.name}: " + ("".join(f"\n  {text}" for text in found) or "in good shape"))
    if not files:
        print("There is no lesson to look at.", file=sys.stderr)
    return 1 if broken or not files else 0


if __name__ == "__main__":
    sys.exit(main())
