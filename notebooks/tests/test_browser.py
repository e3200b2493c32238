"""The browser of the browser test: found where it is, or asked for in one sentence."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser

from tools import browser

OFF = "--disable-features="


def a_program(path: Path) -> Path:
    """Write a program that can be run."""
    path.write_text("#!/bin/sh\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def test_the_browser_on_path_is_found(tmp_path: Path) -> None:
    chrome = a_program(tmp_path / "google-chrome")
    assert browser.find_browser(str(tmp_path)) == chrome
    chromium = a_program(tmp_path / "chromium")
    assert browser.find_browser(str(tmp_path)) == chromium


def test_an_application_is_found_without_path(tmp_path: Path) -> None:
    application = a_program(tmp_path / "Google Chrome")
    assert browser.find_browser("", [str(application)]) == application


def test_no_browser_is_one_clear_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser, "find_browser", lambda: None)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(browser.NoBrowser, match="needs Chromium or Google Chrome and there is"):
        browser.browser()


def test_a_browser_keeps_switched_off_what_playwright_switches_off(chromium: Browser) -> None:
    assert chromium.is_connected()
    lists = {  # a set: between fork and exec a child has its parent's command line
        frozenset(
            name for part in line if part.startswith(OFF) for name in part[len(OFF) :].split(",")
        )
        for process in psutil.Process().children(recursive=True)
        if OFF in " ".join(line := process.cmdline())
        and "--headless" in line
        and not any(part.startswith("--type=") for part in line)
    }
    assert lists == {frozenset({*browser.SWITCHED_OFF_BY_PLAYWRIGHT, *browser.SUGGESTIONS})}
