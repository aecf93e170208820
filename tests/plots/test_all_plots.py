from __future__ import annotations

from io import BytesIO

import pytest
from matplotlib.figure import Figure

from analyzer import schema
from analyzer.plots import KINDS, figure, style
from analyzer.plots.svg import inline, svg
from tests.plots.drawings import drawn, night, parsed, words
from tests.reports.strangers import STRINGS, harmful


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_a_plot_reads_declared_tables(kind: str) -> None:
    assert set(figure.needs(kind)) <= set(schema.TABLES)


def test_of_nothing_a_sentence_says_why(kind: str) -> None:
    empty = KINDS[kind](*(schema.empty(name) for name in figure.needs(kind)), station=None)
    assert not empty.axes
    told = inline(empty)
    assert told.startswith("<p>")
    assert told.endswith((" seen.</p>", " sampled.</p>"))
    assert " seen." in svg(empty) or " sampled." in svg(empty)


def test_a_station_that_was_not_seen_is_nothing(kind: str) -> None:
    assert not drawn(kind, night("CP1"), station="CP2").axes


@pytest.mark.parametrize("count", [1, 3])
def test_few_and_more_stations_are_drawn(kind: str, count: int) -> None:
    assert svg(drawn(kind, night(*(f"CP{number}" for number in range(count))))).startswith("<svg")


def test_a_hundred_stations_are_drawn_in_part_and_the_rest_counted(kind: str) -> None:
    text = svg(drawn(kind, night(*(f"CP-{number}" for number in range(1, 101)))))
    assert len(text) < 900_000
    if kind != "idle_age":
        assert any("more not shown" in told for told in words(text))
    else:
        assert "100 ends" in words(text)


def test_the_same_tables_give_the_same_svg(kind: str) -> None:
    assert svg(drawn(kind, night("CP1"))) == svg(drawn(kind, night("CP1")))


def test_two_plots_share_no_identity() -> None:
    first, second = (
        {element.get("id") for element in parsed(svg(drawn("timeline", night(station)))).iter()} - {None}
        for station in ("CP1", "CP2")
    )
    assert first
    assert not first & second


def test_an_svg_fetches_nothing_and_refers_to_itself_alone(kind: str) -> None:
    root = parsed(svg(drawn(kind, night("CP1"))))
    identities = {f"#{element.get('id')}" for element in root.iter()}
    for element in root.iter():
        assert element.tag.rpartition("}")[2] not in {"script", "image", "style", "metadata", "foreignObject", "a"}
        for name, value in element.attrib.items():
            assert "http" not in value
            if name == "href":
                assert value in identities
            assert not name.startswith("on")


def test_an_svg_tells_in_words_what_it_shows(kind: str) -> None:
    root = parsed(svg(drawn(kind, night("CP1"))))
    assert root.get("role") == "img"
    told = root.get("aria-label") or ""
    assert told.endswith(".")
    assert any(letter.isdigit() for letter in told)
    assert told == style.told(drawn(kind, night("CP1")))


def test_ink_and_paper_follow_the_page(kind: str) -> None:
    text = svg(drawn(kind, night("CP1")))
    assert f"var(--ink, {style.INK})" in text
    assert f"fill: {style.INK}" not in text
    assert "#000000" not in text.replace("stroke: #000000; stroke-width: 0.8", "")


@pytest.mark.parametrize("name", [name for name in STRINGS if name.strip()])
def test_the_name_of_a_station_is_text_and_nothing_else(kind: str, name: str) -> None:
    plain, odd = (parsed(svg(drawn(kind, night(station)))) for station in ("CP1", name))
    assert [element.tag for element in odd.iter()] == [element.tag for element in plain.iter()]
    assert not harmful("".join(odd.itertext()) + (odd.get("aria-label") or ""))


def test_no_text_is_cut_off_or_too_small_to_be_read(kind: str) -> None:
    made = drawn(kind, night(*(f"a charger with a very long name {number}" for number in range(3))))
    made.savefig(BytesIO(), format="png")  # which lays it out
    width, height = made.bbox.size
    for axes in made.axes:
        low, high = axes.get_ylim()
        ticks = [tick.label1 for tick in axes.yaxis.get_major_ticks() if low <= tick.get_loc() <= high]
        for text in (*axes.texts, axes.title, axes.xaxis.label, axes.yaxis.label, *ticks):
            if text.get_text() and text.get_visible():
                box = text.get_window_extent()
                assert float(text.get_fontsize()) >= 7
                assert min(box.x0, box.y0) >= -1
                assert box.x1 <= width + 1
                assert box.y1 <= height + 1


def test_every_plot_is_a_figure_that_no_pyplot_keeps(kind: str) -> None:
    import matplotlib.pyplot as plt

    made = drawn(kind, night("CP1"))
    assert isinstance(made, Figure)
    assert not plt.get_fignums()
