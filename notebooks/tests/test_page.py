"""Page: what it says in a kernel without a browser, and what its script makes in one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page as BrowserPage
from websockets.asyncio.client import connect

import channels_lab
from channels_lab import Client, LabError, LiveServer
from channels_lab.page import Page

SCRIPT = Path(channels_lab.__file__).with_name("page.js").read_text("utf-8")
NOBODY = "No browser shows the page, so nobody can write on it."


def draw(page: BrowserPage, state: dict[str, object]) -> None:
    """Let the script draw what the kernel says, as JupyterLab does."""
    page.add_script_tag(
        type="module",
        content=f"{SCRIPT}\nconst state = {json.dumps(state)};\n"
        "render({ model: { get: (name) => state[name] }, el: document.querySelector('main') });",
    )


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    with LiveServer(record=True) as running:
        yield running


def test_its_text_is_the_same_in_every_run(server: LiveServer) -> None:
    assert repr(Page(server)) == "Page(/)"
    assert repr(Page(server, "/plain/")) == "Page(/plain/)"
    assert repr(Page(server, "/classroom/board/#key=secret")) == "Page(/classroom/board/)"


async def test_without_a_browser_it_says_so_at_once(server: LiveServer) -> None:
    ana = await Client("ana", server).connect()  # a client of a cell is nobody's browser
    await ana.send({"type": "message", "text": "of a cell"})
    assert await Page(server).written(timeout=60) == NOBODY
    await ana.close()


async def test_it_gives_each_message_once_and_waits_for_the_next(server: LiveServer) -> None:
    page = Page(server)
    message = '{"type":"message","text":"of the page"}'
    origin = server.url
    async with connect(server.ws_url(), origin=origin, proxy=None) as tab:  # type: ignore[arg-type]
        await tab.recv()
        for frame in ('{"type":"ping","id":1}', "no json", "[]"):
            await tab.send(frame)
        assert (await page.written(timeout=0.3)).startswith("Nothing was written on the page")
        await tab.send(message)
        shown = await page.written()
        assert (shown, repr(shown)) == (message, message)
        assert "waited 0.3 s" in await page.written(timeout=0.3)
        await tab.send(json.dumps({"type": "message", "text": "one"}))
        await tab.send(json.dumps({"type": "message", "text": "two"}))
        while '"two"' not in str(await tab.recv()):
            pass  # its copy says that both have arrived
        assert json.loads(await page.written())["text"] == "two"
    assert await page.written(timeout=60) == NOBODY


async def test_a_server_that_does_not_record_is_named() -> None:
    with LiveServer() as silent, pytest.raises(LabError, match="expected a server that records"):
        await Page(silent).written()


@pytest.mark.parametrize(
    ("notebook", "address", "framed"),
    [
        ("http://127.0.0.1:8888/", "http://127.0.0.1:4000/", True),
        ("http://localhost:8888/", "http://localhost:4000/", True),
        ("http://hub.example/user/ana/", "http://127.0.0.1:4000/", False),
    ],
)
def test_the_frame_has_the_host_of_the_notebook_and_none_where_it_cannot_be_reached(
    page: BrowserPage, notebook: str, address: str, framed: bool
) -> None:
    page.route("**/*", lambda route: route.fulfill(body="<main></main>", content_type="text/html"))
    page.goto(notebook)
    draw(page, {"name": "Page(/)", "port": 4000, "path": "/"})
    link = page.get_by_role("link", name=address)
    assert link.get_attribute("href") == address
    assert link.get_attribute("target") == "_blank"
    assert page.locator("iframe").count() == framed
    if framed:
        assert page.locator("iframe").get_attribute("src") == address
    else:
        assert "comes from another host" in page.locator("main").inner_text()


def test_what_stands_behind_a_hash_goes_to_the_page_and_is_not_shown(page: BrowserPage) -> None:
    page.route("**/*", lambda route: route.fulfill(body="<main></main>", content_type="text/html"))
    page.goto("http://127.0.0.1:8888/")
    draw(page, {"name": "Page(/board/)", "port": 4000, "path": "/board/#key=secret"})
    address = "http://127.0.0.1:4000/board/"
    assert page.locator("iframe").get_attribute("src") == f"{address}#key=secret"
    link = page.get_by_role("link", name=address)
    assert link.get_attribute("href") == f"{address}#key=secret"
    assert "secret" not in page.locator("main").inner_text()
