"""The Angular client in a real Chromium, on a real daphne with its Valkey."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from channels_lab import LiveServer
from tests.axe import in_each_scheme, violations_in_both_schemes
from tests.board import (
    SECONDS,
    TOO_WIDE,
    Cell,
    Window,
    look_again,
    messages,
    people,
    session,
    status,
    tabs,
    wait_until_online,
    window,
)
from tools import frontend
from tools.lab import ROOT

SCREENSHOTS = ROOT / "notebooks" / ".screenshots"
EVIL = "<img src=x onerror=alert(1)>"
LONG = "Donaudampfschifffahrtsgesellschaftskapitänswitwe" * 4
UNREADABLE_IN_DARK = """() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync("@media (prefers-color-scheme: dark) { h1 { color: #111 !important } }");
    document.adoptedStyleSheets.push(sheet);
}"""
OpenWindow = Callable[..., Window]


@pytest.fixture(scope="module")
def shared_server() -> Iterator[LiveServer]:
    """The finished project, with the client as it is in the sources."""
    frontend.build()
    with LiveServer() as started:
        yield started


@pytest.fixture
def server(shared_server: LiveServer) -> Iterator[LiveServer]:
    """The server of all tests here; at the start of each it runs and nobody is online."""
    yield shared_server
    if shared_server.state == "ended":
        shared_server.stop()
        shared_server.start()
    wait_until_online(shared_server)  # nobody


@pytest.fixture
def browse(chromium: Browser, server: LiveServer, cell: Cell) -> Iterator[OpenWindow]:
    """Open a browser on the board: `browse()`, or `browse("ana")`, who has logged in before."""
    with ExitStack() as opened:

        def open_one(user: str = "", **options: Any) -> Window:
            known = session(cell.logged_in(user, server)) if user else {}
            new = opened.enter_context(window(chromium, f"{server.url}/", **known, **options))
            expect(status(new.page)).to_contain_text(f"Connected as {user}")
            return new

        yield open_one


def look(page: Page, name: str) -> None:
    """Keep what the test sees."""
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"board-{name}.png")


def look_in_both_schemes(page: Page, name: str) -> None:
    """Keep what the test sees, in light and in dark."""
    for scheme in in_each_scheme(page):
        look(page, f"{name}-{scheme}")


def test_two_browsers_and_a_python_client_see_each_other(
    browse: OpenWindow, server: LiveServer, cell: Cell
) -> None:
    ana, bob = browse().log_in("ana"), browse("bob")
    cem = cell.client("cem", server)
    expect(people(ana.page)).to_have_text(["ana", "bob", "cem"])
    expect(people(bob.page)).to_have_text(["bob", "ana", "cem"])
    ana.say("hello all")
    assert cell.received(cem, type="message")["text"] == "hello all"
    expect(messages(bob.page)).to_have_text(["hello all"])
    expect(ana.page.locator("[role=log] .sent")).to_have_text("✓ sent")
    cell.run(cem.send({"type": "message", "text": "only you", "to": "ana"}))
    expect(messages(ana.page)).to_have_text(["hello all", "only you"])
    bob.say("to cem alone", to="cem")
    frame = cell.received(cem, text="to cem alone")
    assert (frame["from"], frame["to"]) == ("bob", "cem")
    bob.say("and to all")
    expect(messages(ana.page)).to_have_text(["hello all", "only you", "and to all"])
    look(ana.page, "talking")
    cell.run(cem.close())
    bob.context.close()
    expect(people(ana.page)).to_have_text(["ana"])
    expect(ana.page.locator(".change")).to_contain_text("left at")


def test_a_second_tab_is_a_tab_and_no_user(
    browse: OpenWindow, server: LiveServer, cell: Cell
) -> None:
    cem = cell.client("cem", server)
    ana = browse("ana")
    cell.received(cem, event="joined", user="ana")
    second = ana.new_tab()
    look_again(ana.page)
    for page in (ana.page, second):
        expect(people(page)).to_have_text(["ana", "cem"])
        expect(tabs(page, "ana")).to_have_text("2 tabs")
    second.close()
    expect(ana.page.locator(".change")).to_have_text("Nobody came or left yet.")
    wait_until_online(server, {"user": "ana", "tabs": 1}, {"user": "cem", "tabs": 1})
    look_again(ana.page)
    expect(tabs(ana.page, "ana")).to_have_text("1 tab")
    cell.run(cem.send({"type": "ping", "id": 1}))
    assert cell.run(cem.receive(SECONDS)) == {"type": "pong", "id": 1}, "a tab was told as a user"


def test_a_guest_stays_the_same_guest_after_a_reload(browse: OpenWindow) -> None:
    guest = browse()
    [name] = people(guest.page).all_text_contents()
    assert re.fullmatch("guest-[a-z]{6}", name)
    guest.page.reload()
    expect(people(guest.page)).to_have_text([name])


def test_nobody_is_called_a_guest_before_the_server_has_said_who_it_is(browse: OpenWindow) -> None:
    ana = browse("ana")
    asked: list[Route] = []
    ana.context.route("**/me/", lambda route: asked.append(route))
    ana.page.reload()
    expect(status(ana.page)).to_contain_text("Connected as ana")
    menu = ana.page.get_by_role("navigation", name="Account")
    expect(menu).to_have_text("")
    lines = menu.evaluate("e => [e.offsetTop, e.offsetHeight]")
    [held] = asked
    held.continue_()
    expect(menu).to_contain_text("Logged in as ana")
    assert menu.evaluate("e => [e.offsetTop, e.offsetHeight]") == lines, "the page jumps"


def test_logging_out_makes_a_guest(browse: OpenWindow) -> None:
    ana = browse().log_in("ana")
    ana.page.get_by_role("button", name="Log out").click()
    expect(ana.page.get_by_text("You are a guest")).to_be_visible()
    expect(people(ana.page)).to_have_text([re.compile("^guest-")])


def test_both_browsers_come_back_by_themselves_after_kill_9(
    browse: OpenWindow, server: LiveServer, cell: Cell
) -> None:
    ana, bob = browse("ana"), browse("bob")
    cell.client("cem", server)  # who will not come back
    expect(people(ana.page)).to_have_text(["ana", "bob", "cem"])
    expect(people(bob.page)).to_have_text(["bob", "ana", "cem"])
    server.kill()
    for each in (ana, bob):
        expect(status(each.page)).to_contain_text("Connection lost. Trying again")
        expect(people(each.page)).to_have_count(3)
    look(ana.page, "retrying")
    ana.say("are you back?")
    expect(ana.page.get_by_text("Waiting to be sent")).to_be_visible()
    server.run("python manage.py broadcast 'one moment, please'")  # nobody hears it
    # A killed server leaves its rows; whoever runs it forgets them with this command.
    server.run("python manage.py prune_presence --older-than 0")
    server.restart()
    # Each in its own time: the back-off is random, so both first, and then what they see.
    for name, each in (("ana", ana), ("bob", bob)):
        expect(status(each.page)).to_contain_text(f"Connected as {name}", timeout=20_000)
    for name, other, each in (("ana", "bob", ana), ("bob", "ana", bob)):
        expect(people(each.page)).to_have_text([name, other])
        expect(tabs(each.page, name)).to_have_text("1 tab")
    for each in (ana, bob):
        expect(messages(each.page)).to_have_text(["one moment, please", "are you back?"])
    expect(ana.page.get_by_text("Waiting to be sent")).to_have_count(0)


def test_who_comes_back_reads_what_was_said_meanwhile_once(
    browse: OpenWindow, server: LiveServer, cell: Cell
) -> None:
    ana = browse("ana")
    bob = cell.client("bob", server)
    cell.run(bob.send({"type": "message", "text": "before"}))
    expect(messages(ana.page)).to_have_text(["before"])
    ana.page.get_by_role("button", name="Disconnect").click()
    cell.received(bob, event="left", user="ana")
    cell.run(bob.send({"type": "message", "text": "where are you?"}))
    cell.received(bob, text="where are you?")
    ana.page.get_by_role("button", name="Connect").click()
    expect(messages(ana.page)).to_have_text(["before", "where are you?"])
    ana.say("here")
    expect(messages(ana.page)).to_have_text(["before", "where are you?", "here"])


def test_what_is_written_offline_goes_out_when_the_network_is_back(
    browse: OpenWindow, server: LiveServer, cell: Cell
) -> None:
    ana, bob = browse("ana"), browse("bob")
    # First the server, then the network: what becomes of a WebSocket that is open, Chromium's
    # switch leaves to chance; new ones it refuses.
    server.kill()
    expect(status(ana.page)).to_contain_text("Connection lost")
    ana.context.set_offline(True)
    expect(status(ana.page)).to_contain_text("This device is offline")
    server.run("python manage.py prune_presence --older-than 0")
    server.restart()
    expect(status(bob.page)).to_contain_text("Connected as bob", timeout=20_000)
    expect(people(bob.page)).to_have_text(["bob"])
    ana.say("written in a tunnel")
    expect(ana.page.get_by_text("Waiting to be sent")).to_be_visible()
    look(ana.page, "offline")
    ana.context.set_offline(False)
    expect(status(ana.page)).to_contain_text("Connected as ana", timeout=20_000)
    expect(messages(bob.page)).to_have_text(["written in a tunnel"])
    expect(people(bob.page)).to_have_text(["bob", "ana"])


def test_names_and_messages_are_shown_as_text(
    browse: OpenWindow, server: LiveServer, cell: Cell
) -> None:
    # No form would take this name; a database does, and other ways lead into it.
    made = server.run(
        'python manage.py shell -v 0 -c "from django.contrib.auth.models import User; '
        f"User.objects.create_user('{EVIL}', password='channels')\""
    )
    assert "Error" not in made
    ana = browse("ana")
    mallory = cell.client(EVIL, server)
    cell.run(mallory.send({"type": "message", "text": f"{EVIL}<script>alert(2)</script>"}))
    expect(messages(ana.page)).to_have_text([f"{EVIL}<script>alert(2)</script>"])
    expect(people(ana.page)).to_have_text(["ana", EVIL])
    expect(ana.page.locator("[role=log] .from")).to_have_text([EVIL])
    ana.say("and back", to=EVIL)
    assert cell.received(mallory, text="and back")["to"] == EVIL
    assert ana.page.locator("img, main script").count() == 0
    # `browse` finds any dialog, and any script that the policy had to stop.


def test_the_keyboard_alone_is_enough(browse: OpenWindow, server: LiveServer, cell: Cell) -> None:
    ana = browse("ana")
    bob = cell.client("bob", server)
    expect(people(ana.page)).to_have_text(["ana", "bob"])
    ana.page.reload()
    expect(status(ana.page)).to_contain_text("Connected as ana")
    expect(people(ana.page)).to_have_text(["ana", "bob"])
    expect(ana.page.get_by_role("button", name="Log out")).to_be_visible()
    seen: list[str] = []
    for _ in range(20):
        ana.page.keyboard.press("Tab")
        focused = ana.page.locator(":focus")
        outline = focused.evaluate("e => getComputedStyle(e).outlineStyle")
        assert outline != "none", f"no focus to be seen after {seen}"
        seen.append(focused.evaluate("e => e.id || e.textContent.trim() || e.className"))
        if seen[-1] == "to":
            break
    assert seen[:2] == ["Log out", "Disconnect"] and seen[-1] == "to", seen
    ana.page.keyboard.press("b")  # a select takes the first letter
    ana.page.keyboard.press("Tab")
    ana.page.keyboard.type("by hand")
    ana.page.keyboard.press("Enter")
    frame = cell.received(bob, type="message")
    assert (frame["text"], frame["to"]) == ("by hand", "bob")
    expect(ana.page.get_by_label("Message", exact=True)).to_be_focused()
    for _ in range(len(seen)):
        ana.page.keyboard.press("Shift+Tab")
        if ana.page.locator(":focus").text_content() == "Disconnect":
            break
    ana.page.keyboard.press("Enter")
    expect(status(ana.page)).to_contain_text("Disconnected")
    expect(ana.page.locator(":focus")).to_have_text("Connect")
    ana.page.keyboard.press("Space")
    expect(status(ana.page)).to_contain_text("Connected as ana")


def test_axe_sees_what_is_wrong(browse: OpenWindow) -> None:
    page = browse().page
    assert violations_in_both_schemes(page) == []
    page.evaluate("() => document.querySelector('label[for=text]').remove()")
    page.evaluate(UNREADABLE_IN_DARK)
    found = {tuple(line.split(": ")[:2]) for line in violations_in_both_schemes(page)}
    assert {("light", "label"), ("dark", "color-contrast")} <= found


def test_axe_finds_no_violation_in_light_and_dark(
    browse: OpenWindow, server: LiveServer, cell: Cell
) -> None:
    ana = browse()
    assert violations_in_both_schemes(ana.page) == [], "alone, nothing said"
    ana.page.get_by_role("link", name="Log in").click()
    expect(ana.page.get_by_label("Username")).to_be_visible()
    assert violations_in_both_schemes(ana.page) == [], "the log-in"
    ana.page.go_back()
    ana.log_in("ana")
    bob = cell.client("bob", server)
    cell.run(bob.send({"type": "message", "text": "to all"}))
    cell.run(bob.send({"type": "message", "text": "to you", "to": "ana"}))
    ana.say("to bob", to="bob")
    expect(messages(ana.page)).to_have_count(3)
    assert violations_in_both_schemes(ana.page) == [], "a conversation"
    look_in_both_schemes(ana.page, "conversation")
    cell.run(bob.close())
    expect(people(ana.page)).to_have_text(["ana"])
    ana.say("still there?", to="bob")
    expect(ana.page.get_by_role("button", name="Try again")).to_be_visible()
    assert violations_in_both_schemes(ana.page) == [], "a refusal"
    look_in_both_schemes(ana.page, "refused")
    server.kill()
    expect(status(ana.page)).to_contain_text("Connection lost")
    assert violations_in_both_schemes(ana.page) == [], "without a connection"


def test_nothing_scrolls_sideways_at_320_pixels(
    browse: OpenWindow, server: LiveServer, cell: Cell
) -> None:
    ana = browse(viewport={"width": 320, "height": 640})
    ana.page.get_by_role("link", name="Log in").click()
    expect(ana.page.get_by_label("Username")).to_be_visible()
    assert [ana.page.evaluate(TOO_WIDE) for _ in in_each_scheme(ana.page)] == [0, 0]
    ana.page.go_back()
    ana.log_in("ana")
    bob = cell.client("bob", server)
    cell.run(bob.send({"type": "message", "text": LONG}))
    expect(messages(ana.page)).to_have_text([LONG])
    ana.say(LONG, to="bob")
    expect(messages(ana.page)).to_have_count(2)
    assert [ana.page.evaluate(TOO_WIDE) for _ in in_each_scheme(ana.page)] == [0, 0]
    look_in_both_schemes(ana.page, "narrow")


def test_a_page_on_another_port_may_frame_the_board_and_its_log_in(
    chromium: Browser, server: LiveServer, tmp_path: Path
) -> None:
    frame = f'<iframe src="{server.url}/" width="800" height="600"></iframe>'
    (tmp_path / "index.html").write_text(f"<!doctype html>{frame}", "utf-8")
    handler = partial(SimpleHTTPRequestHandler, directory=tmp_path)
    context = chromium.new_context()
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        try:
            page = context.new_page()
            page.goto(f"http://127.0.0.1:{other.server_port}/")
            inside = page.frame_locator("iframe")
            expect(inside.get_by_role("status")).to_contain_text("Connected as guest-")
            inside.get_by_role("link", name="Log in").click()
            inside.get_by_label("Username").fill("ana")
            inside.get_by_label("Password").fill("channels")
            inside.get_by_role("button", name="Log in").click()
            expect(inside.get_by_role("status")).to_contain_text("Connected as ana")
        finally:
            context.close()
            other.shutdown()


def test_the_plain_page_still_works(browse: OpenWindow, server: LiveServer) -> None:
    guest = browse()
    plain = guest.context.new_page()
    plain.goto(f"{server.url}/plain/")
    expect(plain.locator("#people li")).to_have_count(1)
    look_again(guest.page)
    expect(tabs(guest.page, people(guest.page).inner_text())).to_have_text("2 tabs")
    plain.locator("#text").fill("from the plain page")
    plain.get_by_role("button", name="Send").click()
    expect(messages(guest.page)).to_have_text(["from the plain page"])
