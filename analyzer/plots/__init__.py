"""The plots: each names the tables that it reads, as a check does, and answers one question."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.plots.heartbeat_gaps import heartbeat_gaps
from analyzer.plots.idle_age import idle_age
from analyzer.plots.meter_register import meter_register
from analyzer.plots.timeline import timeline

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from matplotlib.figure import Figure

KINDS: Mapping[str, Callable[..., Figure]] = {
    "timeline": timeline,
    "heartbeat_gaps": heartbeat_gaps,
    "idle_age": idle_age,
    "meter_register": meter_register,
}
"""Every plot by its name. Their modules import matplotlib only when they draw."""
