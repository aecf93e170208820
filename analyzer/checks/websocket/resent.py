"""What the checks of the transport share: segments that were sent again and again while nothing came back."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.kernels.as_of import last_before
from analyzer.kernels.columns import END_OF_TIME, NO_TIME, SECOND, coded, micros, records, same, wholes
from analyzer.kernels.damage import lost_between

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from analyzer.kernels.columns import Column, Flags, Ints

ROUND = SECOND // 10
"""Segments sent again nearer to each other than this are one round: a sender waits longer for an answer (RFC 6298 2.4)."""
LONGEST_WAIT = 130 * SECOND
"""Segments sent again with a longer wait between them are not the same ones: senders double the wait up to 60 s or 120 s."""
NO_SIGN = ("rst", "icmp", "hole")
"""Of these events of the transport the last is noticed later, and the others need not come from the other side."""
OTHER = {"up": "down", "down": "up"}
COLUMNS = ["connection", "direction", "ts"]


class Tail(NamedTuple):
    """What one side of a connection sent again after the last that was heard of the other side.

    `rows` are the first rows of `transport` of each round, `sizes` their bytes; `heard` is `NO_TIME` where the other
    side was never heard.
    """

    station: str
    connection: str
    direction: str
    rows: Ints
    times: Ints
    sizes: Ints
    heard: int

    @property
    def seconds(self) -> float:
        """From the first round to the last."""
        return float(self.times[-1] - self.times[0]) / SECOND


def heard_of(messages: pa.Table, controls: pa.Table, tls_records: pa.Table, transport: pa.Table) -> pa.Table:
    """All that shows that a side of a connection is there: connection, direction, ts."""
    told = transport.filter(pa.array(~same(transport["kind"], *NO_SIGN)))
    tables = [table.select(COLUMNS) for table in (messages, controls, tls_records, told)]
    return pa.concat_tables(tables).unify_dictionaries()


def answers_of(messages: pa.Table, controls: pa.Table) -> pa.Table:
    """All that shows that a side has read what the other sent: answers and pongs."""
    answers = messages.filter(pa.array(same(messages["type"], "result", "error")))
    pongs = controls.filter(pa.array(same(controls["kind"], "pong")))
    return pa.concat_tables([answers.select(COLUMNS), pongs.select(COLUMNS)]).unify_dictionaries()


def tails(transport: pa.Table, signs: pa.Table) -> Iterator[Tail]:
    """What each side of each connection sent again after the last of the other side's signs."""
    chosen = np.flatnonzero(
        same(transport["kind"], "retransmission") & _told(transport, "direction") & _told(transport, "station")
    )
    again = transport.select(["station", "direction", "connection", "ts", "bytes"]).take(pa.array(chosen))
    moments, times = micros(signs["ts"]), micros(again["ts"])
    last = last_before(sides(signs), moments, sides(again, other=True), np.full(len(times), END_OF_TIME))
    heard = np.append(moments, NO_TIME)[last]
    codes = coded(sides(again)).codes
    order = np.lexsort((times, codes))
    order = order[(times > heard)[order]]
    groups = [own for own in np.split(order, np.flatnonzero(np.diff(codes[order])) + 1) if len(own)]
    firsts = again.select(["station", "connection", "direction"]).take(pa.array([own[0] for own in groups], pa.int64()))
    sizes = wholes(again["bytes"], 0)
    for group, names in zip(groups, records(firsts), strict=True):
        own = group[np.diff(times[group], prepend=NO_TIME // 2) > ROUND]
        yield Tail(**names, rows=chosen[own], times=times[own], sizes=sizes[own], heard=int(heard[own[0]]))


def whole(found: Iterable[Tail], transport: pa.Table, issues: pa.Table) -> list[Tail]:
    """The last run of each in which no wait is longer than one may be, where no part of the capture was lost in it."""
    listed = [_last_run(tail) for tail in found]
    rows = transport.select(["connection", "source"]).take(pa.array([int(tail.rows[0]) for tail in listed], pa.int64()))
    begins, ends = (np.array([tail.times[place] for tail in listed], dtype=np.int64) for place in (0, -1))
    lost = lost_between(issues, rows["connection"], rows["source"], begins, ends)
    return [tail for tail, gone in zip(listed, lost.tolist(), strict=True) if not gone]


def _last_run(tail: Tail) -> Tail:
    breaks = np.flatnonzero(np.diff(tail.times) > LONGEST_WAIT)
    first = int(breaks[-1]) + 1 if len(breaks) else 0
    return tail._replace(rows=tail.rows[first:], times=tail.times[first:], sizes=tail.sizes[first:])


def last_heard(found: Sequence[Tail], signs: pa.Table) -> Ints:
    """The last of these signs of the other side of each, whenever it came; `NO_TIME` where there is none."""
    names = {name: [getattr(tail, name) for tail in found] for name in ("connection", "direction")}
    wanted = pa.table({name: pa.chunked_array([pa.array(values, pa.string())]) for name, values in names.items()})
    moments = micros(signs["ts"])
    rows = last_before(sides(signs), moments, sides(wanted, other=True), np.full(len(found), END_OF_TIME))
    return np.append(moments, NO_TIME)[rows]


def sides(table: pa.Table, *, other: bool = False) -> Column:
    """A name for the side of the connection that each row is of, or for the other side of it."""
    up = pa.chunked_array([pa.array(same(table["direction"], "up") != other)])
    return pc.binary_join_element_wise(
        pc.fill_null(table["connection"].cast(pa.string()), ""), pc.if_else(up, "up", "down"), "\0"
    )


def _told(table: pa.Table, name: str) -> Flags:
    return np.asarray(table[name].is_valid(), dtype=bool)
