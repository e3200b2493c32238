"""The instructor's board in a real Chromium, on a real daphne with its Valkey."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

import pytest
from playwright.sync_api import Browser, Page, expect

from channels_lab import LiveServer
from tests.board import Cell, Window, browser_window, status
from tests.classroom import (
    EXERCISE,
    FIRST,
    LESSON,
    SECOND,
    Board,
    Landing,
    Learner,
    Opened,
    field,
    hands,
    heads,
    join,
    names,
    open_classes,
    together,
)
from tests.test_board_in_browser import EVIL, SCREENSHOTS, violations
from tools import frontend

TOO_WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
MANY = 100  # more than the map keeps in the page at once
TESTS = 20  # at least as many as there are here
AnyWindow = TypeVar("AnyWindow", bound=Window)
OpenBoard = Callable[..., Board]


@pytest.fixture(scope="module")
def shared_server() -> Iterator[LiveServer]:
    """The finished project; all learners of all tests come from one address."""
    frontend.build()
    with LiveServer(settings={"NEW_CONNECTIONS_PER_ADDRESS": "0"}) as started:
        yield started


@pytest.fixture
def server(shared_server: LiveServer) -> Iterator[LiveServer]:
    """The server of all tests here; at the start of each it runs."""
    yield shared_server
    if shared_server.state == "ended":
        shared_server.restart()


@pytest.fixture(scope="module")
def classes(shared_server: LiveServer) -> Iterator[Opened]:
    """Classes that nobody has used yet."""
    titles = [f"Channels {number}" for number in range(1, TESTS + 1)]
    return iter(open_classes(shared_server, *titles))


@pytest.fixture
def opened(server: LiveServer, classes: Iterator[Opened]) -> Opened:
    """A class of the test's own."""
    return next(classes)


@pytest.fixture
def cell() -> Iterator[Cell]:
    """Where the learners run."""
    running = Cell()
    yield running
    running.end()


@pytest.fixture
def windows(chromium: Browser) -> Iterator[Callable[..., Window]]:
    """Open browsers: `windows(Board, url, color_scheme="dark")`."""
    with ExitStack() as all_of_them:

        def open_one(kind: type[AnyWindow], url: str, **options: object) -> AnyWindow:
            context = browser_window(chromium, url, kind, **options)
            return all_of_them.enter_context(context)

        yield open_one


@pytest.fixture
def board(windows: Callable[..., Board], opened: Opened) -> OpenBoard:
    """Open a browser on the class: `board()`, `board(color_scheme="dark")`."""
    return lambda **options: windows(Board, opened.board, **options)


def look(page: Page, name: str) -> None:
    """Keep what the test sees."""
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"classroom-{name}.png")


def test_a_class_is_opened_from_the_page_and_shows_who_joins(
    windows: Callable[..., Landing], server: LiveServer, cell: Cell
) -> None:
    ada = windows(Landing, f"{server.url}/classroom/")
    ada.page.get_by_label("Its title").fill("Opened from the page")
    ada.page.get_by_label("Your name").fill("Ada")
    ada.page.get_by_role("button", name="Open", exact=True).click()
    expect(status(ada.page)).to_have_text("Live, as Ada")
    assert ada.page.url == f"{server.url}/classroom/board/", "the room would see the key"
    expect(ada.page.get_by_text("Nobody has joined yet.")).to_be_visible()
    code = ada.page.locator(".code strong").inner_text()
    [ana, bob] = join(cell, Opened(server, "", code, ""), "ana", "bob")
    expect(names(ada.page)).to_have_text(["ana", "bob"])
    cell.run(ana.report("step", step=FIRST))
    cell.run(ana.report("tried", exercise=EXERCISE, solved=False))
    cell.run(ana.report("tried", exercise=EXERCISE, solved=True))
    cell.run(bob.report("step", step=FIRST))
    cell.run(bob.report("tried", exercise=EXERCISE, solved=False))
    cell.run(bob.report("hint", exercise=EXERCISE, used=1))
    expect(field(ada.page, "ana", FIRST)).to_have_text("▶")
    expect(field(ada.page, "ana", EXERCISE)).to_have_attribute(
        "aria-label", "solved (tries: 2, hints: 0)"
    )
    expect(field(ada.page, "bob", EXERCISE)).to_have_attribute(
        "aria-label", "1× tried, not solved (hints: 1)"
    )
    expect(ada.page.locator(".median dd")).to_have_text(FIRST)
    cell.run(bob.leave())
    expect(ada.page.locator(".here")).to_contain_text("1 of 2")
    ada.page.reload()
    expect(names(ada.page)).to_have_text(["ana", "bob"])
    ada.page.goto(f"{server.url}/classroom/")
    ada.page.get_by_role("link", name="Opened from the page").click()
    expect(status(ada.page)).to_have_text("Live, as Ada")
    expect(names(ada.page)).to_have_text(["ana", "bob"])


def test_a_link_with_a_wrong_key_opens_nothing(
    windows: Callable[..., Window], server: LiveServer
) -> None:
    class Anywhere(Window):
        def wait_until_there(self, page: Page) -> None:
            expect(page.get_by_role("heading")).to_have_count(1)

    for key, title in (("", "No class is open here"), ("#key=" + "x" * 43, "There is no such")):
        page = windows(Anywhere, f"{server.url}/classroom/board/{key}").page
        expect(page.get_by_role("heading", level=1)).to_contain_text(title)


def test_a_raised_hand_is_in_the_queue_with_its_age_until_it_goes(
    board: OpenBoard, opened: Opened, cell: Cell
) -> None:
    ada = board()
    [ana, bob, cem] = join(cell, opened, "ana", "bob", "cem")
    cell.run(ana.report("stuck", text="", ago=60))
    cell.run(bob.report("stuck", text="which file?", ago=200))
    cell.run(cem.report("stuck", text="", ago=1))
    expect(hands(ada.page)).to_have_text(["bob", "ana", "cem"])
    expect(ada.page.locator(".raised .age")).to_have_text(["3 min", "1 min", "< 1 min"])
    expect(ada.page.locator(".raised .text")).to_have_text(["which file?"])
    expect(ada.page).to_have_title(f"(3) {opened.title}")
    ada.page.get_by_role("button", name="Hand down of bob").click()
    assert cell.run(bob.hand()) is False
    expect(hands(ada.page)).to_have_text(["ana", "cem"])
    expect(ada.page.get_by_role("heading", name="Hands up")).to_be_focused()
    cell.run(ana.report("unstuck"))
    expect(hands(ada.page)).to_have_text(["cem"])


def test_a_note_reaches_those_whom_it_is_for(board: OpenBoard, opened: Opened, cell: Cell) -> None:
    ada = board()
    [ana, bob] = join(cell, opened, "ana", "bob")
    cell.run(ana.report("step", step=FIRST))
    cell.run(bob.report("step", step=SECOND))
    expect(field(ada.page, "bob", SECOND)).to_have_text("▶")
    text = ada.page.get_by_label("A hint")
    for receiver, words in (
        ("ana", "for ana"),
        (f"those at step {SECOND}", "for bob"),
        (f"those in lesson {LESSON['id']}", "for both"),
        ("everybody", "for all"),
    ):
        ada.page.get_by_label("To", exact=True).select_option(label=receiver)
        text.fill(words)
        text.press("Control+Enter")
        expect(ada.page.locator(".outcome")).to_contain_text(f"Sent to {receiver}")
        expect(text).to_have_value("")
    ada.press("Pause …")
    ada.page.get_by_label("What learners read").fill("coffee")
    ada.press("Pause")
    expect(ada.page.get_by_text("The class is paused:")).to_be_visible()
    ada.press("Go on")
    for learner, own in ((ana, "for ana"), (bob, "for bob")):
        heard = [cell.run(learner.note()) for _ in range(5)]
        assert heard == [own, "for both", "for all", "coffee", "The class goes on."]
        assert cell.run(learner.hears_nothing())
    expect(ada.page.locator("app-note-log .text")).to_have_text(
        ["The class goes on.", "coffee", "for all", "for both", "for bob", "for ana"]
    )


def test_the_projector_shows_no_name_and_no_word_of_anybody(
    board: OpenBoard, opened: Opened, cell: Cell
) -> None:
    ada = board(viewport={"width": 1920, "height": 1080})
    [ana, bob] = join(cell, opened, "anastasia", "Bogumil")
    cell.run(ana.report("step", step=FIRST))
    cell.run(bob.report("stuck", text="my question"))
    cell.run(bob.report("shown", step=FIRST, source="secret = 1", output="secret"))
    expect(ada.page.locator(".raised .text")).to_have_text(["my question"])
    expect(ada.page.locator("[aria-live]")).to_contain_text("Bogumil")  # it was said aloud
    ada.press("Projector view")
    expect(ada.page.get_by_role("button", name="Leave the projector view")).to_be_visible()
    assert "Bogumil" not in ada.page.content(), "what was said last is still in the page"
    cell.run(ana.report("stuck", text="another question"))
    expect(ada.page.locator(".hands strong")).to_have_text("2")
    expect(ada.page.locator("[aria-live]")).to_contain_text("A hand is up")
    told = [ada.page.content(), ada.page.locator("html").aria_snapshot(), ada.page.title()]
    for word in ("anastasia", "Bogumil", "question", "secret", "Dr. Ada"):
        assert not [text for text in told if word in text], word
    assert opened.code in told[1]
    look(ada.page, "projector")
    ada.page.reload()
    expect(ada.page.locator(".hands strong")).to_have_text("2")
    assert "anastasia" not in ada.page.content(), "a reload shows the names to the room"
    ada.press("Leave the projector view")
    expect(names(ada.page)).to_have_text(["anastasia", "Bogumil"])
    with ada.context.expect_page() as second:
        ada.page.get_by_role("link", name="Projector view in a new window").click()
    expect(second.value.locator(".hands strong")).to_have_text("2")
    assert "anastasia" not in second.value.content()


def test_names_questions_and_cells_are_shown_as_text(
    board: OpenBoard, opened: Opened, cell: Cell
) -> None:
    ada = board()
    [mallory] = join(cell, opened, EVIL)
    cell.run(mallory.report("stuck", text=EVIL))
    cell.run(mallory.report("shown", step=FIRST, source=EVIL, output=f"{EVIL}</pre><b>"))
    expect(names(ada.page)).to_have_text([EVIL])
    expect(hands(ada.page)).to_have_text([EVIL])
    ada.page.locator("summary", has_text=FIRST).click()
    expect(ada.page.locator("app-shown-cells pre")).to_have_text([EVIL, f"{EVIL}</pre><b>"])
    field(ada.page, EVIL, "name").click()
    expect(ada.page.get_by_role("complementary").get_by_role("heading").first).to_have_text(EVIL)
    assert ada.page.locator("img, main script").count() == 0
    # `board` finds any dialog, and any script that the policy had to stop.


def test_a_frozen_board_keeps_its_picture_and_counts_all_the_while(
    board: OpenBoard, opened: Opened, cell: Cell
) -> None:
    ada = board()
    [ana] = join(cell, opened, "ana")
    cell.run(ana.report("step", step=FIRST))
    expect(field(ada.page, "ana", FIRST)).to_have_text("▶")
    ada.press("Freeze")
    expect(ada.page.get_by_text("Frozen at")).to_be_visible()
    cell.run(ana.report("step", step=SECOND))
    late = board()  # the same picture for who comes now
    for page in (ada.page, late.page):
        expect(field(page, "ana", FIRST)).to_have_text("▶")
        expect(field(page, "ana", SECOND)).to_have_text("")
    late.press("Thaw")
    for page in (ada.page, late.page):
        expect(field(page, "ana", FIRST)).to_have_text("•")
        expect(field(page, "ana", SECOND)).to_have_text("▶")
        expect(page.get_by_text("Frozen at")).to_have_count(0)


def test_what_the_class_did_is_saved_and_then_all_of_it_is_deleted(
    board: OpenBoard, opened: Opened, cell: Cell, tmp_path: Path
) -> None:
    ada = board()
    [ana] = join(cell, opened, "=ana")
    cell.run(ana.report("step", step=FIRST))
    cell.run(ana.report("tried", exercise=EXERCISE, solved=True))
    expect(field(ada.page, "=ana", EXERCISE)).to_have_text("✔")
    saved = {}
    for kind in ("CSV", "JSON"):
        ada.press("The class …")
        with ada.page.expect_download() as download:
            ada.press(kind)
        saved[kind] = tmp_path / download.value.suggested_filename
        download.value.save_as(saved[kind])
    rows = csv.reader(saved["CSV"].read_text("utf-8").splitlines())
    assert "'=ana" in {each for row in rows for each in row}
    assert EXERCISE in json.dumps(json.loads(saved["JSON"].read_text("utf-8")))
    ada.press("The class …")
    ada.press("Delete …")
    button = ada.page.get_by_role("button", name="Delete everything")
    expect(button).to_be_disabled()
    ada.page.get_by_label("Title of the class").fill(opened.title)
    button.click()
    expect(ada.page.get_by_role("heading", name="This board is closed")).to_be_visible()
    assert cell.run(ana.closed()) == 4410
    expect(ada.page.get_by_text(opened.code)).to_have_count(0)  # and its key is forgotten


def test_begin_anew_and_remove_ask_first(board: OpenBoard, opened: Opened, cell: Cell) -> None:
    ada = board()
    [ana, bob] = join(cell, opened, "ana", "bob")
    ada.page.get_by_label("Show").select_option(label="01 Installing")  # and stay there
    cell.run(ana.report("step", step=FIRST))
    expect(field(ada.page, "ana", FIRST)).to_have_text("▶")
    ada.press("The class …")
    ada.press("Begin anew …")
    ada.press("Cancel")
    expect(field(ada.page, "ana", FIRST)).to_have_text("▶")
    ada.press("Begin anew …")
    ada.press("Empty the board")
    expect(field(ada.page, "ana", FIRST)).to_have_text("")
    expect(names(ada.page)).to_have_text(["ana", "bob"])
    field(ada.page, "bob", "name").click()
    ada.press("Remove …")
    ada.press("Remove")
    expect(names(ada.page)).to_have_text(["ana"])
    assert cell.run(bob.closed()) == 4410


def test_a_second_instructor_takes_over(
    board: OpenBoard, windows: Callable[..., Board], opened: Opened, cell: Cell
) -> None:
    ada = board()
    join(cell, opened, "ana")
    ada.press("The class …")
    ada.press("A second instructor")
    link = ada.page.get_by_label("Link", exact=True).input_value()
    ada.press("Close")
    grace = windows(Board, link)
    expect(names(grace.page)).to_have_text(["ana"])
    grace.page.get_by_label("Your name").fill("Grace")
    grace.press("Take this name")
    expect(status(grace.page)).to_contain_text("Live, as Grace")
    expect(status(ada.page)).to_contain_text("Grace")
    ada.press("The class …")
    ada.press("Step down …")
    ada.press("Step down")
    expect(ada.page.get_by_role("heading", name="This board is closed")).to_be_visible()
    expect(names(grace.page)).to_have_text(["ana"])


def test_the_board_returns_with_the_right_state_after_kill_9(
    board: OpenBoard, opened: Opened, cell: Cell
) -> None:
    ada = board()
    ana = join(cell, opened, "ana", "bob")[0]
    cell.run(ana.report("step", step=FIRST))
    expect(field(ada.page, "ana", FIRST)).to_have_text("▶")
    ada.page.get_by_label("A hint").fill("in the middle of a wo")
    opened.server.kill()
    expect(status(ada.page)).to_contain_text("Connection lost")
    expect(status(ada.page)).to_contain_text("nothing can be sent meanwhile")
    expect(names(ada.page)).to_have_text(["ana", "bob"])  # as last known
    freeze = ada.page.get_by_role("button", name="Freeze")
    expect(freeze).to_be_disabled()
    freeze.click(force=True)
    expect(ada.page.locator(".outcome")).to_contain_text("Not sent")
    look(ada.page, "lost")
    opened.server.restart()
    again = Learner(cell, opened, "ana", ana.key)
    cell.run(again.join())
    cell.run(again.report("step", step=SECOND))
    expect(status(ada.page)).to_contain_text("Live, as Dr. Ada", timeout=20_000)
    expect(field(ada.page, "ana", FIRST)).to_have_text("•")
    expect(field(ada.page, "ana", SECOND)).to_have_text("▶")
    expect(field(ada.page, "bob", "name")).to_contain_text("away")
    expect(ada.page.locator(".here")).to_contain_text("1 of 2")
    expect(ada.page.get_by_label("A hint")).to_have_value("in the middle of a wo")
    expect(freeze).to_be_enabled()


def test_the_keyboard_alone_is_enough(board: OpenBoard, opened: Opened, cell: Cell) -> None:
    [ana, bob] = join(cell, opened, "ana", "bob")
    ada = board()
    page = ada.page
    expect(names(page)).to_have_text(["ana", "bob"])
    seen: list[str] = []
    for _ in range(30):
        page.keyboard.press("Tab")
        focused = page.locator(":focus")
        outline = focused.evaluate("e => getComputedStyle(e).outlineStyle")
        assert outline != "none", f"no focus to be seen after {seen}"
        seen.append(focused.evaluate("e => e.getAttribute('role') ?? e.textContent.trim()"))
        if seen[-1] == "grid":
            break
    assert seen[:3] == ["Pause …", "Freeze", "Projector view"] and seen[-1] == "grid", seen
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    mark = page.locator("#active-cell")
    expect(mark).to_contain_text("bob")
    assert mark.evaluate("e => getComputedStyle(e).outlineColor") != "rgba(0, 0, 0, 0)"
    cell.run(ana.report("stuck", text="now"))  # what comes takes nobody's place
    expect(hands(page)).to_have_text(["ana"])
    expect(page.get_by_role("grid")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="bob")).to_be_focused()
    for _ in range(2):
        page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Write")
    page.keyboard.press("Enter")
    expect(page.get_by_label("A hint")).to_be_focused()
    page.keyboard.type("by hand")
    page.keyboard.press("Control+Enter")
    assert cell.run(bob.note()) == "by hand"
    assert cell.run(ana.hears_nothing())
    for _ in range(20):
        page.keyboard.press("Shift+Tab")
        if page.locator(":focus").text_content() == "Close":
            break
    page.keyboard.press("Escape")
    expect(page.get_by_role("grid")).to_be_focused()
    page.keyboard.press("Control+Home")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")  # the head of a lesson opens it, and closes it again
    expect(page.get_by_role("grid")).to_be_focused()


def wrong(page: Page) -> list[str]:
    """What axe finds in light, and what of it cannot be read in dark."""
    found = violations(page)
    page.emulate_media(color_scheme="dark")
    dark = page.evaluate("() => axe.run({ runOnly: ['color-contrast'] })")
    assert dark["passes"], "axe looked at nothing"
    page.emulate_media(color_scheme="light")
    return [*found, *(node["html"] for each in dark["violations"] for node in each["nodes"])]


def test_axe_finds_no_violation_in_light_and_dark(
    board: OpenBoard, windows: Callable[..., Landing], opened: Opened, cell: Cell
) -> None:
    landing = windows(Landing, f"{opened.server.url}/classroom/#K7PM")
    expect(landing.page.get_by_text("never 0, 1, I, L or O")).to_be_visible()
    assert wrong(landing.page) == [], "the landing"
    ada = board()
    assert wrong(ada.page) == [], "an empty class"
    learners = join(cell, opened, "ana", "bob", "cem", "dora")
    ana, bob, cem, dora = learners
    together(cell, [each.report("step", step=FIRST) for each in learners])
    for solved in (False, False, False, False, True):
        cell.run(ana.report("tried", exercise=EXERCISE, solved=solved))
        cell.run(bob.report("tried", exercise=EXERCISE, solved=False))
    cell.run(bob.report("hint", exercise=EXERCISE, used=1))
    cell.run(cem.report("stuck", text="why?"))
    cell.run(cem.report("shown", step=FIRST, source="1 / 0", output="ZeroDivisionError"))
    cell.run(dora.report("idle", ago=400))
    expect(ada.page.locator(".quiet-ones .name")).to_have_text(["bob"])
    expect(field(ada.page, "dora", "name")).to_contain_text("idle 6 min")
    ada.page.locator("summary", has_text=FIRST).click()
    field(ada.page, "bob", "name").click()
    look(ada.page, "light")
    assert wrong(ada.page) == [], "one learner"
    heads(ada.page).filter(has_text="✎1").click()
    ada.page.get_by_label("A hint").fill("x" * 2001)
    ada.press("Freeze")
    expect(ada.page.get_by_text("Frozen at")).to_be_visible()
    assert wrong(ada.page) == [], "frozen, an exercise, and a text that is too long"
    ada.press("The class …")
    ada.press("Delete …")
    assert wrong(ada.page) == [], "a question in front"
    for _ in range(2):  # the question, then what it was asked from
        ada.page.keyboard.press("Escape")
    ada.press("Projector view")
    assert wrong(ada.page) == [], "the projector"
    ada.context.set_offline(True)
    opened.server.kill()
    expect(status(ada.page)).to_contain_text("This device is offline")
    assert wrong(ada.page) == [], "without a connection"


def test_nothing_scrolls_sideways_at_320_pixels(
    board: OpenBoard, windows: Callable[..., Landing], opened: Opened, cell: Cell
) -> None:
    narrow = {"width": 320, "height": 640}
    link = f"{opened.server.url}/classroom/#{opened.code}"
    assert windows(Landing, link, viewport=narrow).page.evaluate(TOO_WIDE) == 0
    ada = board(viewport=narrow)
    [long] = join(cell, opened, "W" * 40)
    cell.run(long.report("stuck", text="m" * 300))
    cell.run(long.report("shown", step=FIRST, source="x" * 300, output="y" * 300))
    cell.run(long.report("tried", exercise=EXERCISE, solved=False))
    expect(hands(ada.page)).to_have_count(1)
    ada.page.locator("summary", has_text=re.compile("W.*·")).click()
    field(ada.page, "W" * 40, "name").click()
    expect(ada.page.get_by_role("heading", name="W" * 40)).to_be_focused()
    assert ada.page.evaluate(TOO_WIDE) == 0
    look(ada.page, "narrow")
    ada.press("The class …")
    assert ada.page.evaluate(TOO_WIDE) == 0
    dialog = ada.page.locator("dialog[open]")
    assert dialog.evaluate("e => e.scrollWidth - e.clientWidth") == 0
    ada.page.keyboard.press("Escape")
    ada.press("Projector view")
    assert ada.page.evaluate(TOO_WIDE) == 0


def test_of_many_learners_those_in_sight_are_in_the_page(
    board: OpenBoard, opened: Opened, cell: Cell
) -> None:
    learners = [Learner(cell, opened, f"learner {number}") for number in range(1, MANY + 1)]
    for first in range(0, MANY, 10):
        together(cell, (each.join() for each in learners[first : first + 10]))
    ada = board()
    expect(ada.page.locator(".here")).to_contain_text(f"{MANY} of {MANY}")
    rows = ada.page.locator("app-learner-row")
    assert rows.count() < MANY
    expect(ada.page.get_by_role("grid")).to_have_attribute("aria-rowcount", str(MANY + 2))
    ada.page.get_by_role("grid").focus()
    ada.page.keyboard.press("Control+End")
    expect(field(ada.page, f"learner {MANY}", "name")).to_be_in_viewport()
    expect(rows.last).to_have_attribute("aria-rowindex", str(MANY + 2))
    ada.page.keyboard.press("Home")
    ada.page.keyboard.press("Enter")
    expect(ada.page.get_by_role("heading", name=f"learner {MANY}")).to_be_focused()
    cell.run(learners[0].report("stuck", text=""))
    ada.page.get_by_label("Order").select_option("help")
    ada.page.get_by_role("grid").evaluate("e => { e.scrollTop = 0; }")
    expect(names(ada.page).first).to_have_text("learner 1")
    expect(field(ada.page, "learner 1", "name")).to_be_in_viewport()
