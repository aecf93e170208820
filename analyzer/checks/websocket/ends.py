"""What the checks of connections share: which ones were seen to begin, and which ends count."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analyzer.kernels.columns import NO_TIME, flags, micros, same, wholes
from analyzer.ocpp.commands import commanded

if TYPE_CHECKING:
    import pyarrow as pa

    from analyzer.kernels.columns import Flags

ABRUPT = ("fin", "rst", "timeout", "replaced")
NO_CLOSE_FRAME = 1006
"""The code that an endpoint notes when it received no close frame (RFC 6455 7.1.5)."""


def established(connections: pa.Table) -> Flags:
    """The connections that came up; not those that were refused or only inferred, nor attempts without an upgrade.

    Of encrypted ones the upgrade is not seen.
    """
    known = same(connections["scheme"], "wss")
    for name in ("upgraded", "last_up", "last_down"):
        known |= micros(connections[name]) != NO_TIME
    return known & ~flags(connections["inferred"]) & ~same(connections["end_kind"], "refused")


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
