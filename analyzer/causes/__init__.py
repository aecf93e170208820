"""The causes of an outage: each is one function that weighs the evidence for and against it."""

from __future__ import annotations

import functools
import importlib
from typing import TYPE_CHECKING

from analyzer.plan import Cause

if TYPE_CHECKING:
    from collections.abc import Sequence

MODULES = (
    "read_deadline",
    "idle_cutoff",
    "silent_nat",
    "power_loss",
    "reboot",
    "refused",
    "closed_by_code",
    "unanswered_calls",
)


@functools.cache
def causes() -> Sequence[Cause]:
    """All causes, in the order in which they are weighed."""
    modules = [importlib.import_module(f"analyzer.causes.{name}") for name in MODULES]
    return tuple(value for module in modules for value in vars(module).values() if isinstance(value, Cause))
