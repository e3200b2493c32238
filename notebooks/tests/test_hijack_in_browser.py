"""What lesson 10 says of browsers, in a real Chromium: which page gets whose socket."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from channels_lab import LiveServer, Workspace
from channels_lab.workspace import ROOT
from tests.board import PASSWORD, SECONDS

BOARD = "board.localhost"
NEIGHBOUR = "blog.board.localhost"  # of the same site, for a browser
STRANGER = "evil.localhost"  # of another site
SETTINGS = {"ALLOWED_HOSTS": f"{BOARD},127.0.0.1", "DJANGO_DEBUG": "1"}
# What a hostile page does: open the board's socket, and read what the board calls its visitor.
HIJACK = """(address) => new Promise((resolve) => {
    const socket = new WebSocket(address);
    socket.onmessage = (event) => resolve(JSON.parse(event.data).you.user);
    socket.onclose = () => resolve('refused');
})"""


class Blog(BaseHTTPRequestHandler):
    """A page without a policy, under any name."""

    def do_GET(self) -> None:
        """Answer with a page."""
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<h1>A blog</h1>")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def blog() -> Iterator[int]:
    """The port of a server of pages that are not the board's."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Blog) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.fixture
def spoiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A copy of the demo_project that looks at no Origin."""
    monkeypatch.setenv(ROOT, str(tmp_path))
    monkeypatch.chdir(tmp_path)
    copy = Workspace.demo(10)
    copy.edit("myproject/routing.py", "AllowedHostsOriginValidator(\n", "(\n")
    return copy


def users_seen(chromium: Browser, server: LiveServer, blog: int) -> dict[str, str]:
    """What each page's script gets while ana is logged in: host → user, or `refused`."""
    address = f"{BOARD}:{server.port}"
    context = chromium.new_context()
    context.set_default_timeout(SECONDS * 1000)
    page = context.new_page()
    page.goto(f"http://{address}/accounts/login/?next=/me/")
    page.fill("[name=username]", "ana")
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url(f"http://{address}/me/")
    seen: dict[str, str] = {}
    for host in (f"{address}/me/", f"{NEIGHBOUR}:{blog}/", f"{STRANGER}:{blog}/"):
        page.goto(f"http://{host}")
        seen[host.partition(":")[0]] = page.evaluate(HIJACK, f"ws://{address}/online/")
    context.close()
    return seen


def test_without_the_check_a_neighbour_speaks_as_the_visitor_and_a_stranger_as_a_guest(
    chromium: Browser, spoiled: Workspace, blog: int
) -> None:
    with LiveServer(spoiled, settings=SETTINGS) as server:
        seen = users_seen(chromium, server, blog)
    assert (seen[BOARD], seen[NEIGHBOUR]) == ("ana", "ana")
    assert seen[STRANGER].startswith("guest-")


def test_with_the_check_both_are_refused(chromium: Browser, blog: int) -> None:
    with LiveServer(settings=SETTINGS) as server:
        seen = users_seen(chromium, server, blog)
    assert seen == {BOARD: "ana", NEIGHBOUR: "refused", STRANGER: "refused"}
