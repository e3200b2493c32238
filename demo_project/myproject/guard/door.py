"""Who may come in, how many at a time, and how fast they may speak: around the consumer."""

import asyncio
import json
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from ipaddress import ip_address
from time import monotonic
from typing import Any, NamedTuple

from django.conf import settings

from account.events import Error
from account.log_out import digest
from myproject.guard.bucket import TokenBucket

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

logger = logging.getLogger(__name__)

TOO_FAST = Error("rate_limited", "Too many messages in a short time; wait a moment.")
BURST = 2
"""Seconds of a rate that may come at once."""
THIS_MACHINE = (ip_address("127.0.0.1"), ip_address("::1"))
OUR_DELAY = 1.0
"""Seconds that one frame may take the consumer before what waits behind it is forgiven."""
PATIENCE = 60
"""Frames beyond the rate that are answered; after so many, one a second, or the connection ends."""


class Closing(NamedTuple):
    """A close code of our own (4000–4999 are for applications), and its reason."""

    code: int
    reason: str


NO_GUESTS = Closing(4401, "log in first")
SPEAKS_TOO_FAST = Closing(4008, "too many messages")
TOO_MANY_TABS = Closing(4009, "too many connections of one user")
TOO_MANY_HERE = Closing(4010, "too many connections of one address")
TOO_SLOW = Closing(4011, "too much was left unread")


class Door:
    """An ASGI application around a consumer: lets a client in and counts what it sends.

    It closes after accepting, because a refused handshake is HTTP 403 without a code. What it
    counts, it counts in this process.
    """

    def __init__(self, application: Application) -> None:
        self._application = application
        self._open: Counter[str] = Counter()  # connections, by user and by address
        self._pace: dict[str, TokenBucket] = {}  # of users who are here or were just now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run one connection."""
        user, address = await user_of(scope), address_of(scope)
        refusal = self._refusal(scope, user, address)
        if refusal is not None:
            logger.warning("Turned away %s of %s: %s.", user or "a guest", address, refusal.reason)
            await turn_away(refusal, receive, send)
            return
        with self._counted(user, address):
            limited = Limited(receive, send, self._pace.get(user or ""))
            scope.update(session_of(scope))
            await self._application(scope, limited.receive, send)

    def _refusal(self, scope: Scope, user: str | None, address: str | None) -> Closing | None:
        if not settings.GUESTS and not scope["user"].is_authenticated:
            return NO_GUESTS
        if user and 0 < settings.CONNECTIONS_PER_USER <= self._open[user]:
            return TOO_MANY_TABS
        if address and 0 < settings.CONNECTIONS_PER_ADDRESS <= self._open[address]:
            return TOO_MANY_HERE
        return None

    @contextmanager
    def _counted(self, user: str | None, address: str | None) -> Iterator[None]:
        keys = [key for key in (user, address) if key]
        self._open.update(keys)
        if user and user not in self._pace:
            self._pace[user] = bucket(settings.MESSAGES_PER_USER)
        try:
            yield
        finally:
            self._open.subtract(keys)
            for key in keys:
                if not self._open[key]:
                    del self._open[key]
            if user and user not in self._open:
                # Not at once: whoever comes back has not become slower by it.
                asyncio.get_running_loop().call_later(BURST + 1, self._forget, user)

    def _forget(self, user: str) -> None:
        if user not in self._open:
            self._pace.pop(user, None)


class Limited:
    """What one client sends, no faster than it may."""

    __slots__ = ("_buckets", "_closed", "_given_at", "_patience", "_receive", "_send")

    def __init__(self, receive: Receive, send: Send, of_user: TokenBucket | None) -> None:
        self._receive = receive
        self._send = send
        self._buckets = [bucket(settings.MESSAGES_PER_CONNECTION)]
        if of_user is not None:
            self._buckets.append(of_user)
        self._patience = TokenBucket(1, PATIENCE)
        self._closed = False
        self._given_at: float | None = None  # by time.monotonic(), to a consumer that is at it

    async def receive(self) -> Message:
        """The next event for the consumer; a frame that came too soon is answered here instead."""
        self._forgive_our_own_delay()
        while True:
            event = await self._receive()
            if event["type"] != "websocket.receive":
                return event
            if self._closed:
                continue
            if all(bucket.take() for bucket in self._buckets):
                self._given_at = monotonic()
                return event
            await self._answer()

    def _forgive_our_own_delay(self) -> None:
        """What waited while a frame took us long, as in an outage, did not come too fast."""
        if self._given_at is not None and (took := monotonic() - self._given_at) > OUR_DELAY:
            for bucket in self._buckets:
                bucket.forgive(took)
        self._given_at = None

    async def _answer(self) -> None:
        try:
            if self._patience.take():
                text = json.dumps(TOO_FAST.frame())
                await self._send({"type": "websocket.send", "text": text})
                return
            self._closed = True
            code, reason = SPEAKS_TOO_FAST
            await self._send({"type": "websocket.close", "code": code, "reason": reason})
        except (RuntimeError, OSError):
            self._closed = True  # it is gone; the event that says so is on its way


def bucket(rate: int) -> TokenBucket:
    """A bucket for a rate of the settings."""
    return TokenBucket(rate, rate * BURST)


async def turn_away(closing: Closing, receive: Receive, send: Send) -> None:
    """Accept a connection only to say why it is closed, and wait until it is."""
    while (event := await receive())["type"] != "websocket.disconnect":
        if event["type"] == "websocket.connect":
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.close", "code": closing.code, "reason": closing.reason})


async def user_of(scope: Scope) -> str | None:
    """A key for whoever this is: the user, the guest of a session, or None for a mere visitor."""
    if scope["user"].is_authenticated:
        return f"user {scope['user'].pk}"
    guest_name = await scope["session"].aget("guest_name")
    return f"guest {guest_name}" if guest_name else None


def session_of(scope: Scope) -> dict[str, str]:
    """What a log-out calls the session of this connection; empty for one that has no session."""
    key = scope["session"].session_key
    return {"session_digest": digest(key)} if key else {}


def address_of(scope: Scope) -> str | None:
    """The client's address; None for this machine: a notebook, or a proxy that nobody named."""
    address: str | None = (scope.get("client") or [None])[0]
    try:
        return None if address is None or ip_address(address) in THIS_MACHINE else address
    except ValueError:
        return None  # a socket file
