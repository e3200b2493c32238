"""What a lesson has stored: each cell ran, and another run would show the same."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tools.notebook import is_compared, output_texts, tags
from tools.rules.page import Page, Problem

IGNORED_SHARE = 8  # at most one code cell in so many has outputs that are not compared

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
ANSI = re.compile(r"\x1b\[[0-9;]*m")


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
