"""A learner's way in a real browser: open a lesson in JupyterLab, run all, go on to the next."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_notebook
from playwright.sync_api import ConsoleMessage, Locator, Page, TimeoutError, expect

from channels_lab.contents import LESSONS, Lesson
from channels_lab.svg import LEAST, SIZE
from tests.board import LOST, messages, people, status
from tests.jupyter import POLLING, START_SECONDS, Lab, open_notebook, running_lab, start_run_all
from tests.samples import code, printed, sample_lesson, write
from tools.lab import ROOT
from tools.notebook import is_compared, lesson_files, read, settled, tags

SCREENSHOTS = ROOT / "notebooks" / ".screenshots"
LESSON_SECONDS = 120
# One with a widget, one with a page in a frame. LESSONS_IN_BROWSER=all takes all of them.
USUAL = (0, 5)
# An error, or a line on stderr: JupyterLab shows both by the same type.
ERROR = '[data-mime-type="application/vnd.jupyter.stderr"]'
# The numbers of the code cells, as a page shows them.
PROMPTS = """[...document.querySelectorAll(
    '.jp-NotebookPanel:not(.lm-mod-hidden) .jp-CodeCell .jp-InputPrompt')]
    .map(prompt => prompt.textContent.trim())"""


def open_lesson(page: Page, lab: Lab, file: str, title: str) -> None:
    """Open a lesson by its address and wait until its title is shown."""
    open_notebook(page, lab.page(file))
    heading = page.locator(".jp-NotebookPanel:visible h1").first
    expect(heading).to_contain_text(title, timeout=START_SECONDS * 1000)


def chosen_lessons() -> list[Lesson]:
    """Return the usual lessons, or all when LESSONS_IN_BROWSER says so."""
    everything = os.environ.get("LESSONS_IN_BROWSER") == "all"
    written = [entry for entry in LESSONS if (ROOT / "notebooks" / entry.file).exists()]
    return [entry for entry in written if everything or entry.number in USUAL]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """JupyterLab as `make lab` starts it, on a copy of the course and in a hostile home.

    The copy is what makes it safe to run: JupyterLab saves the lessons that it runs.
    """
    root, home = tmp_path_factory.mktemp("course"), tmp_path_factory.mktemp("home")
    made = ("__pycache__", ".ipynb_checkpoints", ".screenshots", "node_modules", ".angular")
    ignored = shutil.ignore_patterns(*made, "tests", "workspace")
    for folder in ("notebooks", "demo_project", "frontend"):
        shutil.copytree(ROOT / folder, root / folder, ignore=ignored)
    spoil(home)
    with running_lab(root, home) as running:
        yield running


def spoil(home: Path) -> None:
    """Fill a home with settings of other projects, each of which would break a lesson."""
    for place, text in {
        ".ipython/profile_default/startup/00.py": "raise SystemExit('from home')",
        ".jupyter/jupyter_server_config.py": "raise SystemExit('from home')",
        ".local/share/jupyter/kernels/python3/kernel.json": '{"argv": ["false"], '
        '"display_name": "Mine", "language": "python"}',
    }.items():
        path = home / place
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")


def run_all(page: Page, code_cells: int) -> None:
    """Run all cells and wait until each code cell has its number; fail with what is on the page."""
    start_run_all(page)
    try:
        page.wait_for_function(
            f"""count => {{
                const prompts = {PROMPTS};
                return prompts.length === count && prompts.every((prompt, index) =>
                    prompt === `[${{index + 1}}]:`);
            }}""",
            arg=code_cells,
            polling=POLLING,
            timeout=LESSON_SECONDS * 1000,
        )
    except TimeoutError:
        page.screenshot(path=SCREENSHOTS / "not_finished.png")
        prompts, shown = page.evaluate(PROMPTS), shown_outputs(page)
        story = [f"{at} {outputs}" for at, outputs in zip(prompts, shown, strict=True)]
        pytest.fail(
            f"not all of {code_cells} cells were run in {LESSON_SECONDS} s:\n" + "\n".join(story)
        )


def shown_outputs(page: Page) -> list[list[str]]:
    """Return, for each code cell, the text of each output that is shown."""
    shown: list[list[str]] = page.evaluate(
        """() => [...document.querySelectorAll(
                '.jp-NotebookPanel:not(.lm-mod-hidden) .jp-CodeCell')].map(cell =>
            [...cell.querySelectorAll('.jp-OutputArea-output')].map(out => out.textContent))"""
    )
    return shown


def stored_texts(cell: NotebookNode) -> list[str]:
    """Return the texts that a browser shows for the stored outputs of a cell.

    Drawings, pages and widgets look different in a browser from what a file stores of them; the
    other checks compare those.
    """
    texts = []
    for output in cell.outputs:
        if output.output_type == "stream":
            texts.append(output.text)
        elif output.output_type == "error":
            texts.append("\n".join(output.traceback))
        elif set(output.data) == {"text/plain"}:
            texts.append(output.data["text/plain"])
    return texts


def squeezed(text: str) -> str:
    """Return a text without colours and spaces: a browser wraps lines where it likes."""
    return re.sub(r"\s+", "", re.sub(r"\x1b\[[0-9;]*m", "", text))


def differences(notebook: NotebookNode, shown: list[list[str]]) -> list[str]:
    """Return a sentence for each compared cell of which a stored text is not on the page."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    found = []
    for number, (cell, outputs) in enumerate(zip(code, shown, strict=True), 1):
        on_page = squeezed("".join(outputs))
        for text in stored_texts(cell) if is_compared(cell) else []:
            if squeezed(text) not in on_page:
                found.append(f"[{number}] stored:\n{text}\nshown:\n{''.join(outputs)}")
    return found


def unmeant_errors(page: Page, notebook: NotebookNode) -> list[str]:
    """Return the errors and warnings shown by cells not tagged ``raises-exception``.

    A lesson wants neither.
    """
    errors: list[str | None] = page.evaluate(
        """selector => [...document.querySelectorAll(
                '.jp-NotebookPanel:not(.lm-mod-hidden) .jp-CodeCell')].map(cell => {
            const error = cell.querySelector(selector);
            return error && error.textContent;
        })""",
        ERROR,
    )
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    pairs = zip(code, errors, strict=True)
    return [error for cell, error in pairs if error and "raises-exception" not in tags(cell)]


def run_again(page: Page, source: str) -> Locator:
    """Run the cell that has these words in its source; return it once it has a new number."""
    cell = page.locator(".jp-NotebookPanel:visible .jp-CodeCell").filter(
        has=page.locator(".jp-InputArea", has_text=source)
    )
    prompt = cell.locator(".jp-InputPrompt")
    before = (prompt.text_content() or "").strip()  # it may be out of view
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+Enter")
    expect(prompt).not_to_have_text(re.compile(rf"{re.escape(before)}|\[[ *]\]:"), timeout=20_000)
    return cell


def drawing(cell: Locator) -> str:
    """Return the title of the diagram of a cell, as its image is read aloud."""
    twin = cell.locator(".jp-OutputArea-output img").get_attribute("alt") or ""
    return twin.partition("\n")[0]


def see_the_page_follow(page: Page) -> None:
    """Lesson 05: the Angular page in its frame shows what the cells do, and was greeted."""
    board = page.frame_locator(".live-page iframe")
    expect(status(board)).to_contain_text("Connected as guest-", timeout=20_000)
    # It came back by itself after the restart: only the server's new code greets.
    expect(messages(board).last).to_have_text(re.compile("^welcome, guest-"))
    cell = run_again(page, '"hello, page"')
    expect(messages(board).last).to_have_text("hello, page")
    expect(people(board)).to_have_text([re.compile("^guest-"), "ana"])
    assert drawing(cell).endswith(", browser, consumer")
    page.locator(".live-page").screenshot(path=SCREENSHOTS / "page_in_frame.png")


def talk_both_ways(page: Page) -> None:
    """Lesson 06: what is typed on the page arrives in a cell, and a cell reaches that one tab."""
    board = page.frame_locator(".live-page iframe")
    expect(status(board)).to_contain_text("Connected as guest-", timeout=20_000)
    expect(people(board)).to_have_text([re.compile("^guest-"), "ana", "bob"])
    board.get_by_label("Message", exact=True).fill("from the page")
    board.get_by_role("button", name="Send").click()
    cell = run_again(page, "page.written()")
    expect(cell.locator(".jp-OutputArea-output")).to_have_text(
        '{"type":"message","text":"from the page"}'
    )
    run_again(page, '"hi, everybody"')
    expect(messages(board).last).to_have_text("hi, everybody")
    cell = run_again(page, '"chao-kakao"')
    expect(messages(board).last).to_have_text("The server says: chao-kakao")
    assert drawing(cell).startswith("Sequence: browser, notebook, consumer, layer")


# What is lost on purpose; and a kernel that failed to start, of which `open_notebook` asks another.
MEANT = re.compile(rf"{LOST.pattern}|status of 500 .*/api/sessions")
WITH_A_PAGE: dict[int, Callable[[Page], None]] = {5: see_the_page_follow, 6: talk_both_ways}


@pytest.mark.parametrize("entry", chosen_lessons(), ids=lambda entry: entry.slug)
def test_a_learner_opens_a_lesson_runs_all_and_goes_on(lab: Lab, page: Page, entry: Lesson) -> None:
    notebook = read(lab.root / "notebooks" / entry.file)
    complaints: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        said = f"{message.text} {message.location['url']}"
        if message.type == "error" and not MEANT.search(said):
            complaints.append(said)

    page.on("console", listen)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    SCREENSHOTS.mkdir(exist_ok=True)
    open_lesson(page, lab, entry.file, entry.title)

    run_all(page, sum(cell.cell_type == "code" for cell in notebook.cells))

    page.screenshot(path=SCREENSHOTS / f"{entry.slug}.png")
    assert unmeant_errors(page, notebook) == []
    found = differences(notebook, shown_outputs(page))
    assert not found, "\n\n".join(found)
    assert complaints == [], lab.log.read_text()[-4000:]
    # What JupyterLab itself would have said: nothing pops up in a new learner's window.
    assert page.locator(".Toastify__toast").count() == 0

    if entry.number in WITH_A_PAGE:
        WITH_A_PAGE[entry.number](page)

    following = next((e for e in LESSONS if e.number == entry.number + 1), None)
    if following and (lab.root / "notebooks" / following.file).exists():
        link = page.locator(".jp-NotebookPanel:visible").get_by_role(
            "link", name=f"{following.label} →"
        )
        link.first.click()
        opened = page.locator(".jp-NotebookPanel:visible h1").first
        expect(opened).to_contain_text(following.title, timeout=START_SECONDS * 1000)


def test_a_lesson_that_shows_something_else_is_seen(lab: Lab, page: Page) -> None:
    notebook = sample_lesson()
    notebook.cells[5].outputs = [printed("ana 99\n")]
    notebook.cells[7].source = "missing"
    path = write(notebook, lab.root / "notebooks" / "broken.ipynb")
    open_lesson(page, lab, path.name, "Installing")
    start_run_all(page)
    error = page.locator(".jp-NotebookPanel:visible " + ERROR).filter(has_text="name 'missing'")
    expect(error).to_be_visible(timeout=START_SECONDS * 1000)  # what follows it is not run
    cells = page.locator(".jp-NotebookPanel:visible .jp-CodeCell")
    expect(cells).to_have_count(sum(cell.cell_type == "code" for cell in notebook.cells))
    assert "name 'missing' is not defined" in "".join(unmeant_errors(page, notebook))
    assert differences(notebook, shown_outputs(page))[0].startswith("[2] stored:\nana 99\n")


def stored_drawings() -> list[NotebookNode]:
    """Return the stored output of every traffic diagram of the course."""
    notebooks = [read(path) for path in lesson_files()]
    outputs = [output for n in notebooks for cell in n.cells for output in cell.get("outputs", [])]
    return [output for output in outputs if "image/svg+xml" in output.get("data", {})]


def measured(page: Page, count: int, least: int) -> list[dict[str, Any]]:
    """Return of each drawing its alternative text and, in px, its words and what stays hidden.

    JupyterLab moves its panels while it opens: it has time until the words are as large as asked.
    """
    with suppress(TimeoutError):
        page.wait_for_function(
            """([count, size, least]) => {
                const found = [...document.querySelectorAll('.jp-OutputArea-output img')];
                return found.length === count && found.every(img =>
                    img.complete && size * img.width / img.naturalWidth >= least);
            }""",
            arg=[count, SIZE, least],
            polling=POLLING,
            timeout=START_SECONDS * 1000,
        )
    found: list[dict[str, Any]] = page.evaluate(
        """size => [...document.querySelectorAll('.jp-OutputArea-output img')].map(img => {
            const output = img.closest('.jp-OutputArea-output');
            output.scrollLeft = 1e6;
            const box = img.getBoundingClientRect(), room = output.getBoundingClientRect();
            return {
                text: size * box.width / img.naturalWidth,
                hidden: box.right - Math.min(room.right, innerWidth),
                alternative: img.alt,
            };
        })""",
        SIZE,
    )
    return found


def test_every_stored_drawing_can_be_read_before_its_cell_has_run(lab: Lab, page: Page) -> None:
    drawings = stored_drawings()
    assert len(drawings) > 10
    notebook = settled(new_notebook(cells=[code("Sequence(trace)", each) for each in drawings]))
    write(notebook, lab.root / "notebooks" / "drawings.ipynb")
    # Another test may have left the file browser open; a new layout has none.
    open_notebook(page, lab.page("drawings.ipynb", mode="doc") + "&reset")
    for width, least in ((360, LEAST), (1000, SIZE)):
        page.set_viewport_size({"width": width, "height": 2000})
        for drawing, shown in zip(drawings, measured(page, len(drawings), least), strict=True):
            assert shown["alternative"] == drawing.data["text/plain"]
            assert shown["text"] >= least
            assert shown["hidden"] <= 0.5, "it cannot be scrolled to its end"
        assert page.evaluate("document.documentElement.scrollWidth") <= width
