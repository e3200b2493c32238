"""Fixtures of the tests in a browser: a headless Chromium, a new window, a class."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TypeVar

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from channels_lab import LiveServer
from tests.board import Cell, Window, browser_window
from tests.classroom import Board, Opened, open_classes
from tools import frontend
from tools.browser import browser, launch_arguments

CLASSES = 20  # at least as many as a file has tests
AnyWindow = TypeVar("AnyWindow", bound=Window)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A headless Chromium: the one of this machine."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=browser(), args=launch_arguments(), headless=True
        )
        yield started
        started.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A new window without cookies."""
    context = chromium.new_context(viewport={"width": 1360, "height": 900})
    yield context.new_page()
    context.close()


@pytest.fixture(scope="module")
def class_server() -> Iterator[LiveServer]:
    """The finished project; all learners of a file's tests come from one address."""
    frontend.build()
    with LiveServer(settings={"NEW_CONNECTIONS_PER_ADDRESS": "0"}) as started:
        yield started


@pytest.fixture(scope="module")
def classes(class_server: LiveServer) -> Iterator[Opened]:
    """Classes that nobody has used yet."""
    titles = [f"Channels {number}" for number in range(1, CLASSES + 1)]
    return iter(open_classes(class_server, *titles))


@pytest.fixture
def opened(classes: Iterator[Opened]) -> Iterator[Opened]:
    """A class of the test's own; after a test that ended its server, that runs again."""
    mine = next(classes)
    yield mine
    if mine.server.state == "ended":
        mine.server.restart()


@pytest.fixture
def cell() -> Iterator[Cell]:
    """Where the Python clients run."""
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
def instructor(windows: Callable[..., Board], opened: Opened) -> Callable[..., Board]:
    """Open a browser on the class: `instructor()`, `instructor(viewport=…)`."""
    return lambda **options: windows(Board, opened.board, **options)
