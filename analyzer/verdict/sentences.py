"""The verdict: one to three sentences that a tired engineer understands at once."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from analyzer import schema
from analyzer.findings import SEVERITIES, rank
from analyzer.kernels.columns import reals, same
from analyzer.verdict.ranking import CANNOT_TELL

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from analyzer.plan import Cause, Check

Row = dict[str, object]
SENTENCES = 3
EXPLAINED_BY_OUTAGES = frozenset({"WS09", "WS10", "WS11", "WS12", "WS19", "WS35"})
"""Checks that tell of the same ends as the outages' causes do: one cause, one sentence."""


def verdict(
    tables: Mapping[str, pa.Table],
    findings: pa.Table,
    stations: Sequence[str],
    causes: Mapping[str, Cause],
    checks: Mapping[str, Check],
) -> pa.Table:
    """The table `verdict`: what is wrong with each station, worst first, and what to do."""
    rows = [_station(station, tables, findings, causes, checks) for station in stations]
    rows.sort(key=lambda row: (-rank(str(row["severity"])), str(row["station"])))
    return schema.from_rows("verdict", rows)


def _station(
    station: str,
    tables: Mapping[str, pa.Table],
    findings: pa.Table,
    causes: Mapping[str, Cause],
    checks: Mapping[str, Check],
) -> Row:
    own = findings.filter(pa.array(same(findings["station"], station))).to_pylist()
    outages = tables["outages"].filter(pa.array(same(tables["outages"]["station"], station)))
    first = tables["causes"].filter(
        pa.array(same(tables["causes"]["station"], station) & (reals(tables["causes"]["rank"]) == 1))
    )
    offline = _offline(outages, first.to_pylist(), causes)
    others = [row for row in own if not (outages.num_rows and row["check"] in EXPLAINED_BY_OUTAGES)]
    wrong = [row for row in others if rank(str(row["severity"])) >= rank("warning")]
    sentences = [offline["sentences"]] if offline else []
    sentences += [f"{row['summary']}" for row in wrong[: SENTENCES - len(sentences)]]
    left = len(wrong) - (SENTENCES - bool(offline))
    if left > 0:
        sentences.append(f"And {left} more finding{'s' * (left > 1)} below.")
    worst = max((rank(str(row["severity"])) for row in own), default=-1)
    base: Row = {"station": station, "severity": SEVERITIES[worst] if worst >= 0 else None}
    if offline:
        return {**base, **offline, "sentences": " ".join(map(_stopped, map(str, sentences)))}
    if wrong:
        advice = _advice(checks[str(wrong[0]["check"])].manual)
        told = " ".join(map(_stopped, map(str, sentences)))
        return {**base, "sentences": told, "remedy": advice, "confidence": "high"}
    return {**base, "sentences": _well(station, tables), "confidence": None}


def _offline(outages: pa.Table, ranked: Sequence[Row], causes: Mapping[str, Cause]) -> Row | None:
    if not outages.num_rows:
        return None
    counted = Counter(str(row["cause"]) for row in ranked)
    name, times = counted.most_common(1)[0]
    leading = [row for row in ranked if row["cause"] == name]
    total, number = np.nansum(reals(outages["duration"])), outages.num_rows
    told = f"Offline {_times(number)}, {_span(float(total))} in all"
    best = max(leading, key=lambda row: float(str(row["share"])))
    if name == CANNOT_TELL:
        return {
            "sentences": f"{told}; why, the input does not tell: {best['missing']}",
            "remedy": best["remedy"],
            "confidence": "low",
            "missing": best["missing"],
        }
    because = Counter(str(row["evidence_for"]) for row in leading).most_common(1)[0][0].split("; ")[0]
    share = f"{times} of {number} times " if number > 1 else ""
    others = "".join(f"; {_times(count)}: {_title(other, causes)}" for other, count in counted.most_common()[1:3])
    return {
        "sentences": f"{told}. {_capital(share + because)}{others}",
        "remedy": best["remedy"],
        "owner": best["owner"],
        "confidence": Counter(str(row["confidence"]) for row in leading).most_common(1)[0][0],
        "missing": best["missing"],
    }


def _title(name: str, causes: Mapping[str, Cause]) -> str:
    title = causes[name].title if name in causes else "no cause can be told"
    return title[0].lower() + title[1:]


def _well(station: str, tables: Mapping[str, pa.Table]) -> str:
    messages = int(same(tables["messages"]["station"], station).sum())
    return f"Nothing wrong was found in {messages} messages." if messages else "No OCPP message of it was seen."


def _advice(manual: str) -> str:
    """The first sentence of a manual's section "What to do"."""
    _, _, after = manual.partition("What to do:")
    text = " ".join(after.split("Source:")[0].split())
    return text.split(". ")[0].rstrip(".") + "."


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def _span(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _stopped(sentence: str) -> str:
    return sentence if sentence.endswith((".", "!", "?")) else f"{sentence}."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
