"""What the CSMS had ordered before an outage that makes chargers reboot."""

from __future__ import annotations

from bisect import bisect_right
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa

from analyzer.kernels.columns import same
from analyzer.ocpp.commands import UPDATES
from analyzer.ocpp.payloads import decode, members, text

if TYPE_CHECKING:
    from collections.abc import Sequence

CHANGES = ("ChangeConfiguration", "SetVariables")
RESET_WITHIN, SCHEDULED_WITHIN = timedelta(minutes=10), timedelta(hours=1)
"""A Reset may wait until transactions are stopped; one that is scheduled, and new firmware, wait for longer."""
CHANGE_WITHIN, ANSWER_WITHIN = timedelta(minutes=5), timedelta(minutes=1)
SURE, LIKELY, DOUBTFUL = 2.0, 1.0, 0.5
LONGEST_NAME = 60
LOOK_BACK = max(RESET_WITHIN, SCHEDULED_WITHIN, CHANGE_WITHIN)


class Order(NamedTuple):
    """A command before an outage, how surely it explains a reboot (as log odds), and what became of it.

    One that was never answered was perhaps never read: it is no cause, only a reason for doubt.
    """

    action: str
    weight: float
    words: str
    answered: bool = True


def orders_before(outages: pa.Table, calls: pa.Table) -> list[Order | None]:
    """For each outage the surest and latest order before it, None where there was none.

    An order is carried out once: what was sent before the outage before is spent.
    """
    down = same(calls["direction"], "down") & same(calls["action"], "Reset", *UPDATES, *CHANGES)
    columns = ["station", "ts", "action", "payload", "status", "answer"]
    sent: dict[object, list[dict[str, Any]]] = {}
    for row in calls.filter(pa.array(down)).select(columns).to_pylist():
        if row["ts"]:
            sent.setdefault(row["station"], []).append(row)
    times = {station: [row["ts"] for row in rows] for station, rows in sent.items()}
    before: dict[object, object] = {}
    found: list[Order | None] = []
    for outage in outages.select(["station", "start"]).to_pylist():
        station, start = outage["station"], outage["start"]
        since = max(before.get(station, start - LOOK_BACK), start - LOOK_BACK)
        first, last = (bisect_right(times.get(station, ()), moment) for moment in (since, start))
        found.append(_surest(sent.get(station, ())[first:last], start))
        before[station] = start
    return found


def _surest(rows: Sequence[dict[str, Any]], moment: Any) -> Order | None:  # noqa: ANN401 - a datetime out of Arrow
    orders = [order for row in rows if (order := _order(row, moment - row["ts"]))]
    return max(reversed(orders), key=lambda order: order.weight, default=None)


def _order(row: dict[str, Any], age: timedelta) -> Order | None:
    """The order that a call was, None where it was refused or lies too long before."""
    answer, known = str(row["answer"] or ""), row["status"] == "answered"
    seconds = f"{age.total_seconds():.0f} s before" if age >= timedelta(seconds=1) else "just before"
    if row["status"] == "error" or any(word in answer for word in ('"Rejected', '"NotSupported')):
        return None
    if not known:
        words = f"the CSMS had sent {_what(row)} {seconds}, which was never answered"
        return Order(row["action"], DOUBTFUL, words, answered=False) if age <= ANSWER_WITHIN else None
    if row["action"] in CHANGES:
        if '"RebootRequired"' in answer and age <= CHANGE_WITHIN:
            return Order(row["action"], SURE, f"it had answered {_what(row)} with RebootRequired {seconds}")
        return (
            Order(row["action"], LIKELY, f"{_what(row)} was accepted, sent {seconds}") if age <= ANSWER_WITHIN else None
        )
    within = SCHEDULED_WITHIN if row["action"] in UPDATES or '"Scheduled"' in answer else RESET_WITHIN
    return Order(row["action"], SURE, f"{_what(row)} was answered, sent {seconds}") if age <= within else None


def _what(row: dict[str, Any]) -> str:
    """The action with the setting or kind that it names."""
    payload = members(decode(row["payload"]))
    named = text(payload.get("key")) or text(payload.get("type"))
    return f"{row['action']} {named[:LONGEST_NAME]}" if named else str(row["action"])
