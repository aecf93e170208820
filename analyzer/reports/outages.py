"""The outages as rows of harmless text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.kernels.columns import flags
from analyzer.reports import summary, text
from analyzer.reports.summary import called

if TYPE_CHECKING:
    from collections.abc import Mapping

    from analyzer.reports.summary import Row
    from analyzer.verdict.result import Result

ENDINGS = {
    "close": "close frame",
    "fin": "TCP FIN",
    "rst": "TCP RST",
    "timeout": "timeout",
    "replaced": "replaced by a new connection",
    "refused": "refused",
    "lost": "lost",
    "open": "still open",
    "unreachable": "no answer to SYN",
    "port_closed": "the port was closed",
    "tls": "the TLS handshake failed",
}
SIDES = {"station": "charger", "csms": "CSMS", "middle": "something between"}


def rows(result: Result) -> list[dict[str, str]]:
    """The outages as a reader sees them, each with its likeliest cause."""
    first = {
        (row["station"], row["connection"], row["start"]): row
        for row in summary.rows(result, "causes")
        if row["rank"] == 1
    }
    kinds = summary.kinds(result)
    told: set[str] = set()
    made = []
    for row in summary.rows(result, "outages"):
        outage = _outage(row, first.get((row["station"], row["connection"], row["start"]), {}), kinds)
        # The same reason reads once: a night of equal outages is one thought.
        made.append({**outage, "why": "" if outage["why"] in told else outage["why"]})
        told.add(outage["why"])
    return made


def ending(row: Row) -> str:
    """How a connection ended, and who ended it.

    >>> ending({"end_kind": "close", "end_side": "csms", "close_code": 1011})
    'close frame, code 1011 by the CSMS'
    """
    side = SIDES.get(row["end_side"], "")
    code = f", code {row['close_code']}" if row["close_code"] else ""
    how = ENDINGS.get(row["end_kind"], text.safe(row["end_kind"] or "unknown"))
    article = "" if side == SIDES["middle"] else "the "
    return f"{how}{code}" + (f" by {article}{side}" if side else "")


def _outage(row: Row, cause: Row, kinds: Mapping[str, str]) -> dict[str, str]:
    attempts = f" after {text.plural(row['attempts'], 'refused attempt')}" if row["attempts"] else ""
    return {
        "station": called(row["station"]),
        "start": text.when(row["start"]),
        "duration": text.duration(row["duration"]) or "not over at the end",
        "ended": ending(row),
        "idle_up": text.duration(row["idle_up"]) or "unknown",
        "idle_down": text.duration(row["idle_down"]) or "unknown",
        "cause": text.safe(cause.get("cause") or "not judged").replace("_", " "),
        "confidence": text.safe(", ".join(filter(None, (cause.get("confidence"), _owner(cause))))),
        "why": text.safe(_why(cause)),
        "back": _back(row) + attempts,
        "where": text.evidence(row, kinds),
    }


def _owner(cause: Row) -> str:
    return f"owner {owner}" if (owner := cause.get("owner")) else ""


def _why(cause: Row) -> str:
    """What speaks for a cause and against it."""
    told, against = cause.get("evidence_for") or cause.get("missing") or "", cause.get("evidence_against")
    return f"{told}; against it: {against}" if against else str(told)


def none(result: Result) -> str:
    """What is said where no outage is listed."""
    inferred = flags(result.tables["connections"]["inferred"])
    silent = len(inferred) and inferred.all()
    return (
        "The input tells of messages only: whether a charger was offline cannot be told."
        if silent
        else "No outage was seen."
    )


def _back(row: Row) -> str:
    if row["end"] is None:
        return "not seen"
    same_day = row["start"] is not None and row["start"].date() == row["end"].date()
    return f"{row['end']:%H:%M:%S}" if same_day else text.when(row["end"])
