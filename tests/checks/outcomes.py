"""What a check says of each station, what it could not judge included."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.manuals import workspace

if TYPE_CHECKING:
    from analyzer.plan import Check


def outcomes(check: Check, trace: str) -> list[tuple[str, str]]:
    """Station and severity of each row, `unknown` for what could not be judged."""
    rows = check(*workspace(trace).tables(check.needs)).to_pylist()
    return sorted((row["station"], row["severity"]) for row in rows)


def reason(check: Check, trace: str) -> str:
    """Why the only station of a trace was not judged."""
    (row,) = check(*workspace(trace).tables(check.needs)).to_pylist()
    assert row["severity"] == "unknown"
    return str(row["summary"])
