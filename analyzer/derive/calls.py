"""Requests joined with their answers."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer import schema
from analyzer.kernels.columns import NO_TIME, Ints, coded, micros, same, seconds
from analyzer.kernels.sequences import answers
from analyzer.kernels.watched import watched_until

PATIENCE = 30.0
"""Seconds that an answer may take before its call counts as unanswered: the default of PyPI's `ocpp`."""


def calls(messages: pa.Table, connections: pa.Table, sources: pa.Table) -> pa.Table:
    """One row per CALL or SEND, with its answer on the same connection (OCPP-J 4.1.1; ids are per direction).

    `interrupted` is a call whose connection ended before an answer was due, `pending` one at the edge of the input.
    """
    up = same(messages["direction"], "up")
    asks = same(messages["type"], "call", "send")
    connection = coded(messages["connection"])
    scopes = connection.codes * 2 + (up == asks)
    found = answers(scopes, coded(messages["id"]).codes, asks)
    rows = np.flatnonzero(asks)
    asked, answer = messages.take(pa.array(rows)), found[rows]
    matched = answer >= 0
    replies = messages.take(pa.array(np.where(matched, answer, 0))) if len(rows) else messages.slice(0, 0)
    asked_at, answered_at = micros(asked["ts"]), np.where(matched, micros(replies["ts"]), NO_TIME)
    ends, ended, versions = _watched(connections, sources, connection.names)
    place = connection.codes[rows]
    still_open = seconds(asked_at, ends[place]) if len(rows) else np.zeros(0)
    status = _status(asked, replies, matched, ended[place] if len(rows) else np.zeros(0, bool), still_open)
    missing = pa.array(~matched)
    table = schema.from_columns(
        "calls",
        {
            **{
                name: asked[name]
                for name in ("station", "ts", "direction", "id", "action", "payload", "connection", "source", "origin")
            },
            "status": status,
            "answered": pa.array(answered_at, mask=answered_at == NO_TIME).cast(schema.TIME),
            "latency": pa.array(seconds(asked_at, answered_at), from_pandas=True),
            "answer": _masked(replies["payload"], missing),
            "answer_source": _masked(replies["source"].cast(pa.string()), missing),
            "answer_origin": pc.if_else(missing, None, replies["origin"]),
            "error_code": _masked(replies["error_code"].cast(pa.string()), missing),
            "error_description": _masked(replies["error_description"], missing),
            "version": pa.array([versions[code] for code in place.tolist()], pa.string()),
            "open": pa.array(still_open, from_pandas=True),
        },
    )
    return schema.sort(table)


def _watched(connections: pa.Table, sources: pa.Table, names: list[str]) -> tuple[Ints, np.ndarray, list[str | None]]:
    """Until when each connection was watched, whether it ended then, and its version, in the order of `names`."""
    until = watched_until(sources)
    rows = {name: row for row, name in enumerate(connections["connection"].to_pylist())}
    ends, inputs = micros(connections["end"]), connections["source"].to_pylist()
    kinds, versions = connections["end_kind"].to_pylist(), connections["version"].to_pylist()
    found = [rows[name] for name in names]
    watched = [int(ends[row]) if ends[row] != NO_TIME else until.get(inputs[row], NO_TIME) for row in found]
    return (
        np.array(watched, dtype=np.int64),
        np.array([kinds[row] not in {None, "open"} for row in found], dtype=bool),
        [versions[row] for row in found],
    )


def _status(
    asked: pa.Table, replies: pa.Table, matched: np.ndarray, ended: np.ndarray, still_open: np.ndarray
) -> pa.Array:
    status = np.where(still_open >= PATIENCE, "unanswered", np.where(ended, "interrupted", "pending")).astype(object)
    status[np.isnan(still_open)] = "unanswered"
    error = same(replies["type"], "error", "result_error")
    status[matched & ~error] = "answered"
    status[matched & error] = "error"
    status[same(asked["type"], "send")] = "send"
    return pa.array(status, pa.string())


def _masked(column: pa.ChunkedArray, missing: pa.Array) -> pa.ChunkedArray:
    return pc.if_else(missing, pa.scalar(None, pa.string()), column)
