"""What speaks for and against a reboot around a BootNotification."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.kernels.columns import NO_TIME, micros, same
from analyzer.ocpp.commands import PROGRESS, TRIGGERS, orders
from analyzer.ocpp.payloads import decode, members, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MINUTE = 60_000_000
TRIGGER_WITHIN = MINUTE
STOP_WITHIN = 5 * MINUTE
REBOOT_REASONS = frozenset(
    {"PowerUp", "Watchdog", "ApplicationReset", "FirmwareUpdate", "LocalReset", "RemoteReset", "ScheduledReset"}
)
SUDDEN_REASONS = frozenset({"PowerUp", "Watchdog"})
"""Reasons of a charger that could say no goodbye."""
STOP_REASONS = frozenset({"PowerLoss", "Reboot", "HardReset", "SoftReset", "ImmediateReset"})
INSTALLING = "it was about to install firmware"
SILENT_FOR = 20.0
NEXT_IDS = 5
"""How far message ids may go on across a reconnect to be those of the same counter."""
_STOPPED = f'"(?:{"|".join(sorted(STOP_REASONS))})"'
_REFUSED = '"(?:Rejected|NotImplemented)"'
_TRAILING_NUMBER = re.compile(r"(\d{1,18})$")


class Judgement(NamedTuple):
    """The kind of a boot, the evidence for it, and the seconds since the charger's last request before it."""

    kind: str
    evidence: list[str]
    downtime: float | None


class Said(NamedTuple):
    """A request of a charger: when, with which message id, on which connection."""

    at: int
    id: str
    connection: str


class _Moments(NamedTuple):
    """The times of something, in order, and what is to be known of each."""

    times: list[int]
    told: list[Any]


class Surroundings:
    """What happened around each boot, by station."""

    def __init__(self, calls: pa.Table, connections: pa.Table) -> None:
        up = same(calls["direction"], "up")
        booted = calls.filter(pa.array(up & same(calls["action"], "BootNotification")))
        self._boots = _by_station(booted, micros(booted["ts"]).tolist(), [None] * booted.num_rows)
        self._stops = _stops(calls.filter(pa.array(up & same(calls["action"], "StopTransaction", "TransactionEvent"))))
        self._triggers = _triggers(calls.filter(pa.array(~up & same(calls["action"], *TRIGGERS))))
        ordered = orders(calls)
        self._orders = _by_station(
            ordered,
            ordered["due"].to_pylist(),
            zip(ordered["action"].to_pylist(), ordered["within"].to_pylist(), strict=True),
        )
        names = ("connection", "end_kind", "end_side")
        self._ends = {
            name: (kind, side)
            for name, kind, side in zip(*(connections[column].to_pylist() for column in names), strict=True)
        }

    def judge(
        self, station: object, boot: Said, before: Said | None, earlier: Said | None, reason: str | None
    ) -> Judgement:
        """What a boot was; `before` and `earlier` are the last two requests of the station before it."""
        at = boot.at
        if at == NO_TIME:
            return Judgement("unknown", ["no times"], None)
        downtime = (at - before.at) / 1e6 if before else None
        strong = [*self._commanded(station, at), *self._stopped(station, at)]
        if before and _starts_again(before.id, boot.id):
            strong.append(f"message ids start again ({before.id}, then {boot.id})")
        against = self._against(boot, before, earlier, reason) if before and not strong else None
        if reason in REBOOT_REASONS:
            if against:
                # A stale reason, sent again with each reconnect, proves nothing against what was seen.
                return Judgement("reconnect", [f"it gives reason {reason}, but {against}"], downtime)
            strong.insert(0, f"reason {reason}")
        if strong:
            return Judgement("reboot", strong, downtime)
        if self._triggered(station, at):
            return Judgement("triggered", ["the CSMS asked for it"], downtime)
        if before and before.connection != boot.connection and (downtime or 0) < SILENT_FOR:
            return Judgement(
                "reconnect", [f"first message of a new connection, {downtime:.0f} s after the last"], downtime
            )
        return Judgement("unknown", [f"{downtime:.0f} s of silence before it"] if downtime else [], downtime)

    def _against(self, boot: Said, before: Said, earlier: Said | None, reason: str | None) -> str | None:
        """What speaks against a reboot for which only its reason speaks."""
        counts = earlier is not None and earlier.connection == before.connection and _goes_on(earlier.id, before.id)
        if earlier is not None and counts and _goes_on(before.id, boot.id):
            return f"its message ids go on ({earlier.id}, {before.id}, then {boot.id})"
        kind, side = self._ends.get(before.connection, (None, None))
        if before.connection == boot.connection or kind != "close":
            return None
        if side == "csms":
            return "the CSMS had closed its connection"
        return "its connection was closed in order" if reason in SUDDEN_REASONS else None

    def _commanded(self, station: object, at: int) -> list[str]:
        """The last order that was due before the boot; the first boot after it has used it up."""
        booted, ordered = self._boots[station].times, self._orders.get(station, _NEVER)
        place = bisect_left(booted, at)
        since = booted[place - 1] if place else NO_TIME
        for number in reversed(range(bisect_right(ordered.times, since), bisect_left(ordered.times, at))):
            action, within = ordered.told[number]
            if at - ordered.times[number] <= within:
                return [INSTALLING if action in PROGRESS else f"{action} accepted before it"]
        return []

    def _stopped(self, station: object, at: int) -> list[str]:
        """A transaction that the charger ends after the boot, for a reason that needs a boot (OCPP 1.6 4.10, 7.36)."""
        booted, stopped = self._boots[station].times, self._stops.get(station, _NEVER)
        place, following = bisect_left(stopped.times, at), bisect_right(booted, at)
        # What comes after the next boot belongs to that one.
        until = min([at + STOP_WITHIN, *booted[following : following + 1]])
        if place == len(stopped.times) or stopped.times[place] > until:
            return []
        return [f"a transaction ended with reason {stopped.told[place]} right after it"]

    def _triggered(self, station: object, at: int) -> bool:
        asked = self._triggers.get(station, _NEVER).times
        place = bisect_right(asked, at) - 1
        return place >= 0 and at - asked[place] <= TRIGGER_WITHIN


_NEVER = _Moments([], [])


def _stops(calls: pa.Table) -> Mapping[object, _Moments]:
    """The ends of transactions for a reason that needs a boot."""
    ends = calls.filter(pc.match_substring_regex(pc.fill_null(calls["payload"], ""), _STOPPED))
    told = [_reason(payload) for payload in ends["payload"].to_pylist()]
    kept = np.array([reason in STOP_REASONS for reason in told], dtype=bool)
    ends = ends.filter(pa.array(kept))
    return _by_station(ends, micros(ends["ts"]).tolist(), [reason for reason in told if reason in STOP_REASONS])


def _reason(payload: str) -> str | None:
    stop = members(decode(payload))
    return text(stop.get("reason") or members(stop.get("transactionInfo")).get("stoppedReason"))


def _triggers(calls: pa.Table) -> Mapping[object, _Moments]:
    """When the CSMS asked for a BootNotification, and was not refused."""
    wanted = pc.match_substring(pc.fill_null(calls["payload"], ""), "BootNotification")
    refused = pc.match_substring_regex(pc.fill_null(calls["answer"], ""), _REFUSED)
    asked = calls.filter(pc.and_(wanted, pc.invert(pc.or_(refused, pa.array(same(calls["status"], "error"))))))
    return _by_station(asked, micros(asked["ts"]).tolist(), [None] * asked.num_rows)


def _by_station(rows: pa.Table, times: list[int], told: Iterable[object]) -> dict[object, _Moments]:
    """The moments of each station in order; what has no time is left out."""
    found: dict[object, _Moments] = {}
    listed = sorted(zip(times, rows["station"].to_pylist(), told, strict=True), key=lambda entry: entry[0])
    for time, station, what in listed:
        if time != NO_TIME:
            moments = found.setdefault(station, _Moments([], []))
            moments.times.append(time)
            moments.told.append(what)
    return found


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
