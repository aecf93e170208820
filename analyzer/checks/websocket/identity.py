"""Identities in the URL that look mistyped."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING
from urllib.parse import unquote

import numpy as np

from analyzer.checks.rows import by_station, evidence, plural
from analyzer.findings import MAX_EVIDENCE, Finding, not_judged, table
from analyzer.kernels.columns import NO_TIME, flags, micros
from analyzer.plan import check

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pyarrow as pa

    from analyzer.kernels.columns import Flags, Ints

LONGEST = 48
"""Characters of an identity (OCPP 2.0.1 part 4 3.1.1)."""
SHOWN = 60


@check("WS08", "Suspicious identity in the URL", severity="warning")
def identity(connections: pa.Table) -> pa.Table:
    """The URL that the charger connects to, or the identity in it, looks mistyped.

    The last segment of the path is the identity. Suspicious are an empty segment and a space; with OCPP 2.x more
    than 48 characters or a colon; and an identity that differs only by case or percent-encoding from another one of the
    input. It is a warning where the charger did not get through, an information where it did.

    Why it matters: the CSMS knows the charger by this text alone. One letter more, and it is a stranger.
    Fires on:
        08:00:00x3/60s CP1 x 404 path=/ocpp//CP1
        08:00:00x3/60s CP2a x 401 path=/ocpp/CP2a
        08:00:00 CP2A + ocpp1.6 path=/ocpp/CP2A
        08:00:01 CP2A > Heartbeat
    Near miss:
        # encoded as it should be; and a colon, which 1.6 allows
        08:00:00 CP1%20a + ocpp1.6 path=/ocpp/CP1%2520a
        08:00:00 CP2:1 + ocpp1.6 path=/ocpp/CP2:1?token=1//2/
    Confounder:
        # a log that gives the name of the charger only, as it likes
        08:00:00 CP1 + ocpp2.0.1
        08:00:00 CP2:9000/ + ocpp2.0.1
    Not a fault when: the path was not seen, as in most logs. Identities are compared within one input, so another input
        may hold the twin. Another user name in the basic authorization is no matter of the URL (SC10).
    Likely causes: an endpoint that ends with `/`, to which the firmware adds another; an identity typed by hand.
    What to do: set the URL without the identity and without `/` at its end, or as the vendor's manual has it; compare
        the identity with the CSMS's letter by letter.
    Source: OCPP-J 1.6 3.1.1; 2.0.1 part 4 3.1.1.
    """
    seen = np.asarray(connections["path"].is_valid(), dtype=bool) & ~flags(connections["inferred"])
    heard, times = micros(connections["last_up"]) != NO_TIME, micros(connections["ts"])
    twins = _twins(connections, seen)
    findings = []
    for station, rows in by_station(connections):
        own = rows[seen[rows] & (times[rows] != NO_TIME)]
        if not len(own):
            findings.append(not_judged(station, "the path of its URL was not seen"))
            continue
        faulty, told = _told(connections, own)
        chosen = own[faulty]
        if len(chosen):
            first = connections["path"][int(chosen[0])].as_py()
            text = f"The charger's URL looks mistyped: {', '.join(told)} ({plural(len(chosen), 'attempt')}, path {first[:SHOWN]})"
            findings.append(_finding(station, text, connections, chosen, "path", works=heard[chosen].all()))
        twin = twins.get(station)
        if twin:
            through = bool(heard[rows].any())
            text = f"The identity {station[:SHOWN]} differs from {twin[:SHOWN]} only by case or percent-encoding"
            text += "" if through else "; the charger does not get through with it"
            findings.append(_finding(station, text, connections, own, "twin", works=through))
    return table(findings)


def _finding(station: str, text: str, connections: pa.Table, chosen: Ints, subject: str, *, works: bool) -> Finding:
    times = micros(connections["ts"])[chosen]
    return Finding(
        station,
        text,
        start=int(times.min()),
        end=int(times.max()),
        value=float(len(chosen)),
        limit=0.0,
        unit="attempts",
        count=len(chosen),
        evidence=evidence(connections, chosen[:MAX_EVIDENCE]),
        severity="info" if works else None,
        subject=subject,
    )


def _told(connections: pa.Table, rows: Ints) -> tuple[Flags, list[str]]:
    """Which of these attempts look mistyped, and what looks so, the most frequent first."""
    columns = ["path", "version", "offered"]
    told = [list(_faults(row)) for row in connections.select(columns).take(rows).to_pylist()]
    counted = Counter(text for texts in told for text in texts)
    return np.array([bool(texts) for texts in told], dtype=bool), [text for text, _ in counted.most_common()]


def _faults(row: Mapping[str, str | None]) -> Iterator[str]:
    path = (row["path"] or "").partition("?")[0]
    name = unquote(path.rstrip("/").rpartition("/")[2])
    if path.endswith("/") or not path:
        yield "its last segment is empty"
    if "//" in path:
        yield "it has an empty segment"
    if " " in path:
        yield "it has a space that is not encoded"
    if (row["version"] or "").startswith("2") or (row["version"] is None and "ocpp2" in (row["offered"] or "")):
        if len(name) > LONGEST:
            yield f"its identity has {len(name)} characters of {LONGEST} at most"
        if ":" in name:
            yield "its identity has a colon"


def _twins(connections: pa.Table, seen: Flags) -> Mapping[str, str]:
    """For each station whose name differs from another's only by case or percent-encoding, that other name."""
    names = sorted({name for name in connections["station"].filter(seen).to_pylist() if name is not None})
    alike: dict[str, list[str]] = {}
    for name in names:
        alike.setdefault(unquote(name).casefold(), []).append(name)
    return {
        name: next(other for other in group if other != name)
        for group in alike.values()
        if len(group) > 1
        for name in group
    }
