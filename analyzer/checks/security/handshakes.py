"""What the checks of TLS share: why a station's handshakes cannot be judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from analyzer.findings import Finding, not_judged

if TYPE_CHECKING:
    from analyzer.kernels.columns import Ints

NO_HANDSHAKE = "no TLS handshake was seen"
NO_CERTIFICATE = "no certificate was seen; TLS 1.3 and resumed sessions hide them"


def unseen(station: str, connections: pa.Table, rows: Ints, why: str) -> Finding:
    """A statement that a station cannot be judged: it uses no TLS, or what matters of it was not seen."""
    schemes = set(connections["scheme"].take(pa.array(rows)).to_pylist())
    if "wss" in schemes:
        return not_judged(station, why)
    if "ws" in schemes:
        return not_judged(station, "none of its connections is encrypted")
    return not_judged(station, "nothing tells whether its connection is encrypted")
