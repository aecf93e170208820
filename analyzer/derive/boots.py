"""Boots, and whether the charger had really rebooted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from analyzer import schema
from analyzer.derive.boot_evidence import ACTIONS, Surroundings
from analyzer.kernels.columns import same
from analyzer.ocpp.payloads import decode, members, real, text

if TYPE_CHECKING:
    from collections.abc import Iterator


def boots(calls: pa.Table, connections: pa.Table) -> pa.Table:
    """One row per BootNotification.

    A charger should not send one when it merely reconnects (OCPP-J 1.6 5.4, 2.0.1 part 4 5.3), but many do, so a boot
    is a reboot only with evidence: its reason, a Reset before it, message ids that start again, a transaction that
    ended by power loss. Downtime alone proves nothing: a lost link gives it too. Nor does a reason alone where message
    ids go on or the connection before was closed in order: some chargers send their last reason with each reconnect.
    """
    calls = calls.append_column("row", pa.array(np.arange(calls.num_rows)))
    relevant = calls.filter(pa.array(same(calls["action"], *ACTIONS)))
    names = ["station", "ts", "id", "connection", "row"]
    spoken = calls.filter(pa.array(same(calls["direction"], "up"))).select(names)
    return schema.sort(schema.from_rows("boots", _rows(relevant, Surroundings(relevant, spoken, connections))))


def _rows(relevant: pa.Table, surroundings: Surroundings) -> Iterator[dict[str, object]]:
    own = same(relevant["action"], "BootNotification") & same(relevant["direction"], "up")
    for call in relevant.filter(pa.array(own)).to_pylist():
        payload, answer = members(decode(call["payload"])), members(decode(call["answer"]))
        unit = members(payload.get("chargingStation"))
        judged = surroundings.judge(call, text(payload.get("reason")))
        yield {
            **{name: call[name] for name in ("station", "ts", "connection", "answered", "source", "origin")},
            "status": text(answer.get("status")),
            "interval": real(answer.get("interval")),
            "reason": text(payload.get("reason")),
            "vendor": text(payload.get("chargePointVendor")) or text(unit.get("vendorName")),
            "model": text(payload.get("chargePointModel")) or text(unit.get("model")),
            "firmware": text(payload.get("firmwareVersion")) or text(unit.get("firmwareVersion")),
            "kind": judged.kind,
            "detail": "; ".join(judged.evidence),
            "downtime": judged.downtime,
        }
