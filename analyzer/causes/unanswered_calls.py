"""Calls stayed unanswered on a link that lived."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from analyzer.kernels.columns import same
from analyzer.kernels.damage import answer_lost
from analyzer.plan import Clue, cause

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

FEWEST = 3
"""Fewer calls that hang at the end are lost together with any connection."""
SIDES = {"up": ("the charger", "the CSMS"), "down": ("the CSMS", "the charger")}
OWNERS = {"up": "CSMS", "down": "charger"}
CLOSED_BY = {"up": "station", "down": "csms"}
LAST_SIGN = {"up": "last_down", "down": "last_up"}
MOST_ACTIONS = 3


@cause(
    "unanswered_calls",
    "Calls stayed unanswered although the link lived",
    owner="CSMS",
    remedy="Find out why the calls were not answered (handler, queue, session); the side that waited gave the connection up.",
)
def unanswered_calls(outages: pa.Table, connections: pa.Table, calls: pa.Table, issues: pa.Table) -> list[Clue]:
    """The last calls of one side were not answered while the other side still sent, then the connection ended.

    Where the other side was silent too, the link was dead: that is no evidence; nor is an answer that may have been
    in a part of the input that was lost.
    """
    ended = [str(name) for name in outages["connection"].to_pylist()]
    own = calls.filter(pa.array(same(calls["connection"], *ended) & ~answer_lost(issues, calls)))
    signs = _signs(connections, ended)
    stuck = _stuck(own)
    clues = []
    for number, outage in enumerate(outages.select(["connection", "end_side"]).to_pylist()):
        for direction, (asker, silent) in SIDES.items():
            rows = stuck.get((outage["connection"], direction), [])
            heard = signs.get(outage["connection"], {}).get(LAST_SIGN[direction])
            if len(rows) < FEWEST or heard is None or heard <= rows[FEWEST - 1]["ts"]:
                continue
            names = sorted({str(row["action"]) for row in rows})
            actions = ", ".join(names[:MOST_ACTIONS]) + (" and others" if len(names) > MOST_ACTIONS else "")
            told = f"{silent} did not answer the last {len(rows)} calls ({actions}) while it still sent"
            clues.append(Clue(number, 2.5, told, OWNERS[direction]))
            if outage["end_side"] == CLOSED_BY[direction]:
                clues.append(Clue(number, 1.0, f"{asker}, which waited, ended the connection"))
    return clues


def _signs(connections: pa.Table, ended: list[str]) -> Mapping[str, Mapping[str, datetime | None]]:
    """The last sign of life of each side, by connection."""
    own = connections.filter(pa.array(same(connections["connection"], *ended)))
    return {row["connection"]: row for row in own.select(["connection", *LAST_SIGN.values()]).to_pylist()}


def _stuck(calls: pa.Table) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """The calls after the last answer, by connection and direction, in order of time."""
    keys = {name: calls[name].cast(pa.string()) for name in ("connection", "direction")}
    times = pa.table({**keys, "answered": calls["answered"]})
    last = {
        (row["connection"], row["direction"]): row["answered_max"]
        for row in times.group_by(list(keys)).aggregate([("answered", "max")]).to_pylist()
    }
    waiting = calls.filter(
        pc.and_(pa.array(same(calls["status"], "unanswered", "interrupted")), calls["ts"].is_valid())
    )
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in waiting.select(["connection", "direction", "action", "ts"]).to_pylist():
        key = row["connection"], row["direction"]
        if last[key] is None or row["ts"] > last[key]:
            found.setdefault(key, []).append(row)
    return found
