"""The presence board as a test in a browser sees it: a window, what it shows, who is there."""

from __future__ import annotations

import asyncio
import json
import re
import threading
import time
import urllib.request
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, TypeVar

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    FrameLocator,
    Locator,
    Page,
    expect,
)

from channels_lab import Client, LiveServer
from channels_lab.ports import HOST

SECONDS = 10  # that any single wait may take, in a browser or in a Python client
PASSWORD = "channels"
TOO_WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
# A lost connection is an error for the console of a browser; here it is what the test is about.
LOST = re.compile(
    r"WebSocket connection to"
    r"|net::ERR_(CONNECTION_\w+|EMPTY_RESPONSE|INTERNET_DISCONNECTED|NETWORK_CHANGED)"
)

# By the secret key of their server, which is a new one for each database, and their name.
_logged_in: dict[tuple[str, str], Client] = {}

Result = TypeVar("Result")
AnyWindow = TypeVar("AnyWindow", bound="Window")


class Window:
    """A browser of its own on the board: `Window(context, url).log_in("ana")`."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.context = context
        self.url = url
        self.errors: list[str] = []  # all that the console called an error, policy included
        context.set_default_timeout(SECONDS * 1000)
        expect.set_options(timeout=SECONDS * 1000)
        context.on("console", self._note)
        context.on("weberror", lambda error: self.errors.append(str(error.error)))
        context.on("dialog", lambda dialog: self.errors.append(f"dialog: {dialog.message}"))
        self.page = self.new_tab()

    def _note(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not LOST.search(message.text):
            self.errors.append(message.text)

    def new_tab(self) -> Page:
        """Open the page in a further tab of this browser and wait until it is there."""
        page = self.context.new_page()
        page.goto(self.url)
        self.wait_until_there(page)
        return page

    def wait_until_there(self, page: Page) -> None:
        """Wait until the board is connected."""
        expect(status(page)).to_contain_text("Connected as")

    def log_in(self, name: str) -> Window:
        """Log in through the page's own link and Django's form, and come back to the board."""
        self.page.get_by_role("link", name="Log in").click()
        self.page.get_by_label("Username").fill(name)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Log in").click()
        expect(status(self.page)).to_have_text(re.compile(f"Connected as {re.escape(name)}"))
        return self

    def say(self, text: str, to: str = "") -> None:
        """Write a message and press Enter."""
        self.page.get_by_label("To", exact=True).select_option(to)
        self.page.get_by_label("Message", exact=True).fill(text)
        self.page.keyboard.press("Enter")


def session(user: Client) -> dict[str, Any]:
    """What a browser keeps of a log-in, as an option of a new one: `storage_state`."""
    pairs = (cookie.strip().split("=", 1) for cookie in user.cookies.split(";"))
    rest = {"domain": HOST, "path": "/", "expires": -1, "httpOnly": False, "secure": False}
    cookies = [{"name": name, "value": value, "sameSite": "Lax", **rest} for name, value in pairs]
    return {"storage_state": {"cookies": cookies, "origins": []}}


def status(page: Page | FrameLocator) -> Locator:
    """The line that says whether the board is connected, and as whom."""
    return page.get_by_role("status")


def people(page: Page | FrameLocator) -> Locator:
    """The names of those who are online, as listed: first the one who looks."""
    return page.locator(".person .name")


def tabs(page: Page, name: str) -> Locator:
    """How many tabs somebody has, in words."""
    return page.locator(".person", has=page.get_by_text(name, exact=True)).locator(".tabs")


def look_again(page: Page) -> None:
    """Come back to a tab: then it counts tabs anew, and not only at its next turn (15 s)."""
    page.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")


def messages(page: Page | FrameLocator) -> Locator:
    """The texts of the log, oldest first."""
    return page.locator("[role=log] ol .text")


def online(server: LiveServer) -> list[dict[str, Any]]:
    """Who is online and with how many tabs, as the server says over HTTP."""
    with urllib.request.urlopen(f"{server.url}/online/", timeout=SECONDS) as answer:
        users: list[dict[str, Any]] = json.load(answer)["users"]
        return users


def wait_until_online(server: LiveServer, *wanted: dict[str, Any]) -> None:
    """Wait until these are online and nobody else: a close is over only after its answer."""
    end = time.monotonic() + SECONDS
    while (found := online(server)) != list(wanted):
        assert time.monotonic() < end, f"expected {list(wanted)} online, got {found}"
        time.sleep(0.02)


class Cell:
    """A notebook's event loop, for the Python clients: Playwright's own occupies the test."""

    def __init__(self) -> None:
        self._clients: list[Client] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Await this, as a cell does, and return its result."""
        future: Future[Result] = asyncio.run_coroutine_threadsafe(work, self._loop)
        return future.result(2 * SECONDS)  # the wait inside ends first, and says what for

    def received(self, client: Client, **wanted: Any) -> dict[str, Any]:
        """Wait for a frame that has these values; those before it are passed over."""

        async def look() -> dict[str, Any]:
            while True:
                frame: dict[str, Any] = await client.receive(SECONDS)
                if wanted.items() <= frame.items():
                    return frame

        return self.run(look())

    def logged_in(self, name: str, server: LiveServer) -> Client:
        """A user who has logged in once for all tests of a server; its `tab()` is another client.

        To check a password is slow on purpose. A test that logs out logs in by itself.
        """
        known = server.env["DJANGO_SECRET_KEY"], name
        if known not in _logged_in:
            _logged_in[known] = self.run(Client(name, server).login(timeout=SECONDS))
        return _logged_in[known]

    def client(self, name: str, server: LiveServer) -> Client:
        """Connect a Python client that has logged in and has seen the state."""
        new = self.keep(self.logged_in(name, server).tab())
        self.run(new.connect(timeout=SECONDS))
        self.received(new, event="state")
        return new

    def keep(self, client: Client) -> Client:
        """Close this client at the end, if nobody has."""
        self._clients.append(client)
        return client

    async def close_clients(self) -> None:
        """Say goodbye for all clients."""
        for each in self._clients:
            await each.close()

    def end(self) -> None:
        """Stop the loop, with the clients that a test left open."""
        self.run(self.close_clients())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(SECONDS)
        self._loop.close()


@contextmanager
def window(chromium: Browser, url: str, **options: Any) -> Iterator[Window]:
    """Open a browser on the board at ``url``; at the end nothing in it may have gone wrong."""
    with browser_window(chromium, url, Window, **options) as opened:
        yield opened


@contextmanager
def browser_window(
    chromium: Browser, url: str, kind: type[AnyWindow], **options: Any
) -> Iterator[AnyWindow]:
    """Open a browser on a page that this kind of window knows; the same holds at its end."""
    context = chromium.new_context(**{"viewport": {"width": 1100, "height": 800}, **options})
    try:
        opened = kind(context, url)
        yield opened
        assert opened.errors == []
    finally:
        context.close()
