"""Trace: what really happened in a block, as the server and the clients saw it."""

from __future__ import annotations

import asyncio
import html
import json
import math
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from .program import Event, Program

if TYPE_CHECKING:
    from .arrow import Arrow
    from .server import LiveServer


AFTER_A_BREAK = 1.0  # seconds that an event may take when the broker was killed before


@dataclass
class Connection:
    """One WebSocket connection, from both ends; ``client`` is None when it is no Client's."""

    process: int
    number: int
    port: int | None
    path: str
    events: list[Event] = field(default_factory=list)  # of the server, in its order
    client: str | None = None
    seen: list[Event] = field(default_factory=list)  # of the client: what arrived, its end
    consumer: str | None = None  # the class of the project's own consumer, once it runs
    channels: set[str] = field(default_factory=set)

    def of(self, what: str, type: str | None = None) -> list[Event]:
        """The server's events of one kind."""
        return [
            event
            for event in self.events
            if event["what"] == what and (type is None or event["type"] == type)
        ]

    @property
    def ended(self) -> bool:
        """Whether the application of this connection has returned or raised."""
        return any(event["what"] == "end" for event in self.events)

    @property
    def lost(self) -> bool:
        """Whether the client has seen the end of the connection."""
        return any(event["what"] == "lost" for event in self.seen)


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
        self._files: dict[Path, _File] = {}
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

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._settle()
        self.end_step = len(self.program.events)

    async def _settle(self) -> None:
        """Wait until every frame and event has arrived and been handled, as far as it will."""
        deadline = time.monotonic() + self.timeout
        while True:
            self._read()
            self.waiting_for = self._missing()
            self.settled = not self.waiting_for
            if self.settled or time.monotonic() > deadline:
                return
            await asyncio.sleep(0.01)

    # ------------------------------------------------------------------ reading

    def _read(self) -> None:
        folder = self.server.record_folder
        for file in folder.glob("*.jsonl"):
            self._files.setdefault(file, _File(file)).read()
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

    def owner_of(self, channel: str) -> str | None:
        """Whose channel it is: the name of a client, or None."""
        for connection in self.connections:
            if channel in connection.channels:
                return connection.client
        return None

    # ------------------------------------------------------------------ settling

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

    def _missing(self) -> str:
        for process, events in enumerate(self.processes):
            if self.ended_at(process) is None:
                open_pages = {event["connection"] for event in events if event["what"] == "scope"}
                open_pages -= {event["connection"] for event in events if event["what"] == "end"}
                open_pages -= {each.number for each in self.connections if each.process == process}
                if open_pages:
                    return "the end of an HTTP request"
        for connection in self.connections:
            if words := self._missing_of(connection):
                return f"{words} ({connection.client or 'a browser'})"
        return self._missing_delivery()

    def _missing_of(self, connection: Connection) -> str:
        ours = connection.client is not None
        sent, leaving = self._sent(connection)
        if ours and leaving and not connection.lost:
            return "the client to be gone"
        if connection.ended or self.ended_at(connection.process) is not None:
            return "the client to see the end" if ours and not connection.lost else ""
        if ours and connection.lost:
            return "the server to see the end"
        readies = connection.of("ready")
        for by, what in (("client", "in"), ("layer", "deliver")):
            asked = sum(event["by"] == by for event in readies)
            if (asked or by == "client") and asked <= len(connection.of(what)):
                return "the consumer to be ready again"
        if ours:
            if len(connection.of("in", "websocket.receive")) < sent:
                return "a frame to reach the server"
            arrived = sum(event["what"] == "arrived" for event in connection.seen)
            if arrived < len(connection.of("out", "websocket.send")):
                return "a frame to reach the client"
        return ""

    def _sent(self, connection: Connection) -> tuple[int, bool]:
        """How many frames the client sent (daphne passes no empty one on), and whether it left."""
        count, mine, leaving = 0, False, False
        for event in self.program.events:
            if event["actor"] != connection.client:
                continue
            if event["what"] == "dial":
                mine = event is connection.seen[0]
            elif mine:
                count += event["what"] == "send" and not event["empty"]
                leaving |= event["what"] in ("close", "drop")
        return count, leaving

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
                    yield call, [each for each in meant if not _ended_before(each, call)]

    def _missing_delivery(self) -> str:
        everything = [*self.program.events, *(e for events in self.processes for e in events)]
        failed = {event["number"] for event in everything if event["what"] == "failed"}
        broken = [e["at"] for e in self.program.events if e["what"] == "valkey_killed"]
        reached = {
            (event["number"], id(connection))
            for connection in self.connections
            for event in connection.of("deliver")
        }
        for call, meant in self.addressed():
            if call["number"] in failed or not self.inside(call):
                continue
            if any(at < call["at"] for at in broken) and _age(call) > AFTER_A_BREAK:
                continue  # the broker forgot who listens
            for connection in meant:
                gone = connection.ended or self.ended_at(connection.process) is not None
                if not gone and (call["number"], id(connection)) not in reached:
                    return f"an event to reach a consumer ({connection.client or 'a browser'})"
            if self._notebook_awaits(call):
                return "an event to reach the notebook"
        return ""

    def _notebook_awaits(self, call: Event) -> bool:
        """Whether a cell, or a consumer that runs in one, still waits for this event."""
        group = call.get("group")
        members = set() if group else {call["channel"]}
        waiting: set[str] = set()
        for event in self.program.events:
            match event["what"]:
                case "call" if event.get("group") == group and event["at"] < call["at"]:
                    if event["call"] == "group_add":
                        members.add(event["channel"])
                    elif event["call"] == "group_discard":
                        members.discard(event["channel"])
                case "ready" if event["by"] == "layer":
                    waiting.add(event["channel"])
                case "unready":
                    waiting.discard(event["channel"])
                case "deliver":
                    waiting.discard(event["channel"])
                    if event["number"] == call["number"]:
                        members.discard(event["channel"])
        return bool(members & waiting)

    # ------------------------------------------------------------------ looking

    def arrows(self) -> list[Arrow]:
        """All hops of the block, in causal order."""
        from .weave import arrows

        return arrows(self)

    def table(self) -> Table:
        """Each hop with its payload and the time since the block began: differs from run to run."""
        return Table(self)


class Table:
    """The hops of a trace with payloads and times, for a cell whose output is not compared."""

    def __init__(self, trace: Trace) -> None:
        self.rows = [
            (
                f"{(arrow.at - trace.began) / 1e6:.1f}",
                f"{arrow.source.name} → {arrow.target.name}",
                arrow.label,
                arrow.payload,
            )
            for arrow in trace.arrows()
        ]

    def __repr__(self) -> str:
        return "\n".join(f"{ms:>8} ms  {hop:<24} {what}" for ms, hop, what, _ in self.rows)

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col">{word}</th>' for word in ("ms", "hop", "what", "payload"))
        rows = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>"
            for row in self.rows
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _ended_before(connection: Connection, call: Event) -> bool:
    return any(event["what"] == "end" and event["at"] < call["at"] for event in connection.events)


def _age(event: Event) -> float:
    return (time.monotonic_ns() - int(event["at"])) / 1e9


class _File:
    """The file of one process, read as it grows."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.pid = int(path.name.partition("-")[0])
        self.events: list[Event] = []
        self._read = 0  # bytes

    def read(self) -> None:
        """Read what was added; a last line that is not whole (yet, or by a kill) is left."""
        with self.path.open("rb") as file:
            file.seek(self._read)
            whole = file.read().rpartition(b"\n")[0]
        if whole:
            self.events += map(json.loads, whole.splitlines())
            self._read += len(whole) + 1
