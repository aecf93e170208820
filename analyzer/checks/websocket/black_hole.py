"""Paths that swallow large packets without a word."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from analyzer.checks.rows import by_station, duration, evidence, plural
from analyzer.checks.websocket.resent import OTHER, Tail, answers_of, heard_of, last_heard, tails, whole
from analyzer.findings import MAX_EVIDENCE, Finding, not_judged, table
from analyzer.kernels.columns import NO_TIME, SECOND, coded, micros, same, wholes
from analyzer.plan import check

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

LARGE = 1200
"""Bytes from which on a segment may be too large for a path: IPv6 allows no path below 1280 in all (RFC 8200 5)."""
WHO = {"up": "The charger", "down": "The CSMS"}
TOO_BIG = r"(?i)fragmentation needed|too big|need.{0,4} to fragment"


@check("WS37", "Large packets vanish on the path", severity="error")
def black_hole(
    connections: pa.Table,
    transport: pa.Table,
    messages: pa.Table,
    controls: pa.Table,
    tls_records: pa.Table,
    issues: pa.Table,
    sources: pa.Table,
    *,
    large: int = LARGE,
    fewest: int = 3,
    shortest: float = 10.0,
) -> pa.Table:
    """Large segments of one side are sent again and again in vain, while small ones pass.

    It takes segments of `large` bytes or more, sent again `fewest` times, and `shortest` seconds without an answer until
    the connection ends, although the other side is heard meanwhile. Where it is not heard either, it takes two
    connections that died so after small messages had passed, and none that died of a small one.

    Why it matters: the charger seems to work until it has something long to say: a StopTransaction with many samples,
        a report, a certificate. Then the connection dies, and dies again when it is said again.
    Fires on:
        08:00:00 CP1 + ocpp1.6
        08:01:00 CP1 > Heartbeat
        08:01:00.1 CP1 < = {"currentTime": "$(now)"}
        08:02:00 CP1 > StopTransaction {"transactionId": 7, "meterStop": 1200, "timestamp": "2026-01-01T08:02:00Z"}
        08:02:01x4/7s CP1 * retransmission by station bytes=1400
        08:02:10 CP1 < TriggerMessage {"requestedMessage": "Heartbeat"}
        08:02:40 CP1 - timeout
    Near miss:
        # the third time it arrives
        08:00:00 CP1 + ocpp1.6
        08:01:00 CP1 > Heartbeat
        08:01:00.1 CP1 < = {"currentTime": "$(now)"}
        08:02:00 CP1 > StopTransaction {"transactionId": 7, "meterStop": 1200, "timestamp": "2026-01-01T08:02:00Z"}
        08:02:01x3/7s CP1 * retransmission by station bytes=1400
        08:02:10 CP1 < TriggerMessage {"requestedMessage": "Heartbeat"}
        08:02:16 CP1 < = {}
        08:03:00 CP1 - timeout
    Confounder:
        # the whole link is dead: nothing is heard any more, and small segments do not arrive either
        08:00:00 CP1 + ocpp1.6
        08:01:00 CP1 > Heartbeat
        08:01:00.1 CP1 < = {"currentTime": "$(now)"}
        08:02:00 CP1 > StopTransaction {"transactionId": 7, "meterStop": 1200, "timestamp": "2026-01-01T08:02:00Z"}
        08:02:01x4/7s CP1 * retransmission by station bytes=1400
        08:02:40 CP1 - timeout
        08:03:00 CP1 + ocpp1.6
        08:04:00 CP1 > Heartbeat
        08:04:00.2x4/7s CP1 * retransmission by station bytes=120
        08:04:40 CP1 - timeout
    Not a fault when: an answer or a pong comes in the end; small segments are sent again too; a part of the capture was
        lost there. A log tells nothing of segments, and neither does a capture behind the place where they vanish.
    Likely causes: a VPN or a mobile network with a smaller MTU and a firewall that drops the ICMP messages that tell of
        it (fragmentation needed; packet too big).
    What to do: clamp the MSS of TCP at the router or tunnel; let ICMP type 3 code 4 and ICMPv6 type 2 pass; lower the
        MTU of the charger to 1280.
    Source: RFC 1191; RFC 8201; RFC 2923 2.1; RFC 4821; the counts are this tool's own.
    """
    answers, signs = answers_of(messages, controls), heard_of(messages, controls, tls_records, transport)
    unread = whole(tails(transport, answers), transport, issues)
    found = [
        *_stuck(unread, signs, _until(connections, sources), large, fewest, shortest),
        *_killing(whole(tails(transport, signs), transport, issues), messages, answers, large, fewest),
    ]
    icmp = transport.filter(pa.array(same(transport["kind"], "icmp")))
    icmp = icmp.filter(pc.fill_null(pc.match_substring_regex(icmp["detail"], TOO_BIG), fill_value=False))
    findings = [_finding(transport, icmp, own, large) for own in _of_stations(found)]
    told = {row.station for row in findings}
    segments = wholes(connections["segments"])
    seen = set(coded(transport["station"]).names)
    for station, rows in by_station(connections):
        if station not in told | seen and (segments[rows] < 0).all():
            findings.append(not_judged(station, "the input does not tell of TCP"))
    return table(findings)


def _stuck(
    found: Sequence[Tail], signs: pa.Table, until: Mapping[str, int], large: int, fewest: int, shortest: float
) -> Iterator[Tail]:
    """What is sent again without an answer to the end, though the other side is heard meanwhile."""
    for tail, heard in zip(found, last_heard(found, signs).tolist(), strict=True):
        waited = (until.get(tail.connection, NO_TIME) - int(tail.times[0])) / SECOND
        enough = len(tail.rows) >= fewest and bool((tail.sizes >= large).all()) and waited >= shortest
        # Without a sign that the other side ever read something, it may be a broken peer.
        if enough and tail.heard != NO_TIME and heard > tail.times[0]:
            yield tail


def _killing(found: Iterable[Tail], messages: pa.Table, answers: pa.Table, large: int, fewest: int) -> Iterator[Tail]:
    """What connections died of, where it was large each time, on two or more of them, and large ones never passed."""
    read, passed = set(coded(answers["connection"]).names), _answered(messages, large)
    deaths: dict[tuple[str, str], list[Tail]] = {}
    for tail in found:
        if len(tail.rows) >= fewest:
            deaths.setdefault((tail.station, tail.direction), []).append(tail)
    for key, own in deaths.items():
        if (
            len(own) > 1
            and key not in passed
            and all(tail.connection in read and bool((tail.sizes >= large).all()) for tail in own)
        ):
            yield from own


def _answered(messages: pa.Table, large: int) -> set[tuple[str, str]]:
    """The stations and directions of which a large call was answered."""
    calls = messages.filter(pa.array(same(messages["type"], "call") & (wholes(messages["bytes"]) >= large)))
    replies = messages.filter(pc.is_in(messages["id"], calls["id"].combine_chunks()))
    replies = replies.filter(pa.array(same(replies["type"], "result", "error")))
    known = set(zip(*(replies[name].to_pylist() for name in ("connection", "direction", "id")), strict=True))
    names = (calls[name].to_pylist() for name in ("station", "connection", "direction", "id"))
    return {
        (station, direction)
        for station, connection, direction, identity in zip(*names, strict=True)
        if (connection, OTHER[direction], identity) in known
    }


def _until(connections: pa.Table, sources: pa.Table) -> dict[str, int]:
    """Until when each connection was watched: to its end, or to that of its input."""
    ends = dict(zip(sources["source"].to_pylist(), micros(sources["end"]).tolist(), strict=True))
    named = zip(connections["connection"].to_pylist(), connections["source"].to_pylist(), strict=True)
    return {
        name: end if end != NO_TIME else ends.get(source, NO_TIME)
        for (name, source), end in zip(named, micros(connections["end"]).tolist(), strict=True)
    }


def _of_stations(found: Sequence[Tail]) -> list[list[Tail]]:
    """The tails of each station and side, each connection once."""
    grouped: dict[tuple[str, str], dict[str, Tail]] = {}
    for tail in found:
        grouped.setdefault((tail.station, tail.direction), {}).setdefault(tail.connection, tail)
    return [list(own.values()) for own in grouped.values()]


def _finding(transport: pa.Table, icmp: pa.Table, own: list[Tail], large: int) -> Finding:
    worst = max(own, key=lambda tail: len(tail.rows))
    size, _ = Counter(worst.sizes.tolist()).most_common(1)[0]
    known = icmp.filter(pa.array(same(icmp["station"], worst.station)))
    heard = (
        f"; a router said so: {known['detail'][0].as_py()[:60]}" if known.num_rows else "; no ICMP message told of it"
    )
    return Finding(
        worst.station,
        f"{WHO[worst.direction]} sent segments of {size} bytes again {len(worst.rows)} times in "
        f"{duration(worst.seconds)} and got no answer, while small ones pass"
        + (f"; so {plural(len(own), 'connection')} died" if len(own) > 1 else "")
        + heard,
        start=min(int(tail.times[0]) for tail in own),
        end=max(int(tail.times[-1]) for tail in own),
        connection=worst.connection,
        value=float(size),
        limit=float(large),
        unit="B",
        count=len(own),
        evidence=evidence(transport, worst.rows[:MAX_EVIDENCE]),
        subject=worst.direction,
    )
