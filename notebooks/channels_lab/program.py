"""Program: what the cells themselves did, step by step, and what their clients saw arrive."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.frames import Frame as WireFrame
from websockets.frames import Opcode

Event = dict[str, Any]
MAX_PAYLOAD = 2_000  # characters of one payload that are kept, as in the record of the server


class Program:
    """The kernel's own side of a record: steps of the cells, and arrivals at their clients.

    A step knows which steps came before it by the program itself, not by the clock: those of its
    own task, those of tasks that had ended, and what the task that started it had done.
    """

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.owner: asyncio.Task[Any] | None = None  # the task of the cell that records a block
        self.servers: dict[int, str] = {}  # each server process that records: its id, its name
        self._last: dict[asyncio.Task[Any] | None, int] = {}  # each task's last step

    def write(self, event: Event) -> None:
        """Take one event of the recorder, when a cell itself uses the channel layer."""
        self._add(event | {"actor": "notebook"})

    def step(self, what: str, actor: str = "notebook", **details: Any) -> Event:
        """Note that a cell does something now, such as ``send``, in the name of ``actor``."""
        return self._add({"what": what, "at": time.monotonic_ns(), "actor": actor, **details})

    def arrival(self, what: str, actor: str, **details: Any) -> None:
        """Note what comes to a client by itself, whether a cell waits for it or not."""
        self.events.append({"what": what, "at": time.monotonic_ns(), "actor": actor, **details})

    def _add(self, event: Event) -> Event:
        try:
            task = asyncio.current_task()
        except RuntimeError:  # a cell, or a test, that awaits nothing
            task = None
        ended = {other for other in self._last if other is None or other.done()}
        before = {self._last[other] for other in ended | {task} if other in self._last}
        if task not in self._last and self.owner in self._last:
            before.add(self._last[self.owner])  # the cell has started this task, and waits for it
        event["after"] = sorted(before)
        if task is self.owner:
            for other in ended:
                del self._last[other]  # what comes after this step comes after them
        self._last[task] = len(self.events)
        self.events.append(event)
        return event


def text_of(value: Any) -> str:
    """A payload as text: a ``str`` as it is, bytes as Python writes them, the rest as JSON."""
    if isinstance(value, bytes | bytearray | memoryview):
        return repr(bytes(value[:MAX_PAYLOAD]))[:MAX_PAYLOAD]
    text = value if isinstance(value, str) else json.dumps(value, default=repr)
    return text[:MAX_PAYLOAD]


def watched(program: Program, actor: str) -> type[ClientConnection]:
    """A kind of connection that notes each frame as it arrives, before any cell reads it."""

    class WatchedConnection(ClientConnection):
        port: int | None = None
        _parts: list[bytes]
        _is_text = True

        def connection_made(self, transport: Any) -> None:
            self.port = transport.get_extra_info("sockname")[1]
            program.arrival("dial", actor, port=self.port)
            super().connection_made(transport)

        def process_event(self, event: Any) -> None:
            super().process_event(event)
            if not isinstance(event, WireFrame):
                return
            if event.opcode in (Opcode.TEXT, Opcode.BINARY):
                self._parts, self._is_text = [], event.opcode is Opcode.TEXT
            elif event.opcode is not Opcode.CONT:
                return
            self._parts.append(bytes(event.data))
            if event.fin:
                data = b"".join(self._parts)
                shown = data.decode(errors="replace") if self._is_text else data
                program.arrival("arrived", actor, port=self.port, payload=text_of(shown))

        def connection_lost(self, error: Exception | None) -> None:
            super().connection_lost(error)
            opened = self.response is not None and self.response.status_code == 101
            code = self.protocol.close_code
            program.arrival("lost", actor, port=self.port, code=code, opened=opened)

    return WatchedConnection
