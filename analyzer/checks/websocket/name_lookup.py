"""Names that the DNS does not resolve for the charger."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from analyzer.checks.rows import by_station, duration, evidence, plural
from analyzer.findings import MAX_EVIDENCE, Finding, not_judged, table
from analyzer.kernels.as_of import last_before
from analyzer.kernels.columns import NO_TIME, SECOND, coded, micros, reals, same, wholes
from analyzer.kernels.damage import lost_between
from analyzer.plan import check

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from analyzer.kernels.columns import Flags, Ints, Reals

RESOLVED = "NOERROR"
MEANINGS = {
    "NXDOMAIN": "there is no such name",
    "SERVFAIL": "the resolver failed",
    "REFUSED": "the resolver refuses",
    None: "no answer",
}
"""Response codes (RFC 1035 4.1.1), and what they mean."""

MAX_ANSWERS = 1000
"""Answers before a connection among which its address is looked for."""
PORT = re.compile(r":[0-9]{1,5}\Z")
"""The port behind a name."""


class Lookups(NamedTuple):
    """Lookups of names: what was asked, when, what was answered, and whether that is a failure."""

    rows: pa.Table
    names: Sequence[str | None]
    addresses: Sequence[Sequence[str]]
    lifetimes: Reals
    times: Ints
    resolved: Flags
    failed: Flags


@check("WS02", "Name of the CSMS not resolved", severity="error")
def name_lookup(
    lookups: pa.Table,
    connections: pa.Table,
    issues: pa.Table,
    sources: pa.Table,
    *,
    fail_count: int = 3,
    patience: float = 15.0,
    at_once: float = 10.0,
    stale_slack: float = 60.0,
) -> pa.Table:
    """The DNS gave the charger no address of the CSMS, or the charger goes on to use one that the DNS gives no more.

    An answer with an error, and none within `patience` seconds, are failures. They are an error from `fail_count` on, or
    where the last lookup failed and the charger was not heard since, else a warning. Of a charger of which no connection
    is known any name may be that of the CSMS: then it is a warning at most. A connection to an address that an earlier
    answer gave, and the last did not, `stale_slack` seconds after that earlier one had expired, is a warning.

    Why it matters: without an address the charger cannot even try; with an old one it tries where nobody is.
    Fires on:
        08:00:00 CP1 + ocpp1.6 host=csms.example.com server=203.0.113.5
        08:00:01 CP1 > Heartbeat
        08:00:01.1 CP1 < = {"currentTime": "$(now)"}
        08:10:00 CP1 - rst
        08:10:10x4/60s CP1 * lookup name=csms.example.com server=10.0.0.1 tries=1 answered=2026-01-01T08:14:00 status=SERVFAIL
    Near miss:
        # the second resolver knows the name at once
        08:00:00 CP1 + ocpp1.6 host=csms.example.com server=203.0.113.5
        08:00:01 CP1 > Heartbeat
        08:00:01.1 CP1 < = {"currentTime": "$(now)"}
        08:10:00 CP1 * lookup name=csms.example.com server=10.0.0.1 answered=2026-01-01T08:10:00 status=REFUSED
        08:10:02 CP1 * lookup name=csms.example.com server=10.0.0.2 answered=2026-01-01T08:10:02 status=NOERROR addresses=203.0.113.5
        08:20:00 CP1 > Heartbeat
    Confounder:
        # another name than that of the CSMS; and a search list, which asks for a longer name first
        08:00:00 CP1 + ocpp1.6 host=csms.example.com server=203.0.113.5
        08:00:01 CP1 > Heartbeat
        08:00:01.1 CP1 < = {"currentTime": "$(now)"}
        08:10:00x4/60s CP1 * lookup name=pool.example.net answered=2026-01-01T08:14:00 status=NXDOMAIN
        08:10:00x4/60s CP2 * lookup name=csms.example.com.lan answered=2026-01-01T08:14:00 status=NXDOMAIN
        08:10:01x4/60s CP2 * lookup name=csms.example.com answered=2026-01-01T08:14:00 status=NOERROR addresses=203.0.113.5
    Not a fault when: the same name is resolved `at_once` seconds before or after (a second resolver, another kind of
        address); the name is not that of the CSMS; the input ends before the answer may have come, or a part of it was lost there; the answer has no address
        of one kind, as with names that have no IPv6 address.
    Likely causes: the resolver or the access point (APN) of the SIM card; a domain that expired or was misspelt;
        firmware that keeps an address for ever.
    What to do: mend the DNS entry; give the charger a second resolver; let the firmware look up the name anew at each
        attempt.
    Source: RFC 1035 4.1.1 and 3.2.1 (TTL); RFC 2308; the limits are this tool's own.
    """
    told = _told(lookups, issues, sources, patience, at_once)
    hosts, heard = _hosts(connections), _heard(connections)
    named = connections.select(["station", "ts", "host", "server", "source", "origin"])
    timed = named.filter(pa.array(micros(named["ts"]) != NO_TIME))
    tried = dict(by_station(timed))
    findings = []
    for station, rows in by_station(told.rows):
        known = hosts.get(station, set())
        own = rows[[told.names[row] in known for row in rows]] if known else _whole_names(rows, told)
        if not (told.resolved | told.failed)[own].any():
            findings.append(not_judged(station, "no lookup of the CSMS's name was watched to its end"))
            continue
        chosen = own[told.failed[own]]
        if len(chosen):
            last = told.failed[own[-1]] and heard.get(station, NO_TIME) < told.times[own[-1]]
            error = bool(known) and (last or len(chosen) >= fail_count)
            findings.append(_failure(station, told, chosen, len(own), error=error))
        answers = own[told.resolved[own]]
        if len(answers) and station in tried:
            findings += _stale(station, told, answers, timed.take(pa.array(tried[station])), stale_slack)
    return table(findings)


def _told(lookups: pa.Table, issues: pa.Table, sources: pa.Table, patience: float, at_once: float) -> Lookups:
    """The lookups in order of time; of those without an answer only such as were watched for long enough count."""
    lookups = lookups.take(pa.array(np.argsort(micros(lookups["ts"]), kind="stable")))
    times, wait = micros(lookups["ts"]), round(patience * SECOND)
    ends = dict(zip(sources["source"].to_pylist(), micros(sources["end"]).tolist(), strict=True))
    until = np.array([ends.get(name, NO_TIME) for name in lookups["source"].to_pylist()], dtype=np.int64)
    lost = lost_between(issues, lookups["station"], lookups["source"], times, times + wait, scope="station")
    answered = np.asarray(lookups["status"].is_valid(), dtype=bool)
    resolved = same(lookups["status"], RESOLVED)
    failed = (answered & ~resolved) | (~answered & (until >= times + wait) & ~lost)
    names = [_plain(name) for name in lookups["name"].to_pylist()]
    failed &= ~_resolved_near(lookups["station"].to_pylist(), names, times, resolved, round(at_once * SECOND))
    addresses = [(text or "").split() for text in lookups["addresses"].to_pylist()]
    lifetimes = reals(lookups["lifetime"])
    return Lookups(lookups, names, addresses, lifetimes, times, resolved, failed & (times != NO_TIME))


def _resolved_near(
    stations: Sequence[str], names: Sequence[str | None], times: Ints, resolved: Flags, at_once: int
) -> Flags:
    """Whether the same name was resolved at once before or after: by another resolver, or for another kind of address."""
    keys = pa.array([f"{name} {station}" for name, station in zip(names, stations, strict=True)], pa.string())
    known = np.append(times[resolved], NO_TIME)
    hits = last_before(keys.filter(pa.array(resolved)), known[:-1], keys, times + at_once)
    found: Flags = known[hits] >= times - at_once
    return found


def _failure(station: str, told: Lookups, chosen: Ints, asked: int, *, error: bool) -> Finding:
    rows = told.rows.select(["status", "server", "tries"]).take(pa.array(chosen))
    statuses = rows["status"].to_pylist()
    said = ", ".join(
        f"{count}x {status or 'no answer'}" + (f" ({MEANINGS[status]})" if status and status in MEANINGS else "")
        for status, count in Counter(statuses).most_common(3)
    )
    names = Counter(told.names[row] for row in chosen.tolist()).most_common(2)
    resolvers = sorted({server for server in rows["server"].to_pylist() if server})
    tries = int(np.maximum(wholes(rows["tries"], 1), 1).sum())
    parts = [
        f"{len(chosen)} of {plural(asked, 'lookup')} of {', '.join(str(name)[:60] for name, _ in names)} failed: {said}",
        f"asked of {', '.join(resolvers[:2])}" if resolvers else "",
        plural(tries, "query", "queries") if tries > len(chosen) else "",
    ]
    return Finding(
        station,
        "; ".join(filter(None, parts)),
        start=int(told.times[chosen[0]]),
        end=int(told.times[chosen[-1]]),
        value=float(len(chosen)),
        limit=0.0,
        unit="lookups",
        count=len(chosen),
        evidence=evidence(told.rows, chosen[:MAX_EVIDENCE]),
        severity=None if error else "warning",
        subject="failed",
    )


def _stale(station: str, told: Lookups, answers: Ints, mine: pa.Table, slack: float) -> Iterator[Finding]:
    """The station's connections to an address that the last answer before them did not give, and an earlier one did."""
    times, old = micros(mine["ts"]), []
    for place, row in enumerate(mine.select(["host", "server"]).to_pylist()):
        earlier = answers[: np.searchsorted(told.times[answers], times[place], side="right")]
        expired = _expired(told, earlier, _plain(row["host"]), row["server"])
        if expired is not None and times[place] > expired + slack * SECOND:
            old.append((place, (times[place] - expired) / SECOND))
    if old:
        places = np.array([place for place, _ in old])
        longest = max(late for _, late in old)
        server = mine["server"][int(places[-1])].as_py()
        yield Finding(
            station,
            f"{plural(len(old), 'connection')} went to {server}, which the DNS gives no more: "
            f"its answer had expired {duration(longest)} before",
            start=int(times[places].min()),
            end=int(times[places].max()),
            value=longest,
            limit=slack,
            unit="s",
            count=len(old),
            evidence=evidence(mine, places[:MAX_EVIDENCE]),
            severity="warning",
            subject="stale",
        )


def _expired(told: Lookups, answers: Ints, host: str | None, server: str | None) -> int | None:
    """When the last answer with this address expired, None where the last answer of all still gives it."""
    if host is None or not server:
        return None
    newer = False
    for row in answers[: -MAX_ANSWERS - 1 : -1].tolist():
        if told.names[row] != host or not any((":" in address) == (":" in server) for address in told.addresses[row]):
            continue
        if server in told.addresses[row]:
            lifetime = told.lifetimes[row]
            return int(told.times[row] + lifetime * SECOND) if newer and not np.isnan(lifetime) else None
        newer = True
    return None


def _whole_names(rows: Ints, told: Lookups) -> Ints:
    """The lookups without those that a search list makes of a name that is resolved (RFC 1034 3.6)."""
    resolved = tuple(f"{told.names[row]}." for row in rows[told.resolved[rows]].tolist())
    return rows[[not (told.names[row] or "").startswith(resolved) for row in rows.tolist()]]


def _hosts(connections: pa.Table) -> Mapping[str, set[str]]:
    """The names by which each station connects to its CSMS."""
    found: dict[str, set[str]] = {}
    for row in connections.select(["station", "host", "server_name"]).to_pylist():
        if row["station"] is not None:
            names = {_plain(row["host"]), _plain(row["server_name"])}
            found.setdefault(row["station"], set()).update(name for name in names if name)
    return found


def _heard(connections: pa.Table) -> Mapping[str, int]:
    """When each station was heard last."""
    stations, heard = coded(connections["station"]), micros(connections["last_up"])
    last = np.full(len(stations.names) + 1, NO_TIME)
    np.maximum.at(last, stations.codes, heard)
    return dict(zip(stations.names, last.tolist(), strict=False))


def _plain(name: str | None) -> str | None:
    """A name in lower case, without its port and its last dot.

    >>> _plain("CSMS.example.com.:9000")
    'csms.example.com'
    """
    if name is None:
        return None
    return PORT.sub("", name.lower()).rstrip(".")
