"""The time zone of a log that does not name it, found from what the CSMS said the time was."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer import schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from analyzer.sources.events import Line

QUARTER = 15 * 60
NEAR = 120
"""How near to a multiple of 15 minutes the shift must be, in seconds: a CSMS's log and its answers share a clock."""
AGREEING = 0.8
_TIME = re.compile(r"\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?P<zone> ?(?:Z|UTC|[+-]\d\d:?\d\d)(?!\w))?")
_MESSAGE = re.compile(r"\[\s*[2-6]\s*,")
_CURRENT_TIME = re.compile(r'"currentTime"\s*:\s*"([^"]{10,40})"')


def told(lines: Iterable[Line]) -> bool:
    """Whether most times of a log name their zone: of each line the first before any message, else its envelope's.

    >>> from analyzer.sources.events import Line
    >>> told([Line(1, "2026-02-03T04:05:06Z,CP-7,..."), Line(2, "2026-02-03T04:05:07+01:00,CP-7,...")])
    True
    >>> told([Line(1, '2026-02-03 04:05:06 CP-7: [3,"19",{"currentTime":"2026-02-03T03:05:06Z"}]')])
    False
    """
    searched = (_TIME.search(_MESSAGE.split(line.text, maxsplit=1)[0]) or _TIME.search(line.stamp) for line in lines)
    zones = [time["zone"] is not None for time in searched if time is not None]
    return 2 * sum(zones) > len(zones)


def correct(tables: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """The tables with their times shifted to UTC, where the `currentTime` of the answers says that they are not.

    Where it does not say, they stay as they are, and that is told.
    """
    shift = _shift(tables["messages"])
    if shift is None:
        return {**tables, "issues": _with_doubt(tables)}
    hours = f"UTC{-shift / 3600:+g} h, from currentTime in the answers"
    moved = {name: _moved(table, shift) for name, table in tables.items()}
    sources = moved["sources"]
    moved["sources"] = schema.from_columns(
        "sources", {**{name: sources[name] for name in sources.column_names}, "zone": [hours] * sources.num_rows}
    )
    return moved


def _shift(messages: pa.Table) -> int | None:
    """Seconds to add to the log's times, a multiple of 15 minutes; None where nothing tells."""
    answers = messages.filter(
        pc.and_(
            pc.equal(messages["type"].cast(pa.string()), "result"),
            pc.match_substring(messages["payload"], '"currentTime"'),
        )
    ).slice(0, 500)
    offsets = [
        (moment - logged).total_seconds()
        for payload, logged in zip(answers["payload"].to_pylist(), answers["ts"].to_pylist(), strict=True)
        if logged is not None and (moment := _current_time(payload)) is not None
    ]
    if not offsets:
        return None
    steps = np.round(np.array(offsets) / QUARTER)
    likeliest = int(np.median(steps))
    near = np.abs(np.array(offsets) - likeliest * QUARTER) < NEAR
    return likeliest * QUARTER if near.mean() >= AGREEING else None


def _with_doubt(tables: Mapping[str, pa.Table]) -> pa.Table:
    """The issues, and that the zone of the log's times is unknown, where it has times."""
    issues, source = tables["issues"], tables["sources"]["source"][0].as_py()
    if tables["sources"]["start"][0].as_py() is None:
        return issues
    detail = "its times name no zone, and nothing in it tells one: they were read as UTC"
    row = {"source": source, "kind": "no_zone", "detail": detail, "count": 1, "damage": False}
    return schema.sort(schema.concat("issues", [issues, schema.from_rows("issues", [row])]))


def _current_time(payload: str) -> datetime | None:
    match = _CURRENT_TIME.search(payload)
    if match is None:
        return None
    try:
        moment = datetime.fromisoformat(match[1])
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _moved(table: pa.Table, shift: int) -> pa.Table:
    step = pa.scalar(shift * 1_000_000, pa.duration("us"))
    for index, field in enumerate(table.schema):
        if field.type == schema.TIME:
            table = table.set_column(index, field, pc.add(table[field.name], step).cast(schema.TIME))
    return table
