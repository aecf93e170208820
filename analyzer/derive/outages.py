"""Outages: the times between the end of one connection and the next that was established."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from analyzer import schema
from analyzer.derive.ongoing import NONE, ongoing_of
from analyzer.kernels.columns import END_OF_TIME, NO_TIME, SECOND, coded, micros, records, same
from analyzer.kernels.sequences import gaps, latest
from analyzer.kernels.watched import breaks, sequences, watched_until
from analyzer.ocpp.established import came_up
from analyzer.ocpp.in_force import interval_in_force
from analyzer.schema.base import FAILED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


Row = dict[str, object]
INTERVALS, QUIETS, SHORTEST = 3, 2, 300.0
"""A charger fell silent before its connection ended after so many heartbeat intervals, longest quiets, and seconds."""
FEWEST_BEATS = 3
"""Heartbeats on a connection from which on it is known that the charger beats."""
BOOT_WITHIN = 180 * 1_000_000
"""A boot this soon after the new connection belongs to the outage before it."""
WATCHED_ON = 60 * 1_000_000
"""An end with less than this left of the input says nothing about an outage: the window's edge is no fault."""
SEEN_ENDING = frozenset({"close", "fin", "rst", "timeout", "lost"})
FAREWELLS = frozenset({"close", "fin"})
"""How a charger ends a connection that it gives up by itself, having opened another."""
COLUMNS = (
    "station", "ts", "upgraded", "connection", "end", "end_kind", "end_side", "close_code", "start_observed",
    "end_origin", "end_source", "inferred", "last_up", "last_down", "source", "origin",
)  # fmt: skip


class _Watch(NamedTuple):
    """When inputs were watched: until when, the sequences that they are parts of, and the breaks in those."""

    until: Mapping[str, int]
    sets: Mapping[str, str]
    breaks: Mapping[str, Sequence[tuple[int, int]]]

    def whole(self, before: Row, after: Row, start: int, end: int) -> bool:
        """Whether two connections were seen in one input, or one set without a break in the time between them."""
        one, other = (self.sets.get(str(row["source"]), str(row["source"])) for row in (before, after))
        return one == other and not any(start < stop and begin < end for begin, stop in self.breaks.get(one, ()))


def outages(
    connections: pa.Table,
    messages: pa.Table,
    controls: pa.Table,
    boots: pa.Table,
    transactions: pa.Table,
    settings: pa.Table,
    sources: pa.Table,
) -> pa.Table:
    """One row per outage of a station.

    It starts when the connection was seen to end; where that was not seen (it was replaced while it seemed alive), or
    was noticed long after the charger had fallen silent, at the charger's last sign of life. Connections that were only
    inferred from messages have no known end.
    """
    rows = zip(records(connections.select(COLUMNS)), came_up(connections).tolist(), strict=True)
    told = [row | {"up": up} for row, up in rows if not row["inferred"] and row["station"] is not None]
    watch = _Watch(watched_until(sources), sequences(sources), breaks(sources))
    booted = _grouped(records(boots.select(["connection", "ts", "kind"])), "connection")
    ongoing = ongoing_of(transactions)
    attempts = _grouped(told, "station")
    made = [row for own in attempts.values() for row in _of_station(own, watch)]
    _measure_quiet(made, messages, controls)
    _begin_with_silence(made, settings, _kept(messages, controls))
    failed = {station: sorted(_failures(own)) for station, own in attempts.items()}
    for row in made:
        station, start, end = row["station"], _time(row, "start"), _time(row, "end")
        until = end if end != NO_TIME else END_OF_TIME
        row["attempts"] = bisect_right(failed[station], until) - bisect_left(failed[station], start)
        row["boot"] = _boot(booted.get(row["next_connection"], ()), until)
        row["in_transaction"] = ongoing.get(station, NONE).at(start)
    return schema.sort(schema.from_rows("outages", made))


def _of_station(attempts: Sequence[Row], watch: _Watch) -> Iterator[Row]:
    established = [row for row in attempts if row["up"]]
    following: list[Row | None] = [*established, None][1:]
    for before, after in zip(established, following, strict=True):
        outage = _between(before, after, watch)
        if outage is not None:
            yield outage


def _failures(attempts: Sequence[Row]) -> Iterator[int]:
    return (_time(row, "ts") for row in attempts if row["end_kind"] in FAILED)


def _between(before: Row, after: Row | None, watch: _Watch) -> Row | None:
    alive = max(_time(before, "last_up"), _time(before, "last_down"), _time(before, "ts"))
    seen = before["end_kind"] in SEEN_ENDING and _time(before, "end") != NO_TIME
    begins = max(_time(after, "upgraded"), _time(after, "ts")) if after else NO_TIME
    end_kind, end_side = before["end_kind"], before["end_side"]
    if after is not None and seen and _time(after, "ts") < _time(before, "end"):
        if alive >= _time(after, "ts") or (end_side == "station" and end_kind in FAREWELLS):
            return None  # the new connection was up before the old one ended: the station was never offline
        # It came back while nobody had noticed that the old connection was dead.
        seen, end_kind, end_side = False, "replaced", None
    noticed = _time(before, "end") if seen else begins
    start = noticed if seen else alive
    if after is None and (not seen or watch.until.get(str(before["source"]), NO_TIME) - noticed < WATCHED_ON):
        return None
    if after is not None and not seen and not (watch.whole(before, after, start, begins) and after["start_observed"]):
        return None  # nobody watched the end, or the beginning: two inputs with a time between them
    if after is not None and begins < start:
        return None
    return {
        "station": before["station"],
        "start": start,
        "end": begins if after else None,
        "duration": (begins - start) / 1e6 if after else None,
        "connection": before["connection"],
        "next_connection": after["connection"] if after else None,
        "end_kind": end_kind,
        "end_side": end_side,
        "close_code": before["close_code"],
        **_place(before, None if seen else after),
        "noticed": noticed,
        "lifetime": (noticed - _time(before, "ts")) / 1e6 if _time(before, "ts") != NO_TIME else None,
    }


def _place(before: Row, after: Row | None) -> dict[str, object]:
    """Where the end was noticed: where the connection ended, or where the one behind it began."""
    if after is not None:
        return {"source": after["source"], "origin": after["origin"]}
    return {"source": before["end_source"] or before["source"], "origin": before["end_origin"]}


def _measure_quiet(rows: list[Row], messages: pa.Table, controls: pa.Table) -> None:
    """Add how long each side had been quiet when the connection ended; what came after the end does not count."""
    alive = controls.filter(pa.array(~same(controls["kind"], "close")))  # a close frame is the end, not life before it
    signs = pa.concat_tables([table.select(["connection", "ts", "direction"]) for table in (messages, alive)])
    connection, times = coded(signs["connection"]), micros(signs["ts"])
    order = np.lexsort((times, connection.codes))
    codes, times, up = connection.codes[order], times[order], same(signs["direction"], "up")[order]
    numbers = {name: code for code, name in enumerate(connection.names)}
    wanted = np.array([numbers.get(str(row["connection"]), -1) for row in rows], dtype=np.int64)
    noticed = np.array([_time(row, "noticed") for row in rows], dtype=np.int64)
    for clock, chosen in (("any", np.ones(len(up), dtype=bool)), ("up", up), ("down", ~up)):
        moments = times[chosen]
        for row, place in zip(rows, latest(codes[chosen], moments, wanted, noticed).tolist(), strict=True):
            row[f"idle_{clock}"] = (_time(row, "noticed") - int(moments[place])) / 1e6 if place >= 0 else None


def _kept(messages: pa.Table, controls: pa.Table) -> dict[str, float]:
    """The longest quiet time of each charger on each connection on which it sent some Heartbeats, in seconds."""
    up = [table.filter(pa.array(same(table["direction"], "up"))) for table in (messages, controls)]
    signs = pa.concat_tables([table.select(["connection", "ts"]) for table in up]).unify_dictionaries()
    connection, times = coded(signs["connection"]), micros(signs["ts"])
    order = np.lexsort((times, connection.codes))
    longest = np.zeros(len(connection.names) + 1)
    np.maximum.at(longest, connection.codes[order], np.nan_to_num(gaps(connection.codes[order], times[order])))
    beats = coded(up[0]["connection"].filter(pa.array(same(up[0]["action"], "Heartbeat"))))
    counts = dict(zip(beats.names, np.bincount(beats.codes, minlength=len(beats.names)).tolist(), strict=True))
    named = zip(connection.names, longest.tolist(), strict=False)
    return {name: seconds for name, seconds in named if counts.get(name, 0) >= FEWEST_BEATS}


def _begin_with_silence(rows: list[Row], settings: pa.Table, kept: Mapping[str, float]) -> None:
    """Let an outage begin with the charger's last sign of life where nobody noticed its silence for long.

    What the CSMS sent meanwhile proves nothing. Where the end was seen, the silence must be longer than some heartbeat
    intervals, and than twice what the charger, which beats, was quiet for before. A close frame tells that the end was
    meant, and when.
    """
    stations = pa.chunked_array([pa.array([row["station"] for row in rows], pa.string())])
    noticed = np.array([_time(row, "noticed") for row in rows], dtype=np.int64)
    intervals, _ = interval_in_force(settings, stations, noticed)
    for row, interval in zip(rows, np.nan_to_num(intervals).tolist(), strict=True):
        quiet, how = row["idle_up"], row["end_kind"]
        usual = kept.get(str(row["connection"]))
        if not isinstance(quiet, float):
            continue
        long = usual is not None and quiet > max(INTERVALS * interval, QUIETS * usual, SHORTEST)
        if how == "replaced" or (how != "close" and long):
            row["start"] = _time(row, "noticed") - round(quiet * SECOND)
            end = _time(row, "end")
            row["duration"] = (end - _time(row, "start")) / SECOND if end != NO_TIME else None


def _grouped(rows: list[Row], name: str) -> dict[object, list[Row]]:
    groups: dict[object, list[Row]] = {}
    for row in rows:
        groups.setdefault(row[name], []).append(row)
    return groups


def _boot(boots: Sequence[Row], until: int) -> object:
    """The kind of the boot on the connection that ended the outage; of several a reboot counts first."""
    kinds = [row["kind"] for row in boots if _time(row, "ts") <= until + BOOT_WITHIN]
    return "reboot" if "reboot" in kinds else next(iter(kinds), None)


def _time(row: Row, name: str) -> int:
    value = row[name]
    return value if isinstance(value, int) else NO_TIME
