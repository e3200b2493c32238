"""Bars: a few figures side by side, as a picture with a text twin."""

from __future__ import annotations

import math
from collections.abc import Mapping
from xml.etree import ElementTree as ET

from .errors import LabError
from .svg import ADVANCE, FAINT, LINE, card, draw, image, write

# All in px.
WIDTH = 560
EDGE = 14
TOP = 44  # the title
ROW = 46  # words above a bar
BAR = 16
BOTTOM = 34  # the scale
VALUE = 80  # beside a bar, for its figure

COLOUR, LIMIT_COLOUR = "#0b5e7a", "#9a1f16"


class Bars:
    """Figures as bars: ``Bars("deliveries a second", {"a loop": 112, "a group": 2789})``.

    With ``scale="log"`` each line of the grid is ten times the one before it. ``limit`` is a name
    and a figure that no bar can pass, drawn as a line. ``unit`` is written behind each figure.
    """

    def __init__(
        self,
        title: str,
        figures: Mapping[str, float],
        *,
        scale: str = "linear",
        limit: tuple[str, float] | None = None,
        unit: str = "",
    ) -> None:
        if scale not in ("linear", "log"):
            raise LabError(f"expected scale='linear' or scale='log', got {scale!r}")
        if not figures or min(figures.values()) < (0 if scale == "linear" else 1):
            least = "0" if scale == "linear" else "1"
            raise LabError(f"expected figures from {least} on, got {dict(figures)}")
        self.title = title
        self.figures = dict(figures)
        self.limit = limit
        self.unit = unit
        self._log = scale == "log"
        all_of_them = [*self.figures.values(), *([limit[1]] if limit else [])]
        self._most = max(all_of_them) or 1.0
        self._decades = range(0)
        if self._log:
            first = math.floor(math.log10(min(all_of_them)))
            if 10**first > min(all_of_them) / 1.6:  # or the shortest bar could not be seen
                first -= 1
            self._decades = range(max(first, 0), math.ceil(math.log10(self._most)) + 1)

    def words(self, value: float) -> str:
        """A figure as it is written: no more digits than it deserves."""
        if value >= 100:
            value = round(value, 2 - math.floor(math.log10(value)))
        return f"{value:,.0f}{self.unit}"

    def __repr__(self) -> str:
        rows = [*self.figures.items(), *([self.limit] if self.limit else [])]
        names = max(len(name) for name, _ in rows)
        figures = [self.words(value) for _, value in rows]
        width = max(map(len, figures))
        lines = [f"{name:<{names}}  {figure:>{width}}" for (name, _), figure in
                 zip(rows, figures, strict=True)]  # fmt: skip
        return "\n".join([self.title, *lines])

    # ------------------------------------------------------------------ as a picture

    @property
    def height(self) -> int:
        """Of the whole picture, in px."""
        return self._end + (BOTTOM if self._log else EDGE)

    @property
    def _end(self) -> int:
        """Where the bars end."""
        return TOP + (28 if self.limit else 0) + ROW * len(self.figures)

    def x(self, value: float) -> float:
        """Where a figure is on the scale."""
        room = WIDTH - 2 * EDGE - (VALUE if not self._log else 0)
        if not self._log:
            return EDGE + room * value / self._most
        first, last = self._decades[0], self._decades[-1]
        return round(EDGE + room * (math.log10(value) - first) / (last - first), 1)

    def _repr_html_(self) -> str:
        """The picture as a page shows it."""
        return image(self._repr_svg_(), repr(self), WIDTH)

    def _repr_svg_(self) -> str:
        svg = card(repr(self), WIDTH, self.height)
        write(svg, EDGE, 28, self.title, bold=True)
        top = TOP + (28 if self.limit else 0)
        for decade in self._decades[1:]:
            x = self.x(10**decade)
            draw(svg, "line", x1=x, y1=top - 6, x2=x, y2=self._end, stroke=LINE,
                 stroke_dasharray="2 4")  # fmt: skip
            anchor = "end" if decade == self._decades[-1] else "middle"
            write(svg, x, self._end + 20, _power(decade), colour=FAINT, anchor=anchor)
        for number, (name, value) in enumerate(self.figures.items()):
            self._draw_bar(svg, top + ROW * number, name, value)
        if self.limit:
            name, value = self.limit
            x = self.x(value)
            draw(svg, "line", x1=x, y1=top - 6, x2=x, y2=self._end, stroke=LIMIT_COLOUR,
                 stroke_width=3)  # fmt: skip
            words = f"{name}: {self.words(value)}"
            write(svg, x, top - 12, words, colour=LIMIT_COLOUR, anchor="end", bold=True)
        ET.indent(svg)
        return ET.tostring(svg, encoding="unicode")

    def _draw_bar(self, svg: ET.Element, y: float, name: str, value: float) -> None:
        end = self.x(value)
        group = ET.SubElement(svg, "g")
        words = f"{name}: {self.words(value)}"
        ET.SubElement(group, "title").text = words
        _behind(group, EDGE, y + 4, name)
        write(group, EDGE, y + 14, name)
        draw(group, "rect", x=EDGE, y=y + 20, width=max(end - EDGE, 1), height=BAR, rx=2,
             fill=COLOUR)  # fmt: skip
        figure = self.words(value)
        if end + 6 + len(figure) * ADVANCE < WIDTH - EDGE:
            _behind(group, end + 6, y + 21, figure)
            write(group, end + 6, y + 33, figure, bold=True)
        else:
            write(group, end - 6, y + 33, figure, colour="#ffffff", anchor="end", bold=True)


def _behind(parent: ET.Element, x: float, y: float, words: str) -> None:
    """A piece of card behind words, so that no line of the grid goes through them."""
    width = round(len(words) * ADVANCE + 2, 1)
    draw(parent, "rect", x=x - 1, y=y, width=width, height=15, fill="#ffffff")


def _power(decade: int) -> str:
    """Ten to this, in few letters: the marks of a scale stand close together."""
    return f"{10 ** (decade - 6):,} M" if decade >= 6 else f"{10**decade:,}"
