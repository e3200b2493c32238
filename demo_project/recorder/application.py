"""RecordedApplication: the ASGI middleware that notes what server and application exchange."""

from __future__ import annotations

import asyncio
import contextvars
import itertools
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from .journal import Journal, connection, payload

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_numbers = itertools.count(1)


class RecordedApplication:
    """An ASGI application whose connections are written down: scope, events both ways, end.

    It is a plain callable that hands back the task of the inner application, and not a coroutine
    around it: so it has no line in the traceback when the application raises.
    """

    # asgiref takes a callable that is not a coroutine function for one of ASGI 2, unless told.
    _asgi_single_callable = True

    def __init__(self, application: Application, journal: Journal) -> None:
        self.application = application
        self.journal = journal

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Run one connection in a context that knows its number."""
        if scope["type"] not in ("http", "websocket"):
            return self.application(scope, receive, send)
        context = contextvars.copy_context()
        context.run(connection.set, next(_numbers))
        return context.run(self._start, scope, receive, send)

    def _start(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        note = self.journal.note
        client = scope.get("client") or (None, None)
        note("scope", type=scope["type"], path=scope["path"], port=client[1])

        async def recorded_receive() -> Message:
            note("ready", by="client")
            event = await receive()
            note("in", type=event["type"], code=event.get("code"), **_data(event))
            return event

        async def recorded_send(event: Message) -> None:
            # Before it is sent, because the other end may be quick.
            details = {"code": event.get("code"), "status": event.get("status")}
            note("out", type=event.get("type"), **details, **_data(event))
            await send(event)

        running = asyncio.ensure_future(self.application(scope, recorded_receive, recorded_send))
        running.add_done_callback(self._ended, context=contextvars.copy_context())
        return running

    def _ended(self, running: asyncio.Future[None]) -> None:
        if running.cancelled():
            self.journal.note("end", error="cancelled")
        elif error := running.exception():
            self.journal.note("end", error=type(error).__name__, says=str(error)[:200])
        else:
            self.journal.note("end", error=None)


def _data(event: Message) -> dict[str, Any]:
    if not str(event.get("type")).startswith("websocket."):
        return {}  # bodies of HTTP pages are of no interest here
    data = event.get("text") if event.get("text") is not None else event.get("bytes")
    return {} if data is None else payload(data)
