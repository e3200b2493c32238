"""Crowd: many clients at once, which count what they get."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol, Self

from .client import Client
from .errors import LabError, LabTimeout
from .ports import HOST
from .server import LiveServer

TIMEOUT = 30.0  # seconds that a crowd waits for a message, or for its connections
LENGTH = 48  # characters of each text
PROFILED = 50  # messages
ROUNDS = "CHANNELS_LAB_ROUNDS"  # the environment variable for runs that ask for no speed
_HANDSHAKE = (
    "GET {path} HTTP/1.1",
    "Host: {host}:{port}",
    "Origin: http://{host}:{port}",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",  # the example of RFC 6455
    "Sec-WebSocket-Version: 13",
)

Say = Callable[[list[str]], Awaitable[object]]
"""Sends texts to everybody, in order."""


class Rung:
    """One way to reach everybody, measured: who got what, and how many deliveries a second.

    ``per_second`` is another number in every run, and so not in its repr. ``whole`` says whether
    every client got every message, once and in order. ``calls`` are the functions that the server
    called for each delivery, where that was asked for.
    """

    calls: float | None = None

    def __init__(
        self, name: str, have: list[int], messages: int, seconds: float, wrong: str
    ) -> None:
        self.name = name
        self.clients = len(have)
        self.messages = messages
        self.wrong = wrong or ("some messages are lost" if min(have) < messages else "")
        self.per_second = sum(have) / seconds if seconds else 0.0

    @property
    def whole(self) -> bool:
        """Whether nobody lost a message."""
        return not self.wrong

    def __repr__(self) -> str:
        what = f"each of {self.messages} messages" if self.messages > 1 else "the message"
        if self.wrong:
            return f"{self.name}: not all of {self.clients} clients got {what}: {self.wrong}"
        return f"{self.name}: {self.clients} clients got {what}, once and in order"


class Address(Protocol):
    """What a crowd connects to: a server with a port."""

    port: int | None


class Crowd:
    """``size`` clients of a server, in a process of their own.

    With ``user`` they are all logged in as this user of the finished project, which greets each.

    >>> crowd = await Crowd(150, server).connect()
    >>> await crowd.measure("group_send", say, messages=100)
    group_send: 150 clients got each of 100 messages, once and in order
    """

    def __init__(
        self, size: int, server: LiveServer | Address, path: str = "/online/", *, user: str = ""
    ) -> None:
        self.size = size
        self.server = server
        self.path = path
        self.user = user
        self._process: asyncio.subprocess.Process | None = None

    def __repr__(self) -> str:
        return f"Crowd({self.size} clients, {'open' if self._process else 'closed'})"

    async def connect(self) -> Self:
        """Connect all of them; raises ``LabError`` when the server does not take them all."""
        await self.close()
        lines = [*_HANDSHAKE]
        if self.user:
            if not isinstance(self.server, LiveServer):
                raise LabError(f"expected a LiveServer to log in at, got {self.server}")
            one = await Client(self.user, self.server).login()
            lines.append(f"Cookie: {one.cookies}")
        host, port = HOST, self.server.port
        request = "\r\n".join(lines).format(host=host, port=port, path=self.path) + "\r\n\r\n"
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, str(Path(__file__).with_name("crowd_process.py"))),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        where = {"host": host, "port": port, "request": request}
        await self._ask(do="connect", **where, count=self.size, greeted=bool(self.user))
        return self

    async def measure(
        self,
        name: str,
        say: Say,
        *,
        messages: int = 100,
        at_once: int = 25,
        rounds: int | None = None,
        timeout: float = TIMEOUT,
        profile: bool = False,
    ) -> Rung:
        """Let ``say`` send so many messages and measure until all clients have all of them.

        That is done ``rounds`` times, three if nothing is said, and the quickest one counts: what
        else runs on the machine makes a round slower and never quicker. A round in which something
        is lost counts instead of all.

        ``say`` gets a list of ``at_once`` texts; at most twice as many are under way. The time runs
        from the first delivery to the last. What has not come within ``timeout`` seconds is lost.
        With ``profile`` some messages follow while the server is profiled, for ``Rung.calls``.
        """
        rungs = []
        for _ in range(rounds or int(os.environ.get(ROUNDS, 3))):
            found = await self._listen(say, messages, at_once, timeout)
            rung = Rung(name, found["have"], messages, found["seconds"], found["wrong"])
            if not rung.whole:
                return rung
            rungs.append(rung)
        rung = max(rungs, key=lambda each: each.per_second)
        if profile:
            if not isinstance(self.server, LiveServer):
                raise LabError(f"expected a LiveServer to be profiled, got {self.server}")
            async with self.server.profile() as seen:
                await self._listen(say, PROFILED, at_once, timeout)
            rung.calls = seen.all_calls / (PROFILED * self.size)
        return rung

    async def _listen(self, say: Say, messages: int, at_once: int, timeout: float) -> Any:
        await self._ask(do="begin")
        texts = [f"#{number:06}# hello".ljust(LENGTH, ".") for number in range(messages)]
        found: dict[str, Any] = {}
        for first in range(0, messages, at_once):
            await say(texts[first : first + at_once])
            wanted = first if first + at_once < messages else messages
            found = await self._ask(do="until", count=wanted, timeout=timeout)
            if found["wrong"]:
                break  # nothing that comes now would make it whole
        return found

    async def close(self) -> None:
        """Hang up, all of them; closing twice does nothing."""
        process, self._process = self._process, None
        if process is not None:
            assert process.stdin is not None
            process.stdin.close()
            await process.wait()

    async def __aenter__(self) -> Self:
        return await self.connect()

    async def __aexit__(self, *exception: object) -> None:
        await self.close()

    async def _ask(self, **request: Any) -> Any:
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise LabError("the crowd is not connected: await crowd.connect() first")
        process.stdin.write(json.dumps(request).encode() + b"\n")
        try:
            async with asyncio.timeout(request.get("timeout", TIMEOUT) + 10):
                line = await process.stdout.readline()
        except TimeoutError:
            raise LabTimeout(f"waited for the crowd to {request['do']}, in vain") from None
        reply = json.loads(line or '{"error": "its process is gone"}')
        if "error" in reply:
            raise LabError(f"the crowd could not {request['do']}: {reply['error']}")
        return reply["ok"]


class Layer(Protocol):
    """A channel layer, as far as a crowd needs one."""

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        """Send an event to everybody in a group."""


def to_group(layer: Layer, group: str = "online") -> Say:
    """What `Crowd.measure` calls to send texts to a group: one ``group_send`` for each.

    The event has the text, and beside it the frame that a client is to get, as finished JSON.
    """

    async def say(texts: list[str]) -> None:
        for text in texts:
            frame = json.dumps({"type": "message", "text": text})
            event = {"type": "online.message", "from": "notebook", "text": text, "json": frame}
            await layer.group_send(group, event)

    return say
