from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from analyzer import schema
from analyzer.plan import Clue, cause
from analyzer.verdict import ranking
from analyzer.verdict.ranking import CANNOT_TELL, rank_causes

if TYPE_CHECKING:
    import pyarrow as pa

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@cause("first", "The first", owner="site", remedy="Mend the first.")
def one(outages: pa.Table) -> list[Clue]:
    """Never called."""
    raise NotImplementedError(outages)


@cause("second", "The second", owner="CSMS", remedy="Mend the second.")
def two(outages: pa.Table) -> list[Clue]:
    """Never called."""
    raise NotImplementedError(outages)


def outages(number: int = 1, **changed: object) -> pa.Table:
    rows = [
        {
            "station": "CP1",
            "start": NOON + timedelta(hours=n),
            "end": NOON + timedelta(hours=n, minutes=1),
            "connection": f"1.{n}",
            "end_kind": "fin",
            "end_side": "csms",
            **changed,
        }
        for n in range(number)
    ]
    return schema.from_rows("outages", rows)


def ranked(clues: dict[str, list[Clue]], number: int = 1, **changed: object) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = rank_causes(outages(number, **changed), [one, two], clues).to_pylist()
    return rows


def test_the_louder_cause_comes_first_and_shares_leave_room_for_what_nobody_thought_of() -> None:
    rows = ranked({"first": [Clue(0, 2.0, "a")], "second": [Clue(0, 2.0, "b"), Clue(0, 1.5, "c")]})
    assert [(row["rank"], row["cause"]) for row in rows] == [(1, "second"), (2, "first")]
    assert sum(row["share"] for row in rows) < 1
    assert rows[0]["evidence_for"] == "b; c"


@pytest.mark.parametrize(
    ("clues", "confidence"),
    [
        ([Clue(0, 3.0, "a"), Clue(0, 1.0, "b")], "high"),
        ([Clue(0, 4.0, "one piece alone")], "medium"),
        ([Clue(0, 4.0, "a"), Clue(0, 1.0, "b"), Clue(0, 0.0, "what it lacks")], "low"),
        ([Clue(0, 1.2, "a"), Clue(0, 0.2, "b"), Clue(0, -0.3, "c")], "medium"),
    ],
)
def test_confidence_is_high_with_two_pieces_of_evidence_and_nothing_missing(clues: list[Clue], confidence: str) -> None:
    assert ranked({"first": clues})[0]["confidence"] == confidence


def test_a_share_that_just_reaches_the_limit_is_high(monkeypatch: pytest.MonkeyPatch) -> None:
    clues = {"first": [Clue(0, 1.2, "a"), Clue(0, 0.5, "b")]}
    (row,) = ranked(clues)
    assert row["confidence"] == "medium"
    monkeypatch.setattr(ranking, "HIGH", row["share"])
    assert ranked(clues)[0]["confidence"] == "high"


def test_what_speaks_against_and_what_is_missing_stand_beside_what_speaks_for() -> None:
    (row,) = ranked({"first": [Clue(0, 4.0, "a"), Clue(0, -1.0, "b"), Clue(0, 0.0, "c")]})
    assert (row["evidence_for"], row["evidence_against"], row["missing"]) == ("a", "b", "c")


def test_evidence_may_name_the_owner_and_the_remedy_better_than_the_cause() -> None:
    plain, better = ranked({"first": [Clue(0, 4.0, "a"), Clue(1, 4.0, "a", "network", "Mend it in 180 s.")]}, number=2)
    assert (plain["owner"], plain["remedy"]) == ("site", "Mend the first.")
    assert (better["owner"], better["remedy"]) == ("network", "Mend it in 180 s.")


@pytest.mark.parametrize("clues", [{}, {"first": [Clue(0, 1.0, "too weak")]}, {"first": [Clue(0, -2.0, "against")]}])
def test_where_nothing_speaks_loud_enough_it_says_so(clues: dict[str, list[Clue]]) -> None:
    (row,) = ranked(clues)
    assert (row["rank"], row["cause"], row["confidence"], row["owner"]) == (1, CANNOT_TELL, "low", None)
    assert row["evidence_for"].startswith("the CSMS closed TCP without a close frame and did not say why")
    assert row["missing"].startswith("the log of the CSMS at that time")


@pytest.mark.parametrize(
    ("kind", "side", "because"),
    [
        ("replaced", None, "nobody saw the connection end"),
        ("lost", None, "the input does not say how the connection was lost"),
        ("rst", None, "the input does not say which side reset TCP"),
        ("timeout", "station", "the charger let the connection time out"),
        ("close", "csms", "the CSMS closed the connection with a close frame"),
    ],
)
def test_it_says_what_of_the_end_is_not_known(kind: str, side: str | None, because: str) -> None:
    (row,) = ranked({}, end_kind=kind, end_side=side)
    assert row["evidence_for"].startswith(because)
    assert row["missing"]


def test_few_outages_are_too_few_for_a_pattern_and_many_without_one_say_that() -> None:
    assert "one outage is too few for a pattern" in ranked({})[0]["evidence_for"]
    assert "4 outages are too few" in ranked({}, number=4)[0]["evidence_for"]
    assert "its ends follow no one quiet time" in ranked({}, number=5)[0]["evidence_for"]


def test_what_the_causes_miss_is_told_where_none_can_be_named() -> None:
    (row,) = ranked({"first": [Clue(0, 0.0, "the reason for the boot")]}, boot="unknown")
    assert "nothing tells a reboot from a habit" in row["evidence_for"]
    assert row["missing"].endswith("the reason for the boot")


def test_each_outage_is_ranked_by_its_own_clues() -> None:
    rows = ranked({"first": [Clue(1, 4.0, "a")], "second": [Clue(0, 4.0, "b")]}, number=3)
    assert [(row["connection"], row["cause"]) for row in rows] == [
        ("1.0", "second"),
        ("1.1", "first"),
        ("1.2", CANNOT_TELL),
    ]


def test_no_outages_have_no_causes() -> None:
    assert rank_causes(schema.empty("outages"), [one], {}).equals(schema.empty("causes"))
