"""Boots, and whether the charger had really rebooted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pyarrow as pa

from analyzer import schema
from analyzer.kernels.columns import same
from analyzer.ocpp.payloads import decode, members, real, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Row = dict[str, object]
MINUTE = 60_000_000
RESET_WITHIN = 10 * MINUTE
TRIGGER_WITHIN = MINUTE
STOP_WITHIN = 5 * MINUTE
RETRY_WITHIN = 5 * MINUTE
COMMANDS = ("Reset", "UpdateFirmware", "SignedUpdateFirmware")
POWER_REASONS = frozenset(
    {"PowerUp", "Watchdog", "ApplicationReset", "FirmwareUpdate", "LocalReset", "RemoteReset", "ScheduledReset"}
)
STOP_REASONS = frozenset({"PowerLoss", "Reboot", "HardReset", "SoftReset", "ImmediateReset"})
SILENT_FOR = 20.0
_TRAILING_NUMBER = re.compile(r"(\d{1,18})$")


def boots(calls: pa.Table) -> pa.Table:
    """One row per BootNotification.

    A charger should not send one when it merely reconnects (OCPP-J 1.6 5.4, 2.0.1 part 4 5.3), but many do, so a boot
    is a reboot only with evidence: its reason, a Reset before it, message ids that start again, a transaction that
    ended by power loss. Downtime alone proves nothing: a lost link gives it too.
    """
    chosen = same(
        calls["action"], "BootNotification", "TriggerMessage", "StopTransaction", "TransactionEvent", *COMMANDS
    )
    relevant = calls.filter(pa.array(chosen))
    names = ["station", "ts", "direction", "id", "connection"]
    spoken = calls.filter(pa.array(same(calls["direction"], "up"))).select(names)
    context = _Context(relevant, spoken)
    return schema.sort(schema.from_rows("boots", _rows(relevant, context)))


def _rows(relevant: pa.Table, context: _Context) -> Iterator[Row]:
    for call in relevant.filter(pa.array(same(relevant["action"], "BootNotification"))).to_pylist():
        payload, answer = members(decode(call["payload"])), members(decode(call["answer"]))
        unit = members(payload.get("chargingStation"))
        kind, evidence, downtime = context.judge(call, text(payload.get("reason")))
        yield {
            **{name: call[name] for name in ("station", "ts", "connection", "answered", "source", "origin")},
            "status": text(answer.get("status")),
            "interval": real(answer.get("interval")),
            "reason": text(payload.get("reason")),
            "vendor": text(payload.get("chargePointVendor")) or text(unit.get("vendorName")),
            "model": text(payload.get("chargePointModel")) or text(unit.get("model")),
            "firmware": text(payload.get("firmwareVersion")) or text(unit.get("firmwareVersion")),
            "kind": kind,
            "detail": "; ".join(evidence),
            "downtime": downtime,
        }


class _Context:
    """What happened around each boot, looked up by station."""

    def __init__(self, relevant: pa.Table, spoken: pa.Table) -> None:
        self.relevant: dict[object, list[Row]] = {}
        for row in _micros(relevant):
            self.relevant.setdefault(row["station"], []).append(row)
        self.spoken: dict[object, tuple[list[int], list[str], list[str]]] = {}
        for row in _micros(spoken):
            times, ids, connections = self.spoken.setdefault(row["station"], ([], [], []))
            times.append(_time(row))
            ids.append(str(row["id"]))
            connections.append(str(row["connection"]))

    def judge(self, call: Mapping[str, object], reason: str | None) -> tuple[str, list[str], float | None]:
        """The kind of a boot, the evidence for it, and the seconds since the charger's last request before it."""
        moment = call["ts"]
        if moment is None:
            return "unknown", ["no times"], None
        at = round(moment.timestamp() * 1_000_000)  # type: ignore[attr-defined]
        times, ids, connections = self.spoken[call["station"]]
        place = times.index(at)
        downtime = (at - times[place - 1]) / 1e6 if place else None
        around = self.relevant[call["station"]]
        strong = [*_said_so(reason), *_commanded(around, at), *_stopped(around, at)]
        if place and _starts_again(ids[place - 1], ids[place]):
            strong.append(f"message ids start again ({ids[place - 1]}, then {ids[place]})")
        if strong:
            return "reboot", strong, downtime
        if _triggered(around, at):
            return "triggered", ["the CSMS asked for it"], downtime
        if place and connections[place - 1] != connections[place] and (downtime or 0) < SILENT_FOR:
            return "reconnect", [f"first message of a new connection, {downtime:.0f} s after the last"], downtime
        return "unknown", [f"{downtime:.0f} s of silence before it"] if downtime else [], downtime


def _micros(table: pa.Table) -> list[Row]:
    place = table.column_names.index("ts")
    return table.set_column(place, "ts", table["ts"].cast(pa.int64())).to_pylist()  # type: ignore[no-any-return]


def _time(row: Row) -> int:
    return row["ts"] if isinstance(row["ts"], int) else 0


def _said_so(reason: str | None) -> list[str]:
    return [f"reason {reason}"] if reason in POWER_REASONS else []


def _commanded(around: list[Row], at: int) -> list[str]:
    """A command that was accepted before the boot; the first boot after it has used it up."""
    for row in reversed(around):
        if _time(row) >= at:
            continue
        if row["action"] == "BootNotification" or at - _time(row) > RESET_WITHIN:
            break
        if row["action"] in COMMANDS and '"Accepted"' in str(row["answer"]):
            return [f"{row['action']} accepted before it"]
    return []


def _stopped(around: list[Row], at: int) -> list[str]:
    """A transaction that the charger ends after the boot, for a reason that needs a boot (OCPP 1.6 4.10, 7.36)."""
    for row in around:
        if row["action"] == "BootNotification" and _time(row) > at:
            break  # what comes then belongs to the next boot
        if row["direction"] != "up" or not 0 <= _time(row) - at <= STOP_WITHIN:
            continue
        payload = members(decode(text(row["payload"])))
        reason = payload.get("reason") or members(payload.get("transactionInfo")).get("stoppedReason")
        if row["action"] != "BootNotification" and reason in STOP_REASONS:
            return [f"a transaction ended with reason {reason} right after it"]
    return []


def _triggered(around: list[Row], at: int) -> bool:
    return any(
        row["action"] == "TriggerMessage"
        and 0 <= at - _time(row) <= TRIGGER_WITHIN
        and "BootNotification" in str(row["payload"])
        for row in around
    )


def _starts_again(before: str, after: str) -> bool:
    """Whether a counter in the message ids went back: it is kept in memory, so it starts again with a reboot."""
    old, new = _TRAILING_NUMBER.search(before), _TRAILING_NUMBER.search(after)
    if old is None or new is None or before[: old.start()] != after[: new.start()]:
        return False
    return int(new[1]) < int(old[1])
