"""Two learners in a real JupyterLab, in a real class: what they see, and what the board sees."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from channels_lab import LiveServer
from channels_lab.contents import lesson
from tests.axe import violations
from tests.instructor import Instructor, open_class
from tests.jupyter import START_SECONDS, Lab, await_kernel, open_notebook, run_cell, running_lab
from tools.lab import ROOT
from tools.notebook import METADATA, to_text

NOTEBOOKS = ROOT / "notebooks"
SCREENSHOTS = NOTEBOOKS / ".screenshots"
STEP = "A consumer"  # the first heading of lesson 03
PATIENCE = 20_000  # milliseconds, for anything to be seen
TALL = 40  # paragraphs: a page of it is out of view


@dataclass(frozen=True)
class Seat:
    """One learner's window: the page, and the badge in its corner."""

    page: Page

    @property
    def badge(self) -> Locator:
        """The badge."""
        return self.page.get_by_role("region", name="Classroom")

    @property
    def pill(self) -> Locator:
        """What is always to be seen of it."""
        return self.badge.locator(".classroom-pill")

    @property
    def notes(self) -> Locator:
        """Where notes appear."""
        return self.badge.get_by_role("status")

    def cell(self, source: str) -> Locator:
        """The code cell with these words in it."""
        return self.page.locator(".jp-CodeCell").filter(
            has=self.page.locator(".jp-InputArea", has_text=source)
        )

    def begin(self) -> None:
        """Wait for the kernel, and run the first cell."""
        self.page.wait_for_load_state()
        await_kernel(self.page)
        self.run("import os, sys")

    def run(self, source: str) -> Locator:
        """Run a cell and wait for its end; return what it put out."""
        cell = self.cell(source)
        run_cell(cell)
        return cell.locator(".jp-OutputArea-output")

    def look(self, name: str) -> None:
        """Keep a picture of the window."""
        SCREENSHOTS.mkdir(exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"classroom_{name}.png")


def write_lesson(root: Path, name: str, code: str, server: LiveServer) -> str:
    """Write a small lesson 03 for a learner with a workspace of their own; its file's name."""
    markdown, cell = nbformat.v4.new_markdown_cell, nbformat.v4.new_code_cell
    cells = [
        markdown("# 03 · Creating a consumer"),
        cell(
            f"import os, sys; sys.path.insert(0, {str(NOTEBOOKS)!r})\n"
            f"os.environ['CHANNELS_LAB_WORKSPACE'] = {str(root / name)!r}\n"
            f"open({str(root / name) + '.pid'!r}, 'w').write(str(os.getpid()))\n"
            "from channels_lab import check, classroom, hint"
        ),
        cell(f"await classroom.join({code!r}, name={name!r}, at={server.url!r})"),
        markdown(f"## {STEP}"),
        cell('await check("03.1")'),
        cell('classroom.stuck("why not?")'),
        cell("classroom.notes()"),
        cell("import time; time.sleep(600)"),
        *(markdown("More to read. " * 40) for _ in range(TALL)),
        cell("classroom.leave()"),
    ]
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=METADATA)
    file = f"{lesson(3).slug}-{name}.ipynb"
    (root / "notebooks").mkdir(exist_ok=True)
    (root / "notebooks" / file).write_text(to_text(notebook), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    """The finished project, on the instructor's machine."""
    with LiveServer() as running:
        yield running


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """JupyterLab on an empty folder."""
    with running_lab(tmp_path_factory.mktemp("room"), tmp_path_factory.mktemp("home")) as running:
        yield running


@pytest.fixture
def sit(lab: Lab, server: LiveServer, chromium: Browser) -> Iterator[Callable[[str, str], Seat]]:
    """Seat a learner: a window with a lesson of their own, which begins to open."""
    expect.set_options(timeout=PATIENCE)
    opened = []

    def sit(name: str, code: str) -> Seat:
        file = write_lesson(lab.root, name, code, server)
        context = chromium.new_context(viewport={"width": 1100, "height": 800})
        opened.append(context)
        page = context.new_page()
        open_notebook(page, lab.page(file, mode="doc"), wait_until="commit")
        return Seat(page)

    yield sit
    for context in opened:
        context.close()
    expect.set_options(timeout=None)


def test_two_learners_and_their_instructor(
    server: LiveServer, sit: Callable[[str, str], Seat]
) -> None:
    code, key = open_class(server)
    ana, bob = sit("ana", code), sit("bob", code)
    for seat in (ana, bob):
        seat.begin()
    with Instructor(server, key) as ada:

        def tries(name: str) -> int:
            return int(ada.learners[name]["exercises"].get("03.1", {}).get("tries", 0))

        # --- one cell joins, and what is done is seen
        expect(ana.badge).to_have_count(0)
        for name, seat in (("ana", ana), ("bob", bob)):
            said = seat.run("classroom.join")
            expect(said).to_contain_text(f"You are in the class 'Channels' as {name}. Reported: ")
            expect(seat.pill).to_have_text("● In the class")
            seat.run("await check")
        ada.until(lambda: {"ana", "bob"} <= set(ada.learners), "both learners")
        ada.until(lambda: tries("ana") == tries("bob") == 1, "a try of both")
        assert {ada.learners[name]["step"] for name in ("ana", "bob")} == {"03/1"}

        # --- hands, by the badge and by a cell
        ana.pill.click()
        ana.badge.get_by_role("button", name="Raise your hand").click()
        bob.run("classroom.stuck")
        ada.until(lambda: ada.learners["ana"]["stuck"], "ana's hand")
        ada.until(lambda: ada.learners["bob"]["stuck"], "bob's hand")
        assert ada.learners["bob"]["stuck"]["text"] == "why not?"
        expect(ana.pill).to_have_text("● In the class · ▲ hand up")
        ana.look("hand")

        # --- a note, while ana writes in a cell that is far from the first one
        ana.page.keyboard.press("Escape")  # the panel closes, and the keyboard stays in the badge
        expect(ana.pill).to_be_focused()
        expect(ana.pill).to_have_attribute("aria-expanded", "false")
        last = ana.cell("classroom.leave").locator(".cm-content")
        last.click()
        ana.page.keyboard.press("End")
        ana.page.keyboard.type("  # I am wri")
        where = ana.page.evaluate_handle("document.activeElement")
        ada.note("hint", "Look at <b>what</b> receive() gets.\nText, or bytes?")
        expect(ana.notes).to_have_text("Hint: Look at <b>what</b> receive() gets.\nText, or bytes?")
        ana.page.keyboard.type("ting")
        expect(last).to_have_text("classroom.leave()  # I am writing")
        assert ana.page.evaluate("here => here === document.activeElement", where)
        ana.look("note")
        ana.badge.get_by_role("button", name="Close").click()
        expect(ana.notes).to_be_empty()
        expect(ana.pill).to_be_focused()
        expect(bob.notes).to_contain_text("Hint: Look at")
        expect(bob.run("classroom.notes")).to_contain_text("hint: Look at <b>what</b> receive()")

        # --- the server is killed in the middle of it
        server.kill()
        expect(ana.pill).to_have_text("○ Class away · ▲ hand up")
        for _ in range(3):
            ana.run("await check")
        expect(ana.pill).to_have_text("○ Class away, 3 kept · ▲ hand up")
        ana.look("away")
        ana.page.reload()  # the page is not what keeps them
        expect(ana.pill).to_have_text(
            "○ Class away, 3 kept · ▲ hand up", timeout=START_SECONDS * 1000
        )
        server.restart()
        ada.until(lambda: tries("ana") == 4, "all tries, and none twice")
        expect(ana.pill).to_have_text("● In the class · ▲ hand up")
        ada.hand_down("ana")
        expect(ana.pill).to_have_text("● In the class")

        # --- bob leaves; ana goes on
        said = bob.run("classroom.leave")
        expect(said).to_have_text(
            "You have left the class 'Channels': nothing is reported any more."
        )
        expect(bob.badge).to_have_count(0)
        bob.run("await check")
        await_kernel(ana.page)
        ana.run("await check")
        ada.until(lambda: tries("ana") == 5, "ana's next try")
        assert tries("bob") == 1
        ana.pill.click()
        ana.badge.get_by_role("button", name="Leave the class").click()
        expect(ana.badge).to_contain_text("You have left the class: nothing is reported any more.")
        ana.badge.get_by_role("button", name="Close").press("Enter")  # it has the keyboard
        expect(ana.badge).to_have_count(0)


def test_the_badge_is_readable_in_the_dark_and_covers_no_text(
    server: LiveServer, sit: Callable[[str, str], Seat]
) -> None:
    code, key = open_class(server, "A title that is too long for a narrow window by far")
    eve = sit("eve", code)
    eve.begin()
    eve.run("classroom.join")
    eve.pill.click()
    with Instructor(server, key) as ada:
        ada.note("hint", "Words that are worth to be read. " * 60)
    expect(eve.notes).to_contain_text("worth to be read")
    covered = eve.page.evaluate(
        """() => {
            const pill = document.querySelector(".classroom-pill").getBoundingClientRect();
            const apart = (other) => other.bottom <= pill.top || other.right <= pill.left;
            const shown = [...document.querySelectorAll(
                ".jp-NotebookPanel, .jp-StatusBar-GroupItem, .jp-StatusBar-Item")];
            return [shown.length > 4, shown.map((each) => each.getBoundingClientRect())
                .filter((box) => box.width && !apart(box)).length];
        }"""
    )
    assert covered == [True, 0]
    for theme, least, most in (("Light", 200, 255), ("Dark", 0, 80)):
        eve.page.get_by_role("menuitem", name="Settings").click()
        eve.page.get_by_text("Theme", exact=True).hover()
        eve.page.get_by_text(f"JupyterLab {theme}", exact=True).click()
        expect(eve.page.locator("body")).to_have_attribute(
            "data-jp-theme-name", f"JupyterLab {theme}"
        )
        expect(eve.page.locator("#jupyterlab-splash")).to_have_count(0)
        colour = eve.badge.locator(".classroom-panel").evaluate(
            "node => getComputedStyle(node).backgroundColor"
        )
        parts = [int(part) for part in re.findall(r"\d+", colour)[:3]]
        assert all(least <= part <= most for part in parts), colour
        assert violations(eve.page, ".classroom-corner") == []
        eve.look(theme.lower())
    eve.page.set_viewport_size({"width": 320, "height": 640})
    for part in (".classroom-panel", ".classroom-notes"):
        box = eve.badge.locator(part).bounding_box()
        assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= 320
        assert box["y"] >= 0
    eve.look("narrow")


def test_who_wants_to_leave_while_a_cell_runs_is_told_so_and_never_that_it_was_done(
    server: LiveServer, lab: Lab, sit: Callable[[str, str], Seat]
) -> None:
    code, _ = open_class(server, "Channels")
    dan = sit("dan", code)
    dan.begin()
    dan.run("classroom.join")
    sleeping = dan.cell("time.sleep")
    sleeping.locator(".cm-content").click()
    dan.page.keyboard.press("Control+Enter")
    expect(sleeping.locator(".jp-InputPrompt")).to_have_text("[*]:")
    dan.pill.click()
    dan.badge.get_by_role("button", name="Leave the class").click()
    waits = dan.badge.get_by_role("button", name="Leaving, once the cell that runs has ended")
    expect(waits).to_be_visible()
    os.kill(int((lab.root / "dan.pid").read_text()), signal.SIGKILL)
    expect(waits).to_have_count(0)
    assert "You have left" not in dan.page.locator("body").inner_text()
    expect(dan.badge).to_have_count(0)
    assert (lab.root / "dan" / "classroom-joined.txt").exists()  # and so nothing claims otherwise
