"""Samples of a running transaction that do not name it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.checks.rows import by_station, evidence, plural
from analyzer.findings import MAX_EVIDENCE, Finding, not_judged, table
from analyzer.kernels.as_of import last_before, last_or_first
from analyzer.kernels.columns import NO_TIME, SECOND, coded, flags, micros, same, wholes
from analyzer.ocpp.payloads import decode, identity, members, whole
from analyzer.plan import check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analyzer.kernels.columns import Flags, Ints

SAMPLED = ("Sample.Periodic", "Transaction.Begin", "Transaction.End")
"""Contexts of samples that belong to a transaction. Clock-aligned and triggered ones are often sent without it."""
NONE = frozenset({"0", "-1"})


class Started(NamedTuple):
    """A transaction that a connector ran from the answer to its StartTransaction on; times in microseconds."""

    station: str | None
    connector: int | None
    answered: int
    stopped: int
    begin: int
    end: int
    identity: str | None


@check("MV32", "transactionId missing or wrong", severity="error")
def transaction_id(
    readings: pa.Table,
    calls: pa.Table,
    transactions: pa.Table,
    *,
    slack: float = 5.0,
) -> pa.Table:
    """A charger of 1.6 sends samples of a running transaction without its transactionId, or with another one.

    A message counts where it was measured and seen more than `slack` seconds after the StartTransaction of its
    connector was answered, and before the transaction ended. Until then the charger cannot know the id.

    Why it matters: the CSMS cannot tell to which session the samples belong: they are dropped, or billed to another.
    Fires on:
        08:00:00 CP1 + ocpp1.6
        08:01:00 CP1 > StartTransaction {"connectorId": 1, "idTag": "T", "meterStart": 5000, "timestamp": "$(now)"}
        08:01:00.1 CP1 < = {"transactionId": 7, "idTagInfo": {"status": "Accepted"}}
        08:02:00x3/60s CP1 > MeterValues {"connectorId": 1, "transactionId": 9999, "meterValue": [{"timestamp": "$(now)", "sampledValue": [{"value": "$(5120+120*i)"}]}]}
        08:05:00x3/60s CP1 > MeterValues {"connectorId": 1, "meterValue": [{"timestamp": "$(now)", "sampledValue": [{"value": "$(5480+120*i)"}]}]}
        08:08:00 CP1 > StopTransaction {"transactionId": 7, "meterStop": 5800, "timestamp": "$(now)"}
    Near miss:
        # a sample before the id is known, the other connector, the main meter, and what is measured after the end
        08:00:00 CP1 + ocpp1.6
        08:01:00 CP1 > StartTransaction {"connectorId": 1, "idTag": "T", "meterStart": 5000, "timestamp": "$(now)"}
        08:01:02 CP1 > MeterValues#m {"connectorId": 1, "meterValue": [{"timestamp": "$(now)", "sampledValue": [{"value": "5000"}]}]}
        08:01:03 CP1 < = {"transactionId": 7, "idTagInfo": {"status": "Accepted"}}
        08:02:00x5/60s CP1 > MeterValues {"connectorId": 1, "transactionId": 7, "meterValue": [{"timestamp": "$(now)", "sampledValue": [{"value": "$(5120+120*i)"}]}]}
        08:02:10x5/60s CP1 > MeterValues {"connectorId": 2, "meterValue": [{"timestamp": "$(now)", "sampledValue": [{"value": "100"}]}]}
        08:02:20x5/60s CP1 > MeterValues {"connectorId": 0, "meterValue": [{"timestamp": "$(now)", "sampledValue": [{"value": "$(9120+120*i)"}]}]}
        08:08:00 CP1 > StopTransaction {"transactionId": 7, "meterStop": 5800, "timestamp": "$(now)"}
        08:08:30 CP1 > MeterValues {"connectorId": 1, "meterValue": [{"timestamp": "$(now)", "sampledValue": [{"value": "5800"}]}]}
    Confounder:
        # a StartTransaction that is never answered (its samples say -1), and late samples of the transaction before
        08:00:00 CP1 + ocpp1.6
        08:01:00 CP1 > StartTransaction#s {"connectorId": 1, "idTag": "T", "meterStart": 5000, "timestamp": "$(now)"}
        08:02:00x5/60s CP1 > MeterValues {"connectorId": 1, "transactionId": -1, "meterValue": [{"timestamp": "$(now)", "sampledValue": [{"value": "$(5120+120*i)"}]}]}
        08:08:00 CP1 > StopTransaction {"transactionId": -1, "meterStop": 5800, "timestamp": "$(now)"}
        08:10:00 CP2 + ocpp1.6
        08:11:00 CP2 > StartTransaction#a {"connectorId": 1, "idTag": "T", "meterStart": 5000, "timestamp": "2026-01-01T07:00:00Z"}
        08:11:00.1 CP2 < =#a {"transactionId": 8, "idTagInfo": {"status": "Accepted"}}
        08:11:01 CP2 > StopTransaction#b {"transactionId": 8, "meterStop": 5800, "timestamp": "2026-01-01T07:30:00Z"}
        08:12:00 CP2 > StartTransaction#c {"connectorId": 1, "idTag": "T", "meterStart": 5800, "timestamp": "$(now)"}
        08:12:00.1 CP2 < =#c {"transactionId": 9, "idTagInfo": {"status": "Accepted"}}
        08:12:10 CP2 > MeterValues {"connectorId": 1, "transactionId": 8, "meterValue": [{"timestamp": "2026-01-01T07:15:00Z", "sampledValue": [{"value": "5400"}]}]}
    Not a fault when: the StartTransaction was never answered: then -1 is right; it was refused, and nothing was stopped;
        the values are of connector 0, aligned to the clock or triggered; in 2.x, where samples travel in the
        TransactionEvent itself.
    Likely causes: firmware that mixes up sessions, or forgets the id over a reboot.
    What to do: join by connector and time in the CSMS; mend the firmware.
    Source: OCPP 1.6 4.7; 1.6 errata 3.16 and 3.18; lbbrhzn/ocpp issues 375 and 2032, mobilityhouse/ocpp issue 478.
    """
    sent = _messages(readings)
    started = list(_started(calls, transactions))
    running = _running(sent, started, slack)
    wrong = (running >= 0) & ~_named(sent, started, running, transactions)
    findings = []
    for station, rows in by_station(sent):
        if not (running[rows] >= 0).any():
            findings.append(not_judged(station, "no samples while a transaction ran whose start was answered"))
        connectors = wholes(sent["connector"])[rows]
        for connector in np.unique(connectors[wrong[rows]]).tolist():
            own = rows[(connectors == connector) & (running[rows] >= 0)]
            findings.append(_finding(station, connector, sent, own[wrong[own]], len(own), started, running))
    return table(findings)


def _messages(readings: pa.Table) -> pa.Table:
    """The first value of each MeterValues message that samples a connector, which those of 2.x do not name."""
    kept = same(readings["action"], "MeterValues") & same(readings["context"], *SAMPLED)
    kept &= wholes(readings["connector"]) > 0
    found = readings.filter(pa.array(kept & (micros(readings["ts"]) != NO_TIME)))
    source, origin, seen = coded(found["source"]).codes, wholes(found["origin"]), micros(found["ts"])
    change = (np.diff(source) != 0) | (np.diff(origin) != 0) | (np.diff(seen) != 0)
    return found.filter(pa.array(np.append(True, change)[: found.num_rows]))


def _started(calls: pa.Table, transactions: pa.Table) -> Iterator[Started]:
    """Every StartTransaction, with the end of the transaction that its answer names."""
    rows = calls.filter(pa.array(same(calls["action"], "StartTransaction") & (micros(calls["ts"]) != NO_TIME)))
    identities = [identity(members(decode(answer)).get("transactionId")) for answer in rows["answer"].to_pylist()]
    names = _names(transactions["station"], transactions["transaction"])
    wanted = _names(rows["station"], pa.array(identities, pa.string()))
    # An identity may be given again: of several the one that began with this call.
    places = last_or_first(names, micros(transactions["started"]), wanted, micros(rows["ts"])).tolist()
    stopped, begin, end = (micros(transactions[name]) for name in ("stopped", "start", "end"))
    # What was refused may not have run at all, unless it was stopped.
    idle = np.append(flags(transactions["refused"]) & (stopped == NO_TIME), True)
    for station, connector, seen, answered, known, row in zip(
        rows["station"].to_pylist(),
        (whole(members(decode(payload)).get("connectorId")) for payload in rows["payload"].to_pylist()),
        micros(rows["ts"]).tolist(),
        micros(rows["answered"]).tolist(),
        identities,
        places,
        strict=True,
    ):
        if idle[row]:
            yield Started(station, connector, seen, NO_TIME, NO_TIME, NO_TIME, None)
        else:
            yield Started(station, connector, answered, int(stopped[row]), int(begin[row]), int(end[row]), known)


def _names(stations: pa.ChunkedArray, identities: pa.Array | pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(stations.cast(pa.string()), identities, "\0")


def _running(sent: pa.Table, started: list[Started], slack: float) -> Ints:
    """For each message, the transaction that ran at its connector when it was measured and seen, or -1."""
    if not started:
        return np.full(sent.num_rows, -1, dtype=np.int64)
    outlets = pa.array([f"{row.station}\0{row.connector}" for row in started], pa.string())
    wanted = pc.binary_join_element_wise(*(sent[name].cast(pa.string()) for name in ("station", "connector")), "\0")
    answered, stopped, begin, end = (
        np.array([getattr(row, name) for row in started], np.int64) for name in ("answered", "stopped", "begin", "end")
    )
    seen, measured, wait = micros(sent["ts"]), micros(sent["measured"]), round(slack * SECOND)
    found = last_before(outlets, answered, wanted, seen - wait)
    found = np.where(found == last_before(outlets, answered, wanted, seen), found, -1)
    known = np.array([*(row.identity is not None for row in started), False], dtype=bool)
    # The charger's own clock must agree, where it says anything.
    stamped = measured != NO_TIME
    early = stamped & (measured < begin[found] + wait)
    late = (stamped & (end[found] != NO_TIME) & (measured > end[found])) | (
        (stopped[found] != NO_TIME) & (seen > stopped[found])
    )
    return np.where(known[found] & ~early & ~late, found, -1)


def _named(sent: pa.Table, started: list[Started], running: Ints, transactions: pa.Table) -> Flags:
    """Whether each message names the transaction that ran; or another one of which it may be a late sample."""
    said = np.array([text or "" for text in sent["transaction"].to_pylist()], dtype=object)
    names = np.array([*(row.identity or "" for row in started), ""], dtype=object)
    found: Flags = np.asarray(said == names[running], dtype=bool)
    known = set(zip(transactions["station"].to_pylist(), transactions["transaction"].to_pylist(), strict=True))
    loose = np.flatnonzero(~found & (micros(sent["measured"]) == NO_TIME))
    stations = sent["station"].take(pa.array(loose)).to_pylist()
    for row, station in zip(loose.tolist(), stations, strict=True):
        found[row] = said[row] not in NONE and (station, said[row]) in known
    return found


def _finding(
    station: str, connector: int, sent: pa.Table, wrong: Ints, judged: int, started: list[Started], running: Ints
) -> Finding:
    said = Counter(text or "none" for text in sent["transaction"].take(pa.array(wrong)).to_pylist())
    first = started[running[wrong[0]]]
    seen = micros(sent["ts"])[wrong]
    return Finding(
        station,
        f"{plural(len(wrong), 'message')} of {judged} with samples of connector {connector} in a transaction carried the "
        f"transactionId "
        + ", ".join(f"{name[:40]} ({count}x)" for name, count in said.most_common(3))
        + f", while transaction {first.identity} ran",
        start=int(seen.min()),
        end=int(seen.max()),
        value=100 * len(wrong) / judged,
        limit=0.0,
        unit="Percent",
        count=len(wrong),
        evidence=evidence(sent, wrong[:MAX_EVIDENCE]),
        subject=f"connector {connector}",
    )
