"""What can be seen of an encrypted connection that tells whether it may be a charger's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from analyzer.kernels.columns import SECOND, micros, same, wholes
from analyzer.kernels.exchanges import regular

if TYPE_CHECKING:
    from collections.abc import Collection

    from analyzer.kernels.exchanges import Exchange
    from analyzer.sources.assembly import Assembly

TELLING = re.compile(r"ocpp|csms|cpms", re.IGNORECASE)
"""What names a server for chargers: the protocol, or the system that speaks it."""
LARGEST = 200
"""Bytes of a record that may be a Heartbeat or a ping: what is longer says more."""
FASTEST, SLOWEST = 5.0, 3600.0
"""Seconds between two signs of life of a charger."""
MOSTLY = 0.5
"""The share of the time of a connection for which it is kept alive so."""


def telling(name: object) -> bool:
    """Whether the name of a server tells that it is for chargers.

    >>> telling("ocpp.example.com"), telling("www.example.com"), telling(None)
    (True, False, False)
    """
    return isinstance(name, str) and TELLING.search(name) is not None


def beating(assembly: Assembly, numbers: Collection[int]) -> set[int]:
    """Those of some connections on which for most of the time one short exchange recurs at regular times.

    So it is with Heartbeats and pings. An answer is longer or shorter than what it answers, for it holds the time, or has
    no mask (RFC 6455 5.1); where both are as long, as with the pings of MQTT, it is none of theirs.
    """
    batches = list(assembly.rows["tls_records"].batches()) if numbers else []
    if not batches:
        return set()
    groups, sizes = (np.concatenate([wholes(batch[name]) for batch in batches]) for name in ("number", "bytes"))
    times = np.concatenate([micros(batch["ts"]) for batch in batches])
    up = np.concatenate([same(batch["direction"], "up") for batch in batches])
    order = np.lexsort((times, groups))
    order = order[np.isin(groups[order], np.array(list(numbers)))]
    groups, times, sizes, up = groups[order], times[order], sizes[order], up[order]
    found = set()
    for number in np.unique(groups).tolist():
        own = slice(*np.searchsorted(groups, [number, number + 1]).tolist())
        exchanges = regular(groups[own], times[own], sizes[own], up[own])
        kept_alive = sum(len(each.rows) * each.period for each in exchanges if _is_sign_of_life(each))
        if kept_alive > MOSTLY * float(np.ptp(times[own])) / SECOND:
            found.add(number)
    return found


def _is_sign_of_life(exchange: Exchange) -> bool:
    short = max(exchange.sent, exchange.answered) <= LARGEST
    return short and exchange.sent != exchange.answered and FASTEST <= exchange.period <= SLOWEST
