"""Chargers that stay offline for long."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa

from analyzer.checks.rows import by_station, duration, evidence, plural
from analyzer.checks.websocket.idle_cutoff import unwatched
from analyzer.findings import MAX_EVIDENCE, Finding, table
from analyzer.kernels.columns import NO_TIME, micros, seconds
from analyzer.kernels.watched import watched_until
from analyzer.ocpp.commands import commanded
from analyzer.plan import check

KINDS = {
    "close": "closed",
    "fin": "TCP closed",
    "rst": "TCP reset",
    "timeout": "timed out",
    "replaced": "nobody saw the end",
    "open": "nobody saw the end",
    "lost": "lost",
}
SIDES = {"station": " by the charger", "csms": " by the CSMS", "middle": " by something between"}


@check("WS35", "Long outage", severity="error")
def long_outage(
    connections: pa.Table,
    outages: pa.Table,
    sources: pa.Table,
    calls: pa.Table,
    *,
    warn_seconds: float = 300.0,
    fail_seconds: float = 3600.0,
) -> pa.Table:
    """The charger was offline for longer than `warn_seconds`; from `fail_seconds` on it is an error.

    An outage that has not ended counts for as long as it was watched.

    Why it matters: who comes to charge meanwhile is not authorized, or charges for free; the CSMS sees nothing.
    Fires on:
        08:00:00 CP1 + ocpp1.6
        08:10:00 CP1 - 1006 by csms
        08:52:00 CP1 + ocpp1.6
    Near miss:
        08:00:00 CP1 + ocpp1.6
        08:10:00 CP1 - 1006 by csms
        08:14:59 CP1 + ocpp1.6
        08:30:00 CP1 - 1006 by csms
        08:34:00 CP2 + ocpp1.6
    Confounder:
        # new firmware is installed
        08:00:00 CP1 + ocpp1.6
        08:09:00 CP1 < UpdateFirmware {"location": "ftp://example.com/new", "retrieveDate": "2026-01-01T08:09:00Z"}
        08:09:00.2 CP1 > = {}
        08:10:00 CP1 - 1001 by station
        08:25:00 CP1 + ocpp1.6
    Not a fault when: the input ends soon after the connection did; the charger had just accepted a Reset or a firmware
        update; the input does not tell of connections.
    Likely causes: see the causes of the outage in the report: power, network, server, failed attempts.
    What to do: read what ended the connection, and what the charger tried meanwhile (failed attempts).
    Source: OCPP 2.0.1 OfflineThreshold; the limits are this tool's own.
    """
    starts, ends = micros(outages["start"]), micros(outages["end"])
    watched = watched_until(sources)
    until = np.array([watched.get(name, NO_TIME) for name in outages["source"].to_pylist()], dtype=np.int64)
    lengths = seconds(starts, np.where(ends == NO_TIME, until, ends))
    long = (lengths > warn_seconds) & ~commanded(calls, outages["station"], starts)
    manners = outages.select(["end_kind", "end_side", "attempts"])
    findings = []
    for station, rows in by_station(outages):
        chosen = rows[long[rows]]
        if not len(chosen):
            continue
        worst = int(chosen[np.argmax(lengths[chosen])])
        own = manners.take(pa.array(chosen)).to_pylist()
        how = Counter(_how(row) for row in own)
        failed = sum(row["attempts"] or 0 for row in own)
        still = bool((ends[chosen] == NO_TIME).any())
        text = (
            f"The charger was offline for {duration(lengths[worst])}"
            + (" or more, and still is at the end of the input" if ends[worst] == NO_TIME else "")
            + (f", {plural(len(chosen), 'time')} for more than {duration(warn_seconds)}" if len(chosen) > 1 else "")
            + "; the connection before: "
            + ", ".join(f"{name} ({count}x)" if len(chosen) > 1 else name for name, count in how.most_common(3))
            + (f"; {plural(failed, 'attempt')} failed meanwhile" if failed else "")
        )
        findings.append(
            Finding(
                station,
                text,
                start=int(starts[chosen].min()),
                end=None if still else int(ends[chosen].max()),
                value=float(lengths[worst]),
                limit=warn_seconds,
                unit="s",
                count=len(chosen),
                evidence=evidence(outages, chosen[:MAX_EVIDENCE], "noticed"),
                severity=None if lengths[worst] > fail_seconds else "warning",
            )
        )
    findings += unwatched(connections, findings)
    return table(findings)


def _how(row: dict[str, str | None]) -> str:
    return KINDS.get(row["end_kind"] or "", "ended") + SIDES.get(row["end_side"] or "", "")
