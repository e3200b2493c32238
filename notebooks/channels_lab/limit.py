"""Limit: what this machine delivers when no framework is in the way."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Self

from .errors import LabError


class Limit:
    """A server that writes ready-made bytes to all its sockets, and does nothing else.

    >>> async with Limit() as limit, Crowd(150, limit) as crowd:
    ...     await crowd.measure("no framework", limit.say)
    no framework: 150 clients got each of 100 messages, once and in order
    """

    def __init__(self) -> None:
        self.port: int | None = None
        self._process: asyncio.subprocess.Process | None = None

    def __repr__(self) -> str:
        return f"Limit({'running' if self._process else 'stopped'})"

    async def start(self) -> Self:
        """Start it; it ends with the kernel."""
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, str(Path(__file__).with_name("limit_process.py"))),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert self._process.stdout is not None
        async with asyncio.timeout(10):
            self.port = int(await self._process.stdout.readline())
        return self

    async def say(self, texts: list[str]) -> None:
        """Send texts to everybody."""
        if self._process is None or self._process.stdin is None:
            raise LabError("the limit is not running: await limit.start() first")
        self._process.stdin.write(json.dumps(texts).encode() + b"\n")
        await self._process.stdin.drain()

    async def stop(self) -> None:
        """End it; stopping twice does nothing."""
        process, self._process = self._process, None
        if process is not None and process.stdin is not None:
            process.stdin.close()
            await process.wait()

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *exception: object) -> None:
        await self.stop()
