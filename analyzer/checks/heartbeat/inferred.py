"""The heartbeat of connections that nobody can read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from analyzer.checks.rows import by_station, duration, evidence, when
from analyzer.checks.security.handshakes import unseen
from analyzer.findings import MAX_EVIDENCE, Finding, not_judged, table
from analyzer.kernels.columns import NO_TIME, coded, micros, same, wholes
from analyzer.kernels.exchanges import Exchange, regular
from analyzer.plan import check

if TYPE_CHECKING:
    from collections.abc import Iterable

LARGEST = 160
"""Bytes of a record with a Heartbeat: 63 with an id of 36 characters and a mask, and what any cipher suite adds."""
LONGER = 12
"""Bytes by which the answer to a Heartbeat is longer at least: it holds a time, in CBC mode rounded to 16 bytes."""
ECHO = 16
"""Bytes by which a pong may be shorter than its ping: it has the same content and no mask (4 bytes, in CBC mode up to 16)."""
HEARTBEAT = "a Heartbeat"
PING = "a WebSocket ping or a compressed Heartbeat"
EITHER = "a Heartbeat, a ping or another short message"


@check("HB15", "Heartbeat of an encrypted connection, inferred", severity="info")
def inferred(connections: pa.Table, tls_records: pa.Table, *, fewest: int = 5, spread: float = 0.05) -> pa.Table:
    """The sizes and times of encrypted records tell at which period the charger beats.

    A record of the charger and the next one of the CSMS are an exchange. One of always the same two sizes, that recurs at
    `fewest` equal periods or more (three quarters of them, with a coefficient of variation below `spread`), is a Heartbeat
    where the answer is the longer one, for it holds the time. It is a ping, or a Heartbeat that is compressed, where the
    answer is as long, for a pong repeats its ping. Else the sizes do not tell. All of it is inferred, and proves nothing.

    Why it matters: without keys it is all that can be known of the heartbeat: enough to compare it with timeouts.
    Fires on:
        08:00:00 CP1 + ? scheme=wss
        08:01:00x7/60s CP1 * record by station bytes=66
        08:01:00.1x7/60s CP1 * record by csms bytes=88
        08:01:30x7/60s CP1 * record by station bytes=$(300+7*i)
    Near miss:
        # always the same sizes, but at no period
        08:00:00 CP1 + ? scheme=wss
        08:01:00 CP1 * record by station bytes=66
        08:01:00.1 CP1 * record by csms bytes=88
        08:01:40 CP1 * record by station bytes=66
        08:01:40.1 CP1 * record by csms bytes=88
        08:04:00 CP1 * record by station bytes=66
        08:04:00.1 CP1 * record by csms bytes=88
        08:04:30 CP1 * record by station bytes=66
        08:04:30.1 CP1 * record by csms bytes=88
        08:11:00 CP1 * record by station bytes=66
        08:11:00.1 CP1 * record by csms bytes=88
        08:12:30 CP1 * record by station bytes=66
        08:12:30.1 CP1 * record by csms bytes=88
    Confounder:
        # pings of the CSMS: what follows a pong is the next ping, not an answer; and meter values, which are longer
        08:00:00 CP1 + ? scheme=wss
        08:01:00x9/20s CP1 * record by csms bytes=27
        08:01:00.1x9/20s CP1 * record by station bytes=31
        08:00:00 CP2 + ? scheme=wss
        08:01:00x9/60s CP2 * record by station bytes=420
        08:01:00.1x9/60s CP2 * record by csms bytes=40
    Not a fault when: it is none; it is told that it may be compared. Decrypted records are no matter of this check.
    Likely causes: none.
    What to do: supply the keys (SSLKEYLOGFILE; libocpp: EnableTLSKeylog) to know instead of to infer.
    Source: none but this tool's own measure; RFC 6455 5.2 and 5.5.3 for the sizes of ping and pong.
    """
    up = same(tls_records["direction"], "up")
    usable = (up | same(tls_records["direction"], "down")) & (micros(tls_records["ts"]) != NO_TIME)
    usable &= wholes(tls_records["bytes"]) >= 0
    records = tls_records.filter(pa.array(usable))
    groups, times, sizes, up = (
        coded(records["connection"]).codes,
        micros(records["ts"]),
        wholes(records["bytes"]),
        up[usable],
    )
    origins, own = wholes(records["origin"]), dict(by_station(records))
    findings = []
    for station, attempts in by_station(connections):
        rows = own.get(station, np.array([], dtype=np.int64))
        rows = rows[np.lexsort((rows, origins[rows], times[rows], groups[rows]))]
        exchanges = regular(groups[rows], times[rows], sizes[rows], up[rows], fewest=fewest, spread=spread)
        kinds = _by_kind(exchanges)
        if not len(rows):
            findings.append(unseen(station, connections, attempts, "no record was seen that could not be read"))
        elif not kinds:
            findings.append(not_judged(station, "its encrypted records show no short exchange at regular times"))
        for kind, each in kinds.items():
            chosen = rows[each.rows]
            start, end = when(times, chosen)
            findings.append(
                Finding(
                    station,
                    f"Inferred from encrypted records: {kind} every {duration(each.period)} "
                    f"({each.sent} B up, {each.answered} B down, {len(each.rows)} times at that period)",
                    start=start,
                    end=end,
                    value=each.period,
                    unit="s",
                    count=len(each.rows),
                    evidence=evidence(records, chosen[:MAX_EVIDENCE]),
                    subject=kind,
                )
            )
    return table(findings)


def _by_kind(exchanges: Iterable[Exchange]) -> dict[str, Exchange]:
    """The most frequent exchange of each kind; longer ids and times make several of one."""
    found: dict[str, Exchange] = {}
    for each in exchanges:
        kind = _kind(each)
        if kind:
            found.setdefault(kind, each)
    return found


def _kind(exchange: Exchange) -> str | None:
    """What an exchange is by its sizes, None where it is no keep-alive."""
    if exchange.sent > LARGEST:
        return None
    if exchange.answered >= exchange.sent + LONGER:
        return HEARTBEAT
    return PING if exchange.sent - ECHO <= exchange.answered <= exchange.sent else EITHER
