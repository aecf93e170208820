from __future__ import annotations

import warnings

from analyzer.plots import style
from analyzer.plots.svg import inline, svg
from tests.plots.drawings import drawn, night, parsed, words


def test_a_glyph_that_the_plotting_library_lacks_is_no_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "充电桩 🔌" in words(svg(drawn("timeline", night("充电桩 🔌"))))


def test_formulas_of_a_stranger_are_not_set() -> None:
    name = r"$\frac{1}{2}$"
    assert name in words(svg(drawn("timeline", night(name))))
    assert name in words(svg(drawn("heartbeat_gaps", night(name))))


def test_the_reason_for_an_empty_plot_is_escaped() -> None:
    assert inline(style.nothing("<b>?", "a & b")) == "<p>&lt;b&gt;? a &amp; b</p>"


def test_coordinates_are_short() -> None:
    assert not [
        value
        for element in parsed(svg(drawn("timeline", night("CP1")))).iter()
        for name, value in element.attrib.items()
        if name == "d" and any(len(number.partition(".")[2]) > 2 for number in value.split())
    ]


def test_the_svg_scales_with_the_page() -> None:
    root = parsed(svg(drawn("timeline", night("CP1"))))
    assert root.get("viewBox")
    assert "max-width: 100%" in (root.get("style") or "")
