"""Weave: the events of a trace made into arrows, each tied to those that happened before it."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field

from .arrow import DATABASE, LAYER, Arrow, ArrowKind, Lane, LaneKind, lane_of
from .connection import Connection
from .life import Life
from .order import Handling, in_order, tie_deliveries, tie_marks
from .program import Event
from .trace import Trace

_CHANNEL = re.compile(r"\b(?:asgi)?specific\.[\w!.]+")
_EPOCH = re.compile(r'("epoch": ?)"\w+"')  # of a history
_TIME = re.compile(r'"\d{4}-\d\d-\d\dT[\d:.]+Z"')  # of something that happened


def arrows(trace: Trace) -> list[Arrow]:
    """All hops of the block; order is cause and effect, and names where neither comes first."""
    return in_order(Weave(trace).woven())


@dataclass
class Ends:
    """What the cells did with one connection."""

    connect: Event | None = None
    sends: list[Event] = field(default_factory=list)
    reads: int = 0
    close: Event | None = None
    drop: Event | None = None
    refused: Event | None = None


class Weave:
    """The arrows of a trace as they are made, with what ties them: who sent, read, joined, ended.

    ``woven()`` makes them: those of each connection (see `Life`), of other processes, of the cells.
    """

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.arrows: list[Arrow] = []
        self.ends: dict[int, Ends] = defaultdict(Ends)  # by id of the connection
        self.of_step: dict[int, Arrow] = {}  # by id of the event
        self.frames_out: dict[int, list[Arrow | None]] = defaultdict(list)
        self.answer: dict[int, Arrow] = {}  # accept or refusal
        self.farewell: dict[int, Arrow] = {}  # what closed it, as its client saw it
        self.calls: dict[str, Arrow] = {}
        self.joins: dict[str, list[Arrow]] = defaultdict(list)  # group_add, by channel
        self.delivered: dict[str, list[Arrow]] = defaultdict(list)
        self.meant: dict[int, tuple[Connection | None, int]] = {}  # step: its connection, its read
        self.handlings: list[list[Handling]] = []
        self.by_process: dict[int, list[Arrow]] = defaultdict(list)
        self.failed = {
            event["number"]: event
            for events in [*trace.processes, trace.program.events]
            for event in events
            if event["what"] == "failed"
        }
        self.who = _names(trace)
        self.names = {
            channel: f"{self.who[id(each)]}'s channel"
            for each in trace.connections
            for channel in each.channels
        }

    def woven(self) -> list[Arrow]:
        """Make all arrows of the block, tied to each other; in no order yet."""
        self._read_steps()
        for connection in self.trace.connections:
            Life(self, connection).weave_in()
        self._weave_programs()
        self._weave_steps()
        tie_deliveries(self)
        tie_marks(self.arrows)
        return self.arrows

    def add(
        self,
        source: Lane,
        target: Lane,
        label: str,
        kind: ArrowKind,
        event: Event,
        owner: str = "",
        **more: object,
    ) -> Arrow:
        """Add an arrow for an event; ``more`` are further fields of it."""
        payload = self.plain(str(event.get("payload", "")))
        if "cut_from" in event:
            payload += f"… ({event['cut_from']} characters)"
        arrow = Arrow(source, target, self.plain(label), kind, event["at"], payload, owner=owner)
        for name, value in more.items():
            setattr(arrow, name, value)
        self.arrows.append(arrow)
        return arrow

    def plain(self, text: str) -> str:
        """Text without what differs in every run: with the owners of channels for their names."""
        text = _TIME.sub('"…"', _EPOCH.sub(r'\1"…"', text))
        return _CHANNEL.sub(lambda found: self.names.get(found[0], "a channel"), text)

    def channel_of(self, owner: str) -> str:
        """The name of a client's channel; empty when it has none."""
        words = f"{owner}'s channel"
        return next((name for name, plain in self.names.items() if plain == words), "")

    def lane(self, kind: LaneKind, connection: Connection) -> Lane:
        """The lane of the server process that holds a connection."""
        return lane_of(kind, self.trace.name_of(connection.process))

    def layer_of(self, process: int) -> Lane:
        """The lane of a process's channel layer: of one of several servers, its own memory."""
        if not (name := self.trace.name_of(process)):
            return LAYER
        events = self.trace.processes[process]
        in_memory = any(event.get("reach") == "process" for event in events)
        return Lane("layer", f"memory {name}") if in_memory else LAYER

    def call(self, source: Lane, event: Event, owner: str = "", layer: Lane = LAYER) -> Arrow:
        """Add an arrow for a call of the channel layer."""
        target = f"group {event['group']}" if "group" in event else event["channel"]
        label = f"{event['call']} {event.get('group', '')}".rstrip()
        if event["call"] == "send":
            label = f"send to {event['channel']}"
        if "type" in event:
            label += f" · {event['type']}"
        if event["call"] in ("group_add", "group_discard") and source.kind == "program":
            label += f" · {target}"
        arrow = self.add(source, layer, label, "call", event, owner)
        self.calls[event["number"]] = arrow
        if event["call"] == "group_add":
            self.joins[event["channel"]].append(arrow)
        if event["number"] in self.failed:
            arrow.lost = True
            arrow.label += f" · {self.failed[event['number']]['error']}"
        return arrow

    def _read_steps(self) -> None:
        """Give each step of the program its connection."""
        by_dial = {id(each.seen[0]): each for each in self.trace.connections if each.seen}
        here: dict[str, Connection | None] = {}
        opening: dict[str, Event] = {}
        for event in self.trace.program.events:
            who, what = event["actor"], event["what"]
            if what == "connect":
                opening[who] = event
                here[who] = None
                continue
            if what == "dial":
                here[who] = by_dial.get(id(event))
            connection = here.get(who)
            self.meant[id(event)] = (connection, 0)
            if connection is None:
                continue
            ends = self.ends[id(connection)]
            if what == "dial":
                ends.connect = opening.get(who)
            elif what == "send" and not event["empty"]:
                ends.sends.append(event)
            elif what == "read":
                self.meant[id(event)] = (connection, ends.reads)
                ends.reads += 1
            elif what in ("close", "drop", "refused"):
                setattr(ends, what, event)

    def _weave_programs(self) -> None:
        """Commands that ran in processes of their own, such as ``manage.py broadcast``."""
        for process, events in enumerate(self.trace.processes):
            if any(event["what"] == "scope" for event in events):
                continue
            lane = Lane("program", str(events[0]["program"]).removeprefix("manage.py "))
            before: Arrow | None = None
            for event in events:
                if event["connection"] is None and self.trace.inside(event):
                    arrow = self._program_arrow(lane, event)
                    if arrow and before:
                        arrow.after.add(before)
                    before = arrow or before
                    if arrow:
                        self.by_process[process].append(arrow)

    def _program_arrow(self, lane: Lane, event: Event) -> Arrow | None:
        match event["what"]:
            case "call":
                return self.call(lane, event)
            case "sql":
                return self.add(lane, DATABASE, event["statement"], "sql", event)
            case "deliver":
                arrow = self.add(LAYER, lane, str(event["type"]), "event", event)
                self.delivered[str(event["number"])].append(arrow)
                return arrow
        return None

    def _weave_steps(self) -> None:
        """What the cells did, tied to what they did before and to what they had read by then."""
        past: list[set[Arrow]] = []
        programs = [
            (events[0]["at"], events[-1]["at"], self.by_process[process])
            for process, events in enumerate(self.trace.processes)
            if self.by_process[process] and not any(event["what"] == "scope" for event in events)
        ]
        first: set[Arrow] = set()
        for number, event in enumerate(self.trace.program.events):
            known: set[Arrow] = set()
            for step in event.get("after", ()):
                known |= past[step]
            if self.trace.first_step <= number < self.trace.end_step and "after" in event:
                arrow = self.of_step.get(id(event)) or self._step_arrow(event)
                known |= {
                    each for began, ended, made in programs if ended < event["at"] for each in made
                }
                if arrow:
                    arrow.after |= known
                    arrow.by_program = True
                    first.add(arrow)
                    known = {arrow}
                known |= self._learnt(event)
            past.append(known)
        for began, _, made in programs:
            for arrow in made:
                arrow.after |= {step for step in first if step.at < began}

    def _learnt(self, event: Event) -> set[Arrow]:
        """The arrows that a step has seen the end of."""
        connection, read = self.meant.get(id(event), (None, 0))
        if connection is None:
            return set()
        found: Arrow | None = None
        match event["what"]:
            case "connected" | "refused":
                found = self.answer.get(id(connection))
            case "read":
                frames = self.frames_out[id(connection)]
                found = frames[read] if read < len(frames) else None
            case "saw_close":
                found = self.farewell.get(id(connection))
        return {found} if found else set()

    def _step_arrow(self, event: Event) -> Arrow | None:
        """An arrow for a step that no event of the server answers to."""
        client = Lane("client", event["actor"])
        connection, _ = self.meant.get(id(event), (None, 0))
        server = lane_of("server", event.get("server", ""))
        if connection:
            server = self.lane("consumer" if connection.consumer else "server", connection)
        match event["what"]:
            case "send":
                label = "an empty frame" if event["empty"] else event["payload"]
                return self.add(client, server, label, "frame", event, client.name, lost=True)
            case "connect":
                label = f"opens {event['path']}"
                return self.add(client, server, label, "frame", event, client.name, lost=True)
            case "killed" | "stopped" | "started":
                label = {"killed": "kill -9", "stopped": "is ended", "started": "starts again"}
                ended = lane_of("server", event["server"])
                consumer = lane_of("consumer", event["server"])
                return self._mark(consumer, f"{ended.name}: {label[event['what']]}", event)
            case "valkey_killed":
                return self._mark(LAYER, f"{event['valkey']}: kill -9", event)
            case "valkey_started":
                return self._mark(LAYER, f"{event['valkey']}: starts again", event)
            case "http":
                server = lane_of("server", event.get("server", ""))
                return self.add(client, server, event["label"], "http", event, client.name)
        return self._program_arrow(Lane("program", "notebook"), event)

    def _mark(self, lane: Lane, label: str, event: Event) -> Arrow:
        return self.add(lane, lane, label, "mark", event, lost="starts" not in label)


def _names(trace: Trace) -> dict[int, str]:
    """The name of each connection's client, by id of the connection.

    Who is no Client is ``browser``, and ``browser (2)`` while there is another one; a tab that
    comes back gets the name that is free again.
    """
    names: dict[int, str] = {}
    free_from: list[float] = []  # for each browser: when its connection ended
    for each in sorted(trace.connections, key=lambda each: int(each.events[0]["at"])):
        if each.client:
            names[id(each)] = each.client
            continue
        began = int(each.events[0]["at"])
        at = next((at for at, end in enumerate(free_from) if end < began), len(free_from))
        free_from[at : at + 1] = [trace.end_of(each)]
        names[id(each)] = f"browser ({at + 1})" if at else "browser"
    return names
