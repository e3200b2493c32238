"""Page: the page that a live server serves, in a frame of the notebook."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import anywidget
import traitlets

from .program import Event
from .server import LiveServer
from .shell import Text
from .trace import Trace


class Page(anywidget.AnyWidget):
    """A page of a live server in a frame: a browser beside the Clients, and a real one.

    The frame is there where a browser shows the notebook. It asks for the page by the host name by
    which the notebook itself was opened, so that the page keeps its cookies; above it stands the
    address, for where frames are blocked.

    >>> Page(server)
    Page(/)

    What stands behind a ``#`` of the ``path`` is for the page, and not shown: it may be a key.
    """

    _esm: str | Path = Path(__file__).with_name("page.js")
    _css: str | Path = Path(__file__).with_name("page.css")
    name = traitlets.Unicode().tag(sync=True)
    port = traitlets.Int().tag(sync=True)
    path = traitlets.Unicode().tag(sync=True)

    def __init__(self, server: LiveServer, path: str = "/") -> None:
        port = int(server.url.rpartition(":")[2])
        super().__init__(name=f"Page({path.partition('#')[0]})", port=port, path=path)
        self._server = server
        self._told = 0  # messages that written() has returned, or passed over

    def __repr__(self) -> str:
        return str(self.name)

    async def written(self, timeout: float = 10.0) -> Text:
        """Wait for a message that somebody writes on the page; return its frame, as it was sent.

        Of several, it is the last. When nothing comes within ``timeout`` seconds, or at once when
        no browser shows the page, a sentence says so instead: a lesson goes on without a browser.
        The server must be one that records.
        """
        record = self._server.record()
        deadline = asyncio.get_running_loop().time() + timeout
        while len(messages := _messages(record)) <= self._told:
            if not _is_open(record):
                return Text("No browser shows the page, so nobody can write on it.")
            if asyncio.get_running_loop().time() > deadline:
                return Text(
                    f"Nothing was written on the page, waited {timeout:g} s: write something, "
                    "press Send, and run this cell again."
                )
            await asyncio.sleep(0.05)
        self._told = len(messages)
        return Text(messages[-1])


def _messages(record: Trace) -> list[str]:
    """The frames of type ``message`` that browsers have sent, in order."""
    events = [
        event
        for connection in record.browsers()
        for event in connection.of("in", "websocket.receive")
        if _is_message(event)
    ]
    return [str(event["payload"]) for event in sorted(events, key=lambda event: int(event["at"]))]


def _is_message(event: Event) -> bool:
    try:
        frame = json.loads(event["payload"])
    except ValueError:
        return False
    return isinstance(frame, dict) and frame.get("type") == "message"


def _is_open(record: Trace) -> bool:
    return any(record.end_of(connection) == float("inf") for connection in record.browsers())
