from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

import pytest

from analyzer.capture import figures
from analyzer.findings import Finding
from analyzer.reports import html
from tests.reports import results
from tests.reports.golden import assert_golden
from tests.reports.page import Page
from tests.reports.strangers import STRINGS, harmful

MANY = [f"CP-{number}" for number in range(1, 101)]
FETCHING = frozenset({"src", "href", "xlink:href", "srcset", "data", "action", "poster", "background", "ping", "cite"})

if TYPE_CHECKING:
    from analyzer.verdict.result import Result


def page(text: str) -> Page:
    return Page(text)


def drawn(result: Result) -> str:
    return html.render(result, figures(result))


@functools.cache
def of_stranger(text: str) -> str:
    return drawn(results.hostile(text))


def test_the_page_of_one_charger_reads_as_it_did() -> None:
    assert_golden("one.html.txt", page(html.render(results.result(), {"idle_age": "<p>No outage was seen.</p>"})).text)


def test_the_page_of_a_fleet_reads_as_it_did() -> None:
    assert_golden("fleet.html.txt", page(html.render(results.result(MANY[:12]), {})).text)


def test_the_page_of_nothing_says_so() -> None:
    told = page(html.render(results.result([], rows=[], coverage=[]), {})).text
    for sentence in ("No charger was seen.", "Nothing was read.", "No outage was seen.", "found nothing wrong."):
        assert sentence in told


def test_the_page_fetches_nothing() -> None:
    read = page(drawn(results.result(MANY)))
    reached = {value for _, name, value in read.attributes if name in FETCHING}
    assert reached
    assert all(value.startswith("#") for value in reached)
    styles = " ".join([*read.styles, *(value for _, name, value in read.attributes if name == "style")])
    assert "@import" not in styles
    assert all(reference.startswith("#") for reference in re.findall(r"url\(([^)]*)\)", styles))
    addresses = {value for _, name, value in read.attributes if "://" in value and name != "xmlns"}
    assert not addresses


def test_the_page_allows_its_own_styles_and_nothing_else() -> None:
    rules = dict(rule.split(maxsplit=1) for rule in page(html.render(results.result(), {})).policy.split("; "))
    assert rules == {"default-src": "'none'", "style-src": "'unsafe-inline'", "img-src": "data:"}


def test_the_page_runs_nothing() -> None:
    read = page(drawn(results.result()))
    assert not {tag for tag, _ in read.tags} & {"script", "iframe", "object", "embed", "form", "base", "link", "img"}
    assert not {name for _, name, _ in read.attributes if name.startswith("on")}


def test_every_reference_leads_to_one_element() -> None:
    read = page(drawn(results.result(MANY)))
    identities = [value for _, name, value in read.attributes if name == "id"]
    assert len(identities) == len(set(identities))
    wanted = {value for _, name, value in read.attributes if name in {"href", "xlink:href"}}
    wanted |= {f"#{value}" for _, name, value in read.attributes if name == "aria-labelledby"}
    assert wanted <= {f"#{identity}" for identity in identities}


@pytest.mark.parametrize("text", STRINGS)
def test_a_string_of_a_stranger_adds_no_element_and_no_attribute(text: str) -> None:
    assert page(of_stranger(text)).tags == page(of_stranger("CP-7")).tags


@pytest.mark.parametrize("text", STRINGS)
def test_a_string_of_a_stranger_moves_no_cursor_and_hides_nothing(text: str) -> None:
    assert not harmful(of_stranger(text))


def test_a_lone_surrogate_can_be_written() -> None:
    told = html.render(results.result(coverage=["a \ud800 b"]), {})
    assert "a \ufffd b" in told
    told.encode()


def test_a_charger_without_a_name_is_called_unnamed() -> None:
    assert "<bdi>unnamed</bdi>" in html.render(results.hostile(" "), {})


def test_what_the_charger_was_told_is_shown_as_it_was_sent() -> None:
    assert "<script>alert(1)</script>" in page(html.render(results.hostile("<script>alert(1)</script>"), {})).text


def test_wide_tables_and_plots_stand_in_boxes_that_scroll() -> None:
    text = drawn(results.result())
    for tag in ("<table>", "<svg"):
        for part in text.split(tag)[:-1]:
            assert part.rstrip().rpartition("\n")[2].startswith(('<div class="scroll"', '<div class="card"'))
    (styles,) = page(text).styles
    assert ".scroll { overflow-x: auto;" in styles
    assert re.search(r"\.card \{[^}]*overflow-x: auto", styles)
    assert "width=device-width" in text


def test_a_plot_with_nothing_to_draw_is_a_sentence() -> None:
    told = drawn(results.result([], rows=[]))
    assert "<svg" not in told
    assert "<p>Did heartbeats come at their interval? No heartbeats were seen.</p>" in told


def test_every_drawn_plot_tells_in_words_what_it_shows() -> None:
    read = page(drawn(results.result()))
    labels = [value for tag, name, value in read.attributes if tag == "svg" and name == "aria-label"]
    assert any("1 charger: 4 connections, 0 messages, 3 outages, 1 finding." in label for label in labels)
    assert len(labels) == sum(tag == "svg" for tag, _ in read.tags) == 2


def test_findings_of_one_check_stand_under_its_title_and_many_are_folded() -> None:
    told = html.render(results.result(MANY), {})
    assert told.count("WS11 <span>Idle cut-off by the server or a proxy</span>") == 1
    assert "<summary>90 more of WS11</summary>" in told
    assert told.count('<article class="finding"') == 100


def test_more_findings_than_a_page_can_hold_are_counted() -> None:
    rows = [results.cutoff(f"CP-{number}") for number in range(html.MAX_FINDINGS + 3)]
    assert "The 500 worst findings are shown; 3 more are not." in html.render(results.result(rows=rows), {})


def test_more_chargers_than_a_page_can_hold_are_counted() -> None:
    told = html.render(results.result([f"CP-{number}" for number in range(html.MAX_STATIONS + 2)]), {})
    assert "2 more chargers are not shown here, none worse than these." in told


def test_the_cause_of_a_night_of_equal_outages_is_told_once() -> None:
    told = html.render(results.result(), {})
    assert told.count('<span class="detail">the connection ended 60.0 s after the charger&#39;s last message') == 1
    assert told.count("read deadline") == 3


def test_a_finding_of_no_charger_is_one_of_all() -> None:
    assert "all chargers" in html.render(results.result(MANY[:2], rows=[Finding(None, "fleet")]), {})


def test_the_manual_is_repeated_without_its_examples() -> None:
    told = html.render(results.result(), {})
    assert "the read timeout of the server; a proxy or load balancer between them" in told
    assert "08:00:00 CP1" not in told


def test_a_check_that_could_not_judge_is_named_with_its_reason() -> None:
    told = page(html.render(results.result(), {})).text
    assert "skipped: no sample interval seen (MV26)" in told
    assert "failed: ValueError: clock (CK02)" in told
