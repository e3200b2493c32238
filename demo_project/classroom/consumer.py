"""A connection to a class: what learners and instructors have in common."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer

from account.database import Ending
from account.outage import OUTAGES
from classroom.beat import Known, Seat
from classroom.events import Error, ErrorCode, Frame, Ping
from classroom.hub import Guess, group, this_hub
from classroom.limits import TooManyGuesses
from myproject.guard.door import address_of

logger = logging.getLogger(__name__)

HEARD = ("websocket.connect", "websocket.receive", "websocket.disconnect", "class.news")
LookUp = Callable[[Guess], Awaitable[Any]]

BINARY = Error("bad_json", "expected a text frame, got a binary one")

SERVICE_RESTART = 1012
TRY_AGAIN_LATER = 1013
NO_SUCH_CLASS = 4404
NO_FIRST_FRAME = 4408
GONE = 4410
TOO_MANY_GUESSES = 4429


class ClassroomConsumer(AsyncWebsocketConsumer):
    """A WebSocket whose first frame says who comes: then it has a seat in a class.

    A code and a key are never in its address, which servers and proxies write into their logs.
    Subclasses have `parse`, `serve`, `hear`, `is_behind` and `tell_what_is_missing`.
    """

    whose: str  # the connections that hear the same: `boards` or `learners`
    room: int | None = None  # the class that the code or the key leads to
    seat: Seat  # whose connection this is, once they are let in
    is_in = False  # let in, and not sent away
    answering: int | str | None = None  # the id of the request that is carried out

    # --- the connection ---

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Run this connection, and undo at its end what it did: however it ends."""
        self.turn = asyncio.Lock()  # the client and the beat are served one after the other
        self.has_come = asyncio.Event()
        try:
            await super().__call__(scope, receive, send)
        finally:
            self.has_come.set()
            await asyncio.shield(this_hub().process.later(self.clean_up()))

    async def connect(self) -> None:
        """Accept, and wait for the first frame; not for long."""
        await self.accept()
        this_hub().process.later(self.expect_the_first_frame())

    async def expect_the_first_frame(self) -> None:
        """Close a connection that does not say who comes."""
        try:
            async with asyncio.timeout(this_hub().patience):
                await self.has_come.wait()
        except TimeoutError:
            await self.end(NO_FIRST_FRAME)

    async def find(self, secret: str, look_up: LookUp) -> Any:
        """What a code or a key leads to; one close for all that may be wrong with it."""
        self.has_come.set()
        found = await look_up(Guess(secret, address_of(self.scope)))
        if isinstance(found, TooManyGuesses):
            logger.warning("Too many wrong codes: %s waits.", address_of(self.scope) or "localhost")
            await self.end(TOO_MANY_GUESSES)
            return None
        if found is None:
            await self.end(NO_SUCH_CLASS)
        return found

    async def subscribe(self, room: int) -> None:
        """Hear what happens in a class. Before its state is read: so nothing is missed between."""
        if self.room != room:
            await self.leave()  # another one, that could not be entered
        self.room = room
        await self.channel_layer.group_add(group(room, self.whose), self.channel_name)

    def sit_down(self, seat: Seat) -> None:
        """Belong to the class from now on."""
        self.seat = seat
        self.is_in = True
        this_hub().stay(self)

    async def leave(self) -> None:
        """Give the seat back, and hear nothing more; the beat finds what cannot be done now."""
        room, self.room = self.room, None
        if room is None:
            return
        with suppress(Ending, *OUTAGES):
            await self.channel_layer.group_discard(group(room, self.whose), self.channel_name)
        with suppress(Ending, *OUTAGES):
            await this_hub().leave(room, self.channel_name)

    async def clean_up(self) -> None:
        """Leave nothing behind; Channels leaves a channel to which something came meanwhile."""
        if not hasattr(self, "channel_name"):  # the channel layer was away and gave none
            return
        await self.leave()
        if forget := getattr(self.channel_layer, "forget", None):
            await forget(self.channel_name)

    # --- from the client ---

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Answer one frame; a bad one gets an error, and the connection stays."""
        event = self.parse(text_data) if text_data is not None else BINARY
        if isinstance(event, Error):
            await self.reply(event.frame())
        elif isinstance(event, Ping):
            await self.reply(event.pong())
        else:
            await self.serve(event)

    def parse(self, text: str) -> Any:
        """Read a frame: an event or an Error."""
        raise NotImplementedError

    async def serve(self, event: Any) -> None:
        """Do what an event asks for."""
        raise NotImplementedError

    # --- from the channel layer, and from the beat of this process ---

    async def class_news(self, event: Any) -> None:
        """Hear what was done in the class."""
        for news in event["events"]:
            if self.is_in:
                await self.hear(news)

    async def hear(self, news: Frame) -> None:
        """Tell the client what concerns it."""
        raise NotImplementedError

    async def dispatch(self, message: Any) -> None:
        """Take an event to its method, one at a time, and live through an outage.

        Channels calls the method that `type` names, whatever it is: here only these.
        """
        if message.get("type") not in HEARD:
            logger.warning("Ignored an event from the channel layer: %.200r", message)
            return
        try:
            async with self.turn:
                await super().dispatch(message)
        except Ending:
            await self.go_away()
        except OUTAGES as error:
            if message["type"] in ("websocket.connect", "websocket.disconnect"):
                raise
            logger.error("Not carried out: %s: %s", type(error).__name__, error)
            if message["type"] == "websocket.receive":
                await self.refuse("unavailable", "That cannot be done now; try again.")

    def is_behind(self, known: Known | None) -> bool:
        """Whether the client was not told all that the database knows; None: the class is gone."""
        raise NotImplementedError

    async def catch_up(self, known: Known | None) -> None:
        """Tell the client what is missing."""
        async with self.turn:
            if self.is_in and known is None:
                await self.close_the_class()
            elif self.is_in and known is not None and self.is_behind(known):
                await self.tell_what_is_missing(known)

    async def tell_what_is_missing(self, known: Known) -> None:
        """Tell the client what the channel layer lost."""
        raise NotImplementedError

    # --- to the client ---

    async def reply(self, frame: Frame) -> None:
        """Send one frame; if the client is gone already, disconnect() is on its way."""
        with suppress(RuntimeError, OSError):
            await self.send(text_data=json.dumps(frame))

    async def refuse(self, code: ErrorCode, detail: str) -> None:
        """Answer what cannot be done."""
        await self.reply(Error(code, detail, self.answering).frame())

    async def close_the_class(self) -> None:
        """Tell the client that all of the class was deleted."""
        await self.reply({"type": "class", "event": "closed"})
        await self.end(GONE)

    async def end(self, code: int) -> None:
        """Close; what still comes of the class is not for this client."""
        self.is_in = False
        with suppress(RuntimeError, OSError):
            await self.close(code=code)

    async def go_away(self) -> None:
        """Ask the client to come back: this process ends."""
        await self.end(SERVICE_RESTART)
