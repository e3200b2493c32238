"""Settling: what a trace still waits for, before all that a block began has come to its end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from .connection import Connection
from .program import Event

if TYPE_CHECKING:
    from .trace import Trace

AFTER_A_BREAK = 1.0  # seconds that an event may take when the broker was killed before


def missing(trace: Trace) -> str:
    """What has not come yet, in words; empty when all is quiet."""
    for process, events in enumerate(trace.processes):
        if trace.ended_at(process) is None:
            open_pages = {event["connection"] for event in events if event["what"] == "scope"}
            open_pages -= {event["connection"] for event in events if event["what"] == "end"}
            open_pages -= {each.number for each in trace.connections if each.process == process}
            if open_pages:
                return "the end of an HTTP request"
    for connection in trace.connections:
        if words := _missing_of(trace, connection):
            return f"{words} ({connection.client or 'a browser'})"
    return _missing_delivery(trace)


def _missing_of(trace: Trace, connection: Connection) -> str:
    ours = connection.client is not None
    sent, leaving = _sent(trace, connection)
    if ours and leaving and not connection.lost:
        return "the client to be gone"
    if connection.ended or trace.ended_at(connection.process) is not None:
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


def _sent(trace: Trace, connection: Connection) -> tuple[int, bool]:
    """How many frames the client sent (daphne passes no empty one on), and whether it left."""
    count, mine, leaving = 0, False, False
    for event in trace.program.events:
        if event["actor"] != connection.client:
            continue
        if event["what"] == "dial":
            mine = event is connection.seen[0]
        elif mine:
            count += event["what"] == "send" and not event["empty"]
            leaving |= event["what"] in ("close", "drop")
    return count, leaving


def _missing_delivery(trace: Trace) -> str:
    everything = [*trace.program.events, *(e for events in trace.processes for e in events)]
    failed = {event["number"] for event in everything if event["what"] == "failed"}
    broken = [e["at"] for e in trace.program.events if e["what"] == "valkey_killed"]
    reached = {
        (event["number"], id(connection))
        for connection in trace.connections
        for event in connection.of("deliver")
    }
    for call, meant in trace.addressed():
        if call["number"] in failed or not trace.inside(call):
            continue
        if any(at < call["at"] for at in broken) and _age(call) > AFTER_A_BREAK:
            continue  # the broker forgot who listens
        for connection in meant:
            gone = connection.ended or trace.ended_at(connection.process) is not None
            if not gone and (call["number"], id(connection)) not in reached:
                return f"an event to reach a consumer ({connection.client or 'a browser'})"
        if _notebook_awaits(trace, call):
            return "an event to reach the notebook"
    return ""


def _notebook_awaits(trace: Trace, call: Event) -> bool:
    """Whether a cell, or a consumer that runs in one, still waits for this event."""
    group = call.get("group")
    members = set() if group else {call["channel"]}
    waiting: set[str] = set()
    for event in trace.program.events:
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


def _age(event: Event) -> float:
    return (time.monotonic_ns() - int(event["at"])) / 1e9
