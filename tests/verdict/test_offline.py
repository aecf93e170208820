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


def test_the_owner_is_told_by_the_outage_that_is_surest() -> None:
    ranked = [cause("charger", 0.6), cause("site", 0.9), cause("CSMS", None)]
    assert told([outage(n) for n in range(3)], ranked, NO_BEATS)["owner"] == "site"
