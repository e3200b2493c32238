"""The board behind JupyterLab's own proxy, at /proxy/8080/: nothing of it may leave the prefix."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Response, expect

from channels_lab import LiveServer
from tests.board import Window, messages, people, status
from tests.classroom import Board, Landing, open_classes
from tests.jupyter import Lab, running_lab
from tools import frontend


class Traffic:
    """All that a browser asks for: what lies outside a prefix, and what is not answered well."""

    def __init__(self, context: BrowserContext, prefix: str) -> None:
        self.prefix = prefix
        self.count = 0
        self.bad: list[str] = []
        context.on("response", self._answered)
        context.on("page", lambda page: page.on("websocket", lambda each: self._asked(each.url)))

    def _answered(self, response: Response) -> None:
        self._asked(response.url)
        if response.status >= 400:
            self.bad.append(f"{response.status} {response.url}")

    def _asked(self, url: str) -> None:
        self.count += 1
        if not url.replace("ws:", "http:").startswith(self.prefix):
            self.bad.append(url)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """JupyterLab as `make lab` starts it: jupyter-server-proxy is in it."""
    root, home = tmp_path_factory.mktemp("course"), tmp_path_factory.mktemp("home")
    with running_lab(root, home) as running:
        yield running


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    """A running board, with a class in it."""
    frontend.build()
    with LiveServer() as started:
        yield started


@pytest.fixture
def board(lab: Lab, server: LiveServer) -> str:
    """The address of the running board behind the prefix."""
    return f"{lab.url}/proxy/{server.port}/"


@pytest.fixture
def known(chromium: Browser, lab: Lab) -> Iterator[BrowserContext]:
    """A browser that JupyterLab knows by its token."""
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{lab.url}/api/contents?token={lab.token}")
    page.close()
    yield context
    context.close()


def expect_style(page: Page) -> None:
    """Wait until the style sheet is there: it gives the page a ground."""
    expect(page.locator("body")).not_to_have_css("background-color", "rgba(0, 0, 0, 0)")


def test_logging_in_talking_and_logging_out_stay_behind_the_prefix(
    board: str, known: BrowserContext
) -> None:
    traffic = Traffic(known, board)
    ana = Window(known, board)
    expect_style(ana.page)
    ana.page.get_by_role("link", name="Log in").click()
    expect(ana.page).to_have_url(f"{board}accounts/login/")
    expect_style(ana.page)
    ana.page.go_back()
    ana.log_in("ana")
    assert ana.page.url == board
    ana.say("from behind")
    expect(messages(ana.page)).to_have_text(["from behind"])
    ana.page.get_by_role("button", name="Log out").click()
    expect(status(ana.page)).to_contain_text("Connected as guest-")
    assert ana.page.url == board
    assert traffic.count > 10
    assert ana.errors == traffic.bad == []


def test_the_plain_page_stays_behind_the_prefix(board: str, known: BrowserContext) -> None:
    traffic = Traffic(known, board)
    guest = Window(known, board)
    plain = known.new_page()
    plain.goto(f"{board}plain/")
    expect_style(plain)
    expect(plain.locator("#people li")).to_have_count(1)
    plain.get_by_label("Message", exact=True).fill("from the plain page")
    plain.get_by_role("button", name="Send").click()
    expect(messages(guest.page)).to_have_text(["from the plain page"])
    plain.get_by_role("link", name="Log in").click()
    plain.get_by_label("Username").fill("ana")
    plain.get_by_label("Password").fill("channels")
    plain.get_by_role("button", name="Log in").click()
    expect(people(plain).first).to_have_text("ana")
    assert plain.url == board
    plain.goto(f"{board}plain/")
    plain.get_by_role("button", name="Log out").click()
    expect(plain).to_have_url(board)
    assert guest.errors == traffic.bad == []


def test_the_classroom_stays_behind_the_prefix(
    board: str, server: LiveServer, known: BrowserContext
) -> None:
    [opened] = open_classes(server, "Behind a prefix")
    traffic = Traffic(known, board)
    landing = Landing(known, f"{board}classroom/#{opened.code}")
    expect_style(landing.page)
    cell = landing.page.get_by_label("Put this into a new cell").input_value()
    assert f'at="{board.rstrip("/")}"' in cell
    ada = Board(known, f"{board}classroom/board/#key={opened.key}")
    expect(ada.page.get_by_role("heading", level=1)).to_have_text("Behind a prefix")
    ada.press("The class …")
    link = ada.page.get_by_label("Link for learners").input_value()
    assert link == f"{board}classroom/#{opened.code}"
    with ada.page.expect_download():
        ada.press("JSON")
    assert traffic.count > 10
    assert landing.errors == ada.errors == traffic.bad == []
