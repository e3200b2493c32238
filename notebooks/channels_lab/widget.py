"""LiveView: a window on a live server, through a WebSocket of the browser that shows this page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from .cable import Cable
from .server import LiveServer


class LiveView(anywidget.AnyWidget):
    """A window on the live server: who is online, the frames as they pass, and what you can do.

    The browser's own WebSocket goes through a cable that this kernel holds, so that its buttons can
    pull it: *Drop the network* ends the TCP connection with no goodbye. ``state`` (``connecting``,
    ``open``, or ``closed`` with the close code), ``users`` (names, sorted) and ``frames`` (``[way,
    text]``, way being ``sent`` or ``received``, the last 200) can be read by a later cell. Where no
    browser shows the page (in CI, in a converted file) the state stays ``connecting`` and no frame
    passes.

    >>> view = LiveView(server)
    >>> view.users
    ['ana', 'bob']
    """

    _esm = Path(__file__).with_name("live_view.js")
    _css = Path(__file__).with_name("live_view.css")
    url = traitlets.Unicode().tag(sync=True)
    draft = traitlets.Unicode().tag(sync=True)
    state = traitlets.Unicode("connecting").tag(sync=True)
    frames: traitlets.List[list[str]] = traitlets.List().tag(sync=True)
    users = traitlets.List(traitlets.Unicode()).tag(sync=True)

    def __init__(self, server: LiveServer, path: str = "/online/", draft: Any = None) -> None:
        draft = {"type": "message", "text": "hello"} if draft is None else draft
        self._cable = Cable(server)
        words = draft if isinstance(draft, str) else json.dumps(draft)
        super().__init__(url=self._cable.ws_url(path), draft=words)
        self.on_msg(self._asked)

    def __repr__(self) -> str:
        there = (
            f"{len(self.users)} online" if self.state == "open" else f"{len(self.frames)} frames"
        )
        return f"LiveView({self.state}, {there})"

    def drop(self) -> None:
        """Pull the cable: the connection ends with no goodbye, and both ends see 1006."""
        self._cable.pull()

    def reconnect(self) -> None:
        """Let the browser connect again."""
        self.send({"reconnect": True})

    def close(self) -> None:
        """Remove the view and its cable."""
        self._cable.close()
        super().close()

    def _asked(self, _: Any, content: dict[str, Any], __: Any) -> None:
        if content.get("do") == "drop":
            self.drop()
