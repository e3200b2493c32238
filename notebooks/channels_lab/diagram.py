"""Sequence: a trace drawn as a sequence diagram, as SVG and as the same thing in text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from collections.abc import Sequence as Many
from dataclasses import dataclass, replace
from typing import get_args
from xml.etree import ElementTree as ET

from .arrow import Arrow, Lane, LaneKind, stand_in
from .errors import LabError
from .svg import ADVANCE, CARD, FAINT, INK, LINE, card, draw, image, write
from .trace import Trace

# All in px.
WIDTH = 420  # at least
EDGE = 8
HEAD = 40  # height of the names at the top
ROW = 44
SECOND = 17  # what a second line of words adds
BREAK = 12  # characters that a good place to break may cost
LANE = 72  # width of a lane at least
NAME = 10  # characters of a name that are always shown

COLOUR = {"frame": "#0b5e7a", "inner": "#0b5e7a", "http": "#0b5e7a", "sql": "#6b4a00"}
LAYER_COLOUR, LOST_COLOUR = "#5b3a8c", "#9a1f16"
_KINDS = {"clients": ("client", "program"), **{kind: (kind,) for kind in get_args(LaneKind)}}
_ORDER: list[LaneKind] = ["client", "program", "server", "consumer", "layer", "database"]


@dataclass(frozen=True)
class Row:
    """One line of the drawing: an arrow between two lanes, its number and its words."""

    number: int
    source: int  # index of a lane
    target: int
    label: str
    lines: list[str]  # the label with its number, as drawn: one line or two
    kind: str
    lost: bool
    payload: str


class Sequence:
    """The traffic of a trace as a sequence diagram.

    ``lanes`` are those to show, of ``clients`` (with ``notebook``, when a cell itself sends),
    ``server``, ``consumer``, ``layer`` and ``database``; ``http=True`` shows pages as well,
    ``ignored=True`` the events that a consumer took from the layer and did nothing about.
    The same behaviour gives the same bytes: cause before effect, and names where there is neither.

    >>> Sequence(trace)
    Sequence: ana, consumer
     1  ana → consumer  {"type": "ping", "id": 1} · receive()
     2  consumer → ana  {"type": "pong", "id": 1}
    """

    def __init__(
        self,
        trace: Trace,
        lanes: Many[str] = ("clients", "consumer", "layer"),
        *,
        http: bool = False,
        ignored: bool = False,
    ) -> None:
        for name in lanes:
            if name not in ("clients", "server", "consumer", "layer", "database"):
                raise LabError(
                    "expected lanes out of 'clients', 'server', 'consumer', 'layer', 'database', "
                    f"got {name!r}"
                )
        self._shown = {kind for name in lanes for kind in _KINDS[name]}
        self._http, self._ignored = http, ignored
        found = [each for arrow in trace.arrows() for each in self._hops(arrow)]
        self._many = len({arrow.owner for arrow in found if arrow.owner}) > 1
        clients = trace.server.clients

        def place(lane: Lane) -> tuple[int, int, str]:
            at = clients.index(lane.name) if lane.name in clients else len(clients)
            return (_ORDER.index(lane.kind), at, lane.name)

        self.lanes = sorted(
            {lane for arrow in found for lane in (arrow.source, arrow.target)}, key=place
        )
        longest = max((len(lane.name) for lane in self.lanes), default=0)
        lane_width = max(LANE, ADVANCE * min(longest, NAME) + 12)
        self.width = max(WIDTH, int(lane_width * len(self.lanes)) + 2 * EDGE)
        self.rows = [self._row(number, arrow) for number, arrow in enumerate(found, 1)]

    def _hops(self, arrow: Arrow) -> Iterator[Arrow]:
        """An arrow as the shown lanes have it: not at all, once, or in two hops."""
        if (arrow.kind == "http" and not self._http) or (arrow.ignored and not self._ignored):
            return
        from_consumer = arrow.source.kind == "consumer"
        consumer = arrow.source if from_consumer else arrow.target
        at_consumer = consumer.kind == "consumer"
        both = {"server", "consumer"} <= self._shown
        wire = arrow.kind in ("frame", "http")
        if both and wire and at_consumer:
            # daphne speaks with the client, the consumer with daphne.
            server = stand_in(consumer)
            if from_consumer and arrow.unasked:
                yield replace(arrow, source=server)
            elif from_consumer:
                yield replace(arrow, target=server, kind="inner", label=_inner(arrow), payload="")
                yield replace(arrow, source=server)
            else:
                yield replace(arrow, target=server, handler="")
                if arrow.handler:
                    yield replace(
                        arrow,
                        source=server,
                        kind="inner",
                        label=arrow.handler,
                        handler="",
                        payload="",
                        lost=False,
                    )
            return
        ends = [self._stand_in(lane) for lane in (arrow.source, arrow.target)]
        if all(end is not None for end in ends):
            yield replace(arrow, source=ends[0], target=ends[1])  # type: ignore[arg-type]

    def _stand_in(self, lane: Lane) -> Lane | None:
        if lane.kind in self._shown:
            return lane
        if lane.kind == "consumer":
            return stand_in(lane) if "server" in self._shown else None
        # What the server does where no consumer runs is not to be laid at a consumer's door.
        return lane if lane.kind == "server" else None

    def _row(self, number: int, arrow: Arrow) -> Row:
        label, tail = _compact(arrow.label), ""
        if arrow.kind == "event" and self._many and arrow.owner:
            label += f" for {arrow.owner}"
        if arrow.handler:
            tail = f" · {arrow.handler}"
        if " · " in label and arrow.kind == "call":
            label, _, end = label.rpartition(" · ")
            tail = f" · {end}{tail}"
        room = int((self.width - 3 * EDGE) / ADVANCE)
        most = 2 * room - len(f"{number} ") - len(tail) - BREAK
        if len(label) > most:
            label = label[: max(most - 1, 1)] + "…"
        label += tail
        source, target = self.lanes.index(arrow.source), self.lanes.index(arrow.target)
        lines = _lines(f"{number} {label}", room)
        return Row(number, source, target, label, lines, arrow.kind, arrow.lost, arrow.payload)

    # ------------------------------------------------------------------ as text

    def __repr__(self) -> str:
        names = [lane.name for lane in self.lanes]
        hops = [_hop(names[row.source], names[row.target], row.lost) for row in self.rows]
        width = max(map(len, hops), default=0)
        lines = [
            f"{row.number:>2}  {hop:<{width}}  {row.label}"
            for row, hop in zip(self.rows, hops, strict=True)
        ]
        return "\n".join([f"Sequence: {', '.join(names) or 'nothing happened'}", *lines])

    # ------------------------------------------------------------------ as a picture

    @property
    def height(self) -> int:
        """Of the whole picture, in px."""
        return int(self.y(len(self.rows) - 1)) + 3 * EDGE if self.rows else HEAD + 3 * EDGE

    def x(self, lane: int) -> float:
        """Where a lane's line is."""
        step = (self.width - 2 * EDGE) / max(len(self.lanes), 1)
        return round(EDGE + step * (lane + 0.5), 1)

    def y(self, row: int) -> float:
        """Where the arrow of a row is (counted from 0)."""
        above = sum(len(line.lines) - 1 for line in self.rows[: row + 1])
        return HEAD + 2 * EDGE + ROW * row + SECOND * above + 26

    def box(self, row: int) -> tuple[float, float, float, float]:
        """The place of a row's words: x, y, width, height."""
        line = self.rows[row]
        width = round(max(map(len, line.lines)) * ADVANCE + 8, 1)
        middle = (self.x(line.source) + self.x(line.target)) / 2
        left = min(max(middle - width / 2, EDGE), self.width - EDGE - width)
        height = 18.0 + SECOND * (len(line.lines) - 1)
        return (round(left, 1), self.y(row) - 7 - height, width, height)

    def _repr_html_(self) -> str:
        """The picture as a page shows it."""
        return image(self._repr_svg_(), repr(self), self.width)

    def _repr_svg_(self) -> str:
        svg = card(repr(self), self.width, self.height)
        for number, lane in enumerate(self.lanes):
            self._draw_lane(svg, number, lane)
        for number in range(len(self.rows)):
            self._draw_row(svg, number)
        ET.indent(svg)
        return ET.tostring(svg, encoding="unicode")

    def _draw_lane(self, svg: ET.Element, number: int, lane: Lane) -> None:
        x, top, bottom = self.x(number), HEAD + EDGE, self.height - EDGE
        down: float | None = None  # where the lane's process has ended
        for row, line in enumerate(self.rows):
            if line.kind == "mark" and line.source == line.target == number:
                if "starts again" in line.label and down is not None:
                    top, down = int(self.y(row)), None
                elif line.lost and line.label.endswith(("kill -9", "is ended")):
                    down = self.y(row)
                    self._draw_line(svg, x, top, down)
        if down is None:
            self._draw_line(svg, x, top, bottom)
        width = (self.width - 2 * EDGE) / len(self.lanes) - 4
        room = int((width - 4) / ADVANCE)
        name = lane.name if len(lane.name) <= room else lane.name[: room - 1] + "…"
        group = ET.SubElement(svg, "g")
        ET.SubElement(group, "title").text = lane.name
        is_client = lane.kind in ("client", "program")
        draw(
            group,
            "rect",
            x=round(x - width / 2, 1),
            y=EDGE,
            width=round(width, 1),
            height=HEAD - EDGE,
            rx=14 if is_client else 3,
            fill="#eef3f6" if is_client else "#f4f1f8",
            stroke=FAINT,
        )
        write(group, x, EDGE + 21, name, anchor="middle", bold=True)

    def _draw_line(self, svg: ET.Element, x: float, top: float, bottom: float) -> None:
        draw(svg, "line", x1=x, y1=top, x2=x, y2=bottom, stroke=LINE, stroke_dasharray="2 4")

    def _draw_row(self, svg: ET.Element, number: int) -> None:
        row, y = self.rows[number], self.y(number)
        start, end = self.x(row.source), self.x(row.target)
        colour = LOST_COLOUR if row.lost else COLOUR.get(row.kind, LAYER_COLOUR)
        group = ET.SubElement(svg, "g")
        if row.payload:
            ET.SubElement(group, "title").text = row.payload
        left, top, width, height = self.box(number)
        draw(group, "rect", x=left, y=top, width=width, height=height, fill=CARD)
        for line, words in enumerate(row.lines):
            at = top + 14 + SECOND * line
            write(group, left + 4, at, words, colour=LOST_COLOUR if row.lost else INK)
        if row.source == row.target:
            if row.lost:
                _cross(group, start, y, colour)
            else:
                draw(group, "circle", cx=start, cy=y, r=5, fill=colour)
            return
        way = 1 if end > start else -1
        tip = end - way * (12 if row.lost else 1)
        dashes = {"sql": "1 3", "inner": "1 3"}.get(row.kind) or ("6 4" if row.lost else "")
        more = {"stroke_dasharray": dashes} if dashes else {}
        draw(group, "line", x1=start, y1=y, x2=tip, y2=y, stroke=colour, stroke_width=2, **more)
        if row.lost:
            _cross(group, tip, y, colour)
            return
        head = f"M{tip - way * 9:g} {y - 5:g} L{tip:g} {y:g} L{tip - way * 9:g} {y + 5:g}"
        filled = row.kind in (
            "frame",
            "http",
        )  # frames of the wire; what stays inside has an open head
        draw(
            group,
            "path",
            d=head + (" Z" if filled else ""),
            fill=colour if filled else "none",
            stroke=colour,
            stroke_width=2,
        )


def _hop(source: str, target: str, lost: bool) -> str:
    if source == target:
        return f"{source} {'✗' if lost else '●'}"
    return f"{source} {'→✗' if lost else '→'} {target}"


def _inner(arrow: Arrow) -> str:
    if arrow.label.startswith("accepts"):
        return "accept()"
    return "close()" if arrow.label.startswith(("closes", "HTTP")) else "send()"


def _compact(label: str) -> str:
    """One line; JSON in the way in which everybody writes it."""
    try:
        value = json.loads(label)
    except ValueError:
        return " ".join(label.split())
    if not isinstance(value, dict | list):
        return label
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _lines(words: str, room: int) -> list[str]:
    """Words in one line or two, broken where a reader would."""
    if len(words) <= room:
        return [words]
    # Not too early, not so late that only a bracket is left for the second line, and no dot at
    # the end of the first.
    places = range(room // 2, min(room, len(words) - 3) + 1)
    ends = [at for at in places if words[at - 1] in " ," and words[at - 2] != "·"]
    cut = next((at for at in reversed(ends) if len(words) - at <= room), room)
    return [words[:cut].rstrip(), words[cut:].strip()]


def _cross(parent: ET.Element, x: float, y: float, colour: str) -> None:
    d = f"M{x - 6:g} {y - 6:g} L{x + 6:g} {y + 6:g} M{x - 6:g} {y + 6:g} L{x + 6:g} {y - 6:g}"
    draw(parent, "path", d=d, stroke=colour, stroke_width=3, fill="none")
