"""Words and figures as all reports write them: times, lengths of time, numbers, proofs, and strings made harmless."""

from __future__ import annotations

import math
import unicodedata
from collections import Counter
from datetime import UTC, datetime
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

REPLACEMENT = "\ufffd"
THIN = "\u202f"
ELLIPSIS = "…"
CAPTURES = frozenset({"capture", "pcap", "pcapng"})
"""Kinds of sources whose origins are packet numbers."""
HARMFUL = frozenset({"Cc", "Cf", "Cn", "Cs", "Zl", "Zp"})
"""Unicode categories that move the cursor, turn the direction of writing, cannot be seen or are no characters."""
SIGNS = {"Percent": "%", "Celsius": "°C", "Hertz": "Hz"}
"""Units of OCPP that have a sign of their own."""
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def safe(text: object) -> str:
    r"""The text with control characters, bidirectional overrides and invisible characters replaced by U+FFFD.

    >>> safe("CP\x1b[31m1")
    'CP�[31m1'
    """
    told = str(text)
    if told.isascii() and told.isprintable():
        return told
    return "".join(REPLACEMENT if unicodedata.category(letter) in HARMFUL else letter for letter in told)


def named(station: object) -> str:
    """The name of a charger, harmless and never blank.

    >>> named("CP-1"), named(" ")
    ('CP-1', 'unnamed')
    """
    return safe(station).strip() or "unnamed"


def clip(text: str, length: int) -> str:
    """The text in at most so many characters, between two words where that loses little.

    >>> clip("a long sentence", 10), clip("CP-0123456789", 7)
    ('a long…', 'CP-012…')
    """
    if len(text) <= length:
        return text
    kept = text[: length - 1]
    whole = kept.rpartition(" ")[0] if text[length - 1] != " " else kept
    return (whole if 2 * len(whole) >= length else kept).rstrip(" ,;:") + ELLIPSIS


def number(value: float | None) -> str:
    """A number with thin spaces between thousands and no more digits than mean something; empty where it is null.

    >>> number(5689).replace(THIN, "_"), number(94.33333), number(None), number(0.00012)
    ('5_689', '94.3', '', '0.00012')
    """
    if value is None or math.isnan(value):
        return ""
    if float(value).is_integer():
        return f"{int(value):,}".replace(",", THIN)
    return f"{value:,.1f}".replace(",", THIN) if abs(value) >= 10 else f"{value:.3g}"


def duration(seconds: float | None) -> str:
    """A length of time in the unit that people think in; empty where it is null.

    >>> [duration(seconds) for seconds in (0.25, 60, 184.3, 2460, 60_000, 43_200, 800_000)]
    ['250 ms', '60.0 s', '184 s', '41 min', '16.7 h', '12 h', '9.3 days']
    """
    if seconds is None or math.isnan(seconds):
        return ""
    if abs(seconds) < 1:
        return f"{seconds * 1000:.0f} ms"
    if abs(seconds) < 600:
        return f"{seconds:.{1 if abs(seconds) < 120 else 0}f} s"
    if abs(seconds) < 7200:
        return f"{seconds / 60:.0f} min"
    if abs(seconds) < 3 * 86_400:
        return f"{seconds / 3600:.1f}".removesuffix(".0") + " h"
    return f"{seconds / 86_400:.1f}".removesuffix(".0") + " days"


def measure(value: float | None, unit: str | None) -> str:
    """A value with its unit; seconds as a length of time.

    >>> measure(60.0, "s"), measure(94.3, "Percent"), measure(1.0, "connections"), measure(None, "s")
    ('60.0 s', '94.3 %', '1 connection', '')
    """
    if value is None or math.isnan(value):
        return ""
    if unit == "s":
        return duration(value)
    told = SIGNS.get(unit or "", safe(unit or ""))
    # A unit of several letters that ends in s is the plural of what was counted.
    return f"{number(value)} {told[:-1] if value == 1 and len(told) > 2 and told.endswith('s') else told}".rstrip()


def day(moment: datetime) -> str:
    """A date.

    >>> day(datetime(2026, 2, 3, tzinfo=UTC))
    '3 Feb 2026'
    """
    return f"{moment.day} {MONTHS[moment.month - 1]} {moment.year}"


def when(moment: datetime | None) -> str:
    """A moment to the second; empty where it is null.

    >>> when(datetime(2026, 2, 3, 18, 19, 48, 500_000, tzinfo=UTC))
    '3 Feb 2026 18:19:48'
    """
    return f"{day(moment)} {moment:%H:%M:%S}" if moment else ""


def span(start: datetime | None, end: datetime | None) -> str:
    """A span of time, with what both ends share written once; empty where an end is null.

    >>> span(datetime(2026, 2, 3, 18, tzinfo=UTC), datetime(2026, 2, 4, 6, tzinfo=UTC))
    '3 Feb 2026 18:00 to 4 Feb 06:00 UTC (12 h)'
    >>> span(datetime(2026, 2, 3, 18, tzinfo=UTC), datetime(2026, 2, 3, 18, 0, 30, tzinfo=UTC))
    '3 Feb 2026 18:00:00 to 18:00:30 UTC (30.0 s)'
    """
    if start is None or end is None:
        return ""
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    seconds = (end - start).total_seconds()
    clock = "%H:%M:%S" if seconds < 3600 else "%H:%M"
    date = day(end) + " " if start.year != end.year else f"{end.day} {MONTHS[end.month - 1]} "
    second = f"{end:{clock}}" if start.date() == end.date() else f"{date}{end:{clock}}"
    return f"{day(start)} {start:{clock}} to {second} UTC ({duration(seconds)})"


def iso(moment: datetime | None) -> str | None:
    """A moment as ISO 8601 in UTC with microseconds; None where it is null.

    >>> iso(datetime(2026, 2, 3, 18, tzinfo=UTC))
    '2026-02-03T18:00:00.000000Z'
    """
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z" if moment else None


def evidence(entry: Mapping[str, object], kinds: Mapping[str, str]) -> str:
    """Where to look: the packet of a capture, the line of a log; `kinds` are the kinds of the sources by name.

    >>> evidence({"source": "a.pcap", "origin": 12, "ts": None}, {"a.pcap": "capture"})
    'packet 12'
    >>> evidence({"source": "night/a.pcap", "origin": 12}, {"night/a.pcap": "capture", "night/b.pcap": "capture"})
    'packet 12 of a.pcap'
    >>> evidence({"source": "logs/a.log", "origin": 12, "ts": None}, {"logs/a.log": "trace"})
    'logs/a.log:12'
    """
    source, origin = entry["source"], entry["origin"]
    if origin is None:
        return safe(source or "")
    if kinds.get(str(source)) not in CAPTURES:
        return safe(f"{source}:{origin}") if source else f"line {origin}"
    among = sum(kind in CAPTURES for kind in kinds.values()) > 1
    word = "packet" if isinstance(origin, int) else "packets"
    return safe(f"{word} {origin} of {_short(tuple(kinds))[str(source)]}") if among else f"{word} {origin}"


@lru_cache(maxsize=4)
def _short(sources: tuple[str, ...]) -> dict[str, str]:
    """Inputs by the last part of their paths, where no other one ends alike."""
    ends = {source: source.rpartition("/")[2] for source in sources}
    counts = Counter(ends.values())
    return {source: end if end and counts[end] == 1 else source for source, end in ends.items()}


def proof(entries: Iterable[Mapping[str, object]], kinds: Mapping[str, str]) -> str:
    """Where to look for all that proves a finding; the packets of a capture together, neighbours as a range.

    >>> proof([{"source": "a.pcap", "origin": number} for number in (44, 7, 8, 9, 9)], {"a.pcap": "capture"})
    'packets 44, 7-9'
    >>> proof([{"source": "a.log", "origin": 12}, {"source": "a.log", "origin": 15}], {"a.log": "trace"})
    'a.log:12, a.log:15'
    """
    told = []
    for source, group in groupby(entries, key=lambda entry: entry["source"]):
        listed = list(group)
        numbers = list(dict.fromkeys(entry["origin"] for entry in listed if isinstance(entry["origin"], int)))
        if kinds.get(str(source)) not in CAPTURES or len(numbers) < 2:
            told += [evidence(entry, kinds) for entry in listed]
        else:
            told.append(evidence({"source": source, "origin": ", ".join(_ranges(numbers))}, kinds))
    return ", ".join(dict.fromkeys(filter(None, told)))


def _ranges(numbers: Iterable[int]) -> Iterator[str]:
    """Numbers in their order, each run of neighbours as one."""
    for _, run in groupby(enumerate(numbers), key=lambda item: item[1] - item[0]):
        (_, first), *_, (_, last) = [*run] * 2
        yield f"{first}-{last}" if last > first else f"{first}"


def plural(count: int, what: str, several: str = "") -> str:
    """A count with its noun.

    >>> plural(1, "charger"), plural(3, "charger")
    ('1 charger', '3 chargers')
    """
    return f"{number(count)} {what if count == 1 else several or what + 's'}"
