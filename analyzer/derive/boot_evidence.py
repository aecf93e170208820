"""What speaks for and against a reboot around a BootNotification."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa

from analyzer.kernels.columns import NO_TIME
from analyzer.ocpp.payloads import decode, members, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Row = dict[str, object]
MINUTE = 60_000_000
RESET_WITHIN = 10 * MINUTE
TRIGGER_WITHIN = MINUTE
STOP_WITHIN = 5 * MINUTE
COMMANDS = ("Reset", "UpdateFirmware", "SignedUpdateFirmware")
ACTIONS = ("BootNotification", "TriggerMessage", "StopTransaction", "TransactionEvent", *COMMANDS)
"""Actions whose calls tell something about a boot."""
REBOOT_REASONS = frozenset(
    {"PowerUp", "Watchdog", "ApplicationReset", "FirmwareUpdate", "LocalReset", "RemoteReset", "ScheduledReset"}
)
SUDDEN_REASONS = frozenset({"PowerUp", "Watchdog"})
"""Reasons of a charger that could say no goodbye."""
STOP_REASONS = frozenset({"PowerLoss", "Reboot", "HardReset", "SoftReset", "ImmediateReset"})
SILENT_FOR = 20.0
NEXT_IDS = 5
"""How far message ids may go on across a reconnect to be those of the same counter."""
_TRAILING_NUMBER = re.compile(r"(\d{1,18})$")


class Judgement(NamedTuple):
    """The kind of a boot, the evidence for it, and the seconds since the charger's last request before it."""

    kind: str
    evidence: list[str]
    downtime: float | None


class _Spoken(NamedTuple):
    """The charger's requests in order: which row of the calls, when, on which connection, with which message id."""

    places: dict[object, int]
    times: list[int]
    ids: list[str]
    connections: list[str]


class Surroundings:
    """What happened around each boot, by station.

    `relevant` are the calls of ACTIONS, `spoken` all requests of chargers, both with the number of their `row`.
    """

    def __init__(self, relevant: pa.Table, spoken: pa.Table, connections: pa.Table) -> None:
        self._relevant: dict[object, list[Row]] = {}
        for row in _with_micros(relevant):
            self._relevant.setdefault(row["station"], []).append(row)
        self._times = {station: [_time(row) for row in rows] for station, rows in self._relevant.items()}
        self._spoken: dict[object, _Spoken] = {}
        for row in _with_micros(spoken):
            said = self._spoken.setdefault(row["station"], _Spoken({}, [], [], []))
            said.places[row["row"]] = len(said.times)
            said.times.append(_time(row))
            said.ids.append(str(row["id"]))
            said.connections.append(str(row["connection"]))
        names = ("connection", "end_kind", "end_side")
        self._ends = {
            name: (kind, side)
            for name, kind, side in zip(*(connections[column].to_pylist() for column in names), strict=True)
        }

    def judge(self, call: Mapping[str, object], reason: str | None) -> Judgement:
        """What a boot was."""
        station = call["station"]
        said = self._spoken[station]
        place = said.places[call["row"]]
        at = said.times[place]
        if at == NO_TIME:
            return Judgement("unknown", ["no times"], None)
        downtime = (at - said.times[place - 1]) / 1e6 if place else None
        strong = [*self._commanded(station, at), *self._stopped(station, at)]
        if place and _starts_again(said.ids[place - 1], said.ids[place]):
            strong.append(f"message ids start again ({said.ids[place - 1]}, then {said.ids[place]})")
        against = self._against(said, place, reason) if place and not strong else None
        if reason in REBOOT_REASONS:
            if against:
                # A stale reason, sent again with each reconnect, proves nothing against what was seen.
                return Judgement("reconnect", [f"it gives reason {reason}, but {against}"], downtime)
            strong.insert(0, f"reason {reason}")
        if strong:
            return Judgement("reboot", strong, downtime)
        if self._triggered(station, at):
            return Judgement("triggered", ["the CSMS asked for it"], downtime)
        if place and said.connections[place - 1] != said.connections[place] and (downtime or 0) < SILENT_FOR:
            return Judgement(
                "reconnect", [f"first message of a new connection, {downtime:.0f} s after the last"], downtime
            )
        return Judgement("unknown", [f"{downtime:.0f} s of silence before it"] if downtime else [], downtime)

    def _against(self, said: _Spoken, place: int, reason: str | None) -> str | None:
        """What speaks against a reboot for which only its reason speaks."""
        old = said.connections[place - 1]
        earlier, before, after = said.ids[max(place - 2, 0)], said.ids[place - 1], said.ids[place]
        counts = place > 1 and said.connections[place - 2] == old and _goes_on(earlier, before)
        if counts and _goes_on(before, after):
            return f"its message ids go on ({earlier}, {before}, then {after})"
        kind, side = self._ends.get(old, (None, None)) if old != said.connections[place] else (None, None)
        if kind == "close" and side == "csms":
            return "the CSMS had closed its connection"
        if kind == "close" and reason in SUDDEN_REASONS:
            return "its connection was closed in order"
        return None

    def _around(self, station: object, first: int, last: int) -> list[Row]:
        """The relevant calls between two times, both included."""
        times = self._times.get(station, [])
        return self._relevant.get(station, [])[bisect_left(times, first) : bisect_right(times, last)]

    def _commanded(self, station: object, at: int) -> list[str]:
        """A command that was accepted before the boot; the first boot after it has used it up."""
        for row in reversed(self._around(station, at - RESET_WITHIN, at - 1)):
            if row["action"] == "BootNotification":
                break
            if row["action"] in COMMANDS and '"Accepted"' in str(row["answer"]):
                return [f"{row['action']} accepted before it"]
        return []

    def _stopped(self, station: object, at: int) -> list[str]:
        """A transaction that the charger ends after the boot, for a reason that needs a boot (OCPP 1.6 4.10, 7.36)."""
        for row in self._around(station, at, at + STOP_WITHIN):
            if row["action"] == "BootNotification" and _time(row) > at:
                break  # what comes then belongs to the next boot
            if row["direction"] != "up" or row["action"] not in {"StopTransaction", "TransactionEvent"}:
                continue
            payload = members(decode(text(row["payload"])))
            told = payload.get("reason") or members(payload.get("transactionInfo")).get("stoppedReason")
            reason = text(told)
            if reason in STOP_REASONS:
                return [f"a transaction ended with reason {reason} right after it"]
        return []

    def _triggered(self, station: object, at: int) -> bool:
        return any(
            row["action"] == "TriggerMessage" and "BootNotification" in str(row["payload"])
            for row in self._around(station, at - TRIGGER_WITHIN, at)
        )


def _with_micros(table: pa.Table) -> Iterator[Row]:
    place = table.column_names.index("ts")
    rows: list[Row] = table.set_column(place, "ts", table["ts"].cast(pa.int64())).to_pylist()
    return iter(rows)


def _time(row: Row) -> int:
    return row["ts"] if isinstance(row["ts"], int) else NO_TIME


def _counters(before: str, after: str) -> tuple[int, int] | None:
    """The numbers at the end of two message ids that are alike but for these."""
    old, new = _TRAILING_NUMBER.search(before), _TRAILING_NUMBER.search(after)
    if old is None or new is None or before[: old.start()] != after[: new.start()]:
        return None
    return int(old[1]), int(new[1])


def _starts_again(before: str, after: str) -> bool:
    """Whether a counter in the message ids went back: it is kept in memory, so it starts again with a reboot.

    >>> _starts_again("412", "100"), _starts_again("412", "413"), _starts_again("a-7", "b-3")
    (True, False, False)
    """
    counters = _counters(before, after)
    return counters is not None and counters[1] < counters[0]


def _goes_on(before: str, after: str) -> bool:
    """Whether a counter in the message ids went on.

    >>> _goes_on("412", "413"), _goes_on("412", "900"), _goes_on("412", "412")
    (True, False, False)
    """
    counters = _counters(before, after)
    return counters is not None and 0 < counters[1] - counters[0] <= NEXT_IDS
