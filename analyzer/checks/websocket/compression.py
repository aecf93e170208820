"""Whether messages are compressed, and what that saves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.checks.rows import by_station, evidence, plural, when
from analyzer.findings import MAX_EVIDENCE, Finding, not_judged, table
from analyzer.kernels.columns import SECOND, coded, micros, same, wholes
from analyzer.plan import check

if TYPE_CHECKING:
    from collections.abc import Mapping

    from analyzer.kernels.columns import Ints

DEFLATE = "permessage-deflate"
DAY = 86_400 * SECOND
MEGABYTE = 1_000_000
TIMES = ("ts", "last_up", "last_down")


@check("WS34", "Compression of messages", severity="info")
def compression(connections: pa.Table, messages: pa.Table, *, worth_megabytes: float = 2.0) -> pa.Table:
    """The two sides agreed to compress messages; or a charger of OCPP 2.x that sends much did not.

    Much is `worth_megabytes` a day of messages without compression.

    Why it matters: on a mobile network traffic is money, and OCPP's JSON shrinks to a fifth. But compression takes memory
        on both sides, hides messages from simple tools, and is a place for faults (WS32).
    Fires on:
        08:00:00 CP1 + ocpp2.0.1 http_status=101 extensions=permessage-deflate compressed_messages=2 saved_bytes=90
        08:00:01 CP1 > Heartbeat
        08:00:01.1 CP1 < = {"currentTime": "$(now)"}
    Near miss:
        # no compression, but little to compress; and another extension
        08:00:00 CP1 + ocpp2.0.1 http_status=101 compressed_messages=0
        08:00:01 CP1 > Heartbeat
        08:00:01.1 CP1 < = {"currentTime": "$(now)"}
        08:00:00 CP2 + ocpp2.0.1 http_status=101 extensions=x-webkit-deflate-frame
    Confounder:
        # a log tells of no extensions
        08:00:00 CP1 + ocpp2.0.1
        08:00:01 CP1 > Heartbeat
        08:00:01.1 CP1 < = {"currentTime": "$(now)"}
    Not a fault when: it is none: both are choices. The answer to the upgrade must be seen to judge.
    Likely causes: libraries agree on it by themselves; many chargers know no compression.
    What to do: nothing; or allow permessage-deflate in charger and server where traffic costs, and turn it off where a
        side breaks its frames.
    Source: 2.0.1 part 4 3.3 (the CSMS must support it; recommended for chargers on mobile data); RFC 7692.
    """
    extensions = coded(connections["extensions"])
    deflate = np.array([DEFLATE in name.lower() for name in extensions.names] + [False], dtype=bool)[extensions.codes]
    told = deflate | same(connections["http_status"].cast(pa.string()), "101")
    plain = told & ~deflate & same(connections["version"], "2.0.1", "2.1")
    columns = {name: micros(connections[name]) for name in TIMES}
    columns |= {name: wholes(connections[name]) for name in ("compressed_messages", "saved_bytes")}
    columns["bytes"] = _sizes(connections, messages)
    findings = []
    for station, rows in by_station(connections):
        if not told[rows].any():
            findings.append(not_judged(station, "no answer to an upgrade was seen"))
        findings += _agreed(station, connections, rows, rows[deflate[rows]], columns)
        findings += _missing(station, connections, rows[plain[rows]], columns, worth_megabytes)
    return table(findings)


def _agreed(station: str, connections: pa.Table, own: Ints, rows: Ints, columns: Mapping[str, Ints]) -> list[Finding]:
    """The finding that compression was agreed on for these rows of the station's own."""
    if not len(rows):
        return []
    start, end = when(columns["ts"], rows)
    compressed, saved = (int(columns[name][rows].clip(0).sum()) for name in ("compressed_messages", "saved_bytes"))
    counted = bool((columns["compressed_messages"][rows] >= 0).any())
    used = f"; {plural(compressed, 'message')} made use of it" + (f", which saved {_amount(saved)}" if saved else "")
    return [
        Finding(
            station,
            f"Compression ({DEFLATE}) was agreed on for {len(rows)} of {plural(len(own), 'connection')}"
            + (used if counted else ""),
            start=start,
            end=end,
            value=float(saved) if counted else None,
            unit="B",
            count=len(rows),
            evidence=evidence(connections, rows[:MAX_EVIDENCE]),
            subject="agreed",
        )
    ]


def _missing(
    station: str, connections: pa.Table, rows: Ints, columns: Mapping[str, Ints], worth: float
) -> list[Finding]:
    """The finding that much went uncompressed on these connections; what lasted less than a day counts as a day."""
    times = np.concatenate([columns[name][rows] for name in TIMES])
    start, end = when(times, np.arange(len(times)))
    if start is None or end is None:
        return []
    size, count = int(columns["bytes"][rows].sum()), len(rows)
    rate = size / MEGABYTE / max((end - start) / DAY, 1.0)
    if not size or rate < worth:
        return []
    return [
        Finding(
            station,
            f"{_amount(size)} of messages went uncompressed over {plural(count, 'connection')}: compression was not "
            "agreed on, and saves most of it",
            start=start,
            end=end,
            value=round(rate, 3),
            limit=worth,
            unit="MB/day",
            count=count,
            evidence=evidence(connections, rows[:MAX_EVIDENCE]),
            subject="missing",
        )
    ]


def _sizes(connections: pa.Table, messages: pa.Table) -> Ints:
    """The bytes of all messages of each connection."""
    names = connections["connection"].cast(pa.string())
    place = np.asarray(pc.fill_null(pc.index_in(messages["connection"].cast(pa.string()), names), -1), dtype=np.int64)
    known = place >= 0
    found = np.bincount(place[known], wholes(messages["bytes"], 0)[known], connections.num_rows)
    return found.astype(np.int64)


def _amount(size: int) -> str:
    """A size in words.

    >>> _amount(900), _amount(34_560), _amount(12_300_000)
    ('900 B', '35 kB', '12.3 MB')
    """
    if size >= MEGABYTE:
        return f"{size / MEGABYTE:.1f} MB"
    return f"{size / 1000:.0f} kB" if size >= 1000 else f"{size} B"
