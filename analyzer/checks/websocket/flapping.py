"""Connections that come and go."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analyzer.checks.rows import by_station, duration, evidence, plural
from analyzer.checks.websocket.ends import established
from analyzer.checks.websocket.idle_cutoff import unwatched
from analyzer.findings import MAX_EVIDENCE, Finding, table
from analyzer.kernels.columns import NO_TIME, SECOND, flags, micros, seconds
from analyzer.kernels.sequences import busiest
from analyzer.ocpp.commands import commanded
from analyzer.plan import check

if TYPE_CHECKING:
    import pyarrow as pa

    from analyzer.kernels.columns import Ints

DAY = 86_400 * SECOND
ONE_START = SECOND
"""Starts nearer than this are one, seen twice: before and behind a proxy."""


@check("WS19", "Flapping", severity="error")
def flapping(
    connections: pa.Table,
    calls: pa.Table,
    *,
    fewest: int = 5,
    window: float = 600.0,
    short_life: float = 60.0,
) -> pa.Table:
    """The charger connects again and again: `fewest` starts within `window` seconds, or lives below `short_life`.

    The second is measured by the median life of the connections of a day, of which there must be `fewest`.

    Why it matters: a charger that flaps is offline in effect. Each start costs a TLS handshake and a burst of messages;
        a fleet of them brings a CSMS down.
    Fires on:
        08:00:00x6/40s CP1 + ocpp1.6
        08:00:01x6/40s CP1 > Heartbeat#a$(i)
        08:00:01.1x6/40s CP1 < =#a$(i) {"currentTime": "$(now)"}
        08:00:30x6/40s CP1 - fin by csms
    Near miss:
        08:00:00x5/200s CP1 + ocpp1.6
        08:00:01x5/200s CP1 > Heartbeat#a$(i)
        08:00:01.1x5/200s CP1 < =#a$(i) {"currentTime": "$(now)"}
        08:02:30x5/200s CP1 - fin by csms
    Confounder:
        # a technician resets the charger again and again
        08:00:00x6/100s CP1 + ocpp1.6
        08:00:30x6/100s CP1 < Reset#r$(i) {"type": "Soft"}
        08:00:30.2x6/100s CP1 > =#r$(i) {"status": "Accepted"}
        08:00:40x6/100s CP1 - 1001 by station
    Not a fault when: each start follows a Reset or a firmware update that the charger accepted.
    Likely causes: a read deadline of the server; a boot loop; refused credentials after the upgrade; the CSMS asks for
        a BootNotification at each connect, which makes the charger reboot.
    What to do: look at who ends the connections and how (WS09 to WS12), and whether the charger reboots (BT01).
    Source: OCPP-J 1.6 5.4; mobilityhouse/ocpp issue 79; lbbrhzn/ocpp issue 1096.
    """
    times, ends = micros(connections["ts"]), micros(connections["end"])
    lives = seconds(times, ends)
    began = established(connections) & flags(connections["start_observed"]) & (times != NO_TIME)
    began &= ~commanded(calls, connections["station"], times)
    findings = []
    for station, rows in by_station(connections):
        own = rows[began[rows]]
        own = own[np.argsort(times[own], kind="stable")]
        own = own[np.diff(times[own], prepend=NO_TIME // 2) > ONE_START]
        chosen = own[busiest(times[own], round(window * SECOND))]
        if len(chosen) >= fewest:
            text = f"{len(chosen)} connections began within {duration((times[chosen[-1]] - times[chosen[0]]) / SECOND)}"
            value, limit, unit = float(len(chosen)), float(fewest - 1), "starts"
        else:
            chosen = _short_lived(own, times, lives, fewest, short_life)
            if not len(chosen):
                continue
            value, limit, unit = float(np.median(lives[chosen])), short_life, "s"
            text = f"{plural(len(chosen), 'connection')} of a day lived {duration(value)} (median)"
        life = lives[chosen][~np.isnan(lives[chosen])]
        if unit == "starts" and len(life):
            text += f", of a median life of {duration(float(np.median(life)))}"
        findings.append(
            Finding(
                station,
                f"The charger connects again and again: {text}",
                start=int(times[chosen[0]]),
                end=int(max(times[chosen[-1]], ends[chosen].max())),
                value=value,
                limit=limit,
                unit=unit,
                count=len(own) if unit == "starts" else len(chosen),
                evidence=evidence(connections, chosen[:MAX_EVIDENCE]),
            )
        )
    findings += unwatched(connections, findings)
    return table(findings)


def _short_lived(own: Ints, times: Ints, lives: np.ndarray, fewest: int, short_life: float) -> Ints:
    """The ended connections of the busiest day, where their median life is short."""
    ended = own[~np.isnan(lives[own])]
    day: Ints = ended[busiest(times[ended], DAY)]
    if len(day) < fewest or np.median(lives[day]) >= short_life:
        return day[:0]
    return day
