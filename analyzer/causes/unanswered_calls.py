"""Calls stayed unanswered on a link that lived."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from analyzer.kernels.columns import same
from analyzer.plan import Clue, cause

if TYPE_CHECKING:
    from collections.abc import Sequence

RECENT = 3
"""How many of the last calls on the connection are looked at."""
SIDES = {"up": ("the charger", "the CSMS"), "down": ("the CSMS", "the charger")}
CLOSED_BY = {"up": "station", "down": "csms"}


@cause(
    "unanswered_calls",
    "Calls stayed unanswered although the link lived",
    owner="CSMS",
    remedy="Find out why the calls were not answered (handler, queue, session); the side that waited gave the connection up.",
)
def unanswered_calls(outages: pa.Table, calls: pa.Table) -> list[Clue]:
    """The last calls of one side were not answered while the other side still sent, then the asking side ended it."""
    clues = []
    waiting = calls.filter(pa.array(same(calls["status"], "unanswered", "interrupted")))
    by_connection: dict[str, list[dict[str, object]]] = {}
    for row in waiting.select(["connection", "direction", "action", "ts"]).to_pylist():
        by_connection.setdefault(row["connection"], []).append(row)
    answered = calls.filter(pa.array(same(calls["status"], "answered", "error")))
    last_answer: dict[tuple[str, str], object] = {}
    for row in answered.select(["connection", "direction", "answered"]).to_pylist():
        last_answer[row["connection"], row["direction"]] = row["answered"]
    for number, outage in enumerate(outages.select(["connection", "end_side"]).to_pylist()):
        for direction in ("up", "down"):
            since = last_answer.get((outage["connection"], direction))
            stuck = _since(by_connection.get(outage["connection"], []), direction, since)
            other = last_answer.get((outage["connection"], "down" if direction == "up" else "up"))
            if len(stuck) < RECENT or other is None or other <= stuck[0]["ts"]:  # type: ignore[operator]
                continue
            asker, silent = SIDES[direction]
            actions = ", ".join(sorted({str(row["action"]) for row in stuck}))
            clues.append(
                Clue(
                    number, 2.5, f"{silent} did not answer the last {len(stuck)} calls ({actions}) while it still sent"
                )
            )
            if outage["end_side"] == CLOSED_BY[direction]:
                clues.append(Clue(number, 1.0, f"{asker}, which waited, ended the connection"))
    return clues


def _since(rows: Sequence[dict[str, object]], direction: str, since: object) -> list[dict[str, object]]:
    return [row for row in rows if row["direction"] == direction and (since is None or row["ts"] > since)]  # type: ignore[operator]
