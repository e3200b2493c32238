"""Sequence: well-formed, deterministic, readable without colour, no word over another."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from itertools import combinations
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import pytest

from channels_lab import Client, LiveServer
from channels_lab.diagram import COLOUR, LAYER_COLOUR, LOST_COLOUR, Sequence
from channels_lab.svg import CARD, INK, LEAST, SIZE

ALL = ("clients", "server", "consumer", "layer", "database")
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
async def shown() -> AsyncIterator[list[Sequence]]:
    """One eventful block, drawn with few lanes and with all."""
    with LiveServer(record=True) as server:
        crowd = [Client(name, server) for name in ("ana", "bob", "a-very-long-name", "<&>")]
        async with server.record() as trace:
            for client in crowd:
                await client.connect()
                await client.receive()
            await crowd[0].send({"type": "message", "text": "<b>& 'quotes' \" " + "long " * 40})
            await crowd[0].send(b"\x00\xff")
            await crowd[0].send("")
            crowd[1].drop()
            server.kill()
        yield [Sequence(trace), Sequence(trace, ALL), Sequence(trace, ["clients"])]


async def test_pictures(shown: list[Sequence]) -> None:
    for sequence in shown:
        _is_well_formed_and_named(sequence)
        _has_no_word_over_another(sequence)
        _has_the_same_words_as_its_twin(sequence)
        assert sequence._repr_svg_() == sequence._repr_svg_()
        _is_named_and_readable_on_a_narrow_page(sequence)


def _is_well_formed_and_named(sequence: Sequence) -> None:
    svg = ET.fromstring(sequence._repr_svg_())
    title, description = svg[0], svg[1]
    assert (title.tag, description.tag) == (f"{SVG}title", f"{SVG}desc")
    assert (title.text or "").startswith("Sequence: ")
    assert f"{title.text}\n{description.text or ''}".rstrip("\n") == repr(sequence)


def _has_no_word_over_another(sequence: Sequence) -> None:
    boxes = [sequence.box(row) for row in range(len(sequence.rows))]
    for left, top, width, height in boxes:
        assert left >= 0 and left + width <= sequence.width
        assert top >= 0 and top + height <= sequence.height
    for (x, y, w, h), (x2, y2, w2, h2) in combinations(boxes, 2):
        assert x + w <= x2 or x2 + w2 <= x or y + h <= y2 or y2 + h2 <= y
    for (_, top, _, height), row in zip(boxes, range(len(boxes)), strict=True):
        assert top + height <= sequence.y(row) - 5  # nor over its own arrow's head
        assert row == 0 or top >= sequence.y(row - 1) + 6  # nor over the cross above it


def _has_the_same_words_as_its_twin(sequence: Sequence) -> None:
    svg = ET.fromstring(sequence._repr_svg_())
    drawn = "".join("".join(text.itertext()) for text in svg.iter(f"{SVG}text"))
    for row in sequence.rows:
        assert re.sub(r"\s", "", row.label) in re.sub(r"\s", "", drawn)


def _is_named_and_readable_on_a_narrow_page(sequence: Sequence) -> None:
    image = ET.fromstring(sequence._repr_html_().removesuffix(">") + "/>")
    assert (image.tag, image.get("alt")) == ("img", " ".join(repr(sequence).split("\n")))
    least = re.search(r"min-width: (\d+)px", image.get("style", ""))
    assert least and LEAST <= SIZE * int(least[1]) / sequence.width < LEAST + 0.1
    source = unquote(image.get("src", "").removeprefix("data:image/svg+xml,"))
    drawn, twin = ET.fromstring(source), ET.fromstring(sequence._repr_svg_())
    assert [each.attrib for each in drawn.iter()] == [each.attrib for each in twin.iter()]


def test_every_colour_has_enough_contrast_on_its_ground() -> None:
    for colour in (INK, LOST_COLOUR, LAYER_COLOUR, *COLOUR.values()):
        for ground in (CARD, "#eef3f6", "#f4f1f8"):
            assert contrast(colour, ground) >= 4.5, (colour, ground)


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, as WCAG 2.2 defines it (1 to 21)."""

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


async def test_what_is_lost_differs_by_more_than_colour(shown: list[Sequence]) -> None:
    svg = ET.fromstring(shown[0]._repr_svg_())
    crosses = [path for path in svg.iter(f"{SVG}path") if "M" in path.get("d", "")[1:]]
    assert len(crosses) == sum(row.lost for row in shown[0].rows) > 0
