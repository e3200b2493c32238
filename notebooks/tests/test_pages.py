"""`make pages`: every page shows offline, in a real browser, and on paper."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from playwright.sync_api import Browser, Page, Route

from channels_lab.contents import LESSONS, Lesson
from tools import diagrams, pages
from tools.browser import NoBrowser
from tools.delivered import under_test
from tools.guide import GUIDE
from tools.notebook import LESSONS as FOLDER

SECONDS = 240
NARROW, WIDE = 320, 1360
BROKEN_IMAGES = "images => images.filter(image => !(image.complete && image.naturalWidth)).length"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of all pages, made by the command that `make pages` calls."""
    folder = tmp_path_factory.mktemp("pages")
    done = subprocess.run(
        [sys.executable, "-m", "tools.pages", "--folder", folder],
        cwd=FOLDER,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert done.stdout.startswith(f"{len(list(folder.glob('*.html')))} pages; begin with ")
    return folder


class Offline:
    """A browser that reads files and nothing else, and notes what was asked for or went wrong."""

    def __init__(self, browser: Browser) -> None:
        self.context = browser.new_context(viewport={"width": WIDE, "height": 900})
        self.wrong: list[str] = []
        self.context.route(re.compile(""), self._answer)
        self.context.on("console", lambda message: self.wrong.append(message.text))
        self.context.on("weberror", lambda error: self.wrong.append(str(error.error)))
        self.page: Page = self.context.new_page()

    def _answer(self, route: Route) -> None:
        if route.request.url.startswith(("file:", "data:")):
            route.continue_()
        else:
            self.wrong.append(f"asked for {route.request.url}")
            route.abort()

    def open(self, path: Path) -> Page:
        """Open a page of the folder; what was wrong with another is forgotten."""
        self.wrong.clear()
        self.page.goto(path.as_uri(), wait_until="load")
        return self.page


@pytest.fixture(scope="module")
def offline(chromium: Browser) -> Iterator[Offline]:
    """A browser without a network."""
    made = Offline(chromium)
    yield made
    made.context.close()


@pytest.fixture(scope="module")
def shown(made: Path, offline: Offline, request: pytest.FixtureRequest) -> Page:
    """The page of this name, opened once: pytest runs all tests of a page after one another."""
    return offline.open(made / f"{request.param}.html")


def names() -> list[str]:
    """The pages that there have to be: of each lesson, of each part of the guide, the contents."""
    lessons = [entry.slug for entry in LESSONS]
    return ["index", *lessons, *(f"guide_{path.stem.lower()}" for path in GUIDE.glob("*.md"))]


def test_there_is_a_page_of_every_lesson_and_of_the_guide(made: Path) -> None:
    assert sorted(path.stem for path in made.glob("*.html")) == sorted(names())


@pytest.mark.parametrize("shown", names(), indirect=True)
def test_a_page_needs_nothing_but_itself_and_says_no_error(shown: Page, offline: Offline) -> None:
    assert shown.locator("script, link, iframe").count() == 0
    assert shown.locator("img").evaluate_all(BROKEN_IMAGES) == 0
    assert shown.locator("h1").count() == 1
    for width in (NARROW, WIDE):
        shown.set_viewport_size({"width": width, "height": 900})
        assert shown.evaluate("document.documentElement.scrollWidth") <= width
    assert offline.wrong == []


@pytest.mark.parametrize(
    ("shown", "entry"),
    [pytest.param(entry.slug, entry, id=entry.slug) for entry in LESSONS],
    indirect=["shown"],
)
def test_all_diagrams_of_a_lesson_are_pictures_with_words(shown: Page, entry: Lesson) -> None:
    cells = under_test(FOLDER / entry.file).cells
    blocks = [block for cell in cells for block in diagrams.BLOCK.findall(cell.source)]
    figures = shown.locator("figure.diagram")
    assert figures.count() == len(blocks) > 0
    assert figures.locator("img").evaluate_all("all => all.every(one => one.height > 20)")
    titles, texts = zip(*map(diagrams.words, blocks), strict=True)
    assert figures.locator("img").evaluate_all("all => all.map(one => one.alt)") == list(titles)
    assert figures.locator("figcaption").all_text_contents() == list(texts)
    drawn = [cell for cell in cells if any("image/svg+xml" in output.get("data", {})
                                           for output in cell.get("outputs", []))]  # fmt: skip
    assert shown.locator(".jp-OutputArea img").count() == len(drawn)


def test_every_link_leads_to_a_page_of_the_folder_or_into_the_web(made: Path) -> None:
    count = 0
    for path in made.glob("*.html"):
        for target in re.findall(r'<a [^>]*href="([^"]*)"', path.read_text("utf-8")):
            count += 1
            if target.startswith("https://"):
                continue
            file, _, anchor = target.partition("#")
            there = made / file if file else path
            assert there.is_file(), f"{path.name} leads to {target}"
            if anchor:
                text = there.read_text("utf-8")
                assert any(f'id="{id}"' in text for id in (anchor, unquote(anchor))), target
    assert count > 100


@pytest.mark.parametrize("shown", [LESSONS[14].slug], indirect=True)
def test_on_paper_a_lesson_has_no_navigation_and_nothing_is_cut(shown: Page) -> None:
    links = shown.locator(".celltag_nav p, .celltag_nav-end")
    assert links.first.is_visible()
    shown.emulate_media(media="print")
    shown.set_viewport_size({"width": 680, "height": 980})  # A4 without its margins, at 96 dpi
    try:
        assert not links.first.is_visible() and not links.last.is_visible()
        assert shown.evaluate("document.documentElement.scrollWidth") <= 680
        assert shown.locator("pre").evaluate_all("all => all.every(one => one.scrollWidth <= 680)")
        paper = shown.pdf(prefer_css_page_size=True)
    finally:
        shown.emulate_media(media="screen")
    assert paper.startswith(b"%PDF-")
    assert 8 <= len(re.findall(rb"/Type\s*/Page\b", paper)) <= 16


def test_drawings_are_kept_and_a_changed_diagram_is_drawn_anew(
    made: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    cache = Path(shutil.copy(made / pages.CACHE, tmp_path))
    cells = under_test(FOLDER / LESSONS[3].file).cells
    blocks = [block for cell in cells for block in diagrams.BLOCK.findall(cell.source)]
    asked: list[str] = []

    def draw(missing: list[str]) -> list[diagrams.Diagram]:
        asked.extend(missing)
        return [diagrams.Diagram("data:,", 1, "a", "b") for _ in missing]

    monkeypatch.setattr(diagrams, "draw", draw)
    assert diagrams.drawn(blocks, cache)[blocks[0]].width > 100
    assert asked == []
    diagrams.drawn([f"{blocks[0]}%% changed\n"], cache)
    assert asked == [f"{blocks[0]}%% changed\n"]


def test_without_a_browser_the_words_of_a_diagram_stand_in_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def none() -> Path:
        raise NoBrowser("There is no browser here.")

    monkeypatch.setattr(diagrams, "browser", none)
    assert pages.main(["03", "--folder", str(tmp_path)]) == 0
    said = capsys.readouterr()
    assert said.err == "1 diagrams stand there as text. There is no browser here.\n"
    html = (tmp_path / f"{LESSONS[3].slug}.html").read_text("utf-8")
    assert "<b>The way of one frame.</b> client to daphne to asgi.py" in html
    assert "flowchart" not in html


def test_a_lesson_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert pages.main(["77"]) == 1
    assert "There is no lesson '77': expected one of 00, 01" in capsys.readouterr().err
