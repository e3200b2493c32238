"""Learners and instructors in one process: what they send and get, through all of routing.py."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.apps import apps

from classroom import codes, rules
from classroom.events import Frame, Opening
from classroom.hub import this_hub
from classroom.models import Room
from classroom.tests.board_state import after
from myproject.asgi import application

IN_MEMORY = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
SECONDS = 10.0


class Person:
    """One connection to a class."""

    path = ""

    def __init__(self, address: str | None = None) -> None:
        headers = [(b"origin", b"http://localhost")]
        self.socket = WebsocketCommunicator(application, self.path, headers)
        if address is not None:
            self.socket.scope["client"] = [address, 1]

    async def connect(self) -> None:
        connected, _ = await self.socket.connect(timeout=SECONDS)
        assert connected

    async def send(self, **frame: Any) -> None:
        await self.socket.send_to(text_data=json.dumps(frame))

    async def receive(self) -> Frame:
        frame: Frame = await self.socket.receive_json_from(timeout=SECONDS)
        return frame

    async def closed(self) -> int:
        """The code that the server closes with; nothing may come before it."""
        output = await self.socket.receive_output(timeout=SECONDS)
        assert output["type"] == "websocket.close", output
        return int(output["code"])

    async def ask(self, **frame: Any) -> Frame:
        """Send a frame; the next one that comes."""
        await self.send(**frame)
        return await self.receive()

    async def nothing_came(self) -> bool:
        """Whether a pong is the next frame: all that was on its way has come then."""
        return await self.ask(type="ping", id="nothing?") == {"type": "pong", "id": "nothing?"}


class Learner(Person):
    """A learner's connection, which counts its reports."""

    path = "/classroom/learner/"

    def __init__(self, code: str, name: str, key: str = "", address: str | None = None) -> None:
        super().__init__(address)
        self.code, self.name, self.key = code, name, key or codes.new_key()
        self.number = 0

    async def join(self, since: int = 0) -> Frame:
        """Join: the first frame that comes."""
        words = {"code": self.code, "name": self.name, "key": self.key, "since": since}
        frame = await self.ask(type="join", **words)
        self.number = frame.get("taken", 0)
        return frame

    async def report(self, what: str, ago: float = 0, **more: Any) -> None:
        """Report something, and see that it was taken."""
        self.number += 1
        report = {"type": "report", "number": self.number, "ago": ago, "what": what, **more}
        assert await self.ask(**report) == {"type": "taken", "number": self.number}


class Board(Person):
    """An instructor's connection, which keeps the state as every board has to."""

    path = "/classroom/board/"

    def __init__(self, key: str, address: str | None = None) -> None:
        super().__init__(address)
        self.key = key
        self.state: Frame = {}
        self.done: Frame = {}

    async def open(self, name: str = "Dr. Ada") -> Frame:
        """Open the board: its state."""
        self.take(await self.ask(type="open", key=self.key, name=name))
        return self.state

    async def next(self) -> Frame:
        """The next frame; the state follows it."""
        self.take(frame := await self.receive())
        return frame

    async def want(self, **wish: Any) -> Frame:
        """Ask for something: the answer to it, once the board shows what came of it."""
        await self.send(id="wish", **wish)
        while (frame := await self.next())["type"] not in ("done", "error"):
            pass
        await self.is_up_to_date()
        return frame

    async def is_up_to_date(self) -> None:
        """Take frames until the board shows all that the database has."""
        room = await Room.objects.filter(instructors__key=codes.digest(self.key)).afirst()
        while room is not None and self.state["version"] < room.version:
            await self.next()

    def take(self, frame: Frame) -> None:
        """Let a frame change the state."""
        if frame["type"] == "class":
            self.state = after(self.state, frame)

    @property
    def learners(self) -> dict[str, Frame]:
        """The learners by name."""
        return {each["name"]: each for each in self.state["learners"]}


async def open_class(title: str = "Channels") -> rules.Opened:
    """Open a class."""
    return await sync_to_async(rules.open_class)(Opening(title, "Dr. Ada"))


@asynccontextmanager
async def joined(
    code: str, name: str = "ana", key: str = "", since: int = 0
) -> AsyncIterator[tuple[Learner, Frame]]:
    """A learner who has joined, and the welcome; gone at the end."""
    learner = Learner(code, name, key)
    await learner.connect()
    try:
        yield learner, await learner.join(since)
    finally:
        await learner.socket.disconnect(timeout=SECONDS)


@asynccontextmanager
async def opened(key: str, name: str = "Dr. Ada") -> AsyncIterator[Board]:
    """An open board; closed at the end."""
    board = Board(key)
    await board.connect()
    try:
        await board.open(name)
        yield board
    finally:
        await board.socket.disconnect(timeout=SECONDS)


async def beat(times: int = 2) -> None:
    """Let the process look after its connections now; what differs at two beats is put right."""
    for _ in range(times):
        await this_hub().beat()
    # What it tells is told by tasks of their own: a client that is slow holds up no other.
    telling = [task for task in asyncio.all_tasks() if _name(task).endswith(".catch_up")]
    if telling:
        _, late = await asyncio.wait(telling, timeout=SECONDS)
        assert not late, f"{late} did not end within {SECONDS} s"


def _name(task: asyncio.Task[Any]) -> str:
    return str(getattr(task.get_coro(), "__qualname__", ""))


@sync_to_async
def everything() -> str:
    """All rows of the classroom, as text."""
    models = apps.get_app_config("classroom").get_models(include_auto_created=True)
    return "\n".join(str(row) for model in models for row in model._default_manager.values())
