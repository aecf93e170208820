"""What the checks of heartbeats share: beats with nothing between them, and whether the charger was registered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from analyzer.kernels.as_of import last_before
from analyzer.kernels.columns import NO_TIME, SECOND, coded, micros, same
from analyzer.kernels.sequences import gaps

if TYPE_CHECKING:
    from analyzer.kernels.columns import Flags, Reals

BOOT_AHEAD = 60 * SECOND
"""What is asked of a charger this soon before it boots is asked of one that is not registered yet."""
CAPTURE = "capture"


def lone_beats(messages: pa.Table) -> tuple[pa.Table, Reals]:
    """Heartbeats before which the charger had said nothing since the Heartbeat before, and the seconds since that.

    An answer counts as something said: any message may take the place of a Heartbeat (OCPP 1.6 4.6; 2.0.1 G02.FR.04).
    """
    up = messages.filter(pa.array(same(messages["direction"], "up")))
    connection, times = coded(up["connection"]).codes, micros(up["ts"])
    order = np.lexsort((up["origin"].to_numpy(), times, connection))
    beat = (same(up["action"], "Heartbeat") & same(up["type"], "call"))[order]
    spans = gaps(connection[order], times[order])
    lone = beat & np.roll(beat, 1) & ~np.isnan(spans)
    return up.take(pa.array(order[lone])), spans[lone]


def registered(boots: pa.Table, rows: pa.Table) -> Flags:
    """For each row (of station and ts), whether the charger was registered then, as far as boots were seen.

    Before its BootNotification is accepted a charger may leave calls unanswered, and so may the CSMS (OCPP 1.6 4.2).
    """
    times, answered = micros(rows["ts"]), np.append(micros(boots["answered"]), NO_TIME)
    last = last_before(boots["station"], micros(boots["ts"]), rows["station"], times + BOOT_AHEAD)
    accepted = np.append(same(boots["status"], "Accepted"), [False])[last]
    found: Flags = (last < 0) | (accepted & (answered[last] != NO_TIME) & (answered[last] <= times))
    return found


def captured(connections: pa.Table, sources: pa.Table) -> set[str]:
    """The stations that a capture shows: there, what is not seen was not sent; a log may leave it out."""
    kinds = dict(zip(sources["source"].to_pylist(), sources["kind"].to_pylist(), strict=True))
    pairs = pa.table({"station": connections["station"].cast(pa.string()), "source": connections["source"]})
    seen = zip(pairs["station"].to_pylist(), pairs["source"].to_pylist(), strict=True)
    return {station for station, source in seen if kinds.get(source) == CAPTURE}
