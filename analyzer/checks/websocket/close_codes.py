"""Close codes that tell of a fault."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from analyzer.checks.rows import by_station, evidence, plural
from analyzer.findings import MAX_EVIDENCE, Finding, not_judged, table
from analyzer.kernels.columns import NO_TIME, flags, micros, same, wholes
from analyzer.plan import check

FAULTS = {
    1002: "protocol error",
    1003: "data of a type it cannot take",
    1007: "text that is not UTF-8 or not consistent",
    1008: "policy violated: credentials, or the identity is connected already",
    1009: "message too big",
    1010: "an extension is missing",
    1011: "internal error",
}
"""RFC 6455 7.4.1, and what they mean between charger and CSMS."""
NOTES = {1012: "service restart", 1013: "try again later", 1014: "bad gateway"}
PRIVATE = range(3000, 5000)
SIDES = {"station": "The charger", "csms": "The CSMS", "middle": "Something between"}


@check("WS09", "Connection closed with a code that tells of a fault", severity="warning")
def close_codes(connections: pa.Table, controls: pa.Table) -> pa.Table:
    """One side closed the connection with a WebSocket close code other than a normal end.

    1002, 1003 and 1007 to 1011 are warnings; 1012 to 1014 and private codes are told as information.

    Why it matters: the side that closes says why; nothing is nearer to the cause.
    Fires on:
        08:00:00 CP1 + ocpp1.6
        08:00:10 CP1 > BootNotification {"chargePointVendor": "Example", "chargePointModel": "AC22"}
        08:00:11 CP1 - 1011 by csms "unexpected error"
    Near miss:
        08:00:00 CP1 + ocpp1.6
        08:01:00 CP1 > Heartbeat
        08:01:00.1 CP1 < = {"currentTime": "$(now)"}
        08:05:00 CP1 - 1000 by station
    Confounder:
        # the charger goes away for its reset; 1006 is no code on the wire, but says that there was none
        08:00:00 CP1 + ocpp1.6
        08:01:00 CP1 < Reset {"type": "Soft"}
        08:01:00.2 CP1 > = {"status": "Accepted"}
        08:01:03 CP1 - 1001 by station "going away"
        08:02:00 CP1 + ocpp1.6
        08:03:00 CP1 - 1006 by csms
    Not a fault when: the code is 1000 or 1001, or no close frame was seen at all.
    Likely causes: 1002, 1007: broken frames, by firmware or a proxy; 1003, 1009: a message too large or of a wrong
        kind; 1008: credentials, or a second connection with the same identity; 1011: an exception in the CSMS, often
        after a message that it cannot take, or its keep-alive timeout.
    What to do: read the reason text and the last message before the end; look at that time in the log of the side that
        closed.
    Source: RFC 6455 7.4.1; IANA's registry of WebSocket close codes.
    """
    code, side, reason, when = _ends(connections, controls)
    told = np.isin(code, [*FAULTS, *NOTES]) | ((code >= PRIVATE.start) & (code < PRIVATE.stop))
    watched = ~flags(connections["inferred"]) | (code >= 0)
    findings = []
    for station, rows in by_station(connections):
        if not watched[rows].any():
            findings.append(not_judged(station, "the input does not tell of connections, only of messages"))
            continue
        own = rows[told[rows]]
        for value, who in sorted({(int(code[row]), side[row] or "") for row in own.tolist()}):
            chosen = own[[int(code[row]) == value and (side[row] or "") == who for row in own.tolist()]]
            meaning = FAULTS.get(value) or NOTES.get(value) or "a private code"
            texts = sorted({str(reason[row])[:60] for row in chosen.tolist() if reason[row]})
            times = when[chosen][when[chosen] != NO_TIME]
            findings.append(
                Finding(
                    station,
                    f"{SIDES.get(who, 'One side')} closed the connection with code {value} ({meaning}), "
                    f"{plural(len(chosen), 'time')}" + (f"; it said: {'; '.join(texts[:2])}" if texts else ""),
                    start=int(times.min()) if len(times) else None,
                    end=int(times.max()) if len(times) else None,
                    value=float(len(chosen)),
                    limit=0.0,
                    unit="closes",
                    count=len(chosen),
                    evidence=evidence(connections, chosen[:MAX_EVIDENCE], "end", "end_origin"),
                    severity=None if value in FAULTS else "info",
                    subject=f"{value} {who}",
                )
            )
    return table(findings)


def _ends(
    connections: pa.Table, controls: pa.Table
) -> tuple[np.ndarray, list[str | None], list[str | None], np.ndarray]:
    """Of each connection the close code, who sent it, its reason and when.

    Where the connection's row has none, the first close frame that was seen tells.
    """
    code, when = wholes(connections["close_code"]).copy(), micros(connections["end"]).copy()
    side, reason = connections["end_side"].to_pylist(), connections["close_reason"].to_pylist()
    missing = {name: row for row, name in enumerate(connections["connection"].to_pylist()) if code[row] < 0}
    for frame in controls.filter(pa.array(same(controls["kind"], "close"))).to_pylist():
        row = missing.pop(frame["connection"], None)
        if row is not None and frame["close_code"] is not None:
            code[row], reason[row] = frame["close_code"], frame["close_reason"]
            side[row] = {"up": "station", "down": "csms"}.get(frame["direction"])
    return code, side, reason, when
