"""Attempts to connect that do not get as far as TCP."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.checks.rows import by_station, evidence, plural
from analyzer.checks.websocket.attempts import by_packets, most_within, overcome, spans, within_one
from analyzer.findings import MAX_EVIDENCE, Finding, not_judged, table
from analyzer.kernels.columns import NO_TIME, SECOND, coded, flags, micros, same
from analyzer.kernels.damage import lost_between
from analyzer.plan import check

if TYPE_CHECKING:
    from analyzer.kernels.columns import Flags, Ints

MEANINGS = {
    "unreachable": "no answer to SYN: the way is cut or filtered",
    "port_closed": "SYN answered by RST: nothing listens there",
}


@check("WS01", "No TCP connection", severity="error")
def unreachable(
    connections: pa.Table,
    transport: pa.Table,
    outages: pa.Table,
    issues: pa.Table,
    sources: pa.Table,
    *,
    fail_count: int = 3,
    window: float = 600.0,
    patience: float = 20.0,
    at_once: float = 10.0,
    short_outage: float = 600.0,
) -> pa.Table:
    """The charger's attempts to open a TCP connection to the CSMS failed.

    It is an error from `fail_count` failures within `window` seconds on, else a warning. Where all of them lie within one
    outage of `short_outage` seconds at most it is a warning, and an information where nothing listened at the port:
    that is how a restart of the CSMS looks.

    Why it matters: nothing that the charger or the CSMS would say can be said. The fault is below both.
    Fires on:
        08:00:00x3/60s CP1 x unreachable client=10.0.0.7 client_port=50001 server=203.0.113.5 server_port=443
        08:05:00 CP1 x port_closed client=10.0.0.7 client_port=50002 server=203.0.113.5 server_port=443
    Near miss:
        # the capture ends before the answer may have come
        08:00:00 CP1 x unreachable client=10.0.0.7 client_port=50001 server=203.0.113.5 server_port=443
        08:00:00 CP1 * syn by station
        08:00:07 CP1 * syn by station
    Confounder:
        # a charger that tries IPv6 and, at once, IPv4; later it probes another server while it is connected
        08:00:00 CP1 x unreachable client=2001:db8::7 client_port=50001 server=2001:db8::5 server_port=443
        08:00:01 CP1 + ocpp1.6 client=10.0.0.7 client_port=50002 server=203.0.113.5 server_port=443
        08:00:02 CP1 > Heartbeat
        08:00:02.1 CP1 < = {"currentTime": "$(now)"}
        08:10:00 CP2 x port_closed client=10.0.0.8 client_port=50003 server=203.0.113.9 server_port=443
        08:00:00 CP2 + ocpp1.6 client=10.0.0.8 client_port=50001 server=203.0.113.5 server_port=443
        08:20:00 CP2 > Heartbeat
        08:20:00.1 CP2 < = {"currentTime": "$(now)"}
    Not a fault when: the charger was heard on another connection at that time, or on one that it began within `at_once`
        seconds; the input ends within `patience` seconds of the SYN; packets were lost there. A log does not tell of
        TCP and is not judged.
    Likely causes: no answer: a firewall, the SIM card or its access point (APN), a wrong address, routing; RST: the CSMS
        or its load balancer is down, or the port is wrong.
    What to do: open the way (address and port as told here) in the firewall and the APN; look whether the CSMS listens.
    Source: RFC 9293 3.5 and 3.10.7; the limits are this tool's own.
    """
    failed = same(connections["end_kind"], *MEANINGS)
    lasting = failed & ~_cut_short(connections, transport, issues, sources, patience)
    seen = lasting | (
        by_packets(connections) & flags(connections["start_observed"]) & ~failed & ~_undecided(connections)
    )
    counted = lasting & ~overcome(connections, failed, at_once)
    times = micros(connections["ts"])
    refused = same(connections["end_kind"], "port_closed")
    events = _events(transport)
    short = spans(outages.filter(pc.less_equal(outages["duration"], short_outage)))
    findings = []
    for station, rows in by_station(connections):
        if not seen[rows].any():
            findings.append(not_judged(station, "no attempt to open a TCP connection was watched to its end"))
        chosen = rows[counted[rows]]
        chosen = chosen[np.argsort(times[chosen], kind="stable")]
        if not len(chosen):
            continue
        once = within_one(short.get(station), times[chosen])
        closed = refused[chosen].all()
        error = most_within(times[chosen], window) >= fail_count and not once
        findings.append(
            Finding(
                station,
                _summary(connections, events, chosen, int(seen[rows].sum())),
                start=int(times[chosen[0]]),
                end=int(times[chosen[-1]]),
                value=float(len(chosen)),
                limit=0.0,
                unit="attempts",
                count=len(chosen),
                evidence=evidence(connections, chosen[:MAX_EVIDENCE]),
                severity=None if error else "info" if once and closed else "warning",
            )
        )
    return table(findings)


def _events(transport: pa.Table) -> dict[str, list[str | None]]:
    """Of each connection what happened to its SYNs: None for one that was sent, else what the network said."""
    sent = same(transport["kind"], "syn") & same(transport["direction"], "up")
    said = same(transport["kind"], "icmp") & np.asarray(transport["detail"].is_valid(), dtype=bool)
    rows = transport.select(["connection", "kind", "detail"]).filter(pa.array(sent | said))
    found: dict[str, list[str | None]] = {}
    for row in rows.to_pylist():
        found.setdefault(row["connection"], []).append(row["detail"] if row["kind"] == "icmp" else None)
    return found


def _summary(connections: pa.Table, events: dict[str, list[str | None]], chosen: Ints, attempts: int) -> str:
    rows = connections.select(["connection", "end_kind", "server", "server_port"]).take(pa.array(chosen))
    kinds = Counter(rows["end_kind"].to_pylist())
    told = ", ".join(f"{count}x {MEANINGS[kind]}" for kind, count in kinds.most_common())
    ends = zip(rows["server"].to_pylist(), rows["server_port"].to_pylist(), strict=True)
    places = Counter(f"{server}:{port}" if port is not None else server for server, port in ends if server)
    where = f" to {places.most_common(1)[0][0]}" if places else ""
    own = [event for name in rows["connection"].to_pylist() for event in events.get(name, ())]
    tries, said = own.count(None), Counter(text for text in own if text)
    parts = [
        f"{len(chosen)} of {plural(attempts, 'attempt')} to open a TCP connection{where} failed: {told}",
        f"{tries} SYNs in all" if tries > len(chosen) else "",
        f"the network says: {said.most_common(1)[0][0][:80]}" if said else "",
    ]
    return "; ".join(filter(None, parts))


def _undecided(connections: pa.Table) -> Flags:
    """The attempts of which the input does not show whether they were answered."""
    found: Flags = same(connections["end_kind"], "open")
    for name in ("upgraded", "last_up", "last_down"):
        found &= micros(connections[name]) == NO_TIME
    return found


def _cut_short(
    connections: pa.Table, transport: pa.Table, issues: pa.Table, sources: pa.Table, patience: float
) -> Flags:
    """The attempts whose answer may be missing from the input alone: at its end, or where packets were lost."""
    times, wait = micros(connections["ts"]), round(patience * SECOND)
    ends = dict(zip(sources["source"].to_pylist(), micros(sources["end"]).tolist(), strict=True))
    until = np.array([ends.get(name, NO_TIME) for name in connections["source"].to_pylist()], dtype=np.int64)
    reported = coded(transport["connection"].filter(pa.array(same(transport["kind"], "icmp")))).names
    unanswered = same(connections["end_kind"], "unreachable")
    if reported:
        unanswered &= ~same(connections["connection"], *reported)
    lost = lost_between(issues, connections["connection"], connections["source"], times, times + wait)
    found: Flags = (times == NO_TIME) | (unanswered & ((until < times + wait) | lost))
    return found
