"""Status reports of connectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from analyzer import schema
from analyzer.kernels.columns import records, same
from analyzer.ocpp.payloads import decode, members, text, whole
from analyzer.ocpp.timestamps import parse

if TYPE_CHECKING:
    from collections.abc import Iterator


def statuses(calls: pa.Table) -> pa.Table:
    """One row per StatusNotification of a charger."""
    chosen = calls.filter(pa.array(same(calls["action"], "StatusNotification") & same(calls["direction"], "up")))
    return schema.from_rows("statuses", _rows(chosen))


def _rows(calls: pa.Table) -> Iterator[dict[str, object]]:
    for call in records(calls):
        payload = members(decode(call["payload"]))
        moment = parse(text(payload.get("timestamp")) or "")
        yield {
            **{name: call[name] for name in ("station", "ts", "connection", "source", "origin")},
            "evse": whole(payload.get("evseId")),
            "connector": whole(payload.get("connectorId")),
            "status": text(payload.get("status")) or text(payload.get("connectorStatus")),
            "error_code": text(payload.get("errorCode")),
            "measured": moment[0] if moment else None,
            "detail": text(payload.get("vendorErrorCode")) or text(payload.get("info")),
        }
