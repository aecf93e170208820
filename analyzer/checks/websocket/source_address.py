"""Chargers that come back from another address."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

import numpy as np

from analyzer.checks.rows import by_station, evidence, plural
from analyzer.checks.websocket.ends import established, ordered_ends, rebooted
from analyzer.findings import MAX_EVIDENCE, Finding, not_judged, table
from analyzer.kernels.columns import NO_TIME, SECOND, micros, same
from analyzer.kernels.sequences import busiest
from analyzer.plan import check

if TYPE_CHECKING:
    import pyarrow as pa

DAY = 86_400 * SECOND
PREFIX = {4: 24, 6: 64}
"""Addresses with the same first bits are of one network: a new lease, or IPv6's private addresses (RFC 8981)."""


@check("WS30", "The charger's address changes", severity="info")
def source_address(connections: pa.Table, calls: pa.Table, outages: pa.Table, *, warn_changes: int = 10) -> pa.Table:
    """The charger connects from another network than before, and the connection before was not closed.

    It is a warning from more than `warn_changes` changes in a day on, where half of them or more led to a network that
    had not been seen before: a few that come again and again are a second line, or the nodes of a load balancer.

    Why it matters: with its address the charger loses its connection; neither side is told, and the CSMS notices at the
        next timeout only.
    Fires on:
        08:00:00 CP1 + ocpp1.6 client=100.64.3.7
        08:20:00 CP1 + ocpp1.6 client=100.71.9.20
    Near miss:
        # a new lease in the same network
        08:00:00 CP1 + ocpp1.6 client=10.0.0.7
        08:20:00 CP1 + ocpp1.6 client=10.0.0.31
    Confounder:
        # it is taken to another place, and says goodbye before
        08:00:00 CP1 + ocpp1.6 client=10.0.0.7
        08:20:00 CP1 - 1001 by station
        08:50:00 CP1 + ocpp1.6 client=192.0.2.9
    Not a fault when: the charger closed its connection, or had rebooted, by order or not; both addresses are of one
        network (24 bits of IPv4, 64 of IPv6). Behind a proxy the addresses are the proxy's. Most logs tell of none.
    Likely causes: a mobile network that attaches the modem anew, or changes its NAT; a second line that takes over.
    What to do: ask for a static address (private APN); look at the signal and at the modem's log; ping often enough that
        the loss is noticed.
    Source: RFC 4787 4.1 and 4.3; the counts and the length of the prefixes are this tool's own.
    """
    told, times = established(connections), micros(connections["ts"])
    closed = same(connections["end_kind"], "close")
    closed |= same(connections["end_kind"], "fin") & same(connections["end_side"], "station")
    closed |= ordered_ends(calls, connections) | rebooted(connections, outages)
    clients = connections["client"].to_pylist()
    known_networks = {client: _network(client) for client in set(clients)}
    networks = [known_networks[client] for client in clients]
    inputs = connections["source"].to_pylist()
    known = np.array([network is not None for network in networks], dtype=bool)
    findings = []
    for station, rows in by_station(connections):
        own = rows[(told & known & (times != NO_TIME))[rows]]
        own = own[np.argsort(times[own], kind="stable")]
        if not len(own):
            findings.append(not_judged(station, "the input does not tell the charger's address"))
        changed = [
            after
            for before, after in zip(own[:-1].tolist(), own[1:].tolist(), strict=True)
            if networks[before] != networks[after] and not closed[before] and inputs[before] == inputs[after]
        ]
        if not changed:
            continue
        chosen = np.array(changed, dtype=np.int64)
        day = chosen[busiest(times[chosen], DAY)]
        first = {networks[row]: row for row in own[::-1].tolist()}
        fresh = sum(first[networks[row]] == row for row in day.tolist())
        seen = list(dict.fromkeys(str(clients[row]) for row in own.tolist()))
        findings.append(
            Finding(
                station,
                f"The charger came back from another address without a goodbye, {plural(len(day), 'time')}"
                + (" in a day" if len(day) > 1 else "")
                + f": {', '.join(seen[:4])}"
                + (f" and {len(seen) - 4} more" if len(seen) > 4 else ""),
                start=int(times[chosen].min()),
                end=int(times[chosen].max()),
                value=float(len(day)),
                limit=float(warn_changes),
                unit="changes",
                count=len(chosen),
                evidence=evidence(connections, chosen[:MAX_EVIDENCE]),
                severity="warning" if len(day) > warn_changes and 2 * fresh >= len(day) else None,
            )
        )
    return table(findings)


def _network(client: str | None) -> str | None:
    """The network that an address is of, None where it is no address."""
    try:
        address = ipaddress.ip_address(client or "")
    except ValueError:
        return None
    return str(ipaddress.ip_network((address, PREFIX[address.version]), strict=False))
