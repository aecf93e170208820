"""Ranks the causes of each outage by the clues that speak for and against them."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any

from analyzer import schema
from analyzer.kernels.idle import FEWEST

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pyarrow as pa

    from analyzer.plan import Cause, Clue

CANNOT_TELL = "cannot_tell"
UNEXPLAINED = 1.0
"""Log odds of a cause that nobody thought of: a cause must speak louder to be named."""
HIGH, MEDIUM = 0.7, 0.5
NAMED = 3
"""How many causes of an outage are listed."""
CAPTURE_BOTH = "Capture at the charger and at the CSMS at the same time over one outage, and read both."
UNSEEN = frozenset({"replaced", "open", None})
ENDINGS = {
    "close": "closed the connection with a close frame",
    "fin": "closed TCP without a close frame",
    "rst": "reset TCP",
    "timeout": "let the connection time out",
}
SIDES = {"station": "the charger", "csms": "the CSMS", "middle": "something between"}


def rank_causes(outages: pa.Table, causes: Sequence[Cause], clues: Mapping[str, Sequence[Clue]]) -> pa.Table:
    """The table `causes`: for each outage the likeliest causes, or that none can be told and what is missing."""
    by_outage: dict[int, dict[str, list[Clue]]] = {}
    for name, said in clues.items():
        for clue in said:
            by_outage.setdefault(clue.outage, {}).setdefault(name, []).append(clue)
    declared = {cause.name: cause for cause in causes}
    listed = outages.to_pylist()
    ends = Counter(outage["station"] for outage in listed)
    rows: list[dict[str, object]] = []
    for number, outage in enumerate(listed):
        subject = {name: outage[name] for name in ("station", "start", "end", "connection")}
        own = by_outage.get(number, {})
        ranked = _ranked(own, declared) or [_cannot_tell(outage, ends[outage["station"]], own)]
        rows += [{**subject, **row} for row in ranked]
    return schema.from_rows("causes", rows)


def _ranked(clues: Mapping[str, Sequence[Clue]], declared: Mapping[str, Cause]) -> list[dict[str, object]]:
    """The causes that the clues speak for, the likeliest first; none where none speaks louder than the unexplained."""
    scores = {name: sum(clue.weight for clue in said) for name, said in clues.items()}
    total = math.exp(UNEXPLAINED) + sum(math.exp(score) for score in scores.values())
    named = sorted((name for name, score in scores.items() if score > UNEXPLAINED), key=lambda name: -scores[name])
    return [
        {
            "rank": place,
            "cause": name,
            "score": scores[name],
            "share": math.exp(scores[name]) / total,
            "confidence": _confidence(math.exp(scores[name]) / total, clues[name]),
            "owner": _first(clue.owner for clue in clues[name]) or declared[name].owner,
            "evidence_for": _told(clue for clue in clues[name] if clue.weight > 0),
            "evidence_against": _told(clue for clue in clues[name] if clue.weight < 0),
            "missing": _told(clue for clue in clues[name] if clue.weight == 0),
            "remedy": _first(clue.remedy for clue in clues[name]) or declared[name].remedy,
        }
        for place, name in enumerate(named[:NAMED], 1)
    ]


def _confidence(share: float, clues: Sequence[Clue]) -> str:
    """High takes two pieces of evidence: one alone may be a chance. It is low where the cause itself lacks a fact."""
    if any(clue.weight == 0 for clue in clues):
        return "low"
    if share >= HIGH and sum(clue.weight > 0 for clue in clues) > 1:
        return "high"
    return "medium" if share >= MEDIUM else "low"


def _cannot_tell(outage: dict[str, Any], ends: int, clues: Mapping[str, Sequence[Clue]]) -> dict[str, object]:
    """That no cause can be told: why not, and what would settle it."""
    reasons = _reasons(outage, ends)
    missing = [clue.text for said in clues.values() for clue in said if clue.weight == 0]
    return {
        "rank": 1,
        "cause": CANNOT_TELL,
        "score": UNEXPLAINED,
        "confidence": "low",
        "evidence_for": "; ".join(because for because, _ in reasons),
        "missing": "; ".join(dict.fromkeys([*(lacking for _, lacking in reasons), *missing])),
        "remedy": CAPTURE_BOTH,
    }


def _reasons(outage: dict[str, Any], ends: int) -> list[tuple[str, str]]:
    """Why the cause of an outage cannot be told, each reason with what is missing."""
    reasons = [_end(outage["end_kind"], outage["end_side"])]
    if outage["boot"] == "unknown":
        reasons.append(("the charger booted, but nothing tells a reboot from a habit", "the reason for its boot"))
    if ends < FEWEST:
        several = f"{ends} outages are" if ends > 1 else "one outage is"
        reasons.append((f"{several} too few for a pattern", f"more outages: a pattern shows from {FEWEST} on"))
    else:
        reasons.append(("its ends follow no one quiet time", "the load of the link: signal strength, losses, moves"))
    return reasons


def _end(kind: str | None, side: str | None) -> tuple[str, str]:
    """What is not known of the end, and what would tell it."""
    if kind in UNSEEN:
        return (
            "nobody saw the connection end, it fell silent",
            "packets from both ends: who still sent, who did not receive",
        )
    if kind not in ENDINGS:
        return "the input does not say how the connection was lost, nor by whom", "a packet capture of the end"
    if side not in SIDES:
        return f"the input does not say which side {ENDINGS[kind]}", "a packet capture of the end"
    return f"{SIDES[side]} {ENDINGS[kind]} and did not say why", f"the log of {SIDES[side]} at that time"


def _first(texts: Iterable[str]) -> str | None:
    return next((text for text in texts if text), None)


def _told(clues: Iterable[Clue]) -> str | None:
    return "; ".join(dict.fromkeys(clue.text for clue in clues)) or None
