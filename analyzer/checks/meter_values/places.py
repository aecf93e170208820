"""Where a value was measured, and in which transaction: what each check of meter values asks first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.kernels.as_of import first_of, last_before, last_or_first
from analyzer.kernels.columns import NO_TIME, coded, micros, same, wholes

if TYPE_CHECKING:
    from analyzer.kernels.columns import Flags, Ints

NOWHERE = "an outlet that is not named"
NAMELESS = ("0", "-1")
"""What chargers and CSMSs put where an identity is not known."""


def places(rows: pa.Table, transactions: pa.Table) -> pa.Array:
    """The outlet of each row in words: `EVSE 1` in 2.x, where a meter belongs to an EVSE, `connector 1` in 1.6.

    A row that names none (StopTransaction; a TransactionEvent after the first) has that of its transaction.
    """
    known = _own(transactions)
    hits = _rows_by_id(rows, transactions)
    looked_up = known.take(pa.array(np.where(hits < 0, 0, hits), mask=hits < 0)) if len(known) else None
    return pc.coalesce(_own(rows), pa.nulls(rows.num_rows, pa.string()) if looked_up is None else looked_up, NOWHERE)


def transactions_of(rows: pa.Table, outlets: pa.Array, transactions: pa.Table) -> Ints:
    """For each row (with `ts`, `measured`, `transaction`), the row of its transaction in `transactions`, or -1.

    That is the one that it names, if its start was seen; else the one that ran at that outlet; else, again, the one
    that it names. A name that nobody started may be wrong.
    """
    named = _rows_by_id(rows, transactions)
    begins = micros(transactions["started"])
    started = (named >= 0) & (begins[named] != NO_TIME) if len(begins) else np.zeros(len(named), dtype=bool)
    running = _running(rows, outlets, transactions)
    return np.where(started | (running < 0), named, running)


def inside(rows: Ints, transactions: pa.Table, moments: Ints, *, charger: bool) -> Flags:
    """Whether moments lie within the transactions of these rows, as the charger's clock says or as they were seen."""
    if not transactions.num_rows:
        return np.zeros(len(rows), dtype=bool)
    begin, end = (
        micros(transactions[name])[rows] for name in (("start", "end") if charger else ("started", "stopped"))
    )
    found: Flags = (rows >= 0) & (begin != NO_TIME) & (moments >= begin) & ((end == NO_TIME) | (moments <= end))
    return found


def _own(rows: pa.Table) -> pa.Array:
    evse, connector = (
        pc.binary_join_element_wise(what, rows[name].cast(pa.string()), " ")
        for name, what in (("evse", "EVSE"), ("connector", "connector"))
    )
    return _whole(pc.coalesce(evse, connector))


def _rows_by_id(rows: pa.Table, transactions: pa.Table) -> Ints:
    """The transaction that each row names, or -1.

    Of several with one identity it is the one at the row's connector; else, without a connector, the one that ended
    with the row; else the last begun by then. What stands for no identity names none of another connector.
    """
    names, wanted = _identity(transactions), _identity(rows)
    begun, asked = micros(transactions["ts"]), micros(rows["ts"])
    found = last_or_first(names, begun, wanted, asked)
    known = coded(names)
    twice = np.append(np.bincount(known.codes[known.codes >= 0], minlength=len(known.names)) > 1, False)
    several = np.flatnonzero((found >= 0) & twice[np.append(known.codes, -1)[found]])
    if len(several):
        wanted, asked, doubtful = wanted.take(pa.array(several)), asked[several], rows.take(pa.array(several))
        own = last_or_first(_and(names, transactions["connector"]), begun, _and(wanted, doubtful["connector"]), asked)
        moments = pc.if_else(doubtful["connector"].is_null(), doubtful["ts"], None)
        ended = first_of(_and(names, transactions["stopped"]), begun, _and(wanted, moments))
        found[several] = np.where(own >= 0, own, np.where(ended >= 0, ended, found[several]))
    there, here = np.append(wholes(transactions["connector"]), -1)[found], wholes(rows["connector"])
    elsewhere = same(rows["transaction"], *NAMELESS) & (there >= 0) & (here >= 0) & (there != here)
    return np.where(elsewhere, -1, found)


def _identity(rows: pa.Table) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(rows["station"].cast(pa.string()), rows["transaction"], "\0")


def _and(names: pa.ChunkedArray, column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Names, each with an integer or a time; null where that is."""
    return pc.binary_join_element_wise(names, column.cast(pa.int64()).cast(pa.string()), "\0")


def _whole(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _running(rows: pa.Table, outlets: pa.Array, transactions: pa.Table) -> Ints:
    """The transaction that ran at each row's outlet, by the charger's clock where the row has its time."""
    places_of = pc.binary_join_element_wise(
        pc.fill_null(transactions["station"].cast(pa.string()), ""), places(transactions, transactions), "\0"
    )
    wanted = pc.binary_join_element_wise(pc.fill_null(rows["station"].cast(pa.string()), ""), outlets, "\0")
    found = np.full(rows.num_rows, -1, dtype=np.int64)
    for column, begins, charger in (("measured", "start", True), ("ts", "started", False)):
        moments, starts = micros(rows[column]), micros(transactions[begins])
        last = last_before(places_of, starts, wanted, moments)
        usable = moments != NO_TIME
        if not charger and len(starts):
            usable &= (micros(rows["measured"]) == NO_TIME) | (micros(transactions["start"])[last] == NO_TIME)
        usable &= inside(last, transactions, moments, charger=charger)
        found[usable] = last[usable]
    return found
