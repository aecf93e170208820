"""Message ids that are used again for another call."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from analyzer.checks.protocol.repeats import before, content
from analyzer.checks.protocol.sides import WHO
from analyzer.checks.rows import by_station, evidence, plural
from analyzer.findings import MAX_EVIDENCE, Finding, not_judged, table
from analyzer.kernels.as_of import last_before
from analyzer.kernels.columns import NO_TIME, coded, flags, micros, same
from analyzer.plan import check

if TYPE_CHECKING:
    from analyzer.kernels.columns import Flags, Ints

SINCE_2 = ("2.0.1", "2.1")
LONGEST_ID = 36
"""Characters of a message id (OCPP-J 1.6 4.1.4)."""
NO_REBOOT = ("reconnect", "triggered")


@check("PR11", "Message id reused for a different call", severity="error", needs_time=False)
def reused_id(calls: pa.Table, connections: pa.Table, boots: pa.Table) -> pa.Table:
    """A message id is used again for another call, where an id must be new.

    In 1.6 that is on one connection. In 2.x it is on every connection of the charger as well, as long as it did not
    reboot; across connections it is a warning. The same id with the same content is a retry, which is allowed.

    Why it matters: an answer is joined with its call by the id alone. Where two calls share one, a late answer is
        taken for that of another call, and a receiver that knows the id already may drop the second call as a repeat.
    Fires on:
        08:00:00 CP1 + ocpp1.6
        08:00:01 CP1 > StatusNotification#7 {"connectorId": 1, "errorCode": "NoError", "status": "Preparing"}
        08:00:01.1 CP1 < =#7 {}
        08:00:09 CP1 > StatusNotification#7 {"connectorId": 1, "errorCode": "NoError", "status": "Charging"}
        08:00:09.1 CP1 < =#7 {}
        08:00:00 CP2 + ocpp2.0.1
        08:00:01 CP2 > StatusNotification#7 {"evseId": 1, "connectorId": 1, "connectorStatus": "Occupied"}
        08:00:01.1 CP2 < =#7 {}
        08:05:00 CP2 - 1006 by csms
        08:05:09 CP2 + ocpp2.0.1
        08:05:10 CP2 > StatusNotification#7 {"evseId": 1, "connectorId": 1, "connectorStatus": "Available"}
        08:05:10.1 CP2 < =#7 {}
    Near miss:
        # a retry, a Heartbeat whose content never changes, and the same id in both directions
        08:00:00 CP1 + ocpp1.6
        08:00:01 CP1 > StopTransaction#7 {"transactionId": 9, "meterStop": 1, "timestamp": "2026-01-01T08:00:01Z"}
        08:01:01 CP1 > StopTransaction#7 {"transactionId": 9, "meterStop": 1, "timestamp": "2026-01-01T08:00:01Z"}
        08:01:01.1 CP1 < =#7 {}
        08:01:02 CP1 < Reset#7 {"type": "Soft"}
        08:01:02.1 CP1 > =#7 {"status": "Accepted"}
        08:02:00x3/60s CP1 > Heartbeat#1
        08:02:00.1x3/60s CP1 < =#1 {"currentTime": "$(now)"}
    Confounder:
        # a counter that starts again with each connection (1.6), and with each reboot (2.x)
        08:00:00x3/600s CP1 + ocpp1.6
        08:00:01x3/600s CP1 > StatusNotification#100 {"connectorId": $(i), "errorCode": "NoError", "status": "Available"}
        08:00:01.1x3/600s CP1 < =#100 {}
        08:09:00x3/600s CP1 - 1006 by csms
        08:00:00x3/600s CP2 + ocpp2.0.1
        08:00:01x3/600s CP2 > BootNotification#100 {"reason": "PowerUp", "chargingStation": {"vendorName": "Example", "model": "AC22"}}
        08:00:01.1x3/600s CP2 < =#100 {"currentTime": "$(now)", "interval": 60, "status": "Accepted"}
        08:00:02x3/600s CP2 > StatusNotification#101 {"evseId": 1, "connectorId": $(i), "connectorStatus": "Available"}
        08:00:02.1x3/600s CP2 < =#101 {}
        08:09:00x3/600s CP2 - 1006 by csms
    Not a fault when: it is a retry; the id was the other side's; the charger had rebooted, or (1.6) connected anew,
        though the erratum of 2025-04 asks for new ids there too. Nobody sees when a CSMS restarts, so its ids count on
        one connection alone. Where a log does not tell of connections, a counter may have started again unseen, and the
        station is not judged.
    Likely causes: a constant or random id from a small range; a counter that starts again or overflows; a queue that
        keeps its old ids over a reconnect; two chargers with one identity.
    What to do: use UUIDs as message ids.
    Source: OCPP-J 1.6 4.1.4 and errata 2025-04 3.1 and 3.7; 2.0.1 and 2.1 part 4 4.1.4.
    """
    identity, up = coded(calls["id"]).codes, same(calls["direction"], "up")
    connection, uptime, says = coded(calls["connection"]).codes, _uptime(calls, boots), content(calls)
    near = before(identity, up, uptime, connection)
    # Two inputs may write one call differently, so what they say is compared within each of them alone.
    far = before(identity, up, uptime, coded(calls["source"]).codes, coded(calls["station"]).codes)
    known, loose = identity >= 0, _inferred(calls, connections)
    on_one = known & (near >= 0) & (says[near] != says)
    across = known & up & same(calls["version"], *SINCE_2) & (micros(calls["ts"]) != NO_TIME)
    across &= (far >= 0) & (says[far] != says) & ~on_one & ~loose & ~loose[far]
    first = np.where(on_one, near, far)
    findings = []
    for station, rows in by_station(calls):
        own = rows[((on_one & ~loose) | across)[rows]]
        if not len(own) and (on_one & loose)[rows].any():
            findings.append(
                not_judged(station, "ids are used again, and the input does not tell where connections begin")
            )
        for side in ("up", "down"):
            again = own[up[own] == (side == "up")]
            if len(again):
                findings.append(_finding(calls, side, again, first[again], on_one[again]))
    return table(findings)


def _finding(calls: pa.Table, side: str, again: Ints, first: Ints, on_one: Flags) -> Finding:
    example = int(np.argmax(on_one))
    earlier, later = int(first[example]), int(again[example])
    where = "on the same connection" if on_one.all() else "on the same connection or the next"
    where = where if on_one.any() else "after it connected anew"
    actions = " and then ".join(str(calls["action"][row].as_py()) for row in (earlier, later))
    ids = len(coded(calls["id"].take(pa.array(again))).names)
    times = micros(calls["ts"])[again]
    timed = times[times != NO_TIME]
    return Finding(
        calls["station"][later].as_py(),
        f"{WHO[side]} used {plural(ids, 'message id')} again for another "
        f"call {where}, {plural(len(again), 'time')}: such as {str(calls['id'][later].as_py())[:LONGEST_ID]} "
        f"for {actions}",
        start=int(timed.min()) if len(timed) else None,
        end=int(timed.max()) if len(timed) else None,
        connection=calls["connection"][later].as_py(),
        value=float(len(again)),
        limit=0.0,
        unit="calls",
        count=len(again),
        evidence=evidence(calls, np.stack((first, again), axis=1).ravel()[: MAX_EVIDENCE - 1]),
        severity=None if on_one.any() else "warning",
        subject=side,
    )


def _uptime(calls: pa.Table, boots: pa.Table) -> Ints:
    """A number for the boot since which the charger runs, as far as it may have been a reboot; -1 before the first."""
    boots = boots.filter(pa.array(~same(boots["kind"], *NO_REBOOT)))
    return last_before(boots["station"], micros(boots["ts"]), calls["station"], micros(calls["ts"]))


def _inferred(calls: pa.Table, connections: pa.Table) -> Flags:
    """Whether nothing told of the connection of a call but its messages."""
    told = dict(zip(connections["connection"].to_pylist(), flags(connections["inferred"]).tolist(), strict=True))
    names = coded(calls["connection"])
    return np.array([told.get(name, True) for name in names.names] + [True], dtype=bool)[names.codes]
