"""The figures of one server process, for Prometheus.

Names and labels follow https://prometheus.io/docs/practices/naming/. The library adds the memory,
the open files and the garbage collector of the process.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from channels.layers import get_channel_layer
from prometheus_client import Counter, Gauge, Histogram

OPEN = Gauge("board_connections", "Open WebSockets.")
CONNECTS = Counter("board_connects", "WebSockets that were accepted.")
REFUSED = Counter("board_refused", "WebSockets that were not accepted.")
CLOSED = Counter("board_closed", "WebSockets that ended, by close code.", ["code"])
RECEIVED = Counter("board_received_frames", "Frames that came from clients.")
SENT = Counter("board_sent_frames", "Frames that went to clients.")
ERRORS = Counter("board_errors", "Frames that told a client of an error, by its code.", ["code"])
DROPPED = Counter("board_dropped", "Connections that the server cut off, by reason.", ["reason"])
FAN_OUT = Histogram(
    "board_fan_out_seconds",
    "From the sending of an event over the broker until a consumer of this process has it.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
TASKS = Gauge("board_tasks", "Tasks of the event loop.")
CHANNELS = Gauge("board_channels", "Channels of connections that the channel layer keeps.")
GROUP_ENTRIES = Gauge("board_group_entries", "Members of all groups of the channel layer.")

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Any, Any, Any], Awaitable[None]]

_ERROR = '{"type": "error"'  # how such a frame begins, as json.dumps writes it


def counted(application: Application) -> Application:
    """Let an ASGI application of WebSockets be counted: what comes, what goes, how it ends."""

    async def run(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        accepted, code = False, "none"

        async def receive_and_count() -> Message:
            nonlocal code
            message = await receive()
            if message["type"] == "websocket.receive":
                RECEIVED.inc()
            elif message["type"] == "websocket.disconnect" and code == "none":
                code = _code(message.get("code"))
            return message

        async def count_and_send(message: Message) -> None:
            nonlocal accepted, code
            if message["type"] == "websocket.accept":
                accepted = True
                CONNECTS.inc()
                OPEN.inc()
            elif message["type"] == "websocket.send":
                SENT.inc()
                text = message.get("text") or ""
                if text.startswith(_ERROR):
                    ERRORS.labels(json.loads(text)["code"]).inc()
            elif message["type"] == "websocket.close":
                code = _code(message.get("code"))
            await send(message)

        try:
            await application(scope, receive_and_count, count_and_send)
        finally:
            if accepted:
                OPEN.dec()
                CLOSED.labels(code).inc()
            else:
                REFUSED.inc()

    return run


def measure_this_loop() -> None:
    """Bring those figures up to date that nothing counts while they change; in the event loop."""
    TASKS.set(len(asyncio.all_tasks()))
    layer = get_channel_layer()
    CHANNELS.set(len(layer.channels))
    GROUP_ENTRIES.set(sum(map(len, layer.groups.values())))


def _code(code: int | None) -> str:
    """A close code as a label; a client may send any of 3,000, and each label costs memory."""
    if code is None:
        return "1000"
    return str(code) if code < 1016 or 4000 <= code < 4500 else "other"
