"""Requests that break the schema of their version."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.checks.protocol.sides import OTHER, SIDES
from analyzer.checks.rows import by_station, evidence, plural
from analyzer.findings import MAX_EVIDENCE, Finding, not_judged, table
from analyzer.kernels.columns import NO_TIME, coded, micros, same
from analyzer.ocpp.schemas import violations
from analyzer.plan import check

if TYPE_CHECKING:
    from analyzer.kernels.columns import Flags, Ints
    from analyzer.ocpp.schemas import Violation

MOST_RULES = 4
EXTRA = "additionalProperties"
WITHDRAWN = "ocpp2.0"
"""A subprotocol whose schemas are not those of 2.0.1, as which it is read otherwise."""


@check("PR05", "Request fails its schema", severity="error", needs_time=False)
def request_schema(calls: pa.Table, connections: pa.Table) -> pa.Table:
    """The requests of an action break the JSON schema of the OCPP version in use.

    One finding an action and side, with the members that break a rule and how often. It is a warning where the other
    side answered all of them as if nothing was wrong, and an information where they only have members that the schema
    does not define.

    Why it matters: a strict receiver refuses the request, or its handler fails and the connection with it; a lenient
        one stores what it could not understand. Meter values, transactions or commands are lost or wrong.
    Fires on:
        08:00:00 CP1 + ocpp1.6
        08:00:01x3/60s CP1 > MeterValues#m$(i) {"connectorId": 1, "meterValue": [{"timestamp": "$(now)", "sampledValue": [{"value": 1200}]}]}
        08:00:01.1x3/60s CP1 < !#m$(i) FormationViolation "value" {}
        08:09:00 CP1 < RemoteStartTransaction {"connectorId": "1", "idTag": "AB12"}
        08:09:00.1 CP1 > = {"status": "Rejected"}
    Near miss:
        # the value is text in 1.6 and a number in 2.x, both spellings of Celsius are right, a vendor's name has 20 characters
        08:00:00 CP1 + ocpp1.6
        08:00:01 CP1 > BootNotification {"chargePointVendor": "Twenty characters ok", "chargePointModel": "AC22"}
        08:00:01.1 CP1 < = {"currentTime": "$(now)", "interval": 60, "status": "Accepted"}
        08:01:00 CP1 > MeterValues {"connectorId": 1, "meterValue": [{"timestamp": "$(now)", "sampledValue": [{"value": "31.5", "unit": "Celcius"}, {"value": "31.5", "unit": "Celsius"}]}]}
        08:01:00.1 CP1 < = {}
        08:00:00 CP2 + ocpp2.0.1
        08:01:00 CP2 > MeterValues {"evseId": 1, "meterValue": [{"timestamp": "$(now)", "sampledValue": [{"value": 31.5}]}]}
        08:01:00.1 CP2 < = {}
    Confounder:
        # an answer with a member of the vendor's, an action of the vendor's, and a version that nobody told
        08:00:00 CP1 + ocpp1.6
        08:00:01 CP1 > Heartbeat
        08:00:01.1 CP1 < = {"currentTime": "$(now)", "status": "Accepted"}
        08:00:02 CP1 > VendorReport {"anything": [1, 2]}
        08:00:02.1 CP1 < ! NotImplemented "" {}
        08:00:03 CP2 > StatusNotification {"connectorId": 1, "connectorStatus": "Available"}
        08:00:03.1 CP2 < = {}
    Not a fault when: the version cannot be told, or has no such action; it is an answer; a timestamp is odd, which is a
        matter of the clock. A version that is known by its actions alone is held against 2.0.1 and 2.1 alike.
    Likely causes: firmware or a CSMS written without the schema: numbers as text or text as numbers, names in another
        case, texts that are too long, values of another version.
    What to do: mend the side that sent it; until then, let the other side take what it can understand.
    Source: the JSON schemas of OCPP 1.6, 2.0.1 and 2.1; OCPP-J 1.6 errata 2025-04 2.1 and 3.2; 2.0.1 part 4 4.1.7.
    """
    judged, broken = _validated(calls, connections)
    faulty = np.zeros(len(judged), dtype=bool)
    faulty[list(broken)] = True
    action, up = coded(calls["action"]), same(calls["direction"], "up")
    subject = action.codes * 2 + up
    findings = []
    for station, rows in by_station(calls):
        own = rows[judged[rows]]
        if not len(own):
            findings.append(not_judged(station, "no request of an action and a version that are known"))
        for code in np.unique(subject[own[faulty[own]]]).tolist():
            asked = own[subject[own] == code]
            side, name = "up" if code % 2 else "down", action.names[code // 2]
            findings.append(_finding(station, side, name, calls, asked, asked[faulty[asked]], broken))
    return table(findings)


def _validated(calls: pa.Table, connections: pa.Table) -> tuple[Flags, dict[int, list[Violation]]]:
    """Which requests have a schema, and what breaks it, by row. Equal requests are validated once."""
    judged = np.zeros(calls.num_rows, dtype=bool)
    broken: dict[int, list[Violation]] = {}
    action, connection = coded(calls["action"]), coded(calls["connection"])
    versions, kinds = _versions(calls, connections, connection.names)
    subject = np.append(kinds, -1)[connection.codes] * (len(action.names) + 1) + action.codes
    order = np.argsort(subject, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(subject[order])) + 1):
        if not len(rows) or action.codes[rows[0]] < 0 or connection.codes[rows[0]] < 0:
            continue
        name, possible = action.names[action.codes[rows[0]]], versions[kinds[connection.codes[rows[0]]]]
        payloads = pc.fill_null(calls["payload"].take(pa.array(rows)), "").combine_chunks().dictionary_encode()
        told = [_violations(possible, name, payload) for payload in payloads.dictionary.to_pylist()]
        places = np.asarray(payloads.indices, dtype=np.int64)
        judged[rows] = np.array([found is not None for found in told], dtype=bool)[places]
        faulty = np.flatnonzero(np.array([bool(found) for found in told], dtype=bool)[places])
        broken.update(
            (row, told[place] or []) for row, place in zip(rows[faulty].tolist(), places[faulty], strict=True)
        )
    return judged, broken


def _versions(calls: pa.Table, connections: pa.Table, names: list[str]) -> tuple[list[tuple[str, ...]], Ints]:
    """The versions that a connection may be of, as each combination that there is, and which one each connection has."""
    agreed = dict(zip(connections["connection"].to_pylist(), connections["subprotocol"].to_pylist(), strict=True))
    columns = {name: calls[name].cast(pa.string()) for name in ("connection", "version")}
    told = pa.table(columns).group_by(list(columns)).aggregate([])
    pairs = zip(told["connection"].to_pylist(), told["version"].to_pylist(), strict=True)
    possible = {name: _possible(version, agreed.get(name)) for name, version in pairs}
    found = sorted(set(possible.values()))
    return found, np.array([found.index(possible[name]) for name in names], dtype=np.int64)


def _possible(version: str | None, subprotocol: str | None) -> tuple[str, ...]:
    """The versions that a request may be of: none where that cannot be told."""
    if version is None or subprotocol == WITHDRAWN:
        return ()
    # Most actions of 2.0.1 are actions of 2.1 too, so where the subprotocol was not seen it may be either.
    return ("2.0.1", "2.1") if version == "2.0.1" and subprotocol is None else (version,)


def _violations(versions: tuple[str, ...], action: str, payload: str) -> list[Violation] | None:
    """What breaks the schema of every version that it may be; None where no version has the action."""
    told = [violations(version, action, payload) for version in versions]
    judged = [found for found in told if found is not None]
    return min(judged, key=len) if judged else None


def _finding(
    station: str, side: str, action: str, calls: pa.Table, asked: Ints, own: Ints, broken: dict[int, list[Violation]]
) -> Finding:
    rules = Counter(violation.message for row in own.tolist() for violation in broken[row])
    words = [f"{message} ({count}x)" for message, count in rules.most_common(MOST_RULES)]
    words += [f"and {plural(len(rules) - MOST_RULES, 'other rule')}"] if len(rules) > MOST_RULES else []
    extra = all(violation.rule == EXTRA for row in own.tolist() for violation in broken[row])
    chosen = calls.take(pa.array(own))
    refused = int(same(chosen["status"], "error").sum())
    answered = int(same(chosen["status"], "answered").sum())
    times = micros(chosen["ts"])
    timed = times[times != NO_TIME]
    return Finding(
        station,
        f"{len(own)} of {plural(len(asked), f'{action} request')} of {SIDES[side]} "
        f"{'breaks' if len(own) == 1 else 'break'} the schema of OCPP {chosen['version'][0].as_py()}: {', '.join(words)}"
        + (f"; {SIDES[OTHER[side]]} refused {refused} of them" if refused else ""),
        start=int(timed.min()) if len(timed) else None,
        end=int(timed.max()) if len(timed) else None,
        connection=chosen["connection"][0].as_py(),
        value=100 * len(own) / len(asked),
        limit=0.0,
        unit="Percent",
        count=len(own),
        evidence=evidence(calls, own[:MAX_EVIDENCE]),
        severity="info" if extra else "warning" if answered and not refused else None,
        subject=f"{side} {action}",
    )
