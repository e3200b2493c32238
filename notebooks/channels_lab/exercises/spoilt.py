"""Boards with a fault, for a learner's tests to notice: each spoils what the right one sends.

They stand around the ASGI application and look at frames only, so that they need to know nothing of
how the board is made. A check puts this file beside the project that it tests.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Event = MutableMapping[str, Any]
Send = Callable[[Event], Awaitable[None]]


class Spoilt:
    """The right application, watched: ``tabs`` has the open connections and their users."""

    def __init__(self, application: Any) -> None:
        self.application = application
        self.tabs: dict[Send, str] = {}

    async def __call__(self, scope: Event, receive: Any, send: Send) -> None:
        """Run one connection, and do what is wrong at its moments."""

        async def watched_send(event: Event) -> None:
            await send(event)
            frame = json.loads(event.get("text") or "{}")
            if frame.get("event") == "state":
                await self.opened(frame["you"]["user"])
                self.tabs[send] = frame["you"]["user"]
            elif frame.get("type") == "message":
                await self.said(frame)

        try:
            await self.application(scope, receive, watched_send)
        finally:
            if name := self.tabs.pop(send, None):
                await self.closed(name)

    async def tell(self, frame: Event, *but: str) -> None:
        """Send a frame to every open connection, save to those of some users."""
        for send, name in list(self.tabs.items()):
            if name not in but:
                await send({"type": "websocket.send", "text": json.dumps(frame)})

    async def opened(self, name: str) -> None:
        """A connection has its state."""

    async def said(self, frame: Event) -> None:
        """A message has reached one connection."""

    async def closed(self, name: str) -> None:
        """A connection has ended."""


class AnnouncesEachTab(Spoilt):
    """The others hear `joined` for a second tab, too."""

    async def opened(self, name: str) -> None:
        """Announce a tab of somebody who is there already."""
        if name in self.tabs.values():
            await self.tell({"type": "online", "event": "joined", "user": name}, name)


class TakesEachTabForTheLast(Spoilt):
    """The others hear `left` when one tab of several is closed."""

    async def closed(self, name: str) -> None:
        """Take leave for somebody who is there still."""
        if name in self.tabs.values():
            await self.tell({"type": "online", "event": "left", "user": name}, name)


class WhispersAloud(Spoilt):
    """A message to one user reaches the others, too."""

    async def said(self, frame: Event) -> None:
        """Pass on what is for somebody else."""
        if frame["to"] is not None:
            await self.tell(frame, frame["from"], frame["to"])


class Switch:
    """The right application (``right``) or a spoilt one: ``board`` has the name of its class."""

    board = "right"

    def __init__(self, application: Any) -> None:
        spoilt = {kind.__name__: kind(application) for kind in Spoilt.__subclasses__()}
        self.boards = {"right": application, **spoilt}

    async def __call__(self, scope: Event, receive: Any, send: Send) -> None:
        """Run one connection on the board that is chosen at this moment."""
        await self.boards[self.board](scope, receive, send)
