"""Fan-out: one event of the channel layer, on its way to all clients of this process.

Channels gives each consumer a task that asks the layer for its next event. For each event and each
consumer there is then a task, a hop to a thread, a message to read and a frame to make: a third of
a millisecond for each client. Here the layer hands over an event once; it is read once, its frame
is made once, and each consumer only says whether its client is to have it. What several events make
for one client within one turn of the event loop goes out in one piece.

It needs a layer that can hand over (`myproject/broker.py`) and a server whose connections can be
written to at once (`myproject/wire.py`). Where one of them cannot, the consumer runs as any other.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Collection, MutableMapping
from contextvars import Context, copy_context
from typing import Any

from channels.consumer import get_handler_name
from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.layers import get_channel_layer
from websockets.frames import Frame, Opcode

from account.events import Error, Message, Place, parse_layer_event

logger = logging.getLogger(__name__)

KEPT = ("type", "path", "client", "session_digest")
"""What remains of the scope of an open connection that has a wire."""
WIRE = "account.wire"
"""The key of `scope["extensions"]` under which a server's connection can be written to."""


class Encoded:
    """An event, and what is made of it once for all clients."""

    __slots__ = ("_frames", "_place", "event")

    def __init__(self, event: Any) -> None:
        self.event = event
        self._frames: dict[bool, bytes] = {}
        self._place = Place("", -1)

    def text(self, numbered: bool) -> str:
        """What a client gets of it, as JSON; those who follow the history get numbers."""
        if numbered and isinstance(self.event, Message):
            return json.dumps(self.event.numbered_frame())
        return json.dumps(self.event.frame())

    def frame(self, numbered: bool) -> bytes:
        """The bytes of its WebSocket frame (RFC 6455, 5.2): a text, whole, without a mask."""
        if numbered not in self._frames:
            data = self.text(numbered).encode()
            self._frames[numbered] = Frame(Opcode.TEXT, data).serialize(mask=False)
        return self._frames[numbered]

    def place(self, epoch: str) -> Place:
        """Where the history is at this message: one object for all who follow it."""
        if self._place.epoch != epoch and isinstance(self.event, Message):
            self._place = Place(epoch, self.event.number or 0)
        return self._place


class Wire:
    """A connection of the server that can be written to at once.

    `send(data, frames)` takes the bytes of that many whole frames. It waits for nothing, has an end
    for a client that does not read, and does nothing when the connection is closing. `settle()`
    lets go of what only the handshake needed.
    """

    __slots__ = ("_frames", "_send", "_settle")

    def __init__(self, send: Callable[[bytes, int], None], settle: Callable[[], None]) -> None:
        self._send = send
        self._settle: Callable[[], None] | None = settle
        self._frames: list[bytes] = []

    def write(self, frame: bytes) -> None:
        """Let a frame go out before the event loop waits again."""
        if not self._frames:
            _unsent.later(self)
        self._frames.append(frame)

    def settle(self) -> None:
        """Let go of the handshake, and of how that is done."""
        settle, self._settle = self._settle, None
        if settle is not None:
            settle()

    def flush(self) -> None:
        """Let go out now what was written."""
        if frames := self._frames:
            self._frames = []
            self._send(frames[0] if len(frames) == 1 else b"".join(frames), len(frames))


class _Unsent:
    """The wires that something was written to in this turn of the event loop."""

    def __init__(self) -> None:
        self._wires: list[Wire] = []

    def later(self, wire: Wire) -> None:
        if not self._wires:
            asyncio.get_running_loop().call_soon(self._flush)
        self._wires.append(wire)

    def _flush(self) -> None:
        wires, self._wires = self._wires, []
        for wire in wires:
            try:
                wire.flush()
            except Exception:  # of one connection; the others are not to pay for it
                logger.exception("A client could not be written to")


_unsent = _Unsent()


class FanOut:
    """The consumers of this process to which the channel layer hands over, by channel."""

    def __init__(self) -> None:
        self.members: dict[str, FanOutConsumer] = {}

    def hand_over(self, channels: list[str], message: Any) -> None:
        """Take an event of the layer to the consumers of these channels."""
        event = parse_layer_event(message)
        if isinstance(event, Error):
            logger.warning("Ignored an event from the channel layer: %s", event.detail)
            return
        encoded = Encoded(event)
        for channel in channels:
            if (member := self.members.get(channel)) is not None:
                try:
                    member.hear(encoded)
                except Exception:  # of one consumer; the others are to hear it all the same
                    logger.exception("An event could not be passed on")


fan_out = FanOut()


def only(scope: MutableMapping[str, Any], keys: Collection[str]) -> None:
    """Keep no more than these keys of a scope; the list of headers may be anybody's."""
    kept = {key: scope[key] for key in keys if key in scope}
    if (headers := scope.get("headers")) is not None:
        headers.clear()
    scope.clear()  # a dict from which keys are taken does not become smaller
    scope.update(kept)


class FanOutConsumer(AsyncWebsocketConsumer):
    """A consumer of WebSockets that is handed the events of the channel layer.

    Subclasses have `pass_on`, for all that can be done at once, and `forward`, for the rest; events
    that come before `is_open`, or while `forward` runs, wait for it in their order.
    """

    wire: Wire | None = None
    is_open = False
    _behind: list[Encoded]
    _catching_up: asyncio.Task[None] | None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Run one connection: as Channels does, save for who brings the layer's events."""
        layer = get_channel_layer(self.channel_layer_alias)
        self._behind, self._catching_up = [], None
        self.wire = scope.get("extensions", {}).get(WIRE)
        if self.wire is None or getattr(layer, "attach", None) is None:
            self.wire = None
            return await super().__call__(scope, receive, send)
        self.scope, self.channel_layer, self.base_send = scope, layer, send
        self._context: Context = copy_context()
        self.channel_name = await layer.new_channel()
        layer.attach(self.channel_name, fan_out.hand_over)
        fan_out.members[self.channel_name] = self
        try:
            while True:
                await self.dispatch(await receive())
        except StopConsumer:
            pass
        finally:
            del fan_out.members[self.channel_name]

    async def dispatch(self, message: Any) -> None:
        """Take a client's event to its method.

        Without Channels' hop to a thread before each, which closes old connections to the database:
        `account/database.py` does so where they are used.
        """
        if self.wire is None:
            await super().dispatch(message)
        else:
            await getattr(self, get_handler_name(message))(message)

    # --- from the channel layer ---

    def hear(self, encoded: Encoded) -> None:
        """Take one event: pass it on at once, or after those that wait."""
        if self._behind or not self.is_open or not self.pass_on(encoded):
            self._behind.append(encoded)
            self.go_on()

    def settle(self) -> None:
        """Be open: begin with the events that wait, and keep no more than an open connection needs.

        Headers, session and user are most of what an idle connection weighs.
        """
        self.is_open = True
        self.go_on()
        if self.wire is not None:
            only(self.scope, KEPT)
            self.wire.settle()

    def go_on(self) -> None:
        """Begin with what waits, if it may begin and has not begun."""
        if self.is_open and self._behind and self._catching_up is None:
            self._catching_up = asyncio.get_running_loop().create_task(
                self._catch_up(), context=self._context
            )

    async def _catch_up(self) -> None:
        try:
            while self._behind:
                try:
                    await self.forward(self._behind[0])
                except Exception:
                    logger.exception("An event could not be passed on")
                finally:
                    del self._behind[0]  # only now: what comes meanwhile has to wait for it
        finally:
            self._catching_up = None

    def pass_on(self, encoded: Encoded) -> bool:
        """Pass an event on without waiting for anything; False: `forward` has to."""
        raise NotImplementedError

    async def forward(self, encoded: Encoded) -> None:
        """Pass an event on, however long it takes."""
        raise NotImplementedError

    # --- to the client ---

    async def send(self, *arguments: Any, **named: Any) -> None:
        """Send one frame, after those that were written before."""
        if self.wire is not None:
            self.wire.flush()
        await super().send(*arguments, **named)

    async def close(self, *arguments: Any, **named: Any) -> None:
        """Close, after what was written before."""
        if self.wire is not None:
            self.wire.flush()
        await super().close(*arguments, **named)
