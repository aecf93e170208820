"""One stretched clock that all peers of a run share: minutes are played in seconds."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
SPIN = 0.002
"""The last real seconds of a wait that are spent looking at the clock: the event loop's own timers are 1 ms coarse."""


class Clock:
    """Tells how many seconds of the story have passed since its start, `factor` of them in each real second."""

    def __init__(self, factor: float) -> None:
        self.factor = factor
        self.start()

    def start(self) -> None:
        self.origin = time.time()

    def now(self) -> float:
        return self.story(time.time())

    def story(self, instant: float) -> float:
        """The second of the story that is played at a real time (seconds since the epoch)."""
        return (instant - self.origin) * self.factor

    def real(self, seconds: float) -> float:
        return seconds / self.factor

    async def until(self, moment: float) -> None:
        await asyncio.sleep(self.real(moment - self.now()) - SPIN)
        while self.now() < moment:  # noqa: ASYNC110  it is the time itself that is waited for
            await asyncio.sleep(0)

    async def sleep(self, seconds: float) -> None:
        await self.until(self.now() + seconds)

    def stamp(self) -> str:
        """The time of the story as OCPP writes it, UTC with milliseconds."""
        return at(self.now()).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def at(moment: float) -> datetime:
    """The date and time of a second of the story."""
    return START + timedelta(seconds=moment)
