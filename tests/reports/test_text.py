from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, strategies as st

from analyzer.reports import text
from tests.reports.strangers import harmful

EIGHT = datetime(2026, 2, 3, 8, tzinfo=UTC)


@given(st.text())
def test_no_harmful_character_is_left_and_none_is_lost(told: str) -> None:
    made = text.safe(told)
    assert not harmful(made)
    assert "\n" not in made
    assert len(made) == len(told)
    made.encode()


@given(st.text(), st.integers(min_value=1, max_value=50))
def test_a_clipped_text_is_no_longer_than_allowed_and_says_that_it_was_cut(told: str, length: int) -> None:
    made = text.clip(told, length)
    assert len(made) <= length
    assert made == told or made.endswith(text.ELLIPSIS)


@given(st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=True)), st.sampled_from(["s", "W", "", None]))
def test_any_value_can_be_told(value: float | None, unit: str | None) -> None:
    assert "nan" not in text.measure(value, unit)


@pytest.mark.parametrize(
    ("value", "unit", "told"),
    [
        (100.0, "Percent", "100 %"),
        (21.5, "Celsius", "21.5 °C"),
        (1.0, "boots", "1 boot"),
        (2.0, "boots", "2 boots"),
        (86_400.0, "s", "24 h"),
        (float("nan"), "W", ""),
    ],
)
def test_a_value_is_told_with_its_unit(value: float, unit: str, told: str) -> None:
    assert text.measure(value, unit) == told


def test_a_span_is_told_in_utc_whatever_zone_its_ends_have() -> None:
    zone = timezone(timedelta(hours=5, minutes=30))
    assert text.span(EIGHT.astimezone(zone), EIGHT + timedelta(days=400)).startswith("3 Feb 2026 08:00 to 10 Mar 2027")


def test_packets_of_several_captures_are_told_with_their_capture() -> None:
    entry = {"source": "b.pcap", "origin": 7, "ts": None}
    assert text.evidence(entry, {"a.pcap": "capture", "b.pcap": "capture"}) == "packet 7 of b.pcap"


def test_a_proof_without_a_place_is_its_source() -> None:
    assert text.evidence({"source": "a.log", "origin": None, "ts": None}, {}) == "a.log"


def entries(*places: tuple[str, int | None]) -> list[dict[str, object]]:
    return [{"source": source, "origin": origin, "ts": None} for source, origin in places]


def test_the_packets_of_several_captures_stand_with_the_names_of_their_files() -> None:
    kinds = {"a.pcap": "capture", "b.pcap": "capture", "c.log": "trace"}
    told = text.proof(entries(("a.pcap", 7), ("a.pcap", 8), ("b.pcap", 1), ("c.log", 3)), kinds)
    assert told == "packets 7-8 of a.pcap, packet 1 of b.pcap, c.log:3"


def test_the_packet_that_matters_most_stays_the_first() -> None:
    assert text.proof(entries(("a.pcap", 50), ("a.pcap", 7)), {"a.pcap": "capture"}) == "packets 50, 7"


def test_what_proves_a_finding_may_have_no_place_or_be_nothing() -> None:
    assert text.proof(entries(("a.pcap", None)), {"a.pcap": "capture"}) == "a.pcap"
    assert text.proof([], {}) == ""


def test_files_of_one_name_are_told_with_their_paths() -> None:
    kinds = {"a/x.pcap": "capture", "b/x.pcap": "capture", "b/y.pcap": "capture"}
    told = text.proof(entries(("b/x.pcap", 1), ("b/y.pcap", 2)), kinds)
    assert told == "packet 1 of b/x.pcap, packet 2 of y.pcap"
