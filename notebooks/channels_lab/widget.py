"""BrowserSocket and LiveView: a real WebSocket of the browser that shows this page."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from .cable import Cable
from .errors import LabTimeout
from .server import LiveServer

_SCRIPT = """
function render({ model, el }) {
  const text = (tag, words, className) => {
    const node = document.createElement(tag);
    node.textContent = words;
    if (className) node.className = className;
    return node;
  };
  const state = text("strong", "connecting");
  state.setAttribute("role", "status");
  const log = text("ol", "", "frames");
  log.setAttribute("aria-label", "frames, the newest last");
  log.tabIndex = 0;
  const field = text("input", "");
  field.setAttribute("aria-label", "text of the frame");
  field.value = model.get("draft");
  const button = text("button", "Send");
  button.type = "submit";
  const form = document.createElement("form");
  form.append(field, button);
  const head = text("p", "Your browser, ", "head");
  head.append(state);
  el.classList.add("browser-socket");
  el.append(head, log, form);

  const socket = new WebSocket(model.get("url"));
  const tell = (name) => {
    state.textContent = name;
    model.set("state", name);
    model.save_changes();
  };
  const record = (way, data) => {
    const item = text("li", (way === "sent" ? "→ " : "← ") + data, way);
    log.append(item);
    log.scrollTop = log.scrollHeight;
    model.set("frames", [...model.get("frames"), [way, data]]);
    model.save_changes();
  };
  const send = (data) => {
    if (socket.readyState !== WebSocket.OPEN) {
      state.textContent = "not sent: the connection is not open";
      return;
    }
    socket.send(data);
    record("sent", data);
  };
  socket.onopen = () => tell("open");
  socket.onclose = (event) => tell("closed " + event.code);
  socket.onmessage = (event) => record("received", event.data);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(field.value);
  });
  // Keys typed here are for the field, not for the notebook's shortcuts.
  form.addEventListener("keydown", (event) => event.stopPropagation());
  const fromKernel = (message) => {
    if (message.send !== undefined) send(message.send);
    if (message.close !== undefined) socket.close(message.close);
  };
  model.on("msg:custom", fromKernel);
  return () => {
    model.off("msg:custom", fromKernel);
    socket.close();
  };
}
export default { render };
"""

_STYLE = """
.browser-socket { max-width: 44rem; padding: .75rem 1rem; border: 1px solid #8886;
  border-left: .3rem solid #0b7a75; border-radius: .4rem; font: 14px/1.5 system-ui, sans-serif;
  color: var(--jp-content-font-color1, inherit); }
.browser-socket .head { margin: 0 0 .4rem; }
.browser-socket .frames { list-style: none; margin: 0 0 .5rem; padding: 0; max-height: 12rem;
  overflow: auto; font: 13px/1.5 ui-monospace, monospace; overflow-wrap: anywhere; }
.browser-socket .frames:empty::after { content: "no frame yet"; opacity: .75; }
.browser-socket form { display: flex; gap: .5rem; }
.browser-socket input { flex: 1; min-width: 0; padding: .35rem .5rem; font: inherit;
  color: inherit; background: var(--jp-layout-color0, transparent); border: 1px solid #888; }
.browser-socket button { padding: .35rem .9rem; font: inherit; }
"""


class BrowserSocket(anywidget.AnyWidget):
    """A WebSocket that the browser itself opens to a live server, shown with its frames.

    ``state`` is ``connecting``, ``open`` or ``closed`` with the close code; ``frames`` is a list of
    ``[way, text]``, way being ``sent`` or ``received``. Where no browser shows the page (in CI, in
    a converted file) the state stays ``connecting`` and no frame passes.
    """

    _esm: str | Path = _SCRIPT
    _css: str | Path = _STYLE
    url = traitlets.Unicode().tag(sync=True)
    draft = traitlets.Unicode().tag(sync=True)
    state = traitlets.Unicode("connecting").tag(sync=True)
    frames: traitlets.List[list[str]] = traitlets.List().tag(sync=True)

    def __init__(self, server: LiveServer, path: str = "/online/", draft: Any = "") -> None:
        words = draft if isinstance(draft, str) else json.dumps(draft)
        super().__init__(url=server.ws_url(path), draft=words)

    def __repr__(self) -> str:
        return f"BrowserSocket({self.state}, {len(self.frames)} frames)"

    def send_frame(self, message: Any) -> None:
        """Let the browser send one frame: a ``str`` as it is, anything else as JSON text."""
        self.send({"send": message if isinstance(message, str) else json.dumps(message)})

    async def opened(self, timeout: float = 5.0) -> BrowserSocket:
        """Wait until the browser says that its connection is open, or raise ``LabTimeout``."""
        deadline = asyncio.get_running_loop().time() + timeout
        while self.state != "open":
            if asyncio.get_running_loop().time() > deadline:
                raise LabTimeout(
                    f"waited {timeout:g} s for a browser to open {self.url}, in vain "
                    f"(state: {self.state}); is this page open in a browser on this machine?"
                )
            await asyncio.sleep(0.05)
        return self


class LiveView(BrowserSocket):
    """A window on the live server: who is online, the frames as they pass, and what you can do.

    The browser's own WebSocket goes through a cable that this kernel holds, so that its buttons can
    pull it: *Drop the network* ends the TCP connection with no goodbye. ``state``, ``users``
    (names, sorted) and ``frames`` (``[way, text]``, the last 200) can be read by a later cell.

    >>> view = LiveView(server)
    >>> view.users
    ['ana', 'bob']
    """

    _esm = Path(__file__).with_name("live_view.js")
    _css = Path(__file__).with_name("live_view.css")
    users = traitlets.List(traitlets.Unicode()).tag(sync=True)

    def __init__(self, server: LiveServer, path: str = "/online/", draft: Any = None) -> None:
        draft = {"type": "message", "text": "hello"} if draft is None else draft
        super().__init__(server, path, draft)
        self._cable = Cable(server)
        self.url = self._cable.ws_url(path)
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
