"""Messages about transactions, and how late each arrived by the charger's corrected clock."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from analyzer import schema
from analyzer.checks.clock.standing import csms_offsets, offsets_at, solid
from analyzer.kernels.columns import NO_TIME, SECOND, coded, micros, same, seconds
from analyzer.ocpp.payloads import decode, identity, members, text
from analyzer.ocpp.timestamps import parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analyzer.kernels.columns import Flags, Ints, Reals

EVENTS = ("StartTransaction", "StopTransaction", "TransactionEvent")
EARLIEST = round(datetime(2015, 1, 1, tzinfo=UTC).timestamp()) * SECOND
"""An earlier time was stamped by a clock that was never set, and says nothing of when it was."""
_FIELDS = pa.schema(
    [
        ("station", schema.NAME),
        ("ts", schema.TIME),
        ("measured", schema.TIME),
        ("transaction", pa.string()),
        ("action", schema.NAME),
        ("told", pa.bool_()),
        ("reason", pa.string()),
        ("source", schema.NAME),
        ("origin", pa.int64()),
    ]
)


def messages_of_transactions(calls: pa.Table, readings: pa.Table) -> pa.Table:
    """One row per message about a transaction, in order of arrival; of one that was sent again only the first.

    `measured` is the time it gives, of several the newest. `told` is true where the charger says that it was offline
    then, `reason` is why the transaction ended.
    """
    rows = pa.concat_tables([_events(calls), _samples(readings)]).unify_dictionaries()
    rows = rows.filter(pa.array(micros(rows["ts"]) != NO_TIME))
    return rows.sort_by([("ts", "ascending"), ("origin", "ascending")])


def lateness(rows: pa.Table, clock: pa.Table, heartbeats: pa.Table, calls: pa.Table) -> Reals:
    """Seconds from the time that a message gives to its arrival, with the charger's clock corrected; NaN where unknown."""
    sure = solid(clock, csms_offsets(heartbeats, calls))
    arrived, given = micros(rows["ts"]), micros(rows["measured"])
    late = seconds(given, arrived) + offsets_at(clock, sure, rows["station"], arrived)
    return np.where(given < EARLIEST, np.nan, late)


def _events(calls: pa.Table) -> pa.Table:
    chosen = calls.filter(pa.array(same(calls["action"], *EVENTS) & same(calls["direction"], "up")))
    chosen = chosen.take(pa.array(_first(coded(chosen["station"]).codes, coded(chosen["payload"]).codes)))
    told = list(_told(chosen))
    columns = [
        chosen["station"],
        chosen["ts"],
        pa.array([row[0] for row in told], pa.int64()).cast(schema.TIME),
        pa.array([row[1] for row in told], pa.string()),
        chosen["action"],
        pa.array([row[2] for row in told], pa.bool_()),
        pa.array([row[3] for row in told], pa.string()),
        chosen["source"],
        chosen["origin"],
    ]
    return pa.table(columns, schema=_FIELDS)


def _told(calls: pa.Table) -> Iterator[tuple[int | None, str | None, bool, str | None]]:
    """Of each message: its time, its transaction, whether it says that it is late, and the reason for the end."""
    for payload in calls["payload"].to_pylist():
        request = members(decode(payload))
        info = members(request.get("transactionInfo"))
        moment = parse(text(request.get("timestamp")) or "")
        yield (
            moment[0] if moment else None,
            identity(request.get("transactionId")) or identity(info.get("transactionId")),
            request.get("offline") is True,
            text(request.get("reason")) or text(info.get("stoppedReason")),
        )


def _samples(readings: pa.Table) -> pa.Table:
    """MeterValues of a transaction: periodic samples only, as clock-aligned ones give the start of their interval."""
    live = same(readings["action"], "MeterValues") & ~same(readings["context"], "Sample.Clock")
    live &= np.asarray(readings["transaction"].is_valid(), dtype=bool) & (micros(readings["measured"]) != NO_TIME)
    kept = readings.filter(pa.array(live))
    station, arrived, given = coded(kept["station"]).codes, micros(kept["ts"]), micros(kept["measured"])
    order = np.lexsort((-given, kept["origin"].to_numpy(), arrived, station))
    newest = order[_first(station[order], arrived[order], kept["origin"].to_numpy()[order])]
    transaction = coded(kept["transaction"]).codes
    newest = newest[_first(station[newest], transaction[newest], given[newest])]
    kept = kept.take(pa.array(newest))
    none = pa.nulls(kept.num_rows)
    columns = {name: kept[name] for name in ("station", "ts", "measured", "transaction", "action", "source", "origin")}
    columns |= {"told": none.cast(pa.bool_()), "reason": none.cast(pa.string())}
    return pa.table([columns[name] for name in _FIELDS.names], schema=_FIELDS)


def _first(*keys: Ints) -> Ints:
    """The first row of each combination of keys, in order."""
    order = np.lexsort(keys[::-1])  # stable, so rows that are alike keep their order
    fresh: Flags = np.zeros(len(order), dtype=bool)
    for key in keys:
        fresh[1:] |= np.diff(key[order]) != 0
    fresh[:1] = True
    return np.sort(order[fresh])
