from __future__ import annotations

import pytest

from analyzer.checks.websocket.identity import LONGEST, identity
from tests.manuals import findings, workspace


def told(text: str) -> list[tuple[str, str]]:
    return [(str(row["station"]), str(row["severity"])) for row in findings(identity, text)]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/ocpp/", "its last segment is empty"),
        ("", "its last segment is empty"),
        ("/", "its last segment is empty"),
        ("/ocpp//CP1", "an empty segment"),
        ("//CP1", "an empty segment"),
        ("/ocpp/CP%201", "a space that is not encoded"),
        ("/ocpp/CP%25201", None),
        ("/ocpp/CP1?token=//", None),
        ("/ocpp/CP1", None),
        ("/CP:1", None),
    ],
)
def test_what_looks_mistyped_is_told(path: str, words: str | None) -> None:
    found = findings(identity, f"08:00:00 CP1 x 404 path={path}")
    assert [words in str(row["summary"]) for row in found if words] == ([True] if words else [])
    assert len(found) == (words is not None)


@pytest.mark.parametrize(("length", "count"), [(LONGEST, 0), (LONGEST + 1, 1)])
@pytest.mark.parametrize(("version", "since"), [("ocpp1.6", False), ("ocpp2.0.1", True), ("ocpp2.1", True)])
def test_identities_of_2x_are_short_and_have_no_colon(length: int, count: int, version: str, since: bool) -> None:
    name = "C" * length
    assert len(findings(identity, f"08:00:00 {name} + {version} path=/ocpp/{name}")) == (count if since else 0)
    assert len(findings(identity, f"08:00:00 CP:1 + {version} path=/ocpp/CP%253A1")) == since


def test_a_refused_attempt_tells_its_version_by_what_it_offers() -> None:
    assert told("08:00:00 CP:1 x 404 offered=ocpp2.0.1,ocpp1.6 path=/CP:1") == [("CP:1", "warning")]
    assert told("08:00:00 CP:1 x 404 offered=ocpp1.6 path=/CP:1") == []


def test_what_works_is_an_information() -> None:
    text = "08:00:00 CP1 + ocpp1.6 path=/ocpp//CP1"
    assert told(text) == [("CP1", "warning")]
    assert told(f"{text}\n08:00:01 CP1 > Heartbeat") == [("CP1", "info")]


@pytest.mark.parametrize(("one", "two"), [("CP1a", "cp1A"), ("CP1-1", "CP1%252D1")])
def test_identities_that_differ_only_by_case_or_encoding_are_told(one: str, two: str) -> None:
    works = f"08:00:00 {one} + ocpp1.6 path=/{one}\n08:00:01 {one} > Heartbeat"
    assert sorted(severity for _, severity in told(f"{works}\n08:00:00 {two} x 404 path=/x")) == ["info", "warning"]
    assert told(works) == []


def test_three_twins_and_a_stranger() -> None:
    text = "\n".join(f"08:00:00 {name} x 404 path=/{name}" for name in ("CP1a", "CP1A", "cp1a", "CP1b"))
    assert sorted(told(text)) == [("CP1A", "warning"), ("CP1a", "warning"), ("cp1a", "warning")]


@pytest.mark.parametrize("text", ["08:00:00 CP1 + ocpp2.0.1", "08:00:00 CP1 > Heartbeat"])
def test_without_a_path_nothing_is_judged(text: str) -> None:
    rows = identity(*workspace(text).tables(identity.needs)).to_pylist()
    assert [row["summary"] for row in rows] == ["the path of its URL was not seen"]


def test_a_long_path_is_told_in_bounds() -> None:
    (found,) = findings(identity, f"08:00:00 CP1 x 404 path=/{'a' * 10_000}//CP1")
    assert len(str(found["summary"])) < 200
