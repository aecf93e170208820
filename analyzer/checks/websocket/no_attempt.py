"""Chargers that lie idle after a connection ended, and do not try to come back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.checks.rows import by_station, duration, evidence, plural
from analyzer.findings import MAX_EVIDENCE, Finding, not_judged, table
from analyzer.kernels.as_of import last_before
from analyzer.kernels.columns import END_OF_TIME, NO_TIME, SECOND, coded, flags, micros, same, seconds
from analyzer.kernels.damage import lost_between
from analyzer.ocpp.commands import commanded
from analyzer.plan import check

if TYPE_CHECKING:
    from analyzer.kernels.columns import Column, Flags, Ints

UNANSWERED = "unreachable"
COLUMNS = ["station", "ts", "telling"]
DARK = ("reboot", "unknown")
"""The kinds of a boot after which the charger may have been without power."""


MOST_BEHIND = 8
"""An address that more chargers have than this is a proxy's: what comes from it tells nothing of one of them."""


@check("WS38", "No attempt to reconnect", severity="error")
def no_attempt(
    connections: pa.Table,
    outages: pa.Table,
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
    stations, times, telling = _tries(connections, lookups)
    at_its_side = set(coded(stations.filter(pa.array(telling))).names)
    # The first attempt after a time is the last before it, backwards.
    hits = last_before(stations, -times, outages["station"], -(noticed + 1))
    first = np.append(times, END_OF_TIME)[hits]
    lengths = seconds(noticed, np.where(until == NO_TIME, NO_TIME, np.minimum(first, until)))
    excused = commanded(calls, outages["station"], micros(outages["start"])) | same(outages["boot"], *DARK)
    spans = noticed, noticed + np.round(np.nan_to_num(lengths) * SECOND).astype(np.int64)
    excused |= lost_between(issues, outages["station"], outages["source"], *spans, scope="station")
    long = (lengths > patience) & ~excused
    findings = []
    for station, rows in by_station(outages):
        chosen = rows[long[rows]]
        if not len(chosen):
            continue
        if station not in at_its_side:
            findings.append(not_judged(station, "whether the capture would show what it tries in vain is not known"))
        else:
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


def _tries(connections: pa.Table, lookups: pa.Table) -> tuple[Column, Ints, Flags]:
    """What chargers did to connect: which, when, and whether it is seen at the charger's side alone.

    It is known by their name, or by an address that they have elsewhere.
    """
    asked, unanswered = np.ones(lookups.num_rows, dtype=bool), same(connections["end_kind"], UNANSWERED)
    every = pa.concat_tables([_attempts(connections, unanswered), _attempts(lookups, asked)])
    pairs = _attempts(connections, unanswered).filter(
        pc.and_(pc.is_valid(connections["station"]), pc.is_valid(connections["client"]))
    )
    pairs = pairs.group_by(["client", "station"]).aggregate([])
    behind = pairs.group_by("client").aggregate([("station", "count")])
    few = behind.filter(pc.less_equal(behind["station_count"], MOST_BEHIND))["client"].combine_chunks()
    pairs = pairs.filter(pc.is_in(pairs["client"], few))
    by_address = every.select(["client", "ts", "telling"]).join(pairs, "client", join_type="inner")
    found = pa.concat_tables([every.select(COLUMNS), by_address.select(COLUMNS)])
    found = found.filter(pc.and_(found["station"].is_valid(), found["ts"].is_valid()))
    return found["station"], micros(found["ts"]), flags(found["telling"])


def _attempts(table: pa.Table, telling: Flags) -> pa.Table:
    names = {name: table[name].cast(pa.string()) for name in ("station", "client")}
    return pa.table({**names, "ts": table["ts"], "telling": pa.array(telling)})
