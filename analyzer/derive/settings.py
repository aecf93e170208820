"""What was configured, as of when, and where that is known from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from analyzer import schema
from analyzer.kernels.columns import coded, micros, records, same
from analyzer.kernels.intervals import habit, usual
from analyzer.kernels.sequences import gaps
from analyzer.ocpp.in_force import INFERRED, INTERVAL_KEY, ORDERS, read_back, unordered
from analyzer.ocpp.keys import settings_said

if TYPE_CHECKING:
    from collections.abc import Iterator

ACTIONS = (
    "BootNotification",
    "ChangeConfiguration",
    "GetConfiguration",
    "SetVariables",
    "GetVariables",
    "NotifyReport",
)
ANSWERED = frozenset({"boot", "get"})
"""Operations of which the answer holds the value."""


def settings(calls: pa.Table) -> pa.Table:
    """One row per setting that was ordered, read back or reported, and the heartbeat interval inferred where none was.

    Of HeartbeatInterval the last writer is in force: an accepted BootNotification with an interval above 0, or an
    accepted change (OCPP 1.6 4.2 and 9.1.10; 2.0.1 B01.FR.04). What was read back counts where nothing was ordered, and
    what the heartbeats keep between two orders where no order is known to be in force and nothing was read back.
    """
    said = schema.from_rows("settings", _said(calls))
    inferred = schema.from_rows("settings", _inferred(calls, said))
    return schema.sort(pa.concat_tables([said, inferred]).unify_dictionaries())


def _said(calls: pa.Table) -> Iterator[dict[str, object]]:
    for call in records(calls.filter(pa.array(same(calls["action"], *ACTIONS)))):
        for setting in settings_said(call["action"], call["payload"], call["answer"]):
            number = _number(setting.value)
            told = "answer_" if setting.operation in ANSWERED and call["answer_origin"] is not None else ""
            yield {
                "station": call["station"],
                "ts": call["answered"] or call["ts"],
                "key": setting.key,
                "text": setting.value,
                "number": number,
                "operation": setting.operation,
                "status": setting.status,
                "effective": _effective(setting.key, setting.operation, setting.status, number),
                "connection": call["connection"],
                "source": call[f"{told}source"],
                "origin": call[f"{told}origin"],
            }


def _effective(key: str, operation: str, status: str | None, number: float | None) -> bool:
    if operation == "boot" or key == INTERVAL_KEY:
        # 0 leaves the charger its own choice; in a Pending or Rejected answer it is the wait before the next boot.
        return (status == "Accepted" or operation not in ORDERS) and number is not None and number > 0
    return status == "Accepted" or operation not in ORDERS


def _number(value: str | None) -> float | None:
    try:
        number = float(value) if value is not None else None
    except ValueError:
        return None
    return number if number is not None and np.isfinite(number) else None


def _inferred(calls: pa.Table, said: pa.Table) -> Iterator[dict[str, object]]:
    """The interval that the heartbeats keep, for each time between two orders in which none is known to be in force."""
    beats = calls.filter(pa.array(same(calls["action"], "Heartbeat") & same(calls["direction"], "up")))
    spans, free = unordered(said, beats["station"], micros(beats["ts"]))
    beats, span = beats.filter(pa.array(free)), coded(spans.filter(pa.array(free)))
    connection, times = coded(beats["connection"]).codes, micros(beats["ts"])
    order = np.lexsort((times, connection, span.codes))
    periods = np.full(len(times), np.nan)
    periods[order] = gaps(connection[order], times[order])
    periods[order[1:]] = np.where(np.diff(span.codes[order]) == 0, periods[order[1:]], np.nan)
    by_span = np.lexsort((times, span.codes))
    bounds = np.searchsorted(span.codes[by_span], np.arange(len(span.names)))
    early = read_back(said)
    told = set(unordered(said, early["station"], micros(early["ts"]))[0].to_pylist())
    for name, own in zip(span.names, np.split(by_span, bounds)[1:], strict=True):
        period = habit(periods[own])
        interval = usual(period)
        interval = period if np.isnan(interval) else interval
        if np.isnan(interval):
            continue
        first = records(beats.take(pa.array(own[:1])))[0]
        yield {
            **{column: first[column] for column in ("station", "ts", "connection", "source", "origin")},
            "key": INTERVAL_KEY,
            "text": f"{interval:g}",
            "number": interval,
            "operation": INFERRED,
            "effective": name not in told,
        }
