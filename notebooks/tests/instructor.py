"""An instructor of a real class: opens it over HTTP, and keeps the board as the wire tells it."""

from __future__ import annotations

import json
import re
import threading
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from http.cookiejar import CookieJar
from typing import Any, Self

from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import ClientConnection, connect

from channels_lab import LiveServer

SECONDS = 40.0  # for anything to happen
Frame = dict[str, Any]


def open_class(server: LiveServer, title: str = "Channels") -> tuple[str, str]:
    """Open a class, as the page does on the instructor's machine: its code, and its key."""
    cookies = CookieJar()
    browser = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(cookies)
    )
    browser.open(f"{server.url}/classroom/", timeout=SECONDS).close()
    token = next(str(cookie.value) for cookie in cookies if cookie.name == "csrftoken")
    request = urllib.request.Request(
        f"{server.url}/classroom/open/",
        json.dumps({"title": title, "name": "Dr. Ada"}).encode(),
        {"Content-Type": "application/json", "X-CSRFToken": token, "Origin": server.url},
    )
    with browser.open(request, timeout=SECONDS) as answer:
        opened = json.load(answer)
    assert re.fullmatch(r"\w{4}-\w{4}", opened["code"])
    return opened["code"], opened["key"]


class Instructor:
    """A board without a page; it comes back by itself when the server does."""

    def __init__(self, server: LiveServer, key: str) -> None:
        self.learners: dict[str, Frame] = {}  # by name
        self.shown: list[Frame] = []
        self.frames: list[Frame] = []  # every frame that came
        self._by_id: dict[int, Frame] = {}
        self._server = server
        self._key = key
        self._news = threading.Condition()
        self._socket: ClientConnection | None = None
        self._has_left = False
        self._thread = threading.Thread(target=self._listen)

    def __enter__(self) -> Self:
        self._thread.start()
        self.until(lambda: self.frames, "the state of the class")
        return self

    def __exit__(self, *error: object) -> None:
        self._has_left = True
        if self._socket is not None:
            self._socket.close()
        self._thread.join(SECONDS)

    def until(self, condition: Callable[[], object], what: str) -> None:
        """Wait until a frame makes a condition true."""
        with self._news:
            if not self._news.wait_for(condition, SECONDS):
                raise AssertionError(f"waited {SECONDS:g} s for {what}; learners: {self.learners}")

    def note(self, kind: str, text: str, to: Any = "all") -> None:
        """Write a note."""
        self._ask({"type": "note", "kind": kind, "text": text, "to": to})

    def hand_down(self, name: str) -> None:
        """Take a learner's hand down."""
        self._ask({"type": "hand_down", "learner": self.learners[name]["id"]})

    def remove(self, name: str) -> None:
        """Take a learner out of the class."""
        self._ask({"type": "remove", "learner": self.learners[name]["id"]})

    def _ask(self, wish: Frame) -> None:
        before = len(self.frames)
        assert self._socket is not None
        self._socket.send(json.dumps({**wish, "id": "wish"}))
        self.until(
            lambda: any(frame["type"] in ("done", "error") for frame in self.frames[before:]),
            "an answer",
        )
        answers = [f for f in self.frames[before:] if f["type"] in ("done", "error")]
        assert answers[0]["type"] == "done", answers

    def _listen(self) -> None:
        while not self._has_left:
            with suppress(OSError, InvalidHandshake, ConnectionClosed):
                origin: Any = self._server.url
                with connect(
                    self._server.ws_url("/classroom/board/"), origin=origin, max_size=None,
                    proxy=None, open_timeout=2,
                ) as self._socket:  # fmt: skip
                    first = {"type": "open", "key": self._key, "name": "Dr. Ada"}
                    self._socket.send(json.dumps(first))
                    for text in self._socket:
                        self._take(json.loads(text))

    def _take(self, frame: Frame) -> None:
        with self._news:
            self.frames.append(frame)
            match frame.get("event"):
                case "state":
                    self._by_id = {each["id"]: each for each in frame["learners"]}
                    self.shown = list(frame["shown"])
                case "changed":
                    change = dict(frame["learner"])
                    known = self._by_id.setdefault(change["id"], {})
                    for key in ("steps", "exercises"):
                        if key in known and key in change:
                            change[key] = known[key] | change[key]
                    known.update(change)
                case "removed":
                    self._by_id.pop(frame["learner"], None)
                case "shown":
                    self.shown.append(frame["shown"])
            self.learners = {each["name"]: each for each in self._by_id.values()}
            self._news.notify_all()
