"""Idle connections that something cuts off."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from analyzer.checks.rows import by_station, duration, evidence, plural
from analyzer.checks.websocket.ends import established, of_pattern
from analyzer.findings import MAX_EVIDENCE, Finding, not_judged, table
from analyzer.kernels.columns import END_OF_TIME, NO_TIME, SECOND, micros, reals, same, wholes
from analyzer.kernels.idle import counted, device, races
from analyzer.plan import check

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SIDES = {"csms": " by the CSMS", "middle": " by something between"}
LONG_ENOUGH = 300.0
"""Connections that were watched for fewer seconds say nothing about how long they hold: WS35 warns from there on."""


@check("WS11", "Idle cut-off", severity="error")
def idle_cutoff(connections: pa.Table, outages: pa.Table, idle_patterns: pa.Table, *, fewest: int = 5) -> pa.Table:
    """Something ends the charger's connections after the same quiet time, again and again.

    Three clocks are tried, since devices count differently: the quiet of both sides, of the charger and of the CSMS.
    At least six of ten ends, and `fewest`, lie within 2 % and a second of one quiet time, and Youden's J tells these
    ends from what connections survived: 0.9 or more, 0.7 where the time is within 2 % of the heartbeat interval, since
    then a beat sometimes wins the race. Where a proxy is in the path only for some hours, these hours are judged.

    Why it matters: the charger goes offline for no other reason than that it had nothing to say. One setting cures it.
    Fires on:
        08:00:00x6/200s CP1 + ocpp1.6
        08:00:01x6/200s CP1 > BootNotification#b$(i) {"chargePointVendor": "Example", "chargePointModel": "AC22"}
        08:00:01.1x6/200s CP1 < =#b$(i) {"currentTime": "$(now)", "interval": 300, "status": "Accepted"}
        08:00:31x6/200s CP1 > StatusNotification#s$(i) {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
        08:00:31.1x6/200s CP1 < =#s$(i) {}
        08:01:31.1x6/200s CP1 - fin by csms
    Near miss:
        # one end in three comes at another time
        08:00:00x4/200s CP1 + ocpp1.6
        08:00:31x4/200s CP1 > Heartbeat#s$(i)
        08:00:31.1x4/200s CP1 < =#s$(i) {"currentTime": "$(now)"}
        08:01:31.1x4/200s CP1 - fin by csms
        08:15:00x2/200s CP1 + ocpp1.6
        08:15:31x2/200s CP1 > Heartbeat#t$(i)
        08:15:31.1x2/200s CP1 < =#t$(i) {"currentTime": "$(now)"}
        08:16:00x2/200s CP1 - fin by csms
    Confounder:
        # a charger that is reset by command after the same quiet time
        08:00:00x6/200s CP1 + ocpp1.6
        08:00:31x6/200s CP1 < Reset#r$(i) {"type": "Soft"}
        08:00:31.1x6/200s CP1 > =#r$(i) {"status": "Accepted"}
        08:01:31.1x6/200s CP1 - fin by csms
    Not a fault when: the charger was reset or closed the connection itself; the close code says another reason; the
        ends are only noticed at the next heartbeat, which connections otherwise survive. A connection that lives on
        proves that nothing cuts it off; fewer ends than `fewest` prove nothing, and are not judged.
    Likely causes: the idle timeout of a load balancer, proxy or server: 60 s nginx, AWS's load balancer, ocpp-go; 100 s
        Cloudflare; 240 s Azure; 350 s AWS's network load balancer and NAT.
    What to do: send WebSocket pings at half that time or less; or raise the timeout to three heartbeat intervals.
    Source: RFC 6455 5.5.2; OCPP-J 1.6 5.3 (WebSocketPingInterval); evcc issue 33099; ocpp-go issue 44.
    """
    patterns = idle_patterns.filter(
        pa.array(same(idle_patterns["kind"], "hard") & (wholes(idle_patterns["count"]) >= fewest))
    )
    first, last = micros(patterns["start"]), micros(patterns["end"])
    findings = []
    for number, pattern in enumerate(patterns.to_pylist()):
        fitting = outages.filter(pa.array(of_pattern(outages, pattern, int(first[number]), int(last[number]))))
        seconds, after = counted(pattern["seconds"], pattern["clock"], pattern["interval"], reals(fitting["idle_up"]))
        findings.append(
            Finding(
                pattern["station"],
                _summary(pattern, seconds, after, {side for side in fitting["end_side"].to_pylist() if side}),
                start=int(first[number]),
                end=int(last[number]),
                value=seconds,
                unit="s",
                count=pattern["count"],
                evidence=evidence(fitting, range(min(fitting.num_rows, MAX_EVIDENCE)), "noticed"),
                subject="hard",
            )
        )
    return table([*findings, *too_few(outages, fewest, findings), *unwatched(connections, findings)])


def _summary(pattern: dict[str, Any], seconds: float, after: str, sides: set[str]) -> str:
    interval = pattern["interval"]
    by = SIDES.get(next(iter(sides)), "") if len(sides) == 1 else ""
    known = device(seconds)
    ended = f"{pattern['count']} of {pattern['ends']} times the connection was ended{by}"
    parts = [
        f"{ended} {seconds:.1f} s after {after}",
        f"the heartbeat interval is {duration(interval)}" if interval is not None else "",
        f"{round(seconds)} s is the timeout of {known}" if known else "",
    ]
    if interval is not None and races(seconds, interval):
        parts[1] += " too, so any delay loses the race"
    return "; ".join(filter(None, parts))


def too_few(outages: pa.Table, fewest: int, findings: Sequence[Finding]) -> Iterator[Finding]:
    """A statement for each station whose connections ended too seldom for a pattern; resets and reboots do not count.

    Where none ended there is nothing to explain: the connection survived whatever quiet there was.
    """
    ends = Counter(outages["station"].filter(pa.array(~same(outages["boot"], "reboot"))).to_pylist())
    for station in sorted(set(ends) - {row.station for row in findings}):
        if ends[station] < fewest:
            yield not_judged(station, f"{plural(ends[station], 'outage')} of the {fewest} that a pattern takes")


def unwatched(connections: pa.Table, findings: Sequence[Finding]) -> list[Finding]:
    """A statement for each station without findings whose connections were not watched, or not for long enough."""
    told, judged = established(connections), {row.station for row in findings}
    times = np.array([micros(connections[name]) for name in ("ts", "end", "last_up", "last_down")])
    first = np.where(times == NO_TIME, END_OF_TIME, times).min(axis=0)
    statements = []
    for station, rows in by_station(connections):
        own = rows[told[rows]]
        timed = own[first[own] != END_OF_TIME]
        seen = (times[:, timed].max() - first[timed].min()) / SECOND if len(timed) else 0.0
        if station in judged or seen >= LONG_ENOUGH:
            continue
        why = f"its connections were watched for {duration(seen)} only"
        statements.append(
            not_judged(station, why if len(own) else "the input does not tell of connections, only of messages")
        )
    return statements
