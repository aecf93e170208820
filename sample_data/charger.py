"""The charger of OCPP 1.6, which can be told to do some things wrong in a transaction."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

from ocpp.routing import on
from ocpp.v16 import ChargePoint, call, call_result
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Coroutine, Iterator, Mapping, Sequence
    from ssl import SSLContext

    from clock import Clock
    from meter import Meter
    from websockets.asyncio.client import ClientConnection
    from websockets.extensions import ClientExtensionFactory

QUIET = logging.getLogger("charger")
QUIET.propagate = False
ID_TAG = "04A1B2C3D4E5F6"
WRONG_TRANSACTION = 9999
LOOPBACK = "127.0.0.1"


@dataclass
class Station:
    """What of a charger outlives its connections."""

    name: str
    clock: Clock
    configuration: dict[str, str] = field(default_factory=dict)
    ids: Iterator[int] = field(default_factory=lambda: count(1))
    ping_seconds: float | None = None


@dataclass(frozen=True)
class Faults:
    """What goes wrong in one transaction; samples are numbered from 1."""

    kilowatt_hours_as_watt_hours: bool = False
    register_falls_at: int = 0
    register_falls_by: float = 0.0
    """Wh between the sample that falls and the one before it."""
    powers: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    """Text and unit of a power that are sent in place of the measured one."""
    unsent: Collection[int] = ()
    misattributed: Collection[int] = ()
    """Samples that carry the number of a transaction that does not exist."""
    stop_below_start: int = 0


class Charger(ChargePoint):
    """One connection of a station."""

    def __init__(self, station: Station, connection: ClientConnection) -> None:
        super().__init__(station.name, connection, logger=QUIET)
        self.clock, self.configuration = station.clock, station.configuration
        self._unique_id_generator = station.ids.__next__

    @on("GetConfiguration")
    def get_configuration(self, key: list[str], **_: object) -> call_result.GetConfiguration:
        known = [{"key": name, "readonly": False, "value": self.configuration[name]} for name in key]
        return call_result.GetConfiguration(configuration_key=known)

    @on("ChangeConfiguration")
    def change_configuration(self, key: str, value: str) -> call_result.ChangeConfiguration:
        self.configuration[key] = value
        return call_result.ChangeConfiguration(status="Accepted")

    async def boot(self, connectors: int = 1) -> None:
        serial = f"EX-{self.id}"
        await self.call(call.BootNotification("AC22", "Example", None, serial, firmware_version="1.4.2"))
        for connector in range(connectors + 1):
            await self.status(connector, "Available")

    async def status(self, connector: int, status: str) -> None:
        stamp = self.clock.stamp()
        await self.call(call.StatusNotification(connector, error_code="NoError", status=status, timestamp=stamp))

    async def beat(self) -> None:
        await self.call(call.Heartbeat())

    async def heartbeats(self, seconds: float) -> None:
        begin = self.clock.now()
        for number in count(1):
            await self.clock.until(begin + number * seconds)
            await self.beat()

    async def charge(
        self, meter: Meter, samples: int, *, period: float = 60, connector: int = 1, faults: Faults | None = None
    ) -> None:
        """A whole session from plugging in to driving off, with a sample each `period` seconds."""
        await self.status(connector, "Preparing")
        await self.clock.sleep(5)
        await self.call(call.Authorize(id_tag=ID_TAG))
        await self.transaction(meter, samples, period=period, connector=connector, faults=faults or Faults())
        await self.status(connector, "Finishing")
        await self.clock.sleep(45)
        await self.status(connector, "Available")

    async def transaction(self, meter: Meter, samples: int, *, period: float, connector: int, faults: Faults) -> None:
        unit = 1000 if faults.kilowatt_hours_as_watt_hours else 1
        begin, begun = self.clock.now(), self.clock.stamp()
        meter.charging = (begin + 5, begin + samples * period + 8)
        first = meter.energy(begin)
        started = await self.call(
            call.StartTransaction(connector, id_tag=ID_TAG, meter_start=round(first / unit), timestamp=begun)
        )
        await self.status(connector, "Charging")
        for number in range(1, samples + 1):
            await self.clock.until(begin + number * period)
            before, now = meter.register, meter.energy(self.clock.now())
            if number == faults.register_falls_at:
                meter.register -= now - before + faults.register_falls_by
            values = sampled(meter, self.clock.now(), unit, faults.powers.get(number))
            named = WRONG_TRANSACTION if number in faults.misattributed else started.transaction_id
            if number not in faults.unsent:
                sample = {"timestamp": self.clock.stamp(), "sampled_value": values}
                await self.call(call.MeterValues(connector, [sample], transaction_id=named))
        await self.clock.sleep(10)
        last, ended = meter.energy(self.clock.now()), self.clock.stamp()
        await self.call(
            call.StopTransaction(
                meter_stop=round((first - faults.stop_below_start if faults.stop_below_start else last) / unit),
                timestamp=ended,
                transaction_id=started.transaction_id,
                reason="Local",
                id_tag=ID_TAG,
                transaction_data=[
                    _reading(begun, "Transaction.Begin", first, unit),
                    _reading(ended, "Transaction.End", last, unit),
                ],
            )
        )


def _reading(stamp: str, context: str, register: float, unit: int) -> dict[str, object]:
    return {"timestamp": stamp, "sampled_value": [{**_energy(register, unit), "context": context}]}


def _energy(register: float, unit: int) -> dict[str, str]:
    text = str(round(register)) if unit == 1 else f"{register / unit:.2f}"
    return {"value": text, "measurand": "Energy.Active.Import.Register", "location": "Outlet", "unit": "Wh"}


def sampled(meter: Meter, moment: float, unit: int, power: tuple[str, str] | None) -> list[dict[str, str]]:
    """What the meter shows: register and power, and of three phases each voltage and current too."""
    text, power_unit = power or (str(round(meter.power(moment))), "W")
    values = [
        _energy(meter.energy(moment), unit),
        {"value": text, "measurand": "Power.Active.Import", "location": "Outlet", "unit": power_unit},
    ]
    for phase in range(meter.phases if meter.phases > 1 else 0):
        volts, amperes = f"{meter.voltage(phase, moment):.1f}", f"{meter.current(phase, moment):.2f}"
        values += [
            {"value": volts, "measurand": "Voltage", "phase": f"L{phase + 1}-N", "location": "Outlet", "unit": "V"},
            {
                "value": amperes,
                "measurand": "Current.Import",
                "phase": f"L{phase + 1}",
                "location": "Outlet",
                "unit": "A",
            },
        ]
    return [{**value, "context": "Sample.Periodic"} for value in values]


@asynccontextmanager
async def online(
    station: Station,
    port: int,
    *,
    kind: type[Any] = Charger,
    subprotocol: str = "ocpp1.6",
    ssl: SSLContext | None = None,
    host: str = LOOPBACK,
    extensions: Sequence[ClientExtensionFactory] = (),
) -> AsyncIterator[Any]:
    """Connects, listens while the body runs, and closes with code 1000."""
    ping = None if station.ping_seconds is None else station.clock.real(station.ping_seconds)
    async with connect(
        f"{'wss' if ssl else 'ws'}://localhost:{port}/ocpp/{station.name}",
        host=host,
        subprotocols=[subprotocol],
        extensions=extensions or None,
        compression=None,
        proxy=None,
        user_agent_header="AC22/1.4.2",
        ping_interval=ping,
        ssl=ssl,
    ) as connection:
        charger = kind(station, connection)
        charger.listening = asyncio.create_task(charger.start())
        try:
            yield charger
        finally:
            await end(charger.listening)


@asynccontextmanager
async def background(*routines: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Runs routines beside the body, and ends them with it."""
    tasks = [asyncio.create_task(routine) for routine in routines]
    try:
        yield
    finally:
        await end(*tasks)


async def end(*tasks: asyncio.Task[None]) -> None:
    """Cancels tasks and raises what went wrong in them, but for a lost connection."""
    for task in tasks:
        task.cancel()
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(outcome, Exception) and not isinstance(outcome, ConnectionClosed):
            raise outcome
