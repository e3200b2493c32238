"""A class of a few lines, on a real WebSocket: it can do what the real one must not do.

It hangs, forgets, refuses and answers nonsense when it is told to; what learners send is kept.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Self

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from channels_lab.ports import HOST, free_port

CODE = "K7PM-2QXR"
SECONDS = 20.0  # for anything to happen
Frame = dict[str, Any]


class FakeClass:
    """A class with this title; ``with FakeClass() as room`` runs it in a thread of its own."""

    def __init__(self, title: str = "Channels", code: str = CODE) -> None:
        self.title = title
        self.code = code
        self.port = free_port()
        self.frames: list[Frame] = []  # all that learners sent, in order
        self.reports: list[Frame] = []  # those that were carried out
        self.raw: list[str] = []  # the text of every frame
        self.taken: dict[str, int] = {}
        self.notes: list[Frame] = []
        self.connections: set[ServerConnection] = set()
        self.is_mute = False  # takes frames and answers none
        self.close_with: int | None = None  # instead of a welcome
        self.errors: list[str] = []  # codes to answer the next reports with
        self._news = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.kill()
        self._loop.close()

    @property
    def url(self) -> str:
        """The address of its server."""
        return f"http://{HOST}:{self.port}"

    def start(self) -> None:
        """Serve, on the same port as before."""
        started = threading.Event()
        self._stop.clear()

        async def run() -> None:
            async with serve(self._serve, HOST, self.port, close_timeout=0.1):
                started.set()
                await self._stop.wait()
                for connection in list(self.connections):
                    connection.transport.abort()

        self._thread = threading.Thread(target=lambda: self._loop.run_until_complete(run()))
        self._thread.start()
        assert started.wait(SECONDS)

    def kill(self) -> None:
        """End at once: connections end with no goodbye."""
        if self._thread is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(SECONDS)
            self._thread = None

    def drop(self) -> None:
        """Lose every connection, with no goodbye."""

        def drop() -> None:
            for connection in list(self.connections):
                connection.transport.abort()

        self._loop.call_soon_threadsafe(drop)

    def until(self, condition: Callable[[], object], what: str) -> None:
        """Wait until something that learners send makes a condition true."""
        with self._news:
            if not self._news.wait_for(condition, SECONDS):
                raise AssertionError(f"waited {SECONDS:g} s for {what}; frames: {self.frames}")

    def whats(self) -> list[str]:
        """What was reported and carried out, in order."""
        return [frame["what"] for frame in self.reports]

    def send(self, frame: Frame) -> None:
        """Send a frame to every learner that is connected."""

        async def send() -> None:
            for connection in list(self.connections):
                await connection.send(json.dumps(frame))

        asyncio.run_coroutine_threadsafe(send(), self._loop).result(SECONDS)

    def say(self, number: int, kind: str, text: str) -> None:
        """Write a note to everybody."""
        note = {"number": number, "kind": kind, "text": text, "at": "2030-01-31T12:00:00Z"}
        self.notes.append(note)
        self.send({"type": "class", "event": "note", "note": note})

    # ------------------------------------------------------------------ the server's side

    def _note(self, text: str) -> Frame:
        frame: Frame = json.loads(text)
        with self._news:
            self.raw.append(text)
            self.frames.append(frame)
            self._news.notify_all()
        return frame

    async def _serve(self, socket: ServerConnection) -> None:
        with suppress(ConnectionClosed):
            first = self._note(str(await socket.recv()))
            if self.close_with:
                return await socket.close(self.close_with)
            if self.is_mute:
                await socket.wait_closed()
            if first["code"] != self.code:
                return await socket.close(4404)
            await self._learner(socket, first)

    async def _learner(self, socket: ServerConnection, first: Frame) -> None:
        key, since = first["key"], first["since"]
        self.taken.setdefault(key, 0)
        welcome = {
            "type": "class",
            "event": "welcome",
            "class": {"title": self.title, "paused": False},
            "you": {"name": first["name"], "stuck": False},
            "taken": self.taken[key],
            "notes": [note for note in self.notes if note["number"] > since],
        }
        await socket.send(json.dumps(welcome))
        with self._news:
            self.connections.add(socket)
            self._news.notify_all()
        try:
            async for text in socket:
                frame = self._note(str(text))
                if self.is_mute:
                    continue
                if frame["type"] == "leave":
                    await socket.send(json.dumps({"type": "class", "event": "left"}))
                    return await socket.close(1000)
                if self.errors:
                    error = {"type": "error", "code": self.errors.pop(0), "detail": "made up"}
                    await socket.send(json.dumps(error))
                    continue
                if frame["number"] == self.taken[key] + 1:
                    self.taken[key] += 1
                    with self._news:
                        self.reports.append(frame)
                        self._news.notify_all()
                await socket.send(json.dumps({"type": "taken", "number": self.taken[key]}))
        finally:
            with self._news:
                self.connections.discard(socket)
                self._news.notify_all()
