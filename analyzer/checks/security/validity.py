"""Certificates out of their time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from analyzer.checks.clock.standing import ahead, offsets_at, solid
from analyzer.checks.rows import by_station, duration, evidence, plural, when
from analyzer.checks.security.chains import shown
from analyzer.checks.security.handshakes import NO_CERTIFICATE, unseen
from analyzer.findings import MAX_EVIDENCE, Finding, table
from analyzer.kernels.columns import NO_TIME, SECOND, micros, same
from analyzer.plan import check

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa

    from analyzer.checks.security.chains import Certificate
    from analyzer.kernels.columns import Ints

DAY = 86_400 * SECOND
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@check("SC06", "Certificate expired, about to expire or not valid yet", severity="critical")
def validity(
    connections: pa.Table,
    certificates: pa.Table,
    clock: pa.Table,
    *,
    warn_days: float = 30.0,
    warn_share: float = 0.2,
) -> pa.Table:
    """A certificate was shown before it was valid, or after.

    What counts is the time of the connection, not of this report. A certificate that has fewer than `warn_days` days
    left, and less than `warn_share` of its lifetime, is a warning: those that are renewed every few weeks have few days
    left as a rule. It is an error, too, where the charger's clock stands outside the validity of a certificate that is
    valid, and the handshake fails.

    Why it matters: a charger that verifies the certificate refuses the connection, and stays offline until somebody
        renews it. All chargers of a CSMS are hit at the same minute.
    Fires on:
        2026-01-01 08:00:00 CP1 x tls scheme=wss
        08:00:00.2 CP1 * certificate by csms position=0 subject=CN%3Dcsms.example issuer=CN%3DExample%20CA start=2025-01-01 end=2025-12-31
    Near miss:
        # half a year left; three weeks of 90 days left, which is renewed in time
        2026-01-01 08:00:00 CP1 + ocpp1.6 scheme=wss
        08:00:00.2 CP1 * certificate by csms position=0 subject=CN%3Dcsms.example issuer=CN%3DExample%20CA start=2025-07-01 end=2026-07-01
        08:00:00 CP2 + ocpp1.6 scheme=wss
        08:00:00.2 CP2 * certificate by csms position=0 subject=CN%3Dcsms.example issuer=CN%3DExample%20CA start=2025-10-24 end=2026-01-22
    Confounder:
        # a root that has expired stands at the end of the chain: nobody takes it from there; a certificate that was about
        # to expire is renewed meanwhile
        2026-01-01 08:00:00 CP1 + ocpp1.6 scheme=wss
        08:00:00.2 CP1 * certificate by csms position=0 subject=CN%3Dcsms.example issuer=CN%3DExample%20CA start=2025-07-01 end=2026-01-08
        08:00:00.2 CP1 * certificate by csms position=1 subject=CN%3DExample%20CA issuer=CN%3DExample%20CA start=2005-01-01 end=2025-12-31
        09:00:00 CP1 + ocpp1.6 scheme=wss
        09:00:00.2 CP1 * certificate by csms position=0 subject=CN%3Dcsms.example issuer=CN%3DExample%20CA start=2026-01-01 end=2026-07-01
    Not a fault when: the certificate was renewed meanwhile; a self-signed root is sent along, which is never judged.
        TLS 1.3 and resumed sessions hide certificates: nothing is judged then.
    Likely causes: a renewal that failed, or that the server did not load; an intermediate certificate that nobody
        watches; a charger whose clock was not set yet.
    What to do: renew the certificate, restart what serves it, and watch its end; set the charger's clock before TLS (NTP).
    Source: 2.0.1 A00.FR.308, 403, 407; security whitepaper A00.FR.307; RFC 5280 4.1.2.5, 6.1.3.
    """
    known, times = shown(certificates), micros(certificates["ts"])
    findings = []
    for station, rows in by_station(connections):
        own = [each for each in known.get(station, ()) if not (each.position and each.own_issuer)]
        if not any(each.direction == "down" and each.end is not None for each in own):
            findings.append(unseen(station, connections, rows, NO_CERTIFICATE))
        for each in own:
            findings += _outside(each, certificates, times)
        for each in _current(own, times):
            findings += _ending(each, certificates, times, warn_days, warn_share)
    return table([*findings, *_misjudged(known, connections, certificates, clock)])


def _outside(certificate: Certificate, certificates: pa.Table, times: Ints) -> Iterator[Finding]:
    """The findings that a certificate was shown after its time or before."""
    timed = certificate.rows[times[certificate.rows] != NO_TIME]
    for bound, late in ((certificate.end, True), (certificate.start, False)):
        if bound is None:
            continue
        chosen = timed[times[timed] > bound] if late else timed[times[timed] < bound]
        if len(chosen):
            start, end = when(times, chosen)
            far = int(np.abs(times[chosen] - bound).max())
            happened = "expired" if late else "begins to be valid"
            order = "before it was shown" if late else "after it was shown"
            yield Finding(
                certificate.station,
                f"{certificate.whose} {happened} on {_day(bound)}, {_length(far)} {order}, "
                f"{plural(len(chosen), 'time')}",
                start=start,
                end=end,
                value=round(far / DAY, 3),
                limit=0.0,
                unit="days",
                count=len(chosen),
                evidence=evidence(certificates, chosen[:MAX_EVIDENCE]),
                subject=f"{certificate.direction} {certificate.subject} {'end' if late else 'start'}",
            )


def _current(own: Sequence[Certificate], times: Ints) -> list[Certificate]:
    """Of each subject the certificate that was shown last: those before it were renewed."""
    last: dict[tuple[str, str | None], Certificate] = {}
    for each in sorted(own, key=lambda each: int(times[each.rows].max())):
        last[each.direction, each.subject] = each
    return list(last.values())


def _ending(
    certificate: Certificate, certificates: pa.Table, times: Ints, warn_days: float, warn_share: float
) -> Iterator[Finding]:
    """The finding that a certificate is about to expire."""
    start, end = when(times, certificate.rows)
    if certificate.end is None or end is None or end > certificate.end:
        return
    left = certificate.end - end
    lifetime = certificate.end - certificate.start if certificate.start is not None else None
    if left < warn_days * DAY and (lifetime is None or left < warn_share * lifetime):
        yield Finding(
            certificate.station,
            f"{certificate.whose} expires on {_day(certificate.end)}, {_length(left)} after it was shown",
            start=start,
            end=end,
            value=round(left / DAY, 3),
            limit=warn_days,
            unit="days",
            count=len(certificate.rows),
            evidence=evidence(certificates, certificate.rows[-MAX_EVIDENCE:]),
            severity="warning",
            subject=f"{certificate.direction} {certificate.subject} soon",
        )


def _misjudged(
    known: dict[str, list[Certificate]], connections: pa.Table, certificates: pa.Table, clock: pa.Table
) -> Iterator[Finding]:
    """The findings that a charger's clock stands outside the validity of a certificate that it refuses."""
    names = connections["connection"].filter(same(connections["end_kind"], "tls")).cast("string")
    refused = same(certificates["connection"], *names.to_pylist()) & same(certificates["direction"], "down")
    times = micros(certificates["ts"])
    offsets = offsets_at(clock, solid(clock, {}), certificates["station"], times)
    for station, own in known.items():
        for each in own:
            if each.start is None or each.end is None or (each.position and each.own_issuer):
                continue
            rows = each.rows[refused[each.rows] & ~np.isnan(offsets[each.rows])]
            rows = rows[(times[rows] >= each.start) & (times[rows] <= each.end)]
            said = times[rows] + (offsets[rows] * SECOND).astype(np.int64)
            chosen = rows[(said < each.start) | (said > each.end)]
            if not len(chosen):
                continue
            start, end = when(times, chosen)
            error = float(offsets[chosen[0]])
            yield Finding(
                station,
                f"The charger's clock stands {ahead(error)}, when {each.whose.replace('The', 'the', 1)} is not valid: "
                f"it must refuse it, and {plural(len(chosen), 'handshake')} failed",
                start=start,
                end=end,
                value=error,
                limit=0.0,
                unit="s",
                count=len(chosen),
                evidence=evidence(certificates, chosen[:MAX_EVIDENCE]),
                severity="error",
                subject="clock",
            )


def _day(moment: int) -> str:
    """A time in words; far beyond what calendars know it is told as it stands."""
    try:
        return f"{EPOCH + timedelta(microseconds=moment):%Y-%m-%d %H:%M} UTC"
    except OverflowError:
        return "a day beyond all calendars"


def _length(span: int) -> str:
    return plural(span // DAY, "day") if span >= 2 * DAY else duration(span / SECOND)
