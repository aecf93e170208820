"""A meter that obeys physics: its register is the integral of the power that its voltages and currents make."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import sin

VOLTS = 230.0
RAMP = 10.0
"""Seconds in which a car takes up its full current, and lets go of it."""


@dataclass
class Meter:
    """Measures one outlet; times are seconds of the story, the register is in Wh."""

    register: float
    amperes: float
    phases: int = 3
    charging: tuple[float, float] = (0.0, 0.0)
    read_at: float = field(default=0.0, init=False)

    def voltage(self, phase: int, moment: float) -> float:
        return VOLTS + 1.5 * sin(moment / 200 + phase) - 0.05 * self.current(phase, moment)

    def current(self, phase: int, moment: float) -> float:
        begin, end = self.charging
        if phase >= self.phases:
            return 0.0
        share = min(1.0, max(0.0, min(moment - begin, end - moment) / RAMP))
        return self.amperes * share * (1 + 0.01 * sin(moment / 90 + 2 * phase))

    def power(self, moment: float) -> float:
        return sum(self.voltage(phase, moment) * self.current(phase, moment) for phase in range(self.phases))

    def energy(self, moment: float) -> float:
        """The register at a moment, which must not lie before the last one read."""
        begin, end = self.charging
        self.read_at = max(self.read_at, begin)
        while self.read_at < min(moment, end):
            step = min(1.0, min(moment, end) - self.read_at)
            self.register += self.power(self.read_at + step / 2) * step / 3600
            self.read_at += step
        return self.register
