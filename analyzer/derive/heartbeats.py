"""Heartbeats, with their gaps and the interval in force."""

from __future__ import annotations

import msgspec
import numpy as np
import pyarrow as pa

from analyzer import schema
from analyzer.kernels.columns import coded, micros, same
from analyzer.kernels.sequences import gaps
from analyzer.ocpp.in_force import interval_in_force
from analyzer.ocpp.timestamps import parse


def heartbeats(calls: pa.Table, settings: pa.Table) -> pa.Table:
    """One row per Heartbeat request.

    `quiet` gaps are those in which the charger requested nothing else: it may skip a Heartbeat when it sent another
    message within the interval (OCPP 1.6 4.6; 2.0.1 G02.FR.04).
    """
    up = calls.filter(pa.array(same(calls["direction"], "up")))
    connection, times = coded(up["connection"]), micros(up["ts"])
    order = np.lexsort((up["origin"].to_numpy(), times, connection.codes))
    beat = same(up["action"], "Heartbeat")[order]
    spans, previous = gaps(connection.codes[order], times[order]), np.roll(beat, 1)
    rows = order[beat]
    own = np.full(len(times), np.nan)
    own[rows] = gaps(connection.codes[rows], times[rows])
    quiet = np.zeros(len(times), dtype=bool)
    quiet[order] = beat & previous & ~np.isnan(spans)
    kept = np.sort(rows)
    table = up.take(pa.array(kept))
    interval, interval_from = interval_in_force(settings, table["station"], times[kept])
    return schema.from_columns(
        "heartbeats",
        {
            **{name: table[name] for name in ("station", "ts", "connection", "status", "latency", "source", "origin")},
            "gap": pa.array(own[kept], from_pandas=True),
            "quiet": quiet[kept],
            "interval": pa.array(interval, from_pandas=True),
            "interval_from": interval_from,
            "csms_time": pa.array([_current_time(answer) for answer in table["answer"].to_pylist()]).cast(schema.TIME),
        },
    )


class _Answer(msgspec.Struct):
    currentTime: str | None = None  # noqa: N815 - the standard's name


_decoder = msgspec.json.Decoder(_Answer)


def _current_time(answer: str | None) -> int | None:
    if not answer:
        return None
    try:
        text = _decoder.decode(answer).currentTime
    except (msgspec.DecodeError, UnicodeEncodeError):
        return None
    moment = parse(text) if text else None
    return moment[0] if moment else None
