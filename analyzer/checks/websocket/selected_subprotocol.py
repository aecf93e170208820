"""Servers that choose no subprotocol, or one that was not offered, and sides that speak another version than agreed."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.checks.rows import by_station, evidence, plural
from analyzer.checks.websocket.subprotocol import names_ocpp
from analyzer.findings import MAX_EVIDENCE, Finding, not_judged, table
from analyzer.kernels.columns import NO_TIME, coded, micros, same, wholes
from analyzer.ocpp import actions
from analyzer.plan import check

if TYPE_CHECKING:
    from analyzer.kernels.columns import Flags, Ints

SWITCHING = 101
BOOT = "BootNotification"
"""The request that tells its version by its shape; others do by their name."""
VERSIONS = ("1.6", "2.0.1", "2.1")
UNTOLD = -1


@check("WS06", "Subprotocol not agreed or not kept", severity="error")
def selected_subprotocol(connections: pa.Table, messages: pa.Table, *, fewest: int = 5, share: float = 0.9) -> pa.Table:
    """The server chose no subprotocol of those that the charger offered, or both speak another version than they agreed.

    It is a warning where both talk all the same. That another version is spoken is told by requests that only one
    version has: by `fewest` of them, and `share` or more of all such.

    Why it matters: a charger must fail a connection whose subprotocol it did not offer; and where none is agreed, each
        side guesses how to read the other.
    Fires on:
        08:00:00 CP1 + offered=ocpp1.6 subprotocol= http_status=101
        08:00:00.1 CP1 - 1002 by csms
        08:01:00 CP1 + offered=ocpp1.6 subprotocol=ocpp2.0.1 http_status=101
        08:01:00.1 CP1 - 1002 by station
        08:00:00 CP2 + ocpp2.0.1 http_status=101
        08:01:00x6/60s CP2 > StartTransaction {"connectorId": 1, "idTag": "AB12", "meterStart": 0, "timestamp": "$(now)"}
    Near miss:
        08:00:00 CP1 + offered=ocpp2.0.1,ocpp1.6 subprotocol=ocpp1.6 http_status=101
        08:01:00x4/60s CP1 > TransactionEvent {}
    Confounder:
        # the charger offered none, which WS05 tells; of another the answer was not seen; the third speaks 2.0.1 in 2.1
        08:00:00 CP1 + offered= subprotocol=ocpp1.6 http_status=101
        08:00:00 CP2 + offered=ocpp1.6 subprotocol=
        08:00:00 CP3 + ocpp2.1 http_status=101
        08:01:00x6/60s CP3 > TransactionEvent {}
    Not a fault when: request or answer were not seen, as in most logs; the charger offered no version of OCPP, which WS05
        tells.
    Likely causes: the server has none of the charger's versions; a proxy strips Sec-WebSocket-Protocol; the version is
        set by hand on one side.
    What to do: let both sides have a version in common; let the proxy pass Sec-WebSocket-Protocol in both directions.
    Source: OCPP-J 1.6 3.2 ("MUST"); 2.0.1 part 4 3.2; RFC 6455 4.1 and 4.2.2.
    """
    answered = (wholes(connections["http_status"]) == SWITCHING) & connections["offered"].is_valid().to_numpy()
    wrong = answered & _not_offered(connections)
    told, kept = _told(connections, messages)
    talked, times = micros(connections["last_up"]) != NO_TIME, micros(connections["ts"])
    spoken = dict(by_station(told))
    findings = []
    for station, rows in by_station(connections):
        said = spoken.get(station, np.array([], dtype=np.int64))
        strange = said[~kept[said]]
        if len(strange) >= fewest and len(strange) >= share * len(said):
            findings.append(_other_version(station, told, strange, len(said)))
        if not answered[rows].any():
            if not len(said):
                findings.append(not_judged(station, "no answer to an upgrade was seen with what was offered"))
            continue
        chosen = rows[wrong[rows] & (times[rows] != NO_TIME)]
        if len(chosen):
            findings.append(
                _unagreed(station, connections, chosen, int(answered[rows].sum()), works=talked[chosen].all())
            )
    return table(findings)


def _not_offered(connections: pa.Table) -> Flags:
    """Where the choice is none of what was offered, and a version of OCPP was."""
    pairs = zip(connections["offered"].to_pylist(), connections["subprotocol"].to_pylist(), strict=True)
    return np.array([_differs(offered or "", chosen or "") for offered, chosen in pairs], dtype=bool)


def _differs(offered: str, chosen: str) -> bool:
    # Tokens are told apart by case (RFC 6455 11.5), but the names of OCPP's are not told apart by WS05 either.
    return names_ocpp(offered) and chosen.strip().lower() not in {token.strip().lower() for token in offered.split(",")}


def _unagreed(station: str, connections: pa.Table, chosen: Ints, seen: int, *, works: bool) -> Finding:
    rows = connections.take(pa.array(chosen))
    pairs = zip(rows["offered"].to_pylist(), rows["subprotocol"].to_pylist(), strict=True)
    (offered, picked), _ = Counter(pairs).most_common(1)[0]
    what = f"chose {picked[:40]}" if picked else "chose none"
    times = micros(rows["ts"])
    return Finding(
        station,
        f"The server {what} of the offered subprotocols ({str(offered)[:80]}), in {len(chosen)} of "
        f"{plural(seen, 'upgrade')}" + ("; both talk all the same" if works else ""),
        start=int(times.min()),
        end=int(times.max()),
        value=float(len(chosen)),
        limit=0.0,
        unit="upgrades",
        count=len(chosen),
        evidence=evidence(connections, chosen[:MAX_EVIDENCE]),
        severity="warning" if works else None,
        subject="unagreed",
    )


def _told(connections: pa.Table, messages: pa.Table) -> tuple[pa.Table, Flags]:
    """The requests that tell their version, on connections where one was agreed, and whether it is that."""
    agreed = connections.filter(pa.array(_agreed(connections)))
    names, versions = agreed["connection"].cast(pa.string()), agreed["version"].to_pylist()
    asks = same(messages["type"], "call", "send")
    place = pc.index_in(messages["connection"].cast(pa.string()), names.combine_chunks())
    places = np.asarray(pc.fill_null(place, -1), dtype=np.int64)
    action = coded(messages["action"])
    boots = same(messages["action"], BOOT)
    said = np.array([*(_number(actions.version(name, "")) for name in action.names), UNTOLD])[action.codes]
    payloads = messages["payload"].filter(pa.array(boots)).to_pylist()
    said[boots] = [_number(actions.version(BOOT, payload or "")) for payload in payloads]
    rows = np.flatnonzero(asks & (places >= 0) & (said != UNTOLD))
    there = np.array([_number(version) for version in versions], dtype=np.int64)[places[rows]]
    # What 2.0.1 has, 2.1 has too.
    kept = (said[rows] == there) | ((said[rows] == VERSIONS.index("2.0.1")) & (there == VERSIONS.index("2.1")))
    return messages.take(pa.array(rows)), kept


def _number(version: str | None) -> int:
    return VERSIONS.index(version) if version in VERSIONS else UNTOLD


def _agreed(connections: pa.Table) -> Flags:
    return np.asarray(pc.and_(connections["subprotocol"].is_valid(), connections["version"].is_valid()), dtype=bool)


def _other_version(station: str, told: pa.Table, strange: Ints, seen: int) -> Finding:
    rows = told.take(pa.array(strange))
    named = Counter(rows["action"].to_pylist()).most_common(3)
    times = micros(rows["ts"])
    times = times[times != NO_TIME]
    return Finding(
        station,
        f"{len(strange)} of {seen} requests that tell their version are of another than the one agreed: "
        + ", ".join(f"{name} ({count}x)" for name, count in named),
        start=int(times.min()) if len(times) else None,
        end=int(times.max()) if len(times) else None,
        value=100 * len(strange) / seen,
        limit=0.0,
        unit="Percent",
        count=len(strange),
        evidence=evidence(told, strange[:MAX_EVIDENCE]),
        subject="version",
    )
