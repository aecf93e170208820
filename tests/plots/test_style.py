from __future__ import annotations

import itertools
import unicodedata

import numpy as np
from hypothesis import given, strategies as st
from matplotlib.colors import to_rgb
from matplotlib.lines import Line2D

from analyzer.plots import style
from tests.manuals import tables

SPANS = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 20)), max_size=12)


@given(st.text())
def test_a_label_is_short_and_holds_nothing_that_xml_refuses(text: str) -> None:
    told = style.label(text)
    assert 1 <= len(told) <= style.NAME_LENGTH
    assert not {unicodedata.category(letter) for letter in told} & {"Cc", "Cs", "Cn", "Cf"}


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=200), st.integers(2, 50))
def test_thinning_keeps_the_extremes_the_order_and_the_bound(values: list[float], most: int) -> None:
    array = np.array(values)
    kept = style.thinned(array, most)
    assert len(kept) <= max(most, 2)
    assert (np.diff(kept) > 0).all()
    assert array[kept].min() == array.min()
    assert array[kept].max() == array.max()


@given(SPANS)
def test_merged_spans_cover_the_same_and_do_not_touch(spans: list[tuple[int, int]]) -> None:
    begins = np.array([begin for begin, _ in spans], dtype=np.int64)
    ends = np.array([begin + length for begin, length in spans], dtype=np.int64)
    made = style.merged(begins, ends).tolist()
    assert {at for a, b in made for at in range(a, b)} == {at for a, n in spans for at in range(a, a + n)}
    assert all(before[1] < after[0] for before, after in itertools.pairwise(made))


def test_the_stations_with_the_most_are_chosen_and_named_in_the_order_that_people_count() -> None:
    busy = tables("08:00:00x3/1s CP-10 > ping\n08:00:00x2/1s CP-9 > ping\n08:00:00 CP-1 > ping")["controls"]
    assert style.choose(2, busy) == (["CP-9", "CP-10"], 1)


def test_among_equals_the_first_in_that_order_are_chosen() -> None:
    equal = tables("\n".join(f"08:00:00 CP-{number} > ping" for number in (100, 10, 2, 1)))["controls"]
    assert style.choose(3, equal) == (["CP-1", "CP-2", "CP-10"], 1)


def test_a_legend_is_read_in_rows() -> None:
    made = style.new_figure(2)
    names = [f"a mark with a long name {number}" for number in range(5)]
    style.legend(made, {name: Line2D([], []) for name in names})
    (legend,) = made.legends
    # matplotlib fills column after column: of three columns the first holds the first and the fourth entry.
    assert [int(text.get_text()[-1]) for text in legend.get_texts()] == [0, 3, 1, 4, 2]


def test_every_series_has_a_colour_and_a_mark_of_its_own() -> None:
    colours, marks = zip(*style.SERIES, strict=True)
    assert len(set(colours)) == len(set(marks)) == len(style.SERIES)


def _luminance(colour: str) -> float:
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in to_rgb(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_the_leading_colours_stand_out_on_white_and_on_dark_paper() -> None:
    for colour in (style.BLUE, style.GREEN, style.RED, style.PURPLE):
        for paper in ("#ffffff", "#15181c"):
            high, low = sorted((_luminance(colour), _luminance(paper)), reverse=True)
            assert (high + 0.05) / (low + 0.05) >= 3  # WCAG 2.2, 1.4.11
