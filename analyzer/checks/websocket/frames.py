"""What the checks of frames share: on which connections frames were seen, and not messages alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analyzer.findings import Finding, not_judged
from analyzer.kernels.columns import flags

if TYPE_CHECKING:
    import pyarrow as pa

    from analyzer.kernels.columns import Flags

COUNTED = ("binary_messages", "fragmented_messages", "compressed_messages")
"""Columns of `connections` that are counted from frames; in a log they are null."""


def seen(connections: pa.Table) -> Flags:
    """The connections of which frames were seen: they were captured, and if encrypted decrypted."""
    found: Flags = np.zeros(connections.num_rows, dtype=bool)
    for name in COUNTED:
        found |= connections[name].is_valid().to_numpy(zero_copy_only=False)
    hidden = connections["decrypted"].is_valid().to_numpy(zero_copy_only=False) & ~flags(connections["decrypted"])
    found &= ~hidden
    return found


def unseen(station: str) -> Finding:
    """A statement that the frames of a station cannot be judged: it is a log, or they are encrypted."""
    return not_judged(station, "nothing tells of its frames")
