"""The instructor's board in a real Chromium, on a real daphne with its Valkey."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from channels_lab import LiveServer
from tests.board import Cell, Window, status
from tests.classroom import (
    EXERCISE,
    FIRST,
    LESSON,
    SECOND,
    Board,
    Landing,
    Learner,
    OpenBoard,
    Opened,
    field,
    hands,
    join,
    look,
    names,
)
from tests.test_board_in_browser import EVIL


def test_a_class_is_opened_from_the_page_and_shows_who_joins(
    windows: Callable[..., Landing], class_server: LiveServer, cell: Cell
) -> None:
    ada = windows(Landing, f"{class_server.url}/classroom/")
    ada.page.get_by_label("Its title").fill("Opened from the page")
    ada.page.get_by_label("Your name").fill("Ada")
    ada.page.get_by_role("button", name="Open", exact=True).click()
    expect(status(ada.page)).to_have_text("Live, as Ada")
    assert ada.page.url == f"{class_server.url}/classroom/board/", "the room would see the key"
    expect(ada.page.get_by_text("Nobody has joined yet.")).to_be_visible()
    code = ada.page.locator(".code strong").inner_text()
    [ana, bob] = join(cell, Opened(class_server, "", code, ""), "ana", "bob")
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
    ada.page.goto(f"{class_server.url}/classroom/")
    ada.page.get_by_role("link", name="Opened from the page").click()
    expect(status(ada.page)).to_have_text("Live, as Ada")
    expect(names(ada.page)).to_have_text(["ana", "bob"])


def test_a_link_with_a_wrong_key_opens_nothing(
    windows: Callable[..., Window], class_server: LiveServer
) -> None:
    class Anywhere(Window):
        def wait_until_there(self, page: Page) -> None:
            expect(page.get_by_role("heading")).to_have_count(1)

    for key, title in (("", "No class is open here"), ("#key=" + "x" * 43, "There is no such")):
        page = windows(Anywhere, f"{class_server.url}/classroom/board/{key}").page
        expect(page.get_by_role("heading", level=1)).to_contain_text(title)


def test_a_raised_hand_is_in_the_queue_with_its_age_until_it_goes(
    instructor: OpenBoard, opened: Opened, cell: Cell
) -> None:
    ada = instructor()
    [ana, bob, cem] = join(cell, opened, "ana", "bob", "cem")
    cell.run(ana.report("stuck", text="", ago=60))
    cell.run(bob.report("stuck", text="which file?", ago=185))
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


def test_a_note_reaches_those_whom_it_is_for(
    instructor: OpenBoard, opened: Opened, cell: Cell
) -> None:
    ada = instructor()
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


def test_names_questions_and_cells_are_shown_as_text(
    instructor: OpenBoard, opened: Opened, cell: Cell
) -> None:
    ada = instructor()
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
    # `instructor` finds any dialog, and any script that the policy had to stop.


def test_a_frozen_board_keeps_its_picture_and_counts_all_the_while(
    instructor: OpenBoard, opened: Opened, cell: Cell
) -> None:
    ada = instructor()
    [ana] = join(cell, opened, "ana")
    cell.run(ana.report("step", step=FIRST))
    expect(field(ada.page, "ana", FIRST)).to_have_text("▶")
    ada.press("Freeze")
    expect(ada.page.get_by_text("Frozen at")).to_be_visible()
    cell.run(ana.report("step", step=SECOND))
    late = instructor()  # the same picture for who comes now
    for page in (ada.page, late.page):
        expect(field(page, "ana", FIRST)).to_have_text("▶")
        expect(field(page, "ana", SECOND)).to_have_text("")
    late.press("Thaw")
    for page in (ada.page, late.page):
        expect(field(page, "ana", FIRST)).to_have_text("•")
        expect(field(page, "ana", SECOND)).to_have_text("▶")
        expect(page.get_by_text("Frozen at")).to_have_count(0)


def test_what_the_class_did_is_saved_and_then_all_of_it_is_deleted(
    instructor: OpenBoard, opened: Opened, cell: Cell, tmp_path: Path
) -> None:
    ada = instructor()
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


def test_begin_anew_and_remove_ask_first(instructor: OpenBoard, opened: Opened, cell: Cell) -> None:
    ada = instructor()
    [ana, bob] = join(cell, opened, "ana", "bob")
    cell.run(ana.report("step", step=FIRST))
    cell.run(ana.report("step", step=SECOND))
    ada.page.get_by_label("Show").select_option(LESSON["id"])  # also when nobody is in it
    expect(field(ada.page, "ana", FIRST)).to_have_text("•")
    ada.press("The class …")
    ada.press("Begin anew …")
    ada.press("Cancel")
    expect(field(ada.page, "ana", FIRST)).to_have_text("•")
    ada.press("Begin anew …")
    ada.press("Empty the board")
    expect(field(ada.page, "ana", FIRST)).to_have_text("")
    expect(field(ada.page, "ana", SECOND)).to_have_text("▶")  # she is still there
    expect(names(ada.page)).to_have_text(["ana", "bob"])
    field(ada.page, "bob", "name").click()
    ada.press("Remove …")
    ada.press("Remove")
    expect(names(ada.page)).to_have_text(["ana"])
    assert cell.run(bob.closed()) == 4410


def test_a_second_instructor_takes_over(
    instructor: OpenBoard, windows: Callable[..., Board], opened: Opened, cell: Cell
) -> None:
    ada = instructor()
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
    instructor: OpenBoard, opened: Opened, cell: Cell
) -> None:
    ada = instructor()
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
    ada.page.evaluate("() => dispatchEvent(new Event('online'))")  # or at its next turn
    expect(status(ada.page)).to_contain_text("Live, as Dr. Ada")
    expect(field(ada.page, "ana", FIRST)).to_have_text("•")
    expect(field(ada.page, "ana", SECOND)).to_have_text("▶")
    expect(field(ada.page, "bob", "name")).to_contain_text("away")
    expect(ada.page.locator(".here")).to_contain_text("1 of 2")
    expect(ada.page.get_by_label("A hint")).to_have_value("in the middle of a wo")
    expect(freeze).to_be_enabled()
