"""A class of a check's own on the learner's server: the lesson's boards see nothing of it."""

from __future__ import annotations

import asyncio
import json
import secrets
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from typing import Any
from urllib.request import HTTPCookieProcessor, ProxyHandler, Request, build_opener

from ..client import Client
from ..exercise import Lab

TIMEOUT = 10.0  # seconds
INSTRUCTOR = "Dr. Eve"


@dataclass
class OwnClass:
    """A class that was opened: its code, its instructor's key, and the keys of who joined."""

    lab: Lab
    code: str
    key: str
    keys: dict[str, str] = field(default_factory=dict)

    def first_frame(self, name: str) -> dict[str, Any]:
        """The frame with which a learner joins; the same name is the same learner."""
        key = self.keys.setdefault(name, secrets.token_urlsafe(32))
        return {"type": "join", "code": self.code, "name": name, "key": key, "since": 0}

    async def join(self, name: str) -> tuple[Client, dict[str, Any]]:
        """A learner who has joined, and the welcome."""
        learner = await self.lab.client(name, "/classroom/learner/")
        await learner.send(self.first_frame(name))
        return learner, await learner.receive(TIMEOUT)

    async def open_board(self) -> tuple[Client, dict[str, Any]]:
        """A board of this class, and its state."""
        board = await self.lab.client(INSTRUCTOR, "/classroom/board/")
        await board.send({"type": "open", "key": self.key})
        return board, await board.receive(TIMEOUT)

    async def learner(self, name: str) -> dict[str, Any]:
        """A learner as a board shows them that is opened now."""
        board, state = await self.open_board()
        await board.close()
        return next(each for each in state["learners"] if each["name"] == name)


async def open_class(lab: Lab) -> OwnClass:
    """Open a class as the page does: with the cookie that it got, against CSRF."""
    opened = await asyncio.to_thread(_open, lab.server.url)
    return OwnClass(lab, opened["code"], opened["key"])


async def report(learner: Client, number: int, body: dict[str, Any], ago: float = 0) -> int:
    """Send a report; answer which one was taken last."""
    await learner.send({"type": "report", "number": number, "ago": ago, **body})
    return int((await learner.receive_only("taken"))["number"])


def _open(url: str) -> Any:
    cookies = CookieJar()
    http = build_opener(ProxyHandler({}), HTTPCookieProcessor(cookies))
    http.open(f"{url}/classroom/", timeout=TIMEOUT).close()
    token = next(cookie.value or "" for cookie in cookies if cookie.name == "csrftoken")
    wish = json.dumps({"title": "A check", "name": INSTRUCTOR}).encode()
    headers = {"Content-Type": "application/json", "Origin": url, "X-CSRFToken": token}
    request = Request(f"{url}/classroom/open/", wish, headers)
    with http.open(request, timeout=TIMEOUT) as answer:
        return json.load(answer)
