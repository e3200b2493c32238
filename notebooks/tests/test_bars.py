"""Bars: a picture that says the same as its twin, in its place on the scale."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from channels_lab import Bars, LabError
from channels_lab.bars import EDGE, WIDTH
from channels_lab.svg import ADVANCE

SVG = "{http://www.w3.org/2000/svg}"
FIGURES = {"a loop": 112.4, "a group": 2789.0, "the most": 987_654.0}


def log_bars() -> Bars:
    return Bars("deliveries", FIGURES, scale="log", limit=("no framework", 5_000_000))


def test_its_twin_has_every_figure_with_no_more_digits_than_it_deserves() -> None:
    assert repr(log_bars()).splitlines() == [
        "deliveries",
        "a loop              112",
        "a group           2,790",
        "the most        988,000",
        "no framework  5,000,000",
    ]
    assert repr(Bars("share", {"a": 7.4, "b": 92.6}, unit=" %")) == "share\na   7 %\nb  93 %"


@pytest.mark.parametrize("bars", [log_bars(), Bars("x", {"none": 0, "all": 10.0})])
def test_its_picture_has_the_same_words_and_none_outside(bars: Bars) -> None:
    svg = ET.fromstring(bars._repr_svg_())
    title, description = svg[0].text, svg[1].text
    assert f"{title}\n{description}" == repr(bars)
    drawn = ["".join(text.itertext()) for text in svg.iter(f"{SVG}text")]
    for name, value in bars.figures.items():
        assert {name, bars.words(value)} <= set(drawn)
    for text in svg.iter(f"{SVG}text"):
        width = len(text.text or "") * ADVANCE
        at = float(text.get("x", "0"))
        left = at - {"start": 0, "middle": width / 2, "end": width}[text.get("text-anchor", "")]
        assert left >= EDGE - 2 and left + width <= WIDTH - EDGE + 2


def test_ten_times_as_much_is_one_step_to_the_right() -> None:
    bars = log_bars()
    step = bars.x(1000) - bars.x(100)
    assert bars.x(100_000) - bars.x(10_000) == pytest.approx(step, abs=0.2)
    assert bars.x(112) > EDGE + 20  # the shortest can be seen


def test_what_cannot_be_drawn_is_an_error_that_says_why() -> None:
    with pytest.raises(LabError, match="expected scale='linear' or scale='log', got 'x'"):
        Bars("x", {"a": 1}, scale="x")
    with pytest.raises(LabError, match="expected figures from 1 on, got {'a': 0}"):
        Bars("x", {"a": 0}, scale="log")
