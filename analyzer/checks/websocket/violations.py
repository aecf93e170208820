"""Frames that break the rules of WebSocket."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.checks.rows import by_station, evidence, plural, when
from analyzer.checks.websocket.frames import seen, unseen
from analyzer.findings import MAX_EVIDENCE, Finding, table
from analyzer.kernels.columns import NO_TIME, coded, flags, micros, same, wholes
from analyzer.plan import check

if TYPE_CHECKING:
    from analyzer.kernels.columns import Flags, Ints

KINDS = {
    "unmasked_client": "frames of a client without a mask",
    "masked_server": "frames of a server with a mask",
    "reserved_bits": "reserved bits that no extension uses",
    "reserved_opcode": "opcodes without a meaning",
    "bad_control": "control frames that are fragmented, too long or cut short",
    "bad_fragment": "fragments out of order",
    "invalid_utf8": "texts that are not UTF-8",
}
"""Kinds of `issues` that are faults of a side that sent frames."""
SIDES = {"unmasked_client": "up", "masked_server": "down"}
"""Whose fault a kind is by itself."""
WHO = {"up": "The charger", "down": "The CSMS", "": "One side"}
FAILED = (1002, 1003, 1007, 1009, 1010)
"""Close codes of a side that fails the connection for what it received (RFC 6455 7.4.1)."""


@check("WS32", "Frames that break the rules of WebSocket", severity="error")
def violations(connections: pa.Table, issues: pa.Table) -> pa.Table:
    """One side sent frames that the standard forbids.

    It is a warning where the other side went on talking on every such connection all the same.

    Why it matters: a receiver must end the connection at the first such frame. Libraries differ in what they notice: an
        update of the server may turn a charger away that worked for years.
    Fires on:
        08:00:00 CP1 + ocpp1.6
        08:00:01 CP1 > BootNotification {"chargePointVendor": "Example", "chargePointModel": "AC22"}
        08:00:01 CP1 * issue by station kind=reserved_bits
        08:00:01.2 CP1 - 1002 by csms "unexpected reserved bits 0x40"
    Near miss:
        # as it should be
        08:00:00 CP1 + ocpp1.6 binary_messages=0 fragmented_messages=0 compressed_messages=0
        08:00:01 CP1 > Heartbeat
        08:00:01.1 CP1 < = {"currentTime": "$(now)"}
    Confounder:
        # joined in the middle, and both sides seem to do what is the other's: it is not known who is the client; and what
        # the capture lost, or what was deflated, is no fault of a side
        08:00:00 CP1 + start_observed=false
        08:00:00 CP1 * issue kind=unmasked_client count=40
        08:00:00 CP1 * issue kind=masked_server count=40
        08:00:00 CP2 + ocpp1.6 compressed_messages=0
        08:00:01 CP2 * issue by station kind=lost_frames
        08:00:01 CP2 * issue by station kind=compressed_midstream count=9
    Not a fault when: the capture lost a part of the stream, or joined it in the middle. A log holds no frames and is not
        judged.
    Likely causes: firmware with a WebSocket of its own making; a proxy that changes frames; permessage-deflate that one
        side uses though it was not agreed on; texts in Latin-1.
    What to do: update the firmware or the proxy; turn permessage-deflate off until then.
    Source: RFC 6455 5.1 (mask), 5.2 (reserved bits, opcodes), 5.4 (fragments), 5.5 (control frames), 8.1 (UTF-8);
        RFC 7692 6.
    """
    issues = _concerning(connections, issues)
    kinds, counts, times = issues["kind"].to_pylist(), wholes(issues["count"], 1), micros(issues["ts"])
    sides = [SIDES.get(kind) or side or "" for kind, side in zip(kinds, issues["direction"].to_pylist(), strict=True)]
    tolerated = _tolerated(connections, issues, sides)
    watched, own = seen(connections), dict(by_station(issues))
    findings = []
    for station, rows in by_station(connections):
        told = own.get(station, np.array([], dtype=np.int64))
        if not len(told) and not watched[rows].any():
            findings.append(unseen(station))
        for side in sorted({sides[row] for row in told.tolist()}):
            chosen = np.array([row for row in told.tolist() if sides[row] == side], dtype=np.int64)
            start, end = when(times, chosen)
            total, alive = int(counts[chosen].sum()), bool(tolerated[chosen].all())
            findings.append(
                Finding(
                    station,
                    f"{WHO[side]} broke the rules of WebSocket {plural(total, 'time')}: {_list(kinds, counts, chosen)}"
                    + ("; the other side goes on all the same" if alive else ""),
                    start=start,
                    end=end,
                    value=float(total),
                    limit=0.0,
                    unit="frames",
                    count=total,
                    evidence=evidence(issues, chosen[:MAX_EVIDENCE]),
                    severity="warning" if alive else None,
                    subject=side,
                )
            )
    return table(findings)


def _concerning(connections: pa.Table, issues: pa.Table) -> pa.Table:
    """The issues that are faults of a side; not those of connections of which it is not known who the client is."""
    chosen = issues.filter(pa.array(same(issues["kind"], *KINDS)))
    names = chosen["connection"].cast(pa.string())
    joined = connections["connection"].filter(pa.array(~flags(connections["start_observed"]))).cast(pa.string())
    unsure = np.asarray(pc.is_in(names, pc.drop_null(joined)))
    for kind in SIDES:
        unsure &= np.asarray(pc.is_in(names, pc.drop_null(names.filter(pa.array(same(chosen["kind"], kind))))))
    return chosen.filter(pa.array(~(unsure & same(chosen["kind"], *SIDES))))


def _tolerated(connections: pa.Table, issues: pa.Table, sides: list[str]) -> Flags:
    """The issues after which the other side went on talking on that connection."""
    names = connections["connection"].cast(pa.string())
    place = np.asarray(pc.fill_null(pc.index_in(issues["connection"].cast(pa.string()), names), -1), dtype=np.int64)
    times = _first(issues)
    last = [_heard(connections, name)[place] for name in ("last_down", "last_up")]
    later = np.where([side == "down" for side in sides], last[1], last[0]) > times
    ended = np.isin(np.append(wholes(connections["close_code"]), -1)[place], FAILED)
    tolerated: Flags = (place >= 0) & later & ~ended & (times != NO_TIME)
    return tolerated


def _heard(connections: pa.Table, name: str) -> Ints:
    return np.append(micros(connections[name]), NO_TIME)


def _first(issues: pa.Table) -> Ints:
    """When the connection of each issue had its first one: repeats are counted, and told at its end."""
    codes, times = coded(issues["connection"]).codes, micros(issues["ts"])
    first = np.full(codes.max(initial=-1) + 2, np.iinfo(np.int64).max)
    np.minimum.at(first, codes, times)
    return first[codes]


def _list(kinds: list[str], counts: Ints, rows: Ints) -> str:
    """The kinds with how often each came, the most frequent first."""
    totals: dict[str, int] = {}
    for row in rows.tolist():
        totals[kinds[row]] = totals.get(kinds[row], 0) + int(counts[row])
    return ", ".join(f"{KINDS[kind]} ({total}x)" for kind, total in sorted(totals.items(), key=lambda each: -each[1]))
