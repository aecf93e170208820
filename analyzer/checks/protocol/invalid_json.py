"""Messages that are no JSON."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.checks.protocol.sides import SIDES, last_of_side
from analyzer.checks.rows import by_station, evidence, plural
from analyzer.findings import MAX_EVIDENCE, Finding, not_judged, table
from analyzer.kernels.columns import NO_TIME, coded, micros, same
from analyzer.plan import check
from analyzer.wire.json_faults import COMMA, NAME, NO_VALUE, NUMBER

if TYPE_CHECKING:
    from analyzer.kernels.columns import Flags, Ints

CAPTURE = "capture"
SURE_IN_A_LOG = (NO_VALUE, COMMA, NUMBER, NAME)
"""Faults that no log makes: it may cut a text, print it with quotes of its own, or take escapes out of it."""
MOST_FAULTS = 3


@check("PR01", "Invalid JSON", severity="error", needs_time=False)
def invalid_json(messages: pa.Table, issues: pa.Table, transport: pa.Table, sources: pa.Table) -> pa.Table:
    """The charger or the CSMS sent messages that are no JSON.

    What is wrong is told in words, with the member that it is wrong for. The text itself stands in the table `issues`.

    Why it matters: the other side cannot read such a message. It ignores it, so that a transaction or its meter values
        are lost, or it closes the connection; then the charger seems to reconnect for no reason.
    Fires on:
        08:00:00 CP1 + ocpp1.6
        08:00:01 CP1 > Heartbeat
        08:00:01.1 CP1 < = {"currentTime": "$(now)"}
        08:10:00 CP1 > raw [2,"7","StopTransaction",{"transactionId":,"meterStop":1200,"timestamp":"2026-01-01T08:10:00Z"}]
    Near miss:
        # white space and a number with an exponent are JSON
        08:00:00 CP1 + ocpp1.6
        08:00:01 CP1 > raw  [ 2 , "7" , "DataTransfer" , { "vendorId" : "Example" , "data" : 1.2e3 } ]
        08:00:01.1 CP1 < raw [3,"7",{"status":"Accepted"}]
    Confounder:
        # the log cuts long lines, and prints some messages as its own language writes them
        08:00:00 CP1 + ocpp1.6
        08:00:01 CP1 > raw [2,"7","MeterValues",{"connectorId":1,"meterValue":[{"timestamp":"2026-01-
        08:00:01.1 CP1 < raw [3, '7', {}]
        08:00:02 CP1 > raw [2,"8","MeterValues",{"connectorId":1,"meterValue":...
        08:00:03 CP1 > Heartbeat
        08:00:03.1 CP1 < = {"currentTime": "$(now)"}
    Not a fault when: the log may have done it: what ends too early, has single quotes or lacks escapes counts in a
        capture alone. Nor does the first message after a hole in the capture count.
    Likely causes: firmware that puts its JSON together as text, where a value is missing (no transaction id yet), is no
        number (nan, a decimal comma) or holds quotes; a buffer that is too small.
    What to do: give the manufacturer the message, by its packet or line; let the CSMS answer or ignore it, and keep the
        connection.
    Source: RFC 8259; OCPP-J 1.6 4; 2.0.1 part 4 4.1.2; lbbrhzn/ocpp issues 1078 and 2032.
    """
    bad = issues.filter(pa.array(same(issues["kind"], "bad_json")))
    what = coded(_what(bad["detail"]))
    kinds = dict(zip(sources["source"].to_pylist(), sources["kind"].to_pylist(), strict=True))
    captured = np.array([kinds.get(name) == CAPTURE for name in bad["source"].to_pylist()], dtype=bool)
    sure = np.array([name.startswith(SURE_IN_A_LOG) for name in what.names] + [False], dtype=bool)[what.codes]
    counted = np.where(captured, ~_damaged(bad, messages, transport), sure)
    readable = _readable(messages)
    findings, told = [], set()
    for station, rows in by_station(bad):
        for side in ("up", "down", None):
            own = rows[(counted & _of_side(bad, side))[rows]]
            if len(own):
                told.add(station)
                faults = Counter(what.names[code] for code in what.codes[own].tolist())
                findings.append(_finding(station, side, bad, own, faults, readable.get((station, side), 0)))
    findings += [
        not_judged(station, f"{plural(len(rows), 'message')} that the input itself may have cut or changed")
        for station, rows in by_station(bad)
        if station not in told
    ]
    return table(findings)


def _what(details: pa.ChunkedArray) -> pa.ChunkedArray:
    """What is wrong, without the place and without the text itself."""
    found = pc.extract_regex(details, r"^(?P<what>.*?)(?: at character \d+)?: ")
    return pc.fill_null(pc.struct_field(found, "what"), "it cannot be read")


def _readable(messages: pa.Table) -> dict[tuple[str, str | None], int]:
    """How many messages of each station and side could be read."""
    columns = {name: messages[name].cast(pa.string()) for name in ("station", "direction")}
    counts = pa.table(columns).group_by(list(columns)).aggregate([([], "count_all")])
    keys = zip(counts["station"].to_pylist(), counts["direction"].to_pylist(), strict=True)
    return dict(zip(keys, counts["count_all"].to_pylist(), strict=True))


def _damaged(bad: pa.Table, messages: pa.Table, transport: pa.Table) -> Flags:
    """What follows a hole of the capture with no whole message between: it may have been put together wrongly."""
    times = micros(bad["ts"])
    holes = last_of_side(transport.filter(pa.array(same(transport["kind"], "hole"))), bad, times)
    found: Flags = (holes != NO_TIME) & (holes >= last_of_side(messages, bad, times))
    return found


def _of_side(bad: pa.Table, side: str | None) -> Flags:
    return ~same(bad["direction"], "up", "down") if side is None else same(bad["direction"], side)


def _finding(station: str, side: str | None, bad: pa.Table, own: Ints, faults: Counter[str], readable: int) -> Finding:
    words = [f"{name} ({count}x)" for name, count in faults.most_common(MOST_FAULTS)]
    more = [f"and {plural(len(faults) - MOST_FAULTS, 'other fault')}"] if len(faults) > MOST_FAULTS else []
    among = (
        f"{len(own)} of {plural(readable + len(own), 'message')} of {SIDES[side]}"
        if side
        else plural(len(own), "message")
    )
    times = micros(bad["ts"])[own]
    timed = times[times != NO_TIME]
    return Finding(
        station,
        f"{among} {'is' if len(own) == 1 else 'are'} no JSON: {', '.join(words + more)}",
        start=int(timed.min()) if len(timed) else None,
        end=int(timed.max()) if len(timed) else None,
        value=float(len(own)),
        limit=0.0,
        unit="messages",
        count=len(own),
        evidence=evidence(bad, own[:MAX_EVIDENCE]),
        subject=side or "",
    )
