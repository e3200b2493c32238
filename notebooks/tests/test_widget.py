"""LiveView: a real browser in a real JupyterLab, with a real WebSocket to the live server."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Page, expect

from tests.jupyter import Lab, await_kernel, open_notebook, run_cell, running_lab
from tools.notebook import METADATA

NOTEBOOKS = Path(__file__).resolve().parents[1]
SCREENSHOTS = os.environ.get("LAB_SCREENSHOTS")  # a folder, to look at what the test saw

_CELLS = [
    f"import sys; sys.path.insert(0, {str(NOTEBOOKS)!r})\n"
    "from channels_lab import Client, LiveServer\n"
    "from channels_lab.widget import LiveView\n"
    "server = LiveServer().start()\n"
    'bob = await Client("bob", server).login()\n'
    "await bob.connect(); await bob.receive()\n"
    "view = LiveView(server)\n"
    "view",
    "ways = [way for way, _ in view.frames]\n"
    'answered = any("bad_json" in text for _, text in view.frames)\n'
    'print("cell saw:", view.state, "bob" in view.users, ways.count("sent"), answered)',
    "server.stop()",
]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """JupyterLab on a folder with one notebook, which shows the live view."""
    root, home = tmp_path_factory.mktemp("view"), tmp_path_factory.mktemp("home")
    cells = [nbformat.v4.new_code_cell(source) for source in _CELLS]
    (root / "notebooks").mkdir()
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=METADATA)
    nbformat.write(notebook, root / "notebooks" / "view.ipynb")
    with running_lab(root, home) as running:
        yield running


def _look(page: Page, name: str) -> None:
    if SCREENSHOTS:
        page.screenshot(path=str(Path(SCREENSHOTS) / f"{name}.png"))


def _run(page: Page, number: int) -> None:
    run_cell(page.locator(".jp-CodeCell").nth(number))


def test_the_live_view_by_keyboard_in_a_real_lab(lab: Lab, page: Page) -> None:
    # Offline: nothing but this machine may be asked.
    page.route(
        "**/*",
        lambda route: route.continue_() if "//127.0.0.1" in route.request.url else route.abort(),
    )
    open_notebook(page, lab.page("view.ipynb", mode="doc"))
    await_kernel(page)
    _run(page, 0)
    view = page.get_by_role("group", name="Live view of the server")
    state = view.get_by_role("status")
    expect(state).to_have_text("open", timeout=30_000)
    online = view.get_by_role("list", name="Who is online")
    expect(online).to_contain_text("bob")
    log = view.get_by_role("log")
    expect(log).to_contain_text('"event": "state"')

    field = view.get_by_role("textbox", name="Frame to send")
    field.focus()
    page.keyboard.press("Enter")  # sends what is in it
    expect(log).to_contain_text('"from": "guest-')
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    malformed = view.get_by_role("button", name="Send malformed text")
    expect(malformed).to_be_focused()
    assert malformed.evaluate("node => getComputedStyle(node).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    expect(log).to_contain_text("bad_json")
    _look(page, "view-light")

    page.keyboard.press("Tab")
    expect(view.get_by_role("button", name="Drop the network")).to_be_focused()
    page.keyboard.press("Enter")
    expect(state).to_have_text("closed 1006")
    expect(view.get_by_role("button", name="Reconnect")).to_be_focused()
    page.keyboard.press("Enter")
    expect(state).to_have_text("open")
    expect(online).to_contain_text("bob")

    page.get_by_role("menuitem", name="Settings").click()
    page.get_by_text("Theme", exact=True).hover()
    page.get_by_text("JupyterLab Dark", exact=True).click()
    expect(page.locator("body")).to_have_attribute("data-jp-theme-name", "JupyterLab Dark")
    expect(page.locator("#jupyterlab-splash")).to_have_count(0)
    background = view.evaluate("node => getComputedStyle(node).backgroundColor")
    assert max(int(part) for part in re.findall(r"\d+", background)[:3]) < 80
    _look(page, "view-dark")
    page.set_viewport_size({"width": 400, "height": 900})
    assert view.evaluate("node => node.scrollWidth <= node.clientWidth")
    _look(page, "view-narrow")
    page.set_viewport_size({"width": 1100, "height": 900})

    _run(page, 1)
    seen = page.locator(".jp-OutputArea-output", has_text="cell saw:")
    expect(seen).to_have_text("cell saw: open True 2 True", timeout=15_000)
    _run(page, 2)
