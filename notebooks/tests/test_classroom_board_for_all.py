"""The instructor's board for everybody: by keyboard, by screen reader, narrow, projected, many."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Locator, expect

from tests.axe import violations_in_both_schemes
from tests.board import TOO_WIDE, Cell, status
from tests.classroom import (
    EXERCISE,
    FIRST,
    Landing,
    Learner,
    OpenBoard,
    Opened,
    field,
    hands,
    heads,
    join,
    look,
    names,
    together,
)

MANY = 100  # more than the map keeps in the page at once


def test_the_projector_shows_no_name_and_no_word_of_anybody(
    instructor: OpenBoard, opened: Opened, cell: Cell
) -> None:
    ada = instructor(viewport={"width": 1920, "height": 1080})
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


def test_the_keyboard_alone_is_enough(instructor: OpenBoard, opened: Opened, cell: Cell) -> None:
    [ana, bob] = join(cell, opened, "ana", "bob")
    ada = instructor()
    page = ada.page
    expect(names(page)).to_have_text(["ana", "bob"])
    # No mark where the keyboard is not: where colours are forced, a transparent one is seen.
    expect(page.locator("#active-cell")).to_have_css("outline-style", "none")
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


def test_axe_finds_no_violation_in_light_and_dark(
    instructor: OpenBoard, windows: Callable[..., Landing], opened: Opened, cell: Cell
) -> None:
    landing = windows(Landing, f"{opened.server.url}/classroom/#K7PM")
    expect(landing.page.get_by_text("never 0, 1, I, L or O")).to_be_visible()
    assert violations_in_both_schemes(landing.page) == [], "the landing"
    ada = instructor()
    learners = join(cell, opened, "ana", "bob", "cem", "dora")
    ana, bob, cem, dora = learners
    together(cell, [each.report("step", step=FIRST) for each in learners])
    for solved in (False, False, False, False, True):
        cell.run(ana.report("tried", exercise=EXERCISE, solved=solved))
        cell.run(bob.report("tried", exercise=EXERCISE, solved=False))
    cell.run(bob.report("hint", exercise=EXERCISE, used=1))
    cell.run(cem.report("stuck", text="why?"))
    cell.run(cem.report("shown", step=FIRST, source="1 / 0", output="ZeroDivisionError"))
    cell.run(dora.report("idle", ago=365))
    expect(ada.page.locator(".quiet-ones .name")).to_have_text(["bob"])
    expect(field(ada.page, "dora", "name")).to_contain_text("idle 6 min")
    ada.page.locator("summary", has_text=FIRST).click()
    field(ada.page, "bob", "name").click()
    look(ada.page, "light")
    assert violations_in_both_schemes(ada.page) == [], "one learner"
    heads(ada.page).filter(has_text="✎1").click()
    ada.page.get_by_label("A hint").fill("x" * 2001)
    ada.press("Freeze")
    expect(ada.page.get_by_text("Frozen at")).to_be_visible()
    assert violations_in_both_schemes(ada.page) == [], "frozen, a long text"
    ada.press("The class …")
    ada.press("Delete …")
    assert violations_in_both_schemes(ada.page) == [], "a question in front"
    for _ in range(2):  # the question, then what it was asked from
        ada.page.keyboard.press("Escape")
    ada.press("Projector view")
    assert violations_in_both_schemes(ada.page) == [], "the projector"
    ada.context.set_offline(True)
    opened.server.kill()
    expect(status(ada.page)).to_contain_text("This device is offline")
    assert violations_in_both_schemes(ada.page) == [], "without a connection"


def test_nothing_scrolls_sideways_at_320_pixels(
    instructor: OpenBoard, windows: Callable[..., Landing], opened: Opened, cell: Cell
) -> None:
    narrow = {"width": 320, "height": 640}
    link = f"{opened.server.url}/classroom/#{opened.code}"
    assert windows(Landing, link, viewport=narrow).page.evaluate(TOO_WIDE) == 0
    ada = instructor(viewport=narrow)
    [long] = join(cell, opened, "W" * 40)
    cell.run(long.report("stuck", text="m" * 300))
    cell.run(long.report("shown", step=FIRST, source="x" * 300, output="y" * 300))
    cell.run(long.report("step", step=FIRST))
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
    parts = ada.page.locator("app-overview li").first
    words = parts.locator(".title")
    assert width(words) > 0.9 * width(parts), "the words have a line of their own"


def width(shown: Locator) -> float:
    """How wide something is in the page, in pixels."""
    return float(shown.evaluate("shown => shown.clientWidth"))


def test_of_many_learners_those_in_sight_are_in_the_page(
    instructor: OpenBoard, opened: Opened, cell: Cell
) -> None:
    learners = [Learner(cell, opened, f"learner {number}") for number in range(1, MANY + 1)]
    for first in range(0, MANY, 10):
        together(cell, (each.join() for each in learners[first : first + 10]))
    ada = instructor()
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
