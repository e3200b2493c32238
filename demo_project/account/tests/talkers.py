"""Clients that talk while something breaks, that come back, and that know what they saw."""

import asyncio
import json
import ssl
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import websockets
from websockets.asyncio.client import ClientConnection

from account.tests.live import TIMEOUT
from account.tests.waiting import until

RATE = 5.0
"""Messages a second of each client."""
COME_BACK = 0.2
"""Seconds until a client that was cut off tries again."""


@dataclass
class Stretch:
    """What one client sent on one connection, from its state to its end."""

    sent: list[str] = field(default_factory=list)
    refused: int = 0  # errors: what these clients say is never wrong in itself
    ended: bool = False


class Talker:
    """A client that follows the history: it says something five times a second."""

    def __init__(
        self, name: str, address: str, cookie: str, tls: ssl.SSLContext | None = None
    ) -> None:
        self.name = name
        self.talks = False
        self.sent_at: dict[str, float] = {}
        self.got_at: dict[str, list[float]] = {}  # by text, each time that it came
        self.saw: Counter[str] = Counter()  # all but the messages
        self.stretches: list[Stretch] = []
        self.out_of_order = 0
        self.silence = 0.0  # seconds: the longest without any frame while it talked
        self.is_connected = False
        self.online: set[str] = set()  # who is there, as this client was told
        self._address, self._cookie, self._tls = address, cookie, tls
        self._place: dict[str, Any] | None = None  # {"epoch": …, "last": …}
        self._live = asyncio.create_task(self._keep_coming())

    async def leave(self) -> None:
        """Stop, and close the connection."""
        self._live.cancel()
        await asyncio.wait([self._live], timeout=TIMEOUT)

    async def _keep_coming(self) -> None:
        while True:
            try:
                async with self._connect() as socket:
                    await self._stay(socket)
            except websockets.InvalidStatus as refused:
                self.saw[f"HTTP {refused.response.status_code}"] += 1
            except websockets.ConnectionClosed as closed:
                self.saw[f"closed {closed.rcvd.code if closed.rcvd else 1006}"] += 1
            except (OSError, TimeoutError, websockets.InvalidMessage):
                self.saw["no connection"] += 1
            await asyncio.sleep(COME_BACK)

    def _connect(self) -> websockets.connect:
        place = self._place
        query = f"epoch={place['epoch']}&since={place['last']}" if place else "history=1"
        return websockets.connect(
            f"{'wss' if self._tls else 'ws'}://{self._address}/online/?{query}",
            origin=websockets.Origin(f"{'https' if self._tls else 'http'}://{self._address}"),
            ssl=self._tls,
            additional_headers={"Cookie": self._cookie},
            open_timeout=TIMEOUT,
            close_timeout=1,
            ping_interval=None,
            max_queue=None,
            proxy=None,
        )

    async def _stay(self, socket: ClientConnection) -> None:
        stretch: Stretch | None = None
        talking: asyncio.Task[None] | None = None
        heard_at = time.monotonic()
        try:
            async for text in socket:
                now = time.monotonic()
                if self.talks and stretch is not None:
                    self.silence = max(self.silence, now - heard_at)
                heard_at = now
                frame = json.loads(text)
                if frame.get("event") == "state":
                    stretch = Stretch()
                    self.stretches.append(stretch)
                    self.is_connected = True
                    self._place = self._place or frame["history"]
                    talking = asyncio.create_task(self._talk(socket, stretch))
                elif frame["type"] == "error" and stretch is not None:
                    # By whichever code: what waited out a fault may be too much at once.
                    stretch.refused += 1
                self._note(frame, now)
            raise socket.protocol.close_exc
        finally:
            self.is_connected = False
            if talking is not None and stretch is not None:
                talking.cancel()
                stretch.ended = True

    def _note(self, frame: dict[str, Any], now: float) -> None:
        match frame:
            case {"type": "message", "text": text, "id": number}:
                self.got_at.setdefault(text, []).append(now)
                assert self._place is not None
                self.out_of_order += number != self._place["last"] + 1
                self._place = {**self._place, "last": number}
            case {"type": "error", "code": code}:
                self.saw[code] += 1
            case {"type": "missed", "history": place}:
                self.saw["missed"] += 1
                self._place = place
            case {"event": event, "user": user}:
                self.saw[f"{event} {user}"] += 1
                if event == "joined":
                    self.online.add(user)
                else:
                    self.online.discard(user)
            case {"event": event, "users": users}:
                self.saw[event] += 1
                self.online = {user["user"] for user in users}

    async def _talk(self, socket: ClientConnection, stretch: Stretch) -> None:
        while True:
            if self.talks:
                text = f"{self.name} {len(self.sent_at) + 1}"
                self.sent_at[text] = time.monotonic()
                stretch.sent.append(text)
                await socket.send(json.dumps({"type": "message", "text": text}))
            await asyncio.sleep(1 / RATE)


@dataclass(frozen=True)
class Account:
    """What became of the messages.

    `lost`: a client that was there, or came back, never got it, though its sender was not told so.
    `cut`: nobody got it, and its sender's connection ended before an answer.
    """

    sent: int
    refused: int
    cut: int
    lost: int
    duplicated: int
    out_of_order: int


def account(talkers: Iterable[Talker]) -> Account:
    """Count what became of every message of these clients."""
    all_of_them = list(talkers)
    lost = cut = refused = 0
    for talker in all_of_them:
        for stretch in talker.stretches:
            unseen = 0
            for text in stretch.sent:
                reached = sum(text in other.got_at for other in all_of_them)
                unseen += reached == 0
                lost += len(all_of_them) - reached if reached else 0
            refused += stretch.refused
            if stretch.ended:
                cut += max(0, unseen - stretch.refused)
            else:
                # More refusals than messages that came nowhere: some were refused and came.
                lost += abs(unseen - stretch.refused)
    # A list first: more may come while a thread counts.
    times = [len(got) for talker in all_of_them for got in list(talker.got_at.values())]
    return Account(
        sent=sum(len(talker.sent_at) for talker in all_of_them),
        refused=refused,
        cut=cut,
        lost=lost,
        duplicated=sum(times) - len(times),
        out_of_order=sum(talker.out_of_order for talker in all_of_them),
    )


def all_hear_all(talkers: Iterable[Talker], since: float) -> float | None:
    """When everybody had heard everybody say something after `since`; None if not yet."""
    all_of_them = list(talkers)
    firsts = []
    for speaker in all_of_them:
        texts = [text for text, at in speaker.sent_at.items() if at > since]
        for hearer in all_of_them:
            heard = [hearer.got_at[text][0] for text in texts if text in hearer.got_at]
            if not heard:
                return None
            firsts.append(min(heard))
    return max(firsts)


@asynccontextmanager
async def talking(
    talkers: list[Talker], is_there: Callable[[Talker], bool], count: int | None = None
) -> AsyncIterator[list[Talker]]:
    """Let them talk, or the first so many of them, once all are there; at the end all leave."""
    try:
        await until(lambda: all(map(is_there, talkers)) or None, "all are there")
        for talker in talkers[:count]:  # only now: who is not there yet cannot miss anything
            talker.talks = True
        yield talkers
    finally:
        await asyncio.gather(*(talker.leave() for talker in talkers))


async def settled(talkers: Sequence[Talker]) -> Account:
    """Stop talking; what became of the messages, once every one is accounted for."""
    for talker in talkers:
        talker.talks = False
    await until(lambda: account(talkers).lost == 0 or None, "every message is accounted for")
    return account(talkers)
