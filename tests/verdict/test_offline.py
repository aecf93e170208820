from __future__ import annotations

from datetime import UTC, datetime, timedelta

from analyzer.verdict.offline import NO_BEATS, told

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def outage(number: int) -> dict[str, object]:
    start = NOON + timedelta(hours=number)
    return {"start": start, "end": start + timedelta(seconds=30), "duration": 30.0}


def cause(owner: str, share: float | None) -> dict[str, object]:
    row = {"cause": "reboot", "owner": owner, "share": share, "remedy": "Mend it.", "confidence": "medium"}
    return {**row, "evidence_for": "it rebooted", "evidence_against": None, "missing": None}


def test_one_cause_with_two_owners_is_told_as_two_and_the_more_frequent_gives_owner_and_remedy() -> None:
    ranked = [cause("charger", 0.6), cause("CSMS", 0.9), cause("charger", None)]
    row = told([outage(n) for n in range(3)], ranked, NO_BEATS)
    assert row["owner"] == "charger"
    assert "2 of 3 times it rebooted, at 12:00:00 for 30 s and at 14:00:00" in row["sentences"][1]
    assert "; once it rebooted, at 13:00:00 for 30 s" in row["sentences"][1]


def test_the_remedy_of_another_known_cause_is_given_too() -> None:
    ranked = [cause("charger", 0.6), {**cause("CSMS", 0.9), "remedy": "Ask who reset it."}, cause("charger", None)]
    outages = [outage(n) for n in range(3)]
    assert told(outages, ranked, NO_BEATS)["remedy"] == "Mend it. For the one at 13:00:00: ask who reset it."
    unknown = [ranked[0], {**ranked[1], "cause": "cannot_tell"}, ranked[2]]
    assert told(outages, unknown, NO_BEATS)["remedy"] == "Mend it."
