"""Chargers that lie idle after a connection ended, and do not try to come back."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from analyzer.checks.rows import by_station, duration, evidence, plural
from analyzer.findings import MAX_EVIDENCE, Finding, not_judged, table
from analyzer.kernels.columns import END_OF_TIME, NO_TIME, SECOND, coded, micros, same
from analyzer.kernels.damage import lost_between
from analyzer.ocpp.commands import commanded
from analyzer.plan import check

if TYPE_CHECKING:
    from analyzer.kernels.columns import Ints, Reals

UNANSWERED = "unreachable"
DARK = ("reboot", "unknown")
"""The kinds of a boot after which the charger may have been without power."""


class Tries(NamedTuple):
    """What a charger did to connect: the times, sorted, and whether any of it is seen at the charger's side alone."""

    times: Ints
    at_its_side: bool


@check("WS38", "No attempt to reconnect", severity="error")
def no_attempt(
    outages: pa.Table,
    connections: pa.Table,
    lookups: pa.Table,
    calls: pa.Table,
    sources: pa.Table,
    issues: pa.Table,
    *,
    patience: float = 600.0,
) -> pa.Table:
    """After its connection ended the charger neither looked up a name nor opened a connection for `patience` seconds.

    It is judged only where the capture stands where all attempts are seen: where it shows lookups of this charger, or
    attempts of it that no server answered. Where the charger did not come back it is a warning: it may have no power.

    Why it matters: a charger must try again until it is back; one that does not stays offline until somebody drives
        there.
    Fires on:
        07:59:59 CP1 * lookup name=csms.example status=NOERROR
        08:00:00 CP1 + ocpp1.6 client=10.0.0.7
        08:10:00 CP1 - fin by csms
        08:31:00 CP1 * lookup name=csms.example status=NOERROR
        08:31:01 CP1 + ocpp1.6 client=10.0.0.7
    Near miss:
        # it tries now and then; nobody answers
        08:00:00 CP1 + ocpp1.6 client=10.0.0.7
        08:10:00 CP1 - fin by csms
        08:19:00 CP1 x unreachable client=10.0.0.7
        08:28:00 CP1 x unreachable client=10.0.0.7
        08:31:00 CP1 + ocpp1.6 client=10.0.0.7
    Confounder:
        # at the CSMS nobody sees what a charger tries in vain; the other one installs firmware by order
        08:00:00 CP1 + ocpp1.6 client=10.0.0.7
        08:10:00 CP1 - fin by csms
        08:31:00 CP1 + ocpp1.6 client=10.0.0.7
        07:59:59 CP2 * lookup name=csms.example status=NOERROR
        08:00:00 CP2 + ocpp1.6 client=10.0.0.8
        08:09:00 CP2 < UpdateFirmware {"location": "ftp://example.com/new", "retrieveDate": "2026-01-01T08:09:00Z"}
        08:09:00.2 CP2 > = {}
        08:10:00 CP2 - 1001 by station
        08:31:00 CP2 + ocpp1.6 client=10.0.0.8
    Not a fault when: the charger had accepted a Reset or a firmware update, or boots when it is back and may have been
        without power; the input ends before; a part of the capture was lost in that time.
    Likely causes: the network task of the charger hangs; its modem is off; it waits too long after many attempts.
    What to do: let a watchdog restart the network task and the modem; limit the wait between attempts.
    Source: OCPP 2.0.1 part 4 5.3 ("SHALL try to reconnect"); OCPP-J 1.6 5.3; the time is this tool's own.
    """
    noticed, ends = micros(outages["noticed"]), micros(outages["end"])
    inputs = dict(zip(sources["source"].to_pylist(), micros(sources["end"]).tolist(), strict=True))
    last = np.array([inputs.get(name, NO_TIME) for name in outages["source"].to_pylist()], dtype=np.int64)
    until = np.where(ends == NO_TIME, last, ends)
    tries = {name: _tries(name, connections, lookups) for name in coded(outages["station"]).names}
    lengths = _idle(outages, noticed, until, tries)
    excused = commanded(calls, outages["station"], micros(outages["start"])) | same(outages["boot"], *DARK)
    spans = noticed, noticed + np.round(np.nan_to_num(lengths) * SECOND).astype(np.int64)
    excused |= lost_between(issues, outages["station"], outages["source"], *spans, scope="station")
    long = (lengths > patience) & ~excused
    findings = []
    for station, rows in by_station(outages):
        chosen = rows[long[rows]]
        if not tries[station].at_its_side:
            findings.append(not_judged(station, "whether the capture would show what it tries in vain is not known"))
        elif len(chosen):
            worst = int(chosen[np.argmax(lengths[chosen])])
            back = ends[chosen] != NO_TIME
            findings.append(
                Finding(
                    station,
                    f"The charger did not even try to connect for {duration(lengths[worst])} after its connection ended"
                    + (f"; {plural(len(chosen), 'time')} in all" if len(chosen) > 1 else "")
                    + ("" if back[-1] else "; it was not seen to come back, and may have no power"),
                    start=int(noticed[chosen].min()),
                    end=int(spans[1][chosen].max()),
                    value=float(lengths[worst]),
                    limit=patience,
                    unit="s",
                    count=len(chosen),
                    evidence=evidence(outages, chosen[:MAX_EVIDENCE], "noticed"),
                    severity=None if back.any() else "warning",
                )
            )
    return table(findings)


def _tries(station: str, connections: pa.Table, lookups: pa.Table) -> Tries:
    """What a charger did to connect: by its name, or by an address that it has elsewhere."""
    named = same(connections["station"], station)
    clients = [name for name in coded(connections["client"].filter(pa.array(named))).names if name]
    own = named | same(connections["client"], *clients, "")
    asked = same(lookups["station"], station) | same(lookups["client"], *clients, "")
    times = np.concatenate([micros(connections["ts"])[own], micros(lookups["ts"])[asked]])
    failed = bool((same(connections["end_kind"], UNANSWERED) & own).any())
    return Tries(np.sort(times), failed or bool(asked.any()))


def _idle(outages: pa.Table, noticed: Ints, until: Ints, tries: dict[str, Tries]) -> Reals:
    """For each outage the seconds from its notice to the first attempt after it, or as long as it was watched."""
    found = np.full(outages.num_rows, np.nan)
    for station, rows in by_station(outages):
        times = np.append(tries[station].times, END_OF_TIME)
        first = times[np.searchsorted(times, noticed[rows], side="right")]
        stop = np.minimum(first, until[rows])
        known = (noticed[rows] != NO_TIME) & (until[rows] != NO_TIME)
        found[rows[known]] = (stop[known] - noticed[rows][known]) / SECOND
    return found
