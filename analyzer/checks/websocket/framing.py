"""Messages that come in frames which some libraries do not take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.checks.rows import by_station, evidence, plural, when
from analyzer.checks.websocket.frames import seen, unseen
from analyzer.findings import MAX_EVIDENCE, Finding, table
from analyzer.kernels.columns import micros, wholes
from analyzer.plan import check

if TYPE_CHECKING:
    import pyarrow as pa

KINDS = {"binary_messages": "in binary frames", "fragmented_messages": "in more than one frame"}


@check("WS33", "OCPP in binary or fragmented frames", severity="info")
def framing(connections: pa.Table) -> pa.Table:
    """Messages came in binary frames, or cut into several frames.

    Why it matters: OCPP-J is JSON, and JSON is text: some libraries hand over text frames alone, or a message's first
        frame. Then messages are lost of one kind, or above one size, and nothing is logged.
    Fires on:
        08:00:00 CP1 + ocpp1.6 binary_messages=2 fragmented_messages=0
        08:00:01 CP1 > Heartbeat
        08:00:01.1 CP1 < = {"currentTime": "$(now)"}
    Near miss:
        08:00:00 CP1 + ocpp1.6 binary_messages=0 fragmented_messages=0 compressed_messages=2
        08:00:01 CP1 > Heartbeat
        08:00:01.1 CP1 < = {"currentTime": "$(now)"}
    Confounder:
        # a log tells of messages, not of frames
        08:00:00 CP1 + ocpp1.6
        08:00:01 CP1 > Heartbeat
        08:00:01.1 CP1 < = {"currentTime": "$(now)"}
    Not a fault when: both sides take such frames, as RFC 6455 demands of them; it explains what is lost else. A log holds
        no frames and is not judged.
    Likely causes: a library that sends buffers as binary; a small send buffer.
    What to do: send text frames; raise the send buffer above the longest message, or let the other side put fragments
        together.
    Source: RFC 6455 5.4, 5.6; 2.0.1 part 4 4.1.
    """
    watched, times = seen(connections), micros(connections["ts"])
    counted = {name: wholes(connections[name], 0) for name in KINDS}
    findings = []
    for station, rows in by_station(connections):
        if not watched[rows].any():
            findings.append(unseen(station))
        for name, how in KINDS.items():
            chosen = rows[counted[name][rows] > 0]
            if not len(chosen):
                continue
            total = int(counted[name][chosen].sum())
            start, end = when(times, chosen)
            findings.append(
                Finding(
                    station,
                    f"{plural(total, 'message')} came {how}, on {plural(len(chosen), 'connection')}",
                    start=start,
                    end=end,
                    value=float(total),
                    limit=0.0,
                    unit="messages",
                    count=total,
                    evidence=evidence(connections, chosen[:MAX_EVIDENCE]),
                    subject=name,
                )
            )
    return table(findings)
