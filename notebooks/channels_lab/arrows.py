"""Arrows: the hops of a trace in causal order, the same in every run that behaves the same."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal, NamedTuple

from .program import Event
from .trace import Connection, Trace

LaneKind = Literal["client", "program", "server", "consumer", "layer", "database"]
ArrowKind = Literal["frame", "inner", "call", "event", "sql", "http", "mark"]
_CHANNEL = re.compile(r"\b(?:asgi)?specific\.[\w!.]+")


class Lane(NamedTuple):
    """One vertical line: who sends and who receives."""

    kind: LaneKind
    name: str


SERVER, CONSUMER = Lane("server", "server"), Lane("consumer", "consumer")
LAYER, DATABASE = Lane("layer", "layer"), Lane("database", "database")


@dataclass(eq=False)
class Arrow:
    """One hop from lane to lane; one that stays on its lane is a mark, such as an exception."""

    source: Lane
    target: Lane
    label: str
    kind: ArrowKind
    at: int  # monotonic, in ns
    payload: str = ""
    handler: str = ""  # the consumer's method that it runs, such as ``receive()``
    owner: str = ""  # whose connection it is about
    lost: bool = False  # it does not arrive, or nobody gets it
    ignored: bool = False  # the consumer looked at it, and did nothing
    unasked: bool = False  # the server itself did it, not its consumer
    by_program: bool = False  # a cell did it, not the server
    because_of: int | None = None  # when the server was ended, for what came of that
    after: set[Arrow] = field(default_factory=set)  # those that happened before it


def arrows(trace: Trace) -> list[Arrow]:
    """All hops of the block; order is cause and effect, and names where neither comes first."""
    return _in_order(_Weaver(trace).woven())


@dataclass
class _Ends:
    """What the cells did with one connection."""

    connect: Event | None = None
    sends: list[Event] = field(default_factory=list)
    reads: int = 0
    close: Event | None = None
    drop: Event | None = None
    refused: Event | None = None


@dataclass
class _Handling:
    """A consumer at work on one event: what set it off, and what it did."""

    cause: Arrow | None
    by: str  # "client", "layer"
    kind: str  # the type of the event
    done: list[Arrow]

    @property
    def last(self) -> Arrow | None:
        return self.done[-1] if self.done else self.cause

    @property
    def visible(self) -> bool:
        """Whether the client can see that it happened: a frame or a close came of it."""
        return any(arrow.kind == "frame" for arrow in self.done)


class _Weaver:
    """Makes arrows of events and ties each to those that happened before it."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.arrows: list[Arrow] = []
        self.ends: dict[int, _Ends] = defaultdict(_Ends)  # by id of the connection
        self.of_step: dict[int, Arrow] = {}  # by id of the event
        self.frames_out: dict[int, list[Arrow | None]] = defaultdict(list)
        self.answer: dict[int, Arrow] = {}  # accept or refusal
        self.farewell: dict[int, Arrow] = {}  # what closed it, as its client saw it
        self.calls: dict[str, Arrow] = {}
        self.joins: dict[str, list[Arrow]] = defaultdict(list)  # group_add, by channel
        self.delivered: dict[str, list[Arrow]] = defaultdict(list)
        self.meant: dict[int, tuple[Connection | None, int]] = {}  # step: its connection, its read
        self.handlings: list[list[_Handling]] = []
        self.by_process: dict[int, list[Arrow]] = defaultdict(list)
        self.failed = {
            event["number"]: event
            for events in [*trace.processes, trace.program.events]
            for event in events
            if event["what"] == "failed"
        }
        names = {name: each.client for each in trace.connections for name in each.channels}
        self.names = {
            name: f"{client}'s channel" if client else "a channel" for name, client in names.items()
        }

    def woven(self) -> list[Arrow]:
        self._read_steps()
        for connection in self.trace.connections:
            self._weave_connection(connection)
        self._weave_programs()
        self._weave_steps()
        self._tie_deliveries()
        self._tie_marks()
        return self.arrows

    # ------------------------------------------------------------------ making arrows

    def _add(
        self,
        source: Lane,
        target: Lane,
        label: str,
        kind: ArrowKind,
        event: Event,
        owner: str = "",
        **more: object,
    ) -> Arrow:
        payload = self.plain(str(event.get("payload", "")))
        if "cut_from" in event:
            payload += f"… ({event['cut_from']} characters)"
        arrow = Arrow(source, target, self.plain(label), kind, event["at"], payload, owner=owner)
        for name, value in more.items():
            setattr(arrow, name, value)
        self.arrows.append(arrow)
        return arrow

    def plain(self, text: str) -> str:
        """Text with the owners of channels in place of their names, which differ in every run."""
        return _CHANNEL.sub(lambda found: self.names.get(found[0], "a channel"), text)

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

    def _call(self, source: Lane, event: Event, owner: str, process: int | None) -> Arrow:
        target = f"group {event['group']}" if "group" in event else event["channel"]
        label = f"{event['call']} {event.get('group', '')}".rstrip()
        if event["call"] == "send":
            label = f"send to {event['channel']}"
        if "type" in event:
            label += f" · {event['type']}"
        if event["call"] in ("group_add", "group_discard") and source.kind == "program":
            label += f" · {target}"
        arrow = self._add(source, LAYER, label, "call", event, owner)
        self.calls[event["number"]] = arrow
        if event["call"] == "group_add":
            self.joins[event["channel"]].append(arrow)
        if event["number"] in self.failed:
            arrow.lost, arrow.label = (
                True,
                f"{arrow.label} · {self.failed[event['number']]['error']}",
            )
        return arrow

    def _weave_connection(self, connection: Connection) -> None:
        ends = self.ends[id(connection)]
        who = connection.client or "browser"
        client, server = Lane("client", who), CONSUMER if connection.consumer else SERVER
        arrived = sum(event["what"] == "arrived" for event in connection.seen)
        state = "new"  # new → accepted → closed
        taken = 0  # frames of the client
        waiting: dict[str, list[tuple[Arrow | None, str]]] = {"client": [], "layer": []}
        done: list[Arrow] = []
        handlings: list[_Handling] = []
        handler = looked_for = ""
        free_at = 0
        opens: Arrow | None = None  # until the application takes it

        def handled(by: str) -> None:
            nonlocal done, handler, looked_for
            cause, kind = waiting[by].pop(0)
            if cause is not None and by == "layer":
                cause.at = max(cause.at, free_at)  # it waited until the consumer was free
            if cause is not None:
                # Channels' own consumers, such as the one that refuses an origin, are the server's.
                cause.handler = handler if connection.consumer else ""
            handlings.append(_Handling(cause, by, kind, done))
            if cause is not None and by == "layer" and not done and not handler:
                cause.ignored = True
            done, handler, looked_for = [], "", ""

        for event in connection.events:
            inside = self.trace.inside(event)
            what, kind = event["what"], str(event.get("type", ""))
            made: Arrow | None = None
            if what == "scope" and inside:
                step = ends.connect
                opens = self._add(
                    client, server, f"opens {connection.path}", "frame", step or event, who
                )
                if step:
                    self.of_step[id(step)] = opens
            elif what == "ready":
                if waiting[event["by"]]:
                    handled(event["by"])
                    free_at = event["at"]
            elif what == "in":
                step = None
                label, lost = "", False
                if kind == "websocket.connect":
                    waiting["client"].append((opens, kind))
                    opens = None
                    continue
                if kind == "websocket.receive":
                    step = ends.sends[taken] if taken < len(ends.sends) else None
                    taken += 1
                    label = str(event.get("payload", ""))
                elif ends.close and not ends.drop and state != "closed":
                    step, label = ends.close, f"closes {event['code']}"
                elif state == "closed":
                    label = f"answers the close {event['code']}"
                else:
                    step, lost = ends.drop, True
                    label = (
                        f"loses the network · {event['code']}"
                        if ends.drop
                        else f"is gone · {event['code']}"
                    )
                # Of a refusal nothing is left to close: what the server reports is the end of TCP.
                if inside and not (state == "refused" and kind == "websocket.disconnect"):
                    made = self._add(client, server, label, "frame", step or event, who)
                    made.lost, made.by_program = lost, step is not None
                    made.payload = self.plain(str(event.get("payload", "")))
                    if step:
                        self.of_step[id(step)] = made
                    if state == "closed" and id(connection) in self.farewell:
                        made.after.add(self.farewell[id(connection)])
                waiting["client"].append((made, kind))
            elif what == "deliver":
                if inside:
                    made = self._add(LAYER, CONSUMER, kind, "event", event, who)
                    self.delivered[str(event["number"])].append(made)
                waiting["layer"].append((made, kind))
            elif what == "handler":
                handler = f"{event['name']}()" if event["found"] else "no such handler"
                looked_for = kind
            elif what == "out":
                label = str(event.get("payload", ""))
                if kind == "websocket.accept":
                    state, label = "accepted", "accepts"
                elif kind == "websocket.close":
                    label = "HTTP 403" if state == "new" else f"closes {event['code'] or 1000}"
                    state = "refused" if state == "new" else "closed"
                if inside:
                    made = self._add(server, client, label, "frame", event, who)
                    done.append(made)
                if kind == "websocket.send":
                    count = len(self.frames_out[id(connection)])
                    self.frames_out[id(connection)].append(made)
                    if made and connection.client and count >= arrived:
                        made.lost = True
                elif made and (label in ("accepts", "HTTP 403")):
                    self.answer[id(connection)] = made
                if made and kind == "websocket.close":
                    self.farewell[id(connection)] = made
            elif what == "call" and inside:
                done.append(self._call(CONSUMER, event, who, connection.process))
            elif what == "sql" and inside:
                done.append(self._add(CONSUMER, DATABASE, event["statement"], "sql", event, who))
            elif what == "end" and inside and event["error"] not in (None, "cancelled"):
                says = f"{event['error']}: {event['says']}"
                done.append(self._add(server, server, says, "mark", event, who, lost=True))
        # An application that ended, or was killed, was at what it had looked up a method for.
        if waiting["client"] and (waiting["client"][0][1] == looked_for or not waiting["layer"]):
            handled("client")
        elif waiting["layer"]:
            handled("layer")
        elif done or opens:
            handlings.append(_Handling(opens, "client", "websocket.connect", done))
        for unhandled, _ in waiting["layer"]:  # it never came to these
            if unhandled:
                self.arrows.remove(unhandled)
        self._end_of(connection, client, server, handlings)
        self._tie_handlings(handlings)
        self.handlings.append(handlings)
        mine = {arrow for each in handlings for arrow in [*each.done, each.cause] if arrow}
        self.by_process[connection.process] += mine

    def _end_of(
        self, connection: Connection, client: Lane, server: Lane, handlings: list[_Handling]
    ) -> None:
        """The end as the client saw it, where neither side's consumer nor cell asked for it."""
        lost = next((event for event in connection.seen if event["what"] == "lost"), None)
        ends = self.ends[id(connection)]
        if lost is None or not self.trace.inside(lost) or id(connection) in self.farewell:
            return
        killed = self.trace.ended_at(connection.process)
        by_kill = killed is not None and killed < lost["at"]
        left = [step["at"] for step in (ends.close, ends.drop) if step]
        if left and lost["opened"] and not (killed is not None and killed < min(left)):
            return
        if not lost["opened"]:
            label = f"HTTP {ends.refused['status']}" if ends.refused else "no answer"
        else:
            label = f"connection lost · {lost['code']}" if by_kill else f"closes {lost['code']}"
        arrow = self._add(
            server, client, label, "frame", lost, client.name, lost=by_kill, unasked=True
        )
        arrow.because_of = killed if by_kill else None
        if not lost["opened"]:
            self.answer[id(connection)] = arrow
        self.farewell[id(connection)] = arrow
        for handling in handlings:
            if handling.last:
                arrow.after.add(handling.last)

    def _weave_programs(self) -> None:
        """Commands that ran in processes of their own, such as ``manage.py broadcast``."""
        for process, events in enumerate(self.trace.processes):
            if any(event["what"] == "scope" for event in events):
                continue
            lane = (
                Lane("program", str(events[0]["program"]).removeprefix("manage.py "))
                if events
                else SERVER
            )
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
                return self._call(lane, event, "", None)
            case "sql":
                return self._add(lane, DATABASE, event["statement"], "sql", event)
            case "deliver":
                arrow = self._add(LAYER, lane, str(event["type"]), "event", event)
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
            if number >= self.trace.first_step and "after" in event:
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
        server = CONSUMER if connection and connection.consumer else SERVER
        match event["what"]:
            case "send":
                label = "an empty frame" if event["empty"] else event["payload"]
                return self._add(client, server, label, "frame", event, client.name, lost=True)
            case "connect":
                label = f"opens {event['path']}"
                return self._add(client, SERVER, label, "frame", event, client.name, lost=True)
            case "killed" | "stopped" | "started":
                label = {"killed": "kill -9", "stopped": "is ended", "started": "starts again"}
                return self._mark(CONSUMER, f"server: {label[event['what']]}", event)
            case "valkey_killed":
                return self._mark(LAYER, "Valkey: kill -9", event)
            case "valkey_started":
                return self._mark(LAYER, "Valkey: starts again", event)
            case "http":
                return self._add(client, SERVER, event["label"], "http", event, client.name)
        return self._program_arrow(Lane("program", "notebook"), event)

    def _mark(self, lane: Lane, label: str, event: Event) -> Arrow:
        return self._add(lane, lane, label, "mark", event, lost="starts" not in label)

    # ------------------------------------------------------------------ tying

    def _tie_handlings(self, handlings: list[_Handling]) -> None:
        """What one consumer did is in order as far as its own order or its client can tell."""
        before: list[_Handling] = []
        for handling in handlings:
            cause = [handling.cause] if handling.cause else []
            chain = cause + handling.done
            for earlier, later in pairwise(chain):
                later.after.add(earlier)
            # A frame's own arrow starts at the client; what the consumer makes of it comes later.
            mine = handling.cause if handling.by == "layer" else None
            start = mine or (handling.done[0] if handling.done else None)
            for other in before:
                both_by_client = other.by == handling.by == "client"
                at_the_ends = "connect" in other.kind or "disconnect" in handling.kind
                if (
                    start
                    and other.last
                    and (both_by_client or at_the_ends or (other.visible and handling.visible))
                ):
                    start.after.add(other.last)
            before.append(handling)

    def _tie_deliveries(self) -> None:
        there = set(self.arrows)
        # A consumer that ends with what was meant for it unread is not nobody.
        meant = {
            call["number"]: any(each.ended for each in to) for call, to in self.trace.addressed()
        }
        for number, call in self.calls.items():
            reached = [arrow for arrow in self.delivered.get(number, []) if arrow in there]
            for arrow in reached:
                arrow.after.add(call)
                channel = next(
                    (
                        name
                        for name, words in self.names.items()
                        if words == f"{arrow.owner}'s channel"
                    ),
                    "",
                )
                call.after |= {
                    join for join in self.joins[channel] if join.at < call.at and join is not call
                }
            if number in meant and not reached and not call.lost and not meant[number]:
                call.lost = True
                call.label += " · reaches nobody"
        # Two events of the layer reach a consumer in the order in which they were sent, if any.
        for handlings in self.handlings:
            events = [each for each in handlings if each.by == "layer" and each.cause]
            for index, later in enumerate(events):
                for earlier in events[:index]:
                    if (
                        later.cause
                        and earlier.last
                        and earlier.cause
                        and _precedes(self._call_of(earlier.cause), self._call_of(later.cause))
                    ):
                        later.cause.after.add(earlier.last)

    def _call_of(self, event: Arrow) -> Arrow | None:
        return next(
            (
                arrow
                for arrow in event.after
                if arrow.kind == "call" and arrow in set(self.calls.values())
            ),
            None,
        )

    def _tie_marks(self) -> None:
        """Around the end of a server or of Valkey only the clock tells what was before."""
        for mark in [arrow for arrow in self.arrows if arrow.kind == "mark" and arrow.by_program]:
            for arrow in self.arrows:
                if arrow is mark or (
                    mark.source == LAYER and LAYER not in (arrow.source, arrow.target)
                ):
                    continue
                if arrow.kind == "mark" and arrow.by_program:
                    continue
                if arrow.because_of is not None:
                    # A cell that kills and restarts at once lets its clients notice only then.
                    if arrow.because_of == mark.at:
                        arrow.after.add(mark)
                elif arrow.at < mark.at:
                    mark.after.add(arrow)
                else:
                    arrow.after.add(mark)


def _precedes(first: Arrow | None, second: Arrow | None) -> bool:
    if first is None or second is None or first is second:
        return False
    seen: set[Arrow] = set()
    stack = [second]
    while stack:
        arrow = stack.pop()
        if arrow is first:
            return True
        stack += [before for before in arrow.after if before not in seen]
        seen |= arrow.after
    return False


def _in_order(found: Iterable[Arrow]) -> list[Arrow]:
    """A topological order: effects right after their causes, names where neither comes first."""
    left = set(found)
    placed: dict[Arrow, int] = {}

    def rank(arrow: Arrow) -> tuple[object, ...]:
        latest = max((placed[before] for before in arrow.after if before in placed), default=-1)
        names = (arrow.owner, arrow.source, arrow.target, arrow.label, arrow.payload)
        return (arrow.by_program, -latest, *names, arrow.at)

    while left:
        ready = [arrow for arrow in left if not arrow.after & left]
        # A circle can only come of a restart's clock (see _tie_marks); then the clock decides.
        arrow = min(ready, key=rank) if ready else min(left, key=lambda each: each.at)
        placed[arrow] = len(placed)
        left.remove(arrow)
    return list(placed)
