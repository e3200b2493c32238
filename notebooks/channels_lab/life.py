"""Life: the arrows of one connection, from its handshake to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .arrow import DATABASE, Arrow, Lane
from .connection import Connection
from .order import Handling, tie_handlings
from .program import Event

if TYPE_CHECKING:
    from .weave import Weave

NO_GOODBYE = 1006  # what a server notes of a connection that broke off


class Life:
    """Reads the events of one connection in the server's order, and draws each once.

    ``handlings`` is what its consumer was at, one event after the other.
    """

    def __init__(self, weave: Weave, connection: Connection) -> None:
        self.weave, self.connection = weave, connection
        self.ends = weave.ends[id(connection)]
        self.who = weave.who[id(connection)]
        self.client = Lane("client", self.who)
        self.consumer = weave.lane("consumer", connection)
        self.server = self.consumer if connection.consumer else weave.lane("server", connection)
        self.layer = weave.layer_of(connection.process)
        self.arrived = sum(event["what"] == "arrived" for event in connection.seen)
        self.handlings: list[Handling] = []
        self._state = "new"  # new → accepted → closed, or new → refused
        self._taken = 0  # frames of the client
        # Events that the consumer has not come to, each with its arrow, if any, and its type.
        self._waiting: dict[str, list[tuple[Arrow | None, str]]] = {"client": [], "layer": []}
        self._opens: Arrow | None = None  # until the application takes it
        self._done: list[Arrow] = []  # since the consumer was ready last
        self._handler = self._looked_for = ""
        self._current = ""  # whose event the consumer is at: the client's, or the layer's
        self._free_at = 0

    def weave_in(self) -> None:
        """Add the arrows of the whole life, tied to each other."""
        for event in self.connection.events:
            self._read(event)
        self._end_what_is_left()
        self._end_as_seen()
        tie_handlings(self.handlings)
        self.weave.handlings.append(self.handlings)
        mine = {arrow for each in self.handlings for arrow in [*each.done, each.cause] if arrow}
        self.weave.by_process[self.connection.process] += mine

    def _read(self, event: Event) -> None:
        inside = self.weave.trace.inside(event)
        match event["what"]:
            case "scope" if inside:
                step = self.ends.connect
                self._opens = self._frame_in(f"opens {self.connection.path}", event, step)
            case "taken":
                self._taken_up(event)
            case "ready" if self._waiting[event["by"]] and self._current in ("", event["by"]):
                self._handled(event["by"])
                self._current, self._free_at = "", event["at"]
            case "in":
                self._in(event, inside)
            case "deliver":
                self._deliver(event, inside)
            case "handler":
                self._handler = f"{event['name']}()" if event["found"] else "no such handler"
                self._looked_for = str(event.get("type", ""))
            case "out":
                self._out(event, inside)
            case "call" if inside:
                self._done.append(self.weave.call(self.consumer, event, self.who, self.layer))
            case "sql" if inside:
                label = event["statement"]
                made = self.weave.add(self.consumer, DATABASE, label, "sql", event, self.who)
                self._done.append(made)
            case "end" if inside and event["error"] not in (None, "cancelled"):
                label, lane = f"{event['error']}: {event['says']}", self.server
                mark = self.weave.add(lane, lane, label, "mark", event, self.who, lost=True)
                self._done.append(mark)

    def _taken_up(self, event: Event) -> None:
        """Note whose event the consumer begins with; of two that waited, before it is ready."""
        if self._current:
            self._handled(self._current)
            self._free_at = event["at"]
        heads = {by: waiting[0][1] for by, waiting in self._waiting.items() if waiting}
        self._current = next((by for by, kind in heads.items() if kind == event["type"]), "")

    def _frame_in(self, label: str, event: Event, step: Event | None) -> Arrow:
        """An arrow from the client; ``step`` is what a cell did to send it, if a cell did."""
        arrow = self.weave.add(self.client, self.server, label, "frame", step or event, self.who)
        if step:
            self.weave.of_step[id(step)] = arrow
        return arrow

    def _in(self, event: Event, inside: bool) -> None:
        kind = str(event["type"])
        if kind == "websocket.connect":
            self._waiting["client"].append((self._opens, kind))
            self._opens = None
            return
        label, step, lost = self._said(event, kind)
        made: Arrow | None = None
        # Of a refusal nothing is left to close: what the server reports is the end of TCP.
        if inside and not (self._state == "refused" and kind == "websocket.disconnect"):
            made = self._frame_in(label, event, step)
            made.lost, made.by_program = lost, step is not None
            made.payload = self.weave.plain(str(event.get("payload", "")))
            farewell = self.weave.farewell.get(id(self.connection))
            if self._state == "closed" and farewell:
                made.after.add(farewell)
        self._waiting["client"].append((made, kind))

    def _said(self, event: Event, kind: str) -> tuple[str, Event | None, bool]:
        """What a client's event says, the step of a cell that it comes of, whether it is a loss."""
        ends = self.ends
        if kind == "websocket.receive":
            step = ends.sends[self._taken] if self._taken < len(ends.sends) else None
            self._taken += 1
            return str(event.get("payload", "")), step, False
        code = event["code"]
        if ends.close and not ends.drop and self._state != "closed":
            return f"closes {code}", ends.close, False
        if self._state == "closed":
            return f"answers the close {code}", None, False
        if ends.drop or code == NO_GOODBYE:
            how = "loses the network" if ends.drop else "is gone"
            return f"{how} · {code}", ends.drop, True
        return f"closes {code}", None, False  # a browser has said goodbye

    def _deliver(self, event: Event, inside: bool) -> None:
        kind, made = str(event["type"]), None
        if inside:
            made = self.weave.add(self.layer, self.consumer, kind, "event", event, self.who)
            self.weave.delivered[str(event["number"])].append(made)
        self._waiting["layer"].append((made, kind))

    def _out(self, event: Event, inside: bool) -> None:
        kind, key = str(event["type"]), id(self.connection)
        label, refuses = str(event.get("payload", "")), self._state == "new"
        refused = self.ends.refused or {"status": 403}  # what the client got, if one of ours
        if kind == "websocket.accept":
            self._state, label = "accepted", "accepts"
        elif kind == "websocket.close":
            label = f"HTTP {refused['status']}" if refuses else f"closes {event['code'] or 1000}"
            self._state = "refused" if refuses else "closed"
        made: Arrow | None = None
        if inside:
            made = self.weave.add(self.server, self.client, label, "frame", event, self.who)
            self._done.append(made)
        if kind == "websocket.send":
            frames = self.weave.frames_out[key]
            if made and self.connection.client and len(frames) >= self.arrived:
                made.lost = True
            frames.append(made)
        elif made and (label == "accepts" or self._state == "refused"):
            self.weave.answer[key] = made
        if made and kind == "websocket.close":
            self.weave.farewell[key] = made

    def _handled(self, by: str) -> None:
        """Note that the consumer is through with the event that waited longest."""
        cause, kind = self._waiting[by].pop(0)
        if cause is not None:
            if by == "layer":
                cause.at = max(cause.at, self._free_at)  # it waited until the consumer was free
                cause.ignored = not self._done and not self._handler
            # Channels' own consumers, such as the one that refuses an origin, are the server's.
            cause.handler = self._handler if self.connection.consumer else ""
        self.handlings.append(Handling(cause, by, kind, self._done))
        self._done, self._handler, self._looked_for = [], "", ""

    def _end_what_is_left(self) -> None:
        """An application that ended, or was killed, was at what it had looked up a method for."""
        client, layer = self._waiting["client"], self._waiting["layer"]
        if self._current:
            self._handled(self._current)
        elif client and (client[0][1] == self._looked_for or not layer):
            self._handled("client")
        elif layer:
            self._handled("layer")
        elif self._done or self._opens:
            self.handlings.append(Handling(self._opens, "client", "websocket.connect", self._done))
        for unhandled, _ in layer:  # it never came to these
            if unhandled:
                self.weave.arrows.remove(unhandled)

    def _end_as_seen(self) -> None:
        """The end as the client saw it, where neither side's consumer nor cell asked for it."""
        weave, key = self.weave, id(self.connection)
        lost = next((event for event in self.connection.seen if event["what"] == "lost"), None)
        if lost is None or not weave.trace.inside(lost) or key in weave.farewell:
            return
        killed = weave.trace.ended_at(self.connection.process)
        by_kill = killed is not None and killed < lost["at"]
        left = [step["at"] for step in (self.ends.close, self.ends.drop) if step]
        if left and lost["opened"] and not (killed is not None and killed < min(left)):
            return
        if lost["opened"]:
            label = f"connection lost · {lost['code']}" if by_kill else f"closes {lost['code']}"
        else:
            refused = self.ends.refused
            label = f"HTTP {refused['status']}" if refused else "no answer"
        arrow = weave.add(self.server, self.client, label, "frame", lost, self.client.name)
        arrow.lost, arrow.unasked = by_kill, True
        arrow.because_of = killed if by_kill else None
        if not lost["opened"]:
            weave.answer[key] = arrow
        weave.farewell[key] = arrow
        arrow.after |= {handling.last for handling in self.handlings if handling.last}
