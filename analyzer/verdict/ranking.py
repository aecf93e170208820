"""Ranks the causes of each outage by the clues that speak for and against them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from analyzer import schema

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

    from analyzer.plan import Cause, Clue

CANNOT_TELL = "cannot_tell"
UNEXPLAINED = 1.0
"""Log odds of a cause that nobody thought of: a cause must speak louder to be named."""
HIGH, MEDIUM = 0.7, 0.5
NAMED = 3
"""How many causes of an outage are listed."""


def rank_causes(outages: pa.Table, causes: Sequence[Cause], clues: Mapping[str, Sequence[Clue]]) -> pa.Table:
    """The table `causes`: for each outage the likeliest causes, or that none can be told and what is missing."""
    by_outage: dict[int, dict[str, list[Clue]]] = {}
    for name, said in clues.items():
        for clue in said:
            by_outage.setdefault(clue.outage, {}).setdefault(name, []).append(clue)
    declared = {cause.name: cause for cause in causes}
    rows: list[dict[str, object]] = []
    for number, outage in enumerate(outages.select(["station", "start", "end", "connection"]).to_pylist()):
        rows += [{**outage, **row} for row in _ranked(by_outage.get(number, {}), declared)]
    return schema.from_rows("causes", rows)


def _ranked(clues: Mapping[str, Sequence[Clue]], declared: Mapping[str, Cause]) -> list[dict[str, object]]:
    scores = {name: sum(clue.weight for clue in said) for name, said in clues.items()}
    total = math.exp(UNEXPLAINED) + sum(math.exp(score) for score in scores.values())
    named = sorted((name for name, score in scores.items() if score > UNEXPLAINED), key=lambda name: -scores[name])
    if not named:
        missing = [clue.text for said in clues.values() for clue in said if clue.weight == 0]
        return [_cannot_tell(math.exp(UNEXPLAINED) / total, missing)]
    rows = []
    for place, name in enumerate(named[:NAMED], 1):
        said, share = clues[name], math.exp(scores[name]) / total
        favouring = [clue for clue in said if clue.weight > 0]
        rows.append(
            {
                "rank": place,
                "cause": name,
                "score": scores[name],
                "share": share,
                "confidence": "high"
                if share >= HIGH and len(favouring) > 1
                else "medium"
                if share >= MEDIUM
                else "low",
                "owner": declared[name].owner,
                "evidence_for": _told(clue for clue in favouring),
                "evidence_against": _told(clue for clue in said if clue.weight < 0),
                "missing": _told(clue for clue in said if clue.weight == 0),
                "remedy": declared[name].remedy,
            }
        )
    return rows


def _cannot_tell(share: float, missing: Sequence[str]) -> dict[str, object]:
    return {
        "rank": 1,
        "cause": CANNOT_TELL,
        "score": UNEXPLAINED,
        "share": share,
        "confidence": "low",
        "missing": "; ".join(dict.fromkeys(missing)) or "nothing in the input tells why the connection ended",
        "remedy": "Capture at the charger and at the CSMS at the same time over one outage, and read both.",
    }


def _told(clues: object) -> str | None:
    return "; ".join(dict.fromkeys(clue.text for clue in clues)) or None  # type: ignore[attr-defined]
