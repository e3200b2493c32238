"""The protocol of one connection: what a client may say, and what it is told."""

import asyncio
import json
import logging
from contextlib import suppress
from typing import Any

from django.db import DatabaseError

from account import history, presence
from account.board import Board
from account.database import Ending, in_database
from account.events import (
    BoardEvent,
    Error,
    Joined,
    Left,
    LoggedOut,
    Message,
    Missed,
    Ping,
    Place,
    Pong,
    Say,
    State,
    Tabs,
    parse,
    parse_layer_event,
)
from account.fanout import Encoded, FanOutConsumer
from account.outage import OUTAGES
from account.presence import Coming
from account.server import GROUP, publish, this_process
from account.told import NOBODY, Told
from account.visit import Visit, visit

logger = logging.getLogger(__name__)

SERVICE_RESTART = 1012
"""The close code that asks a client to come back (RFC 6455's registry at IANA)."""


class _FromClient(dict[str, Any]):
    """Marks what came from the client's own socket; all else came over the channel layer."""


class OnlineConsumer(FanOutConsumer):
    """One open WebSocket on `online/`: shows who is online and carries messages."""

    name: str | None = None  # what the board calls this connection's user, once it is tracked
    has_left = False
    visit: Visit  # what the client said as it came
    told: Told = NOBODY  # who is online, as far as this client knows
    place: Place | None = None  # the newest message that this client has had, once it has the state
    doubted: frozenset[str] = frozenset()  # whom the database and this client see differently

    # --- the connection ---

    async def connect(self) -> None:
        """Accept, join the group, write the row, send the state, tell the others: in this order.

        Accepting comes first, so that a client hears why it has to wait. The group comes before the
        row, so that no change is missed between the state and what follows it: events are held
        back until connect() has returned, and so the state arrives first.
        """
        await self.accept()
        await self.channel_layer.group_add(GROUP, self.channel_name)
        try:
            welcome = await this_process().enter(self, await self.coming())
            self.name = welcome.name
            await self.show(welcome.board)
            if welcome.first:
                await this_process().announce(self.name, came=True)
        except Ending:
            raise  # the process takes all its rows with it
        except Exception:
            # Channels does not call disconnect() for a consumer that raised.
            await self.leave()
            raise
        self.settle()

    async def coming(self) -> Coming:
        """Who comes here: the user or the guest of the session, from which page and browser."""
        guest_name = await self.scope["session"].aget("guest_name")
        page, device = self.visit.page, self.visit.device
        return Coming(self.channel_name, self.scope["user"], guest_name, page, device)

    async def show(self, board: Board) -> None:
        """Send who is online, and to a client that was here before what it missed since."""
        users = [{"user": name, "tabs": tabs} for name, tabs in board.tabs.items()]
        async with self.turn:
            # Without being asked for it, the number of tabs is not kept up to date.
            self.told = Told.of(board.tabs if self.visit.tabs else dict.fromkeys(board.tabs, 1))
            follows = board.place if self.visit.history else None
            await self.reply(State(self.name or "", self.channel_name, users, follows))
            self.place = board.place
            if self.visit.since:
                await self.resume(Place(*self.visit.since), board.place)

    async def resume(self, past: Place, now: Place) -> None:
        """Send what a client missed since a place, or say that it cannot be known."""
        if past.epoch == now.epoch and 0 <= past.number <= now.number:
            self.place = past
            await self.read_history(now)
        else:
            await self.skip_to(now)

    async def disconnect(self, code: int) -> None:
        """Undo what connect() did, however far it came, and tell the others."""
        await self.leave()

    async def leave(self) -> None:
        """Take this connection off the board and out of the group."""
        self.has_left = True
        try:
            departure = await this_process().leave(self.channel_name)
            if departure and departure.last:
                await this_process().announce(departure.name, came=False)
        finally:
            await self.channel_layer.group_discard(GROUP, self.channel_name)

    async def go_away(self) -> None:
        """Ask the client to come back to another process: this one ends."""
        with suppress(RuntimeError, OSError):  # it is gone already
            await self.close(code=SERVICE_RESTART)

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
                await self.reply(Pong(id))
            case Error() as error:
                await self.reply(error)

    async def say(self, text: str) -> None:
        """Send a message to everybody, this connection included.

        Once it is in the history it cannot be lost: what the channel layer does not take, every
        process finds there at its next beat.
        """
        message = await in_database(history.keep, Message(self.name or "", text))
        if await publish(message):
            return
        if message.number:
            this_process().look_soon()
        else:
            await self.reply(Error("unavailable", "The message was not sent; try again."))

    async def say_to(self, to: str, text: str) -> None:
        """Send a message to all tabs of one user, and to the sender's own, as its confirmation."""
        sids = await in_database(presence.sids_of, to)
        if not sids:
            shown = to if len(to) <= 40 else f"{to[:40]}…"
            detail = f"expected 'to' to be a user who is online, got {json.dumps(shown)}"
            return await self.reply(Error("unknown_user", detail))
        own = await in_database(presence.sids_of, self.name or "")
        message = Message(self.name or "", text, to)
        # dict.fromkeys: each connection once, in order, also when somebody writes to themselves.
        reached = [await publish(message, sid) for sid in dict.fromkeys(sids + own)]
        if not all(reached):
            await self.reply(Error("unavailable", "Not every tab could be reached; try again."))

    # --- from other consumers and other processes ---

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Run this connection; what the client sends is marked, so that `dispatch` can tell."""

        self.turn = asyncio.Lock()  # the layer's events and the beat speak to the client in turn
        self.visit = visit(scope["query_string"], scope["headers"])

        async def receive_from_client() -> _FromClient:
            return _FromClient(await receive())

        try:
            await super().__call__(scope, receive_from_client, send)
        finally:
            await asyncio.shield(this_process().later(self.clean_up()))

    async def clean_up(self) -> None:
        """Undo what Channels and daphne leave behind.

        Daphne cancels a consumer that is not done ten seconds after its client went, and does so
        again every second: disconnect() may never have run. And Channels leaves a channel to which
        something came while disconnect() ran. (The in-memory layer has no `forget`: what nobody
        receives it removes by itself, after a minute.)
        """
        if not hasattr(self, "channel_name"):  # the channel layer was away and gave none
            return
        if not self.has_left:
            await self.leave()
        if forget := getattr(self.channel_layer, "forget", None):
            await forget(self.channel_name)

    async def dispatch(self, message: object) -> None:
        """Take an event to its method: the client's as Channels does, the layer's by our own types.

        Channels calls whatever method an event's `type` names, and raises if there is none. One
        mistyped `type` sent to the group would so close every socket in it, and a
        `websocket.disconnect` from another process would end a healthy connection.
        """
        if isinstance(message, _FromClient):
            try:
                await super().dispatch(message)
            except Ending:
                await self.go_away()
            except OUTAGES as error:
                if message["type"] != "websocket.receive":
                    raise
                logger.error("A frame was not carried out: %s: %s", type(error).__name__, error)
                await self.reply(Error("unavailable", "That cannot be done now; try again."))
            return
        event = parse_layer_event(message)
        if isinstance(event, Error):
            logger.warning("Ignored an event from the channel layer: %s", event.detail)
        else:
            await self.forward(Encoded(event))

    def pass_on(self, encoded: Encoded) -> bool:
        """Pass an event of the channel layer on at once, unless that takes a wait."""
        if self.wire is None or self.turn.locked():
            return False
        news = self.is_news(encoded)
        if news:
            self.wire.write(encoded.frame(self.visit.history))
        return news is not None

    async def forward(self, encoded: Encoded) -> None:
        """Pass an event of the channel layer on, unless it is no news to the client."""
        async with self.turn:
            if self.place is None:  # it is sent away without a state
                return
            event = encoded.event
            news = self.is_news(encoded)
            if news is None and isinstance(event, LoggedOut):
                await self.close(4401)
            elif news is None:
                await self.read_history(Place(self.place.epoch, event.number))
                news = self.is_news(encoded)
            if news:
                await self.reply(event)

    def is_news(self, encoded: Encoded) -> bool | None:
        """Whether the client is to have an event, which it knows from then on.

        None: that cannot be said at once, or more has to be done than to send it.
        """
        event = encoded.event
        if isinstance(event, Message) and event.number is not None:
            return self.is_next(encoded, event.number)
        if isinstance(event, Joined | Left):
            return self.is_change(event)
        if isinstance(event, LoggedOut):
            return None if event.session == self.scope.get("session_digest") else False
        return True

    def is_next(self, encoded: Encoded, number: int) -> bool | None:
        """Whether it is the next message of the history: those before it come first, none twice."""
        assert self.place is not None  # events come after the state
        if number == self.place.number + 1:
            self.place = encoded.place(self.place.epoch)
            return True
        return False if number <= self.place.number else None

    def is_change(self, change: Joined | Left) -> bool:
        """Whether the client does not know yet who came or left.

        Whoever connects between another user's row and the announcement of it finds that user in
        the state, and hears of them again. And whoever is connected knows that they are online.
        """
        came = isinstance(change, Joined)
        if change.user == self.name or came is (change.user in self.told):
            return False
        self.told = self.told.having(change.user, 1 if came else 0)
        return True

    async def read_history(self, upto: Place) -> None:
        """Send what this client has not had, at least up to a place that is known to be there."""
        assert self.place is not None
        try:
            since = await this_process().since(self.place, upto)
        except DatabaseError as error:  # the next beat tries again
            logger.error("The history could not be read: %s: %s", type(error).__name__, error)
            return
        if not since.complete:
            before = since.place.number - len(since.messages)
            await self.skip_to(Place(since.place.epoch, before))
        for message in since.messages:
            await self.reply(message)
        self.place = since.place

    async def skip_to(self, place: Place) -> None:
        """Go on at another place, and say so to a client that counts."""
        self.place = place
        if self.visit.history:
            await self.reply(Missed(place))

    # --- from the beat of this process ---

    def is_behind(self, board: Board) -> bool:
        """Whether the client has not been told all that the database knew a moment ago."""
        if self.place is None:
            return False
        if self.doubted or board.place.epoch != self.place.epoch:
            return True
        if board.place.number > self.place.number:
            return True
        if self.visit.tabs:
            return board.tabs != self.told.tabs
        return board.tabs.keys() != self.told.tabs.keys()

    async def catch_up(self, board: Board) -> None:
        """Tell the client what the channel layer lost.

        An announcement may be on its way while the beat looks, so that only who is seen differently
        at two beats is put right. Messages can be told at once: they have numbers.
        """
        async with self.turn:
            assert self.place is not None
            if board.place.epoch != self.place.epoch or board.place.number > self.place.number:
                await self.read_history(board.place)
            differing = board.tabs.keys() ^ self.told.tabs.keys()
            for name in sorted(differing & self.doubted):
                change = Joined(name) if name in board.tabs else Left(name)
                if self.is_change(change):
                    await self.reply(change)
            known = self.told.tabs
            self.doubted = frozenset(board.tabs.keys() ^ known.keys())
            for name in sorted(board.tabs.keys() & known.keys()) if self.visit.tabs else ():
                if known[name] != board.tabs[name]:
                    self.told = self.told.having(name, board.tabs[name])
                    await self.reply(Tabs(name, board.tabs[name]))

    # --- out ---

    async def reply(self, event: State | Missed | Tabs | Pong | Error | BoardEvent) -> None:
        """Send one frame to this client; if it is gone already, disconnect() is on its way.

        Between a client's close and the disconnect event daphne raises RuntimeError for a frame
        (Autobahn's `Disconnected`), and uvicorn OSError, as the ASGI specification asks. Neither
        may end this consumer: disconnect() would never run, and the row would stay.
        """
        encoded = Encoded(event)
        if self.wire is not None and not isinstance(event, Error):  # they are counted in send()
            self.wire.write(encoded.frame(self.visit.history))
            return
        with suppress(RuntimeError, OSError):
            await self.send(text_data=encoded.text(self.visit.history))
