"""Chargers that reboot again and again."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from analyzer.checks.rows import by_station, duration, evidence
from analyzer.findings import MAX_EVIDENCE, Finding, not_judged, table
from analyzer.kernels.as_of import last_before
from analyzer.kernels.columns import NO_TIME, SECOND, coded, flags, micros, reals, same
from analyzer.kernels.sequences import busiest
from analyzer.ocpp.commands import commanded
from analyzer.plan import check

if TYPE_CHECKING:
    from analyzer.kernels.columns import Flags, Ints

ORDERED = ("FirmwareUpdate", "RemoteReset", "ScheduledReset")
CHANGES = ("ChangeConfiguration", "SetVariables", "SetNetworkProfile")
APPLY_WITHIN, SETTLED_AFTER = 300 * SECOND, 60 * SECOND
DAY = 86_400


@check("BT01", "Boot loop", severity="critical")
def loop(
    boots: pa.Table,
    connections: pa.Table,
    calls: pa.Table,
    *,
    fewest: int = 3,
    window: float = 900.0,
    fewest_in_a_day: int = 5,
    fewest_untold: int = 6,
    shortest: float = 5.0,
) -> pa.Table:
    """The charger reboots again and again: `fewest` times in `window` seconds, or `fewest_in_a_day` in a day.

    Only boots with evidence of a reboot count (a reason, message ids that start again, a transaction ended by power
    loss), and of each connection only the first. What comes within `shortest` seconds of the charger's last message is
    no reboot, whatever reason it gives.

    Where the input tells neither reboots nor connections (a log of messages alone), `fewest_untold` BootNotifications in
    `window` seconds are a warning: the charger reboots or reconnects again and again, and is in trouble either way.

    Why it matters: a charger that reboots ends each charging session, and soon wears out; its cause is near.
    Fires on:
        08:00:00x4/200s CP1 + ocpp2.0.1
        08:00:01x4/200s CP1 > BootNotification#b$(i) {"reason": "Watchdog", "chargingStation": {"vendorName": "Example", "model": "AC22"}}
        08:00:01.1x4/200s CP1 < =#b$(i) {"currentTime": "$(now)", "interval": 60, "status": "Accepted"}
        08:02:40x4/200s CP1 - 1006 by csms
    Near miss:
        08:00:00x4/8000s CP1 + ocpp2.0.1
        08:00:01x4/8000s CP1 > BootNotification#b$(i) {"reason": "Watchdog", "chargingStation": {"vendorName": "Example", "model": "AC22"}}
        08:00:01.1x4/8000s CP1 < =#b$(i) {"currentTime": "$(now)", "interval": 60, "status": "Accepted"}
        08:02:40x4/8000s CP1 - 1006 by csms
    Confounder:
        # a charger that sends its last reason again with each reconnect, and one that waits for its registration
        08:00:00x5/100s CP1 + ocpp2.0.1
        08:00:01x5/100s CP1 > BootNotification#b$(i) {"reason": "PowerUp", "chargingStation": {"vendorName": "Example", "model": "AC22"}}
        08:00:01.1x5/100s CP1 < =#b$(i) {"currentTime": "$(now)", "interval": 60, "status": "Accepted"}
        08:01:38x5/100s CP1 > Heartbeat#h$(i)
        08:01:38.1x5/100s CP1 < =#h$(i) {"currentTime": "$(now)"}
        08:01:39x5/100s CP1 - fin by csms
        08:00:00 CP2 + ocpp2.0.1
        08:00:01x5/60s CP2 > BootNotification#p$(i) {"reason": "PowerUp", "chargingStation": {"vendorName": "Example", "model": "AC22"}}
        08:00:01.1x5/60s CP2 < =#p$(i) {"currentTime": "$(now)", "interval": 60, "status": "Pending"}
    Not a fault when: the charger only reconnects, is told to reset or to install firmware, is asked for its boot, or
        repeats a BootNotification that is not accepted yet; or the CSMS had changed a setting within five minutes, though
        not within a minute of the boot before: chargers restart to apply settings.
    Likely causes: power supply; a watchdog; firmware that crashes on what it is asked, often by a burst of calls before
        its boot is accepted.
    What to do: read the charger's own log; let the CSMS wait with its calls until the boot is accepted; check the supply.
    Source: OCPP 1.6 4.2; 2.0.1 B01 to B03; lbbrhzn/ocpp issues 1099 and 1503.
    """
    times = micros(boots["ts"])
    inferred = _inferred(boots, connections)
    fresh = _first_of_connection(boots, inferred)
    slow = ~(reals(boots["downtime"]) < shortest)
    free = ~same(boots["reason"], *ORDERED) & ~commanded(calls, boots["station"], times) & ~_reconfigured(boots, calls)
    usable = fresh & slow & free & (times != NO_TIME)
    counted, possible = usable & same(boots["kind"], "reboot"), usable & same(boots["kind"], "reboot", "unknown")
    findings = []
    for station, rows in by_station(boots):
        ordered = rows[np.argsort(times[rows], kind="stable")]
        own = ordered[counted[ordered]]
        for span, least in ((window, fewest), (DAY, fewest_in_a_day)):
            chosen = own[busiest(times[own], round(span * SECOND))]
            if len(chosen) >= least:
                findings.append(_finding(station, boots, chosen, times, least))
                break
        else:
            maybe = ordered[possible[ordered]]
            chosen = maybe[busiest(times[maybe], round(window * SECOND))]
            if len(chosen) >= fewest_untold and inferred[chosen].all():
                findings.append(_untold(station, boots, chosen, times, fewest_untold))
            elif len(chosen) >= fewest:
                findings.append(
                    not_judged(station, "it boots again and again, but nothing tells a reboot from a habit")
                )
    return table(findings)


def _finding(station: str, boots: pa.Table, chosen: Ints, times: Ints, least: int) -> Finding:
    told = boots.take(pa.array(chosen))
    reasons = Counter(text.split(";")[0] for text in told["detail"].to_pylist() if text)
    said = f"; {reasons.most_common(1)[0][0]}" if reasons else ""
    span = (int(times[chosen[-1]]) - int(times[chosen[0]])) / SECOND
    return Finding(
        station,
        f"The charger rebooted {len(chosen)} times within {duration(span)}{said}",
        start=int(times[chosen[0]]),
        end=int(times[chosen[-1]]),
        value=float(len(chosen)),
        limit=float(least - 1),
        unit="reboots",
        count=len(chosen),
        evidence=evidence(boots, chosen[:MAX_EVIDENCE]),
    )


def _untold(station: str, boots: pa.Table, chosen: Ints, times: Ints, least: int) -> Finding:
    span = (int(times[chosen[-1]]) - int(times[chosen[0]])) / SECOND
    return Finding(
        station,
        f"The charger sent {len(chosen)} BootNotifications within {duration(span)}, by reboots or by reconnects: "
        "the input does not tell which",
        start=int(times[chosen[0]]),
        end=int(times[chosen[-1]]),
        value=float(len(chosen)),
        limit=float(least - 1),
        unit="boots",
        count=len(chosen),
        evidence=evidence(boots, chosen[:MAX_EVIDENCE]),
        severity="warning",
    )


def _first_of_connection(boots: pa.Table, inferred: Flags) -> Flags:
    """The first boot of each connection: a reboot takes the connection with it.

    Where connections were only inferred, one after a boot that was accepted.
    """
    connection, times = coded(boots["connection"]), micros(boots["ts"])
    order = np.lexsort((times, connection.codes))
    fresh = np.ones(len(order), dtype=bool)
    fresh[order[1:]] = np.diff(connection.codes[order]) != 0
    after = np.zeros(len(order), dtype=bool)
    after[order[1:]] = same(boots["status"], "Accepted")[order[:-1]]
    return fresh | (inferred & after)


def _inferred(boots: pa.Table, connections: pa.Table) -> Flags:
    """Whether nothing told of the connection of a boot but its messages."""
    connection = coded(boots["connection"])
    inferred = set(connections["connection"].filter(pa.array(flags(connections["inferred"]))).to_pylist())
    found: Flags = np.array([name in inferred for name in connection.names] + [False], dtype=bool)[connection.codes]
    return found


def _reconfigured(boots: pa.Table, calls: pa.Table) -> Flags:
    """The boots soon after the CSMS changed a setting: many chargers restart to apply it.

    A change right after the boot before is no reason: a CSMS that configures each charger that boots may be the very
    cause of a loop.
    """
    changes = calls.filter(pa.array(same(calls["action"], *CHANGES)))
    stations, times, moments = boots["station"], micros(boots["ts"]), micros(changes["ts"])
    changed = np.append(moments, 0)[last_before(changes["station"], moments, stations, times)]
    booted = np.append(times, 0)[last_before(stations, times, stations, times - 1)]
    found: Flags = (times - changed <= APPLY_WITHIN) & (changed - booted >= SETTLED_AFTER)
    return found
