"""Chargers that give another name to the CSMS than their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analyzer.checks.rows import by_station, evidence, plural, when
from analyzer.findings import MAX_EVIDENCE, Finding, not_judged, table
from analyzer.kernels.columns import coded, micros, wholes
from analyzer.plan import check

if TYPE_CHECKING:
    import pyarrow as pa

REFUSED = (401, 403)


@check("SC10", "User name differs from the charger's identity", severity="error")
def user_name(connections: pa.Table) -> pa.Table:
    """The user name of the charger's basic authorization is not the identity at the end of its URL.

    Why it matters: the CSMS must compare both. One that does so refuses the charger; one that does not lets any charger
        that has a password pass for any other.
    Fires on:
        08:00:00 CP1 x 401 path=/ocpp/CP1 authorization=basic user=CP7
        08:01:00 CP1 x 401 path=/ocpp/CP1 authorization=basic user=CP7
    Near miss:
        # the identity is written percent-encoded in the URL
        08:00:00 CP%201 + ocpp1.6 path=/ocpp/CP%25201 authorization=basic user=CP%201
        08:00:01 CP%201 > Heartbeat
        08:00:01.1 CP%201 < = {"currentTime": "$(now)"}
    Confounder:
        # the user was not seen; and of a charger whose URL was not seen, the identity is only a guess
        08:00:00 CP1 + ocpp1.6 path=/ocpp/CP1 authorization=basic
        08:00:00 CP2 + ocpp1.6 authorization=basic user=ACME-2
    Not a fault when: the request was not seen, or authorizes itself in another way; neither is judged. User names are
        shown as pseudonyms: of the same name it is the same.
    Likely causes: a serial number entered in place of the identity; a charger that was replaced or renamed in one of
        two places; a CSMS that knows one user for many chargers.
    What to do: set the user to the identity in the URL, or the URL to the user; let the CSMS compare both.
    Source: OCPP-J 1.6 6.2.2; 2.0.1 A00.FR.204, 207, 303, 324; security whitepaper A00.FR.303.
    """
    users, paths = connections["user"].to_pylist(), coded(connections["path"]).codes
    statuses, times = wholes(connections["http_status"]), micros(connections["ts"])
    known = paths >= 0
    findings = []
    for station, rows in by_station(connections):
        told = [row for row in rows[known[rows]].tolist() if users[row]]
        if not told:
            findings.append(not_judged(station, "no user name of a basic authorization was seen"))
        chosen = np.array([row for row in told if users[row] != station], dtype=np.int64)
        if not len(chosen):
            continue
        start, end = when(times, chosen)
        refused = int(np.isin(statuses[chosen], REFUSED).sum())
        names = sorted({users[row] for row in chosen.tolist()})
        findings.append(
            Finding(
                station,
                f"The charger authorizes itself as {names[0][:40]}"
                + (f" and {plural(len(names) - 1, 'other name')}" if len(names) > 1 else "")
                + f", not by its identity, in {len(chosen)} of {plural(len(told), 'request')}"
                + (f"; {refused} refused" if refused else ""),
                start=start,
                end=end,
                value=float(len(chosen)),
                limit=0.0,
                unit="requests",
                count=len(chosen),
                evidence=evidence(connections, chosen[:MAX_EVIDENCE]),
            )
        )
    return table(findings)
