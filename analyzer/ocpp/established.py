"""Which connections came up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analyzer.kernels.columns import NO_TIME, flags, micros, same
from analyzer.schema.base import FAILED

if TYPE_CHECKING:
    import pyarrow as pa

    from analyzer.kernels.columns import Flags


def came_up(connections: pa.Table) -> Flags:
    """The attempts that became a WebSocket: its upgrade was answered, or a side was heard on it.

    Of what is encrypted neither is seen: there it is taken for granted, except where the server's hello is missing of a
    handshake that was seen from its beginning (RFC 8446 4.1.3).
    """
    decrypted = flags(connections["decrypted"])
    hidden = same(connections["scheme"], "wss") & ~decrypted
    told = np.asarray(connections["decrypted"].is_valid(), dtype=bool)
    greeted = np.asarray(connections["tls_version"].is_valid(), dtype=bool)
    known = hidden & ~(told & flags(connections["start_observed"]) & ~greeted)
    for name in ("upgraded", "last_up", "last_down"):
        known |= micros(connections[name]) != NO_TIME
    found: Flags = known & ~same(connections["end_kind"], *FAILED)
    return found
