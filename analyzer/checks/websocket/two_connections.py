"""Chargers with two live connections."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from analyzer.checks.heartbeat.beats import captured
from analyzer.checks.rows import by_station, duration, evidence, plural
from analyzer.checks.websocket.ends import established
from analyzer.findings import Finding, not_judged, table
from analyzer.kernels.as_of import first_of, last_before
from analyzer.kernels.columns import END_OF_TIME, NO_TIME, SECOND, micros, same
from analyzer.plan import check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analyzer.kernels.columns import Ints

GOODBYE = SECOND
"""What a charger says so soon before the end of its connection may be its goodbye, as TLS has one too."""
MOST_COMPARED = 50
"""Connections of a charger that began after one and before it was last heard, which it is compared with."""


class Pair(NamedTuple):
    """Two connections of one charger, by their rows, the seconds in which both lived, and whether it spoke on both."""

    older: int
    newer: int
    seconds: float
    both: bool


@check("WS18", "Two live connections with one identity", severity="warning")
def two_connections(
    connections: pa.Table,
    messages: pa.Table,
    controls: pa.Table,
    tls_records: pa.Table,
    sources: pa.Table,
    *,
    warn_seconds: float = 5.0,
    fail_seconds: float = 60.0,
) -> pa.Table:
    """The charger speaks on a connection more than `warn_seconds` after it had opened another, which lives too.

    It is an error where it speaks on both of them, for more than `fail_seconds`.

    Why it matters: the CSMS sends its commands into one of the two, perhaps the wrong one. Two chargers with one
        identity are billed as one; and somebody may pass himself off as a charger.
    Fires on:
        08:00:00 CP1 + ocpp1.6 client=10.0.0.7
        08:00:30x8/60s CP1 > Heartbeat#a$(i)
        08:00:30.1x8/60s CP1 < =#a$(i) {"currentTime": "$(now)"}
        08:03:00 CP1/2 + ocpp1.6 client=10.0.0.9
        08:03:10x5/60s CP1/2 > Heartbeat#b$(i)
        08:03:10.1x5/60s CP1/2 < =#b$(i) {"currentTime": "$(now)"}
    Near miss:
        # the old one is given up when the new one stands
        08:00:00 CP1 + ocpp1.6 client=10.0.0.7
        08:00:30x4/60s CP1 > Heartbeat#a$(i)
        08:00:30.1x4/60s CP1 < =#a$(i) {"currentTime": "$(now)"}
        08:03:28 CP1/2 + ocpp1.6 client=10.0.0.7
        08:03:40 CP1 - 1001 by station
        08:03:50 CP1/2 > Heartbeat
        08:03:50.1 CP1/2 < = {"currentTime": "$(now)"}
    Confounder:
        # the link was dead, and the CSMS notices it after the charger is back
        08:00:00 CP1 + ocpp1.6 client=10.0.0.7
        08:00:30x3/60s CP1 > Heartbeat#a$(i)
        08:00:30.1x3/60s CP1 < =#a$(i) {"currentTime": "$(now)"}
        08:03:00 CP1/2 + ocpp1.6 client=10.9.0.7
        08:03:10x5/60s CP1/2 > Heartbeat#b$(i)
        08:03:10.1x5/60s CP1/2 < =#b$(i) {"currentTime": "$(now)"}
        08:04:00 CP1 < TriggerMessage {"requestedMessage": "Heartbeat"}
        08:05:30 CP1 - timeout
    Not a fault when: nothing is heard of the charger on the old connection any more, or only its goodbye: then that was
        dead or given up (WS17 tells of the dead). Most logs do not tell two connections of one charger apart, and are
        not judged. Connections of two inputs may be one, seen twice, and are not compared.
    Likely causes: two chargers with one identity (a copied configuration); a charger that reconnects without closing;
        a gateway and the charger behind it, both with its identity.
    What to do: compare the addresses, and the serial numbers in the BootNotifications; let the CSMS keep the latest
        connection and close the older.
    Source: OCPP-J 1.6 3.1.1; 2.0.1 part 4 3.1.1; ocpp-go issues 314 and 358; lbbrhzn/ocpp issue 2122.
    """
    begins, ends = micros(connections["upgraded"]), micros(connections["end"])
    begins = np.where(begins == NO_TIME, micros(connections["ts"]), begins)
    first, last = _spoken(connections, messages, controls, tls_records, ends)
    told, shown = established(connections), captured(connections, sources)
    inputs, clients = connections["source"].to_pylist(), connections["client"].to_pylist()
    findings = []
    for station, rows in by_station(connections):
        own = rows[told[rows] & (begins[rows] != NO_TIME)]
        own = own[np.argsort(begins[own], kind="stable")]
        pairs = [
            pair
            for pair in _pairs(own, begins, ends, first, last)
            if pair.seconds > warn_seconds and inputs[pair.older] == inputs[pair.newer]
        ]
        if not pairs:
            if station not in shown:
                findings.append(not_judged(station, "a log does not tell two connections of one charger apart"))
            continue
        worst = max(pairs, key=lambda pair: (pair.both, pair.seconds))
        places = sorted({clients[row] for row in worst[:2] if clients[row]})
        where = f" from {' and '.join(places)}" if len(places) > 1 else f", both from {places[0]}" if places else ""
        findings.append(
            Finding(
                station,
                f"The charger was connected twice for {duration(worst.seconds)}{where}, and spoke "
                + ("on both" if worst.both else "on the older one")
                + (f"; {plural(len(pairs), 'time')} in all" if len(pairs) > 1 else ""),
                start=int(begins[worst.newer]),
                end=int(begins[worst.newer] + round(worst.seconds * SECOND)),
                connection=connections["connection"][worst.newer].as_py(),
                value=worst.seconds,
                limit=warn_seconds,
                unit="s",
                count=len(pairs),
                evidence=evidence(connections, worst[:2]),
                severity="error" if any(pair.both and pair.seconds > fail_seconds for pair in pairs) else None,
            )
        )
    return table(findings)


def _spoken(
    connections: pa.Table, messages: pa.Table, controls: pa.Table, tls_records: pa.Table, ends: Ints
) -> tuple[Ints, Ints]:
    """When the charger first and last spoke on each connection, its goodbye left out; `NO_TIME` where it did not."""
    alive = controls.filter(pa.array(~same(controls["kind"], "close")))
    signs = pa.concat_tables(
        [
            part.filter(pa.array(same(part["direction"], "up"))).select(["connection", "ts"])
            for part in (messages, alive, tls_records)
        ]
    )
    times, names = micros(signs["ts"]), connections["connection"]
    until = np.where(ends == NO_TIME, END_OF_TIME, ends - GOODBYE)
    last = np.append(times, NO_TIME)[last_before(signs["connection"], times, names, until)]
    first = np.append(times, NO_TIME)[first_of(signs["connection"], times, names)]
    return first, last


def _pairs(own: Ints, begins: Ints, ends: Ints, first: Ints, last: Ints) -> Iterator[Pair]:
    """The pairs of which the older was still heard after the newer had begun."""
    for place, older in enumerate(own.tolist()):
        for newer in own[place + 1 : place + 1 + MOST_COMPARED].tolist():
            if begins[newer] >= last[older]:
                break
            until = min(int(last[older]), END_OF_TIME if ends[newer] == NO_TIME else int(ends[newer]))
            heard = min(int(last[older]), int(last[newer]))
            both = first[newer] != NO_TIME and heard > begins[newer]
            until = heard if both else until
            yield Pair(older, newer, (until - int(begins[newer])) / SECOND, bool(both))
