"""A newcomer: a client that comes while something is broken, and what it is told."""

import asyncio
import json
import time
from dataclasses import dataclass

import websockets

from account.tests.live import LiveServer

NO_CONNECTION = "no connection"
NEWCOMER_TRIES = 15.0
"""Seconds in which a newcomer who is hung up on tries again."""


@dataclass(frozen=True)
class Newcomer:
    """The first words that a client heard which came in the middle, and after how many seconds."""

    heard: tuple[str, ...]
    seconds: float


async def come(server: LiveServer, cookie: str) -> Newcomer:
    """Come, and go again as soon as it is clear what one is told.

    Daphne hangs up on a handshake that takes five seconds: like any client, this one tries again.
    """
    started = time.monotonic()
    said: list[str] = []
    while time.monotonic() - started < NEWCOMER_TRIES:
        said += await _try_to_come(server, cookie)
        if said[-1] != NO_CONNECTION:
            break
    return Newcomer(tuple(said), time.monotonic() - started)


async def _try_to_come(server: LiveServer, cookie: str) -> list[str]:
    said: list[str] = []
    try:
        async with server.connect(cookie) as socket, asyncio.timeout(12):
            while "state" not in said and len(said) < 5:
                frame = json.loads(await socket.recv())
                said.append(frame.get("event") or frame.get("code") or frame["type"])
    except websockets.ConnectionClosed as closed:
        said.append(f"closed {closed.rcvd.code if closed.rcvd else 1006}")
    except websockets.InvalidStatus as refused:
        said.append(f"HTTP {refused.response.status_code}")
    except websockets.InvalidMessage:
        said.append(NO_CONNECTION)
    except OSError as error:  # a time-out is one, too
        said.append(type(error).__name__)
    return said
