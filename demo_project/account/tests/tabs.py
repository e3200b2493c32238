"""A browser tab in one process: what it sends and gets, through the whole of routing.py."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from channels.layers import get_channel_layer
from channels.testing import WebsocketCommunicator

from account.server import this_process
from myproject.asgi import application

IN_MEMORY = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
Frame = dict[str, Any]
NO_BROKER = ConnectionError("no broker")


class Tab:
    """A browser tab: what it sends, and what it gets."""

    def __init__(
        self, cookie: str = "", path: str = "/online/", header: tuple[bytes, bytes] | None = None
    ) -> None:
        headers = [(b"origin", b"http://localhost"), (b"cookie", cookie.encode())]
        headers += [header] if header else []
        self.communicator = WebsocketCommunicator(application, path, headers)
        self.sid = ""  # known with the state

    async def receive(self) -> Frame:
        frame: Frame = await self.communicator.receive_json_from(timeout=10)
        return frame

    async def send(self, **frame: Any) -> None:
        await self.communicator.send_to(text_data=json.dumps(frame))

    async def nothing_came(self) -> bool:
        """Whether the next frame is that of an event sent just now: then nothing was before it.

        The event takes the way over the layer, which keeps the order; a ping may overtake.
        """
        await get_channel_layer().send(self.sid, {"type": "online.off", "message": "nothing?"})
        return await self.receive() == {"type": "online", "event": "off", "message": "nothing?"}

    @property
    def task(self) -> "asyncio.Future[None]":
        task: asyncio.Future[None] = self.communicator.future
        return task


@asynccontextmanager
async def open_tab(cookie: str = "", query: str = "") -> AsyncIterator[tuple[Tab, Frame]]:
    """A connected tab and the state that it got; closed at the end."""
    tab = Tab(cookie, f"/online/?{query}")
    connected, _ = await tab.communicator.connect(timeout=10)
    assert connected
    try:
        state = await tab.receive()
        tab.sid = state["you"]["sid"]
        yield tab, state
    finally:
        await tab.communicator.disconnect(timeout=10)


def joined(user: str) -> Frame:
    return {"type": "online", "event": "joined", "user": user}


def left(user: str) -> Frame:
    return {"type": "online", "event": "left", "user": user}


def tabs(user: str, count: int) -> Frame:
    return {"type": "online", "event": "tabs", "user": user, "tabs": count}


def missed(epoch: str, last: int) -> Frame:
    detail = "Some messages came while you were away and are not kept any more."
    return {"type": "missed", "detail": detail, "history": {"epoch": epoch, "last": last}}


def message(sender: str, text: str, to: str | None = None) -> Frame:
    return {"type": "message", "from": sender, "text": text, "to": to}


async def beat() -> None:
    """Let the process look after its connections now, and wait until they have been told."""
    await this_process().beat()
    await asyncio.sleep(0.05)  # what it tells is told by tasks of their own
