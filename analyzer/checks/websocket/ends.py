"""What the checks of connections share: which ones were seen to begin, and which ends count."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from analyzer.kernels.columns import NO_TIME, flags, micros, reals, same, wholes
from analyzer.kernels.idle import RATIO, SLACK
from analyzer.ocpp.commands import commanded
from analyzer.ocpp.established import came_up

if TYPE_CHECKING:
    from collections.abc import Mapping

    from analyzer.kernels.columns import Flags

ABRUPT = ("fin", "rst", "timeout", "replaced")
NO_CLOSE_FRAME = 1006
"""The code that an endpoint notes when it received no close frame (RFC 6455 7.1.5)."""


def established(connections: pa.Table) -> Flags:
    """The connections that came up; not those that failed or were only inferred, nor attempts without an upgrade."""
    return came_up(connections) & ~flags(connections["inferred"])


def abrupt(connections: pa.Table) -> Flags:
    """The ends without a close frame.

    A log that only says `disconnected` does not tell, nor does TCP's FIN after encrypted traffic: the close frame may
    be within it.
    """
    hidden = same(connections["scheme"], "wss") & (micros(connections["last_up"]) == NO_TIME)
    lost = same(connections["end_kind"], "lost") & (wholes(connections["close_code"]) == NO_CLOSE_FRAME)
    kinds = same(connections["end_kind"], *ABRUPT) & ~(hidden & same(connections["end_kind"], "fin"))
    found: Flags = established(connections) & (kinds | lost)
    return found


def closed(connections: pa.Table) -> Flags:
    """The ends with a close frame."""
    return established(connections) & same(connections["end_kind"], "close")


def ordered_ends(calls: pa.Table, connections: pa.Table) -> Flags:
    """The connections that ended after the charger had accepted to reset itself or to install firmware."""
    ends = micros(connections["end"])
    return np.asarray(commanded(calls, connections["station"], ends) & (ends != NO_TIME), dtype=bool)


def rebooted(connections: pa.Table, outages: pa.Table) -> Flags:
    """The connections that a reboot of the charger ended."""
    return _of_outages(connections, outages, same(outages["boot"], "reboot"))


def of_pattern(outages: pa.Table, pattern: Mapping[str, Any], first: int, last: int) -> Flags:
    """The outages that an idle pattern explains; `first` and `last` are the times that it was seen between."""
    times, seconds = micros(outages["noticed"]), pattern["seconds"]
    if pattern["kind"] == "silent":
        near = reals(outages["idle_down"]) >= pattern["fatal"]
    else:
        age = reals(outages[f"idle_{pattern['clock']}"])
        near = (age * RATIO + SLACK >= seconds) & (age <= seconds * RATIO + SLACK)
    found: Flags = same(outages["station"], pattern["station"]) & (times >= first) & (times <= last) & near
    return found


def cut_off(connections: pa.Table, outages: pa.Table, idle_patterns: pa.Table) -> Flags:
    """The connections whose end an idle pattern explains: the cut-off is one fault, its ends are not others."""
    explained = np.zeros(outages.num_rows, dtype=bool)
    spans = zip(micros(idle_patterns["start"]).tolist(), micros(idle_patterns["end"]).tolist(), strict=True)
    for pattern, (first, last) in zip(idle_patterns.to_pylist(), spans, strict=True):
        explained |= of_pattern(outages, pattern, first, last)
    return _of_outages(connections, outages, explained)


def _of_outages(connections: pa.Table, outages: pa.Table, chosen: Flags) -> Flags:
    """The connections that these outages followed."""
    names = outages["connection"].filter(pa.array(chosen)).cast("string")
    return same(connections["connection"], *names.to_pylist()) if len(names) else np.zeros(connections.num_rows, bool)
