"""Trace: what really happened in a block, as the server and the clients saw it."""

from __future__ import annotations

import asyncio
import math
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from .connection import Connection
from .hops import Hops
from .program import Event, Program
from .record_file import RecordFile
from .settling import missing

if TYPE_CHECKING:
    from .arrow import Arrow
    from .server import LiveServer


class Trace:
    """The traffic of a block, from both ends.

    >>> async with server.record() as trace:
    ...     await ana.send({"type": "ping", "id": 1})
    >>> trace
    Trace(2 clients, settled)

    ``Sequence(trace)`` draws it, ``table()`` lists each hop with its payload and its time.
    """

    def __init__(self, server: LiveServer, timeout: float = 5.0) -> None:
        assert server.program is not None
        self.server = server
        self.program: Program = server.program
        self.timeout = timeout
        self.settled = False
        self.waiting_for = ""  # what had not come when the wait ended
        self.connections: list[Connection] = []
        self.processes: list[list[Event]] = []
        self.pids: list[int] = []  # of each process
        self._files: dict[Path, RecordFile] = {}
        self.first_step = self.end_step = 0  # of the program's events that belong to the block
        self.began = 0  # monotonic, in ns

    def __repr__(self) -> str:
        there = {str(step["actor"]) for step in self.steps if step["actor"] != "notebook"}
        there |= {found.client for found in self.connections if found.client and self._stirs(found)}
        state = "settled" if self.settled else f"not settled: {self.waiting_for}"
        return f"Trace({len(there)} client{'s' * (len(there) != 1)}, {state})"

    @property
    def steps(self) -> list[Event]:
        """The program's events of this block."""
        return self.program.events[self.first_step : self.end_step]

    def _stirs(self, connection: Connection) -> bool:
        return any(self.inside(event) for event in connection.events)

    def inside(self, event: Event) -> bool:
        """Whether an event belongs to the block (when it began, all was quiet)."""
        return bool(event["at"] >= self.began)

    async def __aenter__(self) -> Self:
        await self._settle()
        self.began = time.monotonic_ns()
        self.first_step = len(self.program.events)
        self.program.owner = asyncio.current_task()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self._settle()
        self.end_step = len(self.program.events)

    async def _settle(self) -> None:
        """Wait until every frame and event has arrived and been handled, as far as it will."""
        deadline = time.monotonic() + self.timeout
        while True:
            self._read()
            self.waiting_for = missing(self)
            self.settled = not self.waiting_for
            if self.settled or time.monotonic() > deadline:
                return
            await asyncio.sleep(0.01)

    # ------------------------------------------------------------------ reading

    def _read(self) -> None:
        folder = self.server.record_folder
        for file in folder.glob("*.jsonl"):
            self._files.setdefault(file, RecordFile(file)).read()
        files = [file for file in self._files.values() if file.events]
        files.sort(key=lambda file: int(file.events[0]["at"]))
        self.processes = [file.events for file in files]
        self.pids = [file.pid for file in files]
        found: dict[tuple[int, int], Connection] = {}
        for process, events in enumerate(self.processes):
            for event in events:
                if event["connection"] is None:
                    continue
                at = (process, int(event["connection"]))
                if event["what"] == "scope" and event["type"] == "websocket":
                    found[at] = Connection(*at, event["port"], event["path"])
                if at in found:
                    connection = found[at]
                    connection.events.append(event)
                    if event["what"] == "consumer" and event["own"]:
                        connection.consumer = event["name"]
                    if event["what"] == "channel":
                        connection.channels.add(event["channel"])
        self.connections = list(found.values())
        self._join_both_ends()

    def _join_both_ends(self) -> None:
        """Give each connection its client: the one whose TCP port it has, one after the other."""
        by_port: dict[Any, list[Connection]] = defaultdict(list)
        for connection in sorted(self.connections, key=lambda each: int(each.events[0]["at"])):
            by_port[connection.port].append(connection)
        current: dict[Any, Connection | None] = {}
        for event in self.program.events:
            if event["what"] == "dial":
                waiting = by_port[event["port"]]
                current[event["port"]] = connection_ = waiting.pop(0) if waiting else None
                if connection_:
                    connection_.client = event["actor"]
            if event["what"] in ("dial", "arrived", "lost") and (at := current.get(event["port"])):
                at.seen.append(event)

    # ------------------------------------------------------------------ what it says of them

    def ended_at(self, process: int) -> int | None:
        """When a server process was ended by the cells (monotonic, in ns), or None."""
        for event in self.program.events:
            if event["what"] in ("killed", "stopped") and event["pid"] == self.pids[process]:
                return int(event["at"])
        return None

    def name_of(self, process: int) -> str:
        """The name of the server that a process is; empty when it has none, or is no server."""
        return self.program.servers.get(self.pids[process], "")

    def end_of(self, connection: Connection) -> float:
        """When a connection ended, by itself or with its process (in ns; infinity: it is open)."""
        over = [*connection.of("in", "websocket.disconnect"), *connection.of("end")]
        ends = [int(event["at"]) for event in over]
        killed = self.ended_at(connection.process)
        return min([*ends, *([killed] if killed else [])], default=math.inf)

    def browsers(self) -> list[Connection]:
        """The connections that no Client opened, as the server has noted them by now."""
        self._read()
        return [connection for connection in self.connections if connection.client is None]

    def calls(self) -> list[tuple[int | None, Event]]:
        """Every call of the channel layer with its process (None: this notebook), by time."""
        found: list[tuple[int | None, Event]] = [
            (number, event)
            for number, events in enumerate(self.processes)
            for event in events
            if event["what"] == "call"
        ]
        found += [(None, event) for event in self.program.events if event["what"] == "call"]
        return sorted(found, key=lambda each: int(each[1]["at"]))

    def addressed(self) -> Iterator[tuple[Event, list[Connection]]]:
        """Each event that was sent over the layer, with the connections that it was meant for."""
        by_channel = {name: each for each in self.connections for name in each.channels}
        members: dict[tuple[int | None, str], set[str]] = defaultdict(set)
        for process, call in self.calls():
            where = process if call["reach"] == "process" else None
            match call["call"]:
                case "group_add":
                    members[where, call["group"]].add(call["channel"])
                case "group_discard":
                    members[where, call["group"]].discard(call["channel"])
                case kind:
                    to = {call["channel"]} if kind == "send" else members[where, call["group"]]
                    meant = [by_channel[channel] for channel in sorted(to & by_channel.keys())]
                    if call["reach"] == "process":  # another process's memory is out of reach
                        meant = [each for each in meant if each.process == process]
                    yield call, [each for each in meant if not each.ended_before(call)]

    # ------------------------------------------------------------------ looking

    def arrows(self) -> list[Arrow]:
        """All hops of the block, in causal order."""
        from .weave import arrows

        return arrows(self)

    def table(self) -> Hops:
        """Each hop with its payload and the time since the block began: differs from run to run."""
        return Hops(self)
