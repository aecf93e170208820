"""Quiet connections that are dropped without a word."""

from __future__ import annotations

import pyarrow as pa

from analyzer.checks.rows import duration, evidence
from analyzer.checks.websocket.ends import of_pattern
from analyzer.checks.websocket.idle_cutoff import too_few, unwatched
from analyzer.findings import MAX_EVIDENCE, Finding, table
from analyzer.kernels.columns import micros, same, wholes
from analyzer.plan import check


@check("WS12", "Silent idle drop", severity="error")
def silent_drop(connections: pa.Table, outages: pa.Table, idle_patterns: pa.Table, *, fewest: int = 5) -> pa.Table:
    """After a long quiet the charger's first message is never answered, and the connection is given up.

    The time lies between the longest quiet that connections survived and the shortest that they died of. Youden's J
    must part the two: 0.9 or more, over `fewest` such ends.

    Why it matters: neither side is told. The charger believes that it is online, the CSMS too, until one of them speaks.
    Fires on:
        08:00:00x6/900s CP1 + ocpp1.6
        08:00:30x6/900s CP1 > StatusNotification#a$(i) {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
        08:00:30.1x6/900s CP1 < =#a$(i) {}
        08:02:30x6/900s CP1 > Heartbeat#b$(i)
        08:02:30.1x6/900s CP1 < =#b$(i) {"currentTime": "$(now)"}
        08:07:30x6/900s CP1 > Heartbeat#c$(i)
        08:08:30x6/900s CP1 - 1006 by station
    Near miss:
        # as long a quiet is survived as often
        08:00:00x6/900s CP1 + ocpp1.6
        08:00:30x6/900s CP1 > Heartbeat#a$(i)
        08:00:30.1x6/900s CP1 < =#a$(i) {"currentTime": "$(now)"}
        08:05:30x6/900s CP1 > Heartbeat#b$(i)
        08:05:30.1x6/900s CP1 < =#b$(i) {"currentTime": "$(now)"}
        08:10:30x6/900s CP1 > Heartbeat#c$(i)
        08:11:30x6/900s CP1 - 1006 by station
    Confounder:
        # the last message is answered with a goodbye: something ends the connection, and says so
        08:00:00x6/900s CP1 + ocpp1.6
        08:00:30x6/900s CP1 > Heartbeat#a$(i)
        08:00:30.1x6/900s CP1 < =#a$(i) {"currentTime": "$(now)"}
        08:05:30x6/900s CP1 > Heartbeat#b$(i)
        08:05:30.1x6/900s CP1 < =#b$(i) {"currentTime": "$(now)"}
        08:05:40x6/900s CP1 - 1001 by csms
    Not a fault when: the last message was answered; the charger was reset; connections survive such a quiet.
    Likely causes: a NAT or firewall of the mobile network that forgets idle connections; a load balancer that drops
        them without a TCP reset (Azure: 240 s; AWS: 350 s).
    What to do: send WebSocket pings at half the survived time or less, in either direction. TCP keep-alive of two
        hours, the default, is too slow.
    Source: RFC 5382 5 (REQ-5); RFC 6455 5.5.2; OCPP-J 1.6 5.3 (WebSocketPingInterval).
    """
    patterns = idle_patterns.filter(
        pa.array(same(idle_patterns["kind"], "silent") & (wholes(idle_patterns["count"]) >= fewest))
    )
    first, last = micros(patterns["start"]), micros(patterns["end"])
    findings = []
    for number, pattern in enumerate(patterns.to_pylist()):
        fitting = outages.filter(pa.array(of_pattern(outages, pattern, int(first[number]), int(last[number]))))
        findings.append(
            Finding(
                pattern["station"],
                f"{pattern['count']} of {pattern['ends']} times the first message after a quiet of "
                f"{duration(pattern['fatal'])} or more was never answered and the connection was given up; "
                f"a quiet of {duration(pattern['survived'])} is survived",
                start=int(first[number]),
                end=int(last[number]),
                value=pattern["fatal"],
                limit=pattern["survived"],
                unit="s",
                count=pattern["count"],
                evidence=evidence(fitting, range(min(fitting.num_rows, MAX_EVIDENCE)), "noticed"),
                subject="silent",
            )
        )
    return table([*findings, *too_few(outages, fewest, findings), *unwatched(connections, findings)])
