"""Says why an electric-vehicle charger went offline, from packet captures and CSMS logs, with proof.

import analyzer as oa

capture = oa.read("night.pcapng")
print(capture.verdict())
capture.messages            # a pandas frame
capture.tables["messages"]  # the Arrow table
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analyzer.capture import Capture, explain, read
    from analyzer.findings import Findings
    from analyzer.sources.reading import SourceError

__all__ = ["Capture", "Findings", "SourceError", "explain", "read"]
__version__ = "0.1.0"

_HOMES = {
    "Capture": "analyzer.capture",
    "Findings": "analyzer.findings",
    "SourceError": "analyzer.sources.reading",
    "explain": "analyzer.capture",
    "read": "analyzer.capture",
}


def __getattr__(name: str) -> object:
    """Public names are imported when they are first used: importing the package costs next to nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
