"""The protocol of one connection: what a client may say, and what it is told."""

import json
import logging
from contextlib import suppress
from typing import Any

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer

from account import presence
from account.events import (
    Error,
    Joined,
    LayerEvent,
    Left,
    Message,
    Ping,
    Pong,
    Say,
    State,
    parse,
    parse_layer_event,
)

logger = logging.getLogger(__name__)

GROUP = "online"
"""The group of all open connections."""


class _FromClient(dict[str, Any]):
    """Marks what came from the client's own socket; all else came over the channel layer."""


class OnlineConsumer(AsyncWebsocketConsumer):
    """One open WebSocket on `online/`: shows who is online and carries messages."""

    name: str | None = None  # what the board calls this connection's user, once it is tracked
    told: set[str]  # who is online, as far as this client has been told

    # --- the connection ---

    async def connect(self) -> None:
        """Join the group, accept, write the row, send the state, tell the others: in this order.

        The group comes first so that no change is missed between the state and what follows it;
        Channels holds events back until connect() has returned, so that the state arrives first.
        """
        await self.channel_layer.group_add(GROUP, self.channel_name)
        try:
            await self.accept()
            guest_name = await self.scope["session"].aget("guest_name")
            arrival = await database_sync_to_async(presence.track)(
                self.channel_name, self.scope["user"], guest_name
            )
            self.name = arrival.name
            users = await database_sync_to_async(presence.online)()
            self.told = {user["user"] for user in users}
            await self.reply(State(self.name, self.channel_name, users))
            if arrival.first:
                await self.announce(arrival.name, came=True)
        except Exception:
            # Channels does not call disconnect() for a consumer that raised.
            await self.leave()
            raise

    async def disconnect(self, code: int) -> None:
        """Undo what connect() did, however far it came, and tell the others."""
        await self.leave()

    async def leave(self) -> None:
        """Take this connection off the board and out of the group."""
        try:
            departure = await database_sync_to_async(presence.untrack)(self.channel_name)
            if departure and departure.last:
                await self.announce(departure.name, came=False)
        finally:
            await self.channel_layer.group_discard(GROUP, self.channel_name)

    async def announce(self, name: str, *, came: bool) -> None:
        """Tell everybody that a user came or left, until what was told last is what is true.

        A user who closes a tab and opens another does both in two consumers, and their two
        announcements may overtake each other: whoever spoke last looks again.
        """
        while await self.publish(Joined(name) if came else Left(name)):
            if await database_sync_to_async(presence.is_online)(name) is came:
                return
            came = not came

    # --- from the client ---

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Answer one frame of the client; a bad one gets an error, and the connection stays."""
        if text_data is None:
            size = len(bytes_data or b"")
            detail = f"expected a text frame, got a binary one of {size} bytes"
            return await self.reply(Error("bad_json", detail))
        match parse(text_data):
            case Say(text, None):
                await self.say(text)
            case Say(text, str(to)):
                await self.say_to(to, text)
            case Ping(id):
                await database_sync_to_async(presence.touch)(self.channel_name)
                await self.reply(Pong(id))
            case Error() as error:
                await self.reply(error)

    async def say(self, text: str) -> None:
        """Send a message to everybody, this connection included."""
        if not await self.publish(Message(self.name or "", text)):
            await self.reply(Error("unavailable", "The message could not be sent; try again."))

    async def say_to(self, to: str, text: str) -> None:
        """Send a message to all tabs of one user, and to the sender's own, as its confirmation."""
        sids = await database_sync_to_async(presence.sids_of)(to)
        if not sids:
            shown = to if len(to) <= 40 else f"{to[:40]}…"
            detail = f"expected 'to' to be a user who is online, got {json.dumps(shown)}"
            return await self.reply(Error("unknown_user", detail))
        own = await database_sync_to_async(presence.sids_of)(self.name or "")
        message = Message(self.name or "", text, to)
        # dict.fromkeys: each connection once, in order, also when somebody writes to themselves.
        reached = [await self.publish(message, sid) for sid in dict.fromkeys(sids + own)]
        if not all(reached):
            await self.reply(Error("unavailable", "Not every tab could be reached; try again."))

    # --- from other consumers and other processes ---

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Run this connection; what the client sends is marked, so that `dispatch` can tell."""

        async def receive_from_client() -> _FromClient:
            return _FromClient(await receive())

        await super().__call__(scope, receive_from_client, send)

    async def dispatch(self, message: object) -> None:
        """Take an event to its method: the client's as Channels does, the layer's by our own types.

        Channels calls whatever method an event's `type` names, and raises if there is none. One
        mistyped `type` sent to the group would so close every socket in it, and a
        `websocket.disconnect` from another process would end a healthy connection.
        """
        if isinstance(message, _FromClient):
            await super().dispatch(message)
            return
        event = parse_layer_event(message)
        if isinstance(event, Error):
            logger.warning("Ignored an event from the channel layer: %s", event.detail)
        else:
            await self.forward(event)

    async def forward(self, event: LayerEvent) -> None:
        """Pass an event of the channel layer on to the client, unless it is no news.

        Whoever connects between another user's row and the announcement of it finds that user in
        the state, and hears of them again. And whoever is connected knows that they are online.
        """
        match event:
            case Joined(user) | Left(user) if user == self.name:
                return
            case Joined(user):
                if user in self.told:
                    return
                self.told.add(user)
            case Left(user):
                if user not in self.told:
                    return
                self.told.remove(user)
        await self.reply(event)

    # --- out ---

    async def reply(self, event: State | Pong | Error | LayerEvent) -> None:
        """Send one frame to this client; if it is gone already, disconnect() is on its way.

        Between a client's close and the disconnect event daphne raises RuntimeError for a frame
        (Autobahn's `Disconnected`), and uvicorn OSError, as the ASGI specification asks. Neither
        may end this consumer: disconnect() would never run, and the row would stay.
        """
        with suppress(RuntimeError, OSError):
            await self.send(text_data=json.dumps(event.frame()))

    async def publish(self, event: LayerEvent, sid: str | None = None) -> bool:
        """Send an event to one connection, or to all; False, and a line in the log, if it failed.

        Which exception a broken channel layer raises is the layer's own affair (a full channel, a
        lost broker), and none of them is a reason to close this client's connection.
        """
        try:
            if sid is None:
                await self.channel_layer.group_send(GROUP, event.layer_event())
            else:
                await self.channel_layer.send(sid, event.layer_event())
        except Exception as error:
            kind = type(error).__name__
            logger.error("The channel layer did not take an event: %s: %s", kind, error)
            return False
        return True
