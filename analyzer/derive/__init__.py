"""Derived tables. The name of each function is the table that it makes, its parameters are the tables that it reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.derive.boots import boots
from analyzer.derive.calls import calls
from analyzer.derive.clock import clock
from analyzer.derive.heartbeats import heartbeats
from analyzer.derive.idle_patterns import idle_patterns
from analyzer.derive.outages import outages
from analyzer.derive.readings import readings
from analyzer.derive.settings import settings
from analyzer.derive.statuses import statuses
from analyzer.derive.transactions import transactions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pyarrow as pa

DERIVATIONS: Mapping[str, Callable[..., pa.Table]] = {
    function.__name__: function
    for function in (
        calls,
        settings,
        heartbeats,
        readings,
        transactions,
        boots,
        statuses,
        clock,
        outages,
        idle_patterns,
    )
}
