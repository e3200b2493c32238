"""Fixtures of the tests in a browser: a headless Chromium, a new window."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tools.browser import browser, launch_arguments


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
