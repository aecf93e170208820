"""When a transaction was open at a station."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from analyzer.kernels.columns import END_OF_TIME, NO_TIME, coded, flags, micros, wholes

if TYPE_CHECKING:
    from analyzer.kernels.columns import Ints


class Ongoing(NamedTuple):
    """When a station's transactions began, in order, and the latest end of those that had begun by then."""

    begins: Ints
    until: Ints

    def at(self, moment: int) -> bool:
        """Whether a transaction was open."""
        place = int(np.searchsorted(self.begins, moment, side="right")) - 1
        return place >= 0 and bool(self.until[place] >= moment)


NONE = Ongoing(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))


def ongoing_of(transactions: pa.Table) -> dict[object, Ongoing]:
    """The transactions of each station; one whose end was not seen is over when the next begins at its place.

    One that was refused ran only if it was stopped: a charger need not deliver energy then (OCPP 1.6 9.1.14,
    MaxEnergyOnInvalidId).
    """
    ran = ~flags(transactions["refused"]) | np.asarray(transactions["stopped"].is_valid(), dtype=bool)
    begun = transactions.filter(pa.array(ran & np.asarray(transactions["started"].is_valid(), dtype=bool)))
    stations, evse, stopped = coded(begun["station"]), wholes(begun["evse"]), micros(begun["stopped"])
    # An EVSE has one transaction at a time, whichever its connector (OCPP 2.0.1 E).
    places = np.where(evse >= 0, evse, wholes(begun["connector"]))
    begins = np.where(micros(begun["ts"]) == NO_TIME, micros(begun["started"]), micros(begun["ts"]))
    until = np.where(stopped == NO_TIME, END_OF_TIME, stopped)
    order = np.lexsort((begins, places, stations.codes))
    first, second = order[:-1], order[1:]
    after = (stations.codes[first] == stations.codes[second]) & (places[first] == places[second]) & (places[first] >= 0)
    over = after & (stopped[first] == NO_TIME)
    until[first[over]] = begins[second[over]]
    order = np.lexsort((begins, stations.codes))
    bounds = np.searchsorted(stations.codes[order], np.arange(len(stations.names)))
    parts = np.split(order, bounds)[1:]
    return {
        station: Ongoing(begins[own], np.maximum.accumulate(until[own]))
        for station, own in zip(stations.names, parts, strict=True)
    }
