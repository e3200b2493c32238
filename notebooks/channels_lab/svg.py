"""What all pictures have in common: a light card, words that can be read, a twin in text."""

from __future__ import annotations

import html
from xml.etree import ElementTree as ET

# All in px.
SIZE = 14  # of the text
LEAST = 11  # of the text, where a page is narrow
ADVANCE = 0.602 * SIZE  # of one character in a monospaced font

CARD, INK, FAINT, LINE = "#ffffff", "#1b1f24", "#5c6670", "#8b949e"
_FONT = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"


def card(twin: str, width: int, height: int) -> ET.Element:
    """An empty picture; the first line of its twin is its title, the others its description."""
    svg = ET.Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": f"0 0 {width} {height}",
            "width": str(width),
            "height": str(height),
            "role": "img",
            "style": "max-width: 100%; height: auto",
            "font-family": _FONT,
            "font-size": str(SIZE),
        },
    )
    ET.SubElement(svg, "title").text = twin.partition("\n")[0]
    ET.SubElement(svg, "desc").text = twin.partition("\n")[2]
    # A light card of its own: a picture cannot know whether the page is light or dark.
    draw(
        svg,
        "rect",
        x=0.5,
        y=0.5,
        width=width - 1,
        height=height - 1,
        rx=8,
        fill=CARD,
        stroke=LINE,
    )
    return svg


def image(svg: str, twin: str, width: int) -> str:
    """The picture as a page shows it: read aloud as its twin, and never too small to read.

    An ``<img>``, since JupyterLab shows one before its cell has run, and not an SVG. Where it
    is wider than the page, the output of its cell scrolls.
    """
    least = -(-width * LEAST // SIZE)  # rounded up
    source = svg.replace("%", "%25").replace("#", "%23")
    return (
        f'<img alt="{html.escape(twin)}" '
        f'style="max-width: 100%; min-width: {least}px" '
        f'src="data:image/svg+xml,{html.escape(source)}">'
    )


def draw(parent: ET.Element, tag: str, **attributes: str | float) -> None:
    """Add a shape; ``stroke_width`` stands for ``stroke-width``."""
    named = {
        key.replace("_", "-"): f"{value:g}" if not isinstance(value, str) else value
        for key, value in attributes.items()
    }
    ET.SubElement(parent, tag, named)


def write(
    parent: ET.Element,
    x: float,
    y: float,
    words: str,
    *,
    colour: str = INK,
    anchor: str = "start",
    bold: bool = False,
) -> None:
    """Add words; ``anchor`` says which end of them is at ``x``."""
    named = {"x": f"{x:g}", "y": f"{y:g}", "fill": colour, "text-anchor": anchor}
    ET.SubElement(parent, "text", named | ({"font-weight": "600"} if bold else {})).text = words
