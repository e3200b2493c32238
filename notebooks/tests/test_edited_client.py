"""Editing the Angular client: `npm start` beside a running board, and the page follows."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from channels_lab import LiveServer
from channels_lab.ports import free_port
from tests.board import browser_window, messages, window
from tests.classroom import Board, open_classes
from tests.jupyter import wait_until_served
from tools import frontend
from tools.frontend import FRONTEND, node_environment

END_SECONDS = 10


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the client to edit; the packages are used where they are."""
    frontend.build()
    ignored = shutil.ignore_patterns(*frontend.MADE)
    folder = tmp_path_factory.mktemp("edited") / "frontend"
    shutil.copytree(FRONTEND, folder, ignore=ignored)
    (folder / "node_modules").symlink_to(FRONTEND / "node_modules")
    return folder


@pytest.fixture(scope="module")
def board() -> Iterator[LiveServer]:
    """A board on a port of its own."""
    with LiveServer() as running:
        yield running


@pytest.fixture(scope="module")
def started(copy: Path, board: LiveServer) -> Iterator[str]:
    """The address at which `npm start` serves the copy, in front of the board."""
    port, log = free_port(), copy.parent / "npm.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            ["npm", "start", "--", f"--port={port}"],
            cwd=copy,
            env={**node_environment(), "BOARD_URL": board.url},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # npm has children: they end together
        )
        try:
            wait_until_served(process, f"http://127.0.0.1:{port}/", log)
            yield f"http://127.0.0.1:{port}/"
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(END_SECONDS)


def test_the_page_talks_to_the_board_and_follows_a_change(
    chromium: Browser, started: str, copy: Path
) -> None:
    with window(chromium, started) as ana:
        ana.log_in("ana")
        assert ana.page.url == started
        ana.say("from the development server")
        expect(messages(ana.page)).to_have_text(["from the development server"])
        template = copy / "src" / "app" / "app.component.html"
        text = template.read_text("utf-8")
        template.write_text(text.replace("Who is online", "Who is there"), "utf-8")
        expect(ana.page.get_by_role("heading", name="Who is there")).to_be_visible()


def test_the_board_of_a_class_is_there_too(
    chromium: Browser, started: str, board: LiveServer
) -> None:
    [opened] = open_classes(board, "From the development server")
    link = f"{started}classroom/board/#key={opened.key}"
    with browser_window(chromium, link, Board) as ada:
        expect(ada.page.get_by_role("heading", level=1)).to_have_text(opened.title)
