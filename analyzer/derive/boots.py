"""Boots, and whether the charger had really rebooted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from analyzer import schema
from analyzer.derive.boot_evidence import Said, Surroundings
from analyzer.kernels.columns import NO_TIME, records, same
from analyzer.ocpp.payloads import decode, members, real, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analyzer.kernels.columns import Ints

Row = dict[str, object]


def boots(calls: pa.Table, connections: pa.Table) -> pa.Table:
    """One row per BootNotification.

    A charger should not send one when it merely reconnects (OCPP-J 1.6 5.4, 2.0.1 part 4 5.3), but many do, so a boot
    is a reboot only with evidence: its reason, a Reset before it, message ids that start again, a transaction that
    ended by power loss. Downtime alone proves nothing: a lost link gives it too. Nor does a reason alone where message
    ids go on or the connection before was closed in order: some chargers send their last reason with each reconnect.
    """
    return schema.sort(schema.from_rows("boots", _rows(calls, Surroundings(calls, connections))))


def _rows(calls: pa.Table, surroundings: Surroundings) -> Iterator[Row]:
    said = np.flatnonzero(same(calls["direction"], "up"))
    places = np.flatnonzero(same(calls["action"], "BootNotification")[said])
    booted = calls.take(pa.array(said[places]))
    stations = booted["station"].to_pylist()
    now, before, earlier = (_said(calls, said, places - steps, stations) for steps in range(3))
    for call, boot, last, previous in zip(records(booted), now, before, earlier, strict=True):
        payload, answer = members(decode(call["payload"])), members(decode(call["answer"]))
        unit = members(payload.get("chargingStation"))
        assert boot is not None  # its own station's
        judged = surroundings.judge(call["station"], boot, last, previous, text(payload.get("reason")))
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


def _said(calls: pa.Table, said: Ints, places: Ints, stations: list[object]) -> list[Said | None]:
    """The requests at some places among those of the chargers, None where the station is another."""
    rows = calls.select(["station", "ts", "id", "connection"]).take(pa.array(said[np.maximum(places, 0)]))
    columns = rows.set_column(1, "ts", rows["ts"].cast(pa.int64())).to_pydict().values()
    return [
        Said(NO_TIME if at is None else at, str(identity), str(connection)) if own == station and place >= 0 else None
        for own, at, identity, connection, station, place in zip(*columns, stations, places.tolist(), strict=True)
    ]
