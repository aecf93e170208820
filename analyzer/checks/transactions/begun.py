"""Transactions that were seen to begin and not to end, and what speaks against each being open."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.kernels.columns import NO_TIME, coded, micros, reals, same, wholes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analyzer.kernels.columns import Flags, Ints

UNANSWERED = "unanswered "
"""How the table `transactions` names one whose StartTransaction was not answered."""
REFUSED = r'"status"\s*:\s*"(Invalid|Blocked|Expired|ConcurrentTx)"'
"""How the CSMS refuses an id tag in its answer to StartTransaction (OCPP 1.6 7.2)."""


class Begun:
    """The transactions that began in the input. `open` are those that did not end and should.

    A start that was refused opens nothing for the CSMS; one that was sent again is known by its last id only.
    """

    def __init__(self, transactions: pa.Table, calls: pa.Table) -> None:
        self._started, self._stopped = micros(transactions["started"]), micros(transactions["stopped"])
        self._evse, self._connector = wholes(transactions["evse"]), wholes(transactions["connector"])
        # An EVSE has one transaction at a time, whichever its connector (OCPP 2.0.1 E).
        self._place = np.where(self._evse >= 0, self._evse, self._connector)
        self._start, self._names = micros(transactions["start"]), transactions["transaction"]
        begun = (self._started != NO_TIME) & (self._stopped == NO_TIME)
        begun &= ~np.asarray(pc.starts_with(self._names, UNANSWERED), dtype=bool)
        self.open = begun & ~_refused(transactions, self._started, calls) & ~self._repeated(transactions)

    def reports(self, statuses: pa.Table, row: int) -> pa.Table:
        """The status reports, of those of its station, of a transaction's connector since it began."""
        given = micros(statuses["measured"])
        chosen = (wholes(statuses["evse"]) == self._evse[row]) & (wholes(statuses["connector"]) == self._connector[row])
        # A report that gives an earlier time was queued, and is of the time before.
        chosen &= (micros(statuses["ts"]) > self._started[row]) & ((given == NO_TIME) | (given >= self._start[row]))
        return statuses.filter(pa.array(chosen & (self._connector[row] > 0)))

    def superseded(self, rows: Ints, row: int) -> Iterator[tuple[int, str]]:
        """When the next transaction of these began at the same place."""
        later = rows[(self._place[rows] == self._place[row]) & (self._started[rows] > self._started[row])]
        if self._place[row] >= 0 and len(later):
            following = int(later[np.argmin(self._started[later])])
            name = self._names[following].as_py()
            other = "the next one" if name.startswith(UNANSWERED) else f"the next one ({name})"
            yield int(self._started[following]), f"{other} began on the same connector"

    def ended_otherwise(self, rows: Ints, row: int, since: int) -> bool:
        """Whether something of an unknown beginning ended there meanwhile: it may have been this, under another id."""
        stray = rows[(self._started[rows] == NO_TIME) & (self._stopped[rows] > self._started[row])]
        near = np.isin(self._place[stray], [-1, self._place[row]])
        return bool((near & (self._stopped[stray] <= since)).any())

    def _repeated(self, transactions: pa.Table) -> Flags:
        keys = (
            coded(transactions["station"]).codes,
            self._place,
            self._start,
            reals(transactions["meter_start"]),
        )
        order = np.lexsort((self._started, *keys))
        alike = keys[2][order][1:] != NO_TIME
        for key in keys:
            alike &= key[order][1:] == key[order][:-1]
        found = np.zeros(len(order), dtype=bool)
        found[order[:-1]] = alike
        return found


def _refused(transactions: pa.Table, started: Ints, calls: pa.Table) -> Flags:
    starts = calls.filter(pa.array(same(calls["action"], "StartTransaction")))
    starts = starts.filter(pc.match_substring_regex(pc.fill_null(starts["answer"], ""), REFUSED))
    refused = set(zip(starts["station"].to_pylist(), micros(starts["ts"]).tolist(), strict=True))
    keys = zip(transactions["station"].to_pylist(), started.tolist(), strict=True)
    return np.array([key in refused for key in keys], dtype=bool)
