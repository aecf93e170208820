"""What happens in each run, told in seconds of the story."""

from __future__ import annotations

import asyncio
import random
import ssl
from itertools import count
from math import inf, isfinite
from typing import TYPE_CHECKING, Any

from certificates import encrypted
from charger import Charger, Faults, Station, background, online
from charger_201 import Charger201
from csms import Csms16, Csms201, serving
from meter import Meter
from ocpp.v16 import call as call16
from ocpp.v201 import call as call201
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from clock import Clock

MINUTE, HOUR = 60, 3600
MEASURANDS = "Energy.Active.Import.Register,Power.Active.Import,Voltage,Current.Import"
LIVES = (9, 14, 4, 17, 7, 11, 21, 3, 12, 8, 16, 5, 13, 10, 6, 15, 9)
"""Heartbeats of each connection of CP-7 that come in time; the one after them comes late."""


async def no_orders(csms: Csms16) -> None:
    """The CSMS only answers."""


async def healthy(clock: Clock, port: int, _: Path) -> None:
    """75 minutes of a 1.6 charger without a fault."""
    configuration = {
        "HeartbeatInterval": "60",
        "MeterValueSampleInterval": "60",
        "ClockAlignedDataInterval": "0",
        "MeterValuesSampledData": MEASURANDS,
        "WebSocketPingInterval": "120",
    }
    station = Station("CP-1", clock, configuration, ping_seconds=120)

    async def orders(csms: Csms16) -> None:
        await clock.until(20)
        await csms.call(call16.GetConfiguration(key=[*configuration]))

    async with serving(clock, port, orders=orders), online(station, port) as charger:
        await charger.boot()
        async with background(charger.heartbeats(60)):
            await clock.until(10 * MINUTE + 20)
            await charger.charge(Meter(361_204, amperes=16), samples=45)
            await clock.until(75 * MINUTE + 30)


async def healthy_201(clock: Clock, port: int, _: Path) -> None:
    """75 minutes of a 2.0.1 charger without a fault."""
    interval, period = ("OCPPCommCtrlr", "HeartbeatInterval"), ("SampledDataCtrlr", "TxUpdatedInterval")
    configuration = {
        "OCPPCommCtrlr.HeartbeatInterval": "300",
        "OCPPCommCtrlr.WebSocketPingInterval": "120",
        "SampledDataCtrlr.TxUpdatedInterval": "300",
        "SampledDataCtrlr.TxUpdatedMeasurands": MEASURANDS,
    }
    station = Station("CP-2", clock, configuration, ping_seconds=120)

    async def orders(csms: Csms201) -> None:
        await clock.until(20)
        wanted: list[dict[str, Any]] = [
            {"component": {"name": component}, "variable": {"name": variable}}
            for component, variable in (interval, period)
        ]
        changes = [{**item, "attribute_value": "60"} for item in wanted]
        await csms.call(call201.SetVariables(set_variable_data=changes))
        await csms.call(call201.GetVariables(get_variable_data=wanted))
        await csms.call(call201.GetBaseReport(request_id=1, report_base="ConfigurationInventory"))

    async with (
        serving(clock, port, orders=orders, version=Csms201),
        online(station, port, kind=Charger201, subprotocol="ocpp2.0.1") as charger,
    ):
        await charger.boot()
        async with background(charger.heartbeats(60)):
            await clock.until(10 * MINUTE + 20)
            await charger.charge(Meter(84_310, amperes=16), samples=45)
            await clock.until(75 * MINUTE + 30)


async def deadline(clock: Clock, port: int, _: Path) -> None:
    """Four hours in which the heartbeat of 60 s loses the race against a read deadline of 60 s 17 times."""
    station, chance, end = Station("CP-7", clock), random.Random(7), 4 * HOUR
    meter = Meter(52_870, amperes=16, phases=1)
    duties: list[tuple[float, Callable[[Charger], Awaitable[None]]]] = [
        (38 * MINUTE, lambda charger: charger.status(1, "Preparing")),
        (41 * MINUTE, lambda charger: charger.status(1, "Available")),
        (100 * MINUTE, lambda charger: charger.charge(meter, samples=48, period=30)),
        (190 * MINUTE, lambda charger: charger.status(1, "Unavailable")),
        (193 * MINUTE, lambda charger: charger.status(1, "Available")),
    ]

    beaten = 0

    async def work(charger: Charger) -> None:
        while duties:
            moment, duty = duties[0]
            await clock.until(moment)
            del duties[0]
            await duty(charger)

    async def beats(charger: Charger, life: float) -> None:
        nonlocal beaten
        due = clock.now()
        for beaten in count(1):
            await charger.beat()
            late = beaten > life
            due += 60 + (chance.uniform(0.6, 0.9) if late else -chance.uniform(0.2, 0.3))
            await clock.until(due)

    async def hang_up(csms: Csms16) -> None:
        await csms.hang_up_after_silence(60)

    async with serving(clock, port, orders=hang_up):
        for connection, life in enumerate([*LIVES, inf]):
            beaten = 0
            async with online(station, port) as charger:
                if connection == 0:
                    await charger.boot()
                async with background(beats(charger, life), work(charger)):
                    await asyncio.wait([charger.listening], timeout=clock.real(end - clock.now()))
                # On a busy machine a beat may lose that was to win; then the facts would differ from those told.
                lost = charger.listening.done()
                if lost != isfinite(life) or lost != (beaten > life):
                    raise RuntimeError(f"connection {connection} lost the race otherwise than told: run it again")
            await clock.sleep(chance.uniform(20, 60))


async def intervals(clock: Clock, port: int, _: Path) -> None:
    """Two chargers that beat each 60 s, whatever they are ordered."""
    stations = [Station(name, clock, {"HeartbeatInterval": "60"}) for name in ("CP-3", "CP-4")]

    async def orders(csms: Csms16) -> None:
        if csms.id == "CP-4":
            await clock.until(15 * MINUTE + 20)
            await csms.call(call16.ChangeConfiguration(key="HeartbeatInterval", value="30"))

    async def life(station: Station, begin: float) -> None:
        await clock.until(begin)
        async with online(station, port) as charger:
            await charger.boot()
            async with background(charger.heartbeats(60)):
                await clock.until(40 * MINUTE)

    async with serving(clock, port, orders=orders, intervals={"CP-3": 300, "CP-4": 60}):
        await asyncio.gather(life(stations[0], 5), life(stations[1], 35))


async def meter_faults(clock: Clock, port: int, _: Path) -> None:
    """Six transactions of a quarter of an hour, each with one fault; the first has an outlet and a meter of its own."""
    configuration = {"HeartbeatInterval": "120", "MeterValueSampleInterval": "60"}
    station = Station("CP-5", clock, configuration)
    first, second = Meter(128_400, amperes=32, phases=1), Meter(361_204, amperes=32, phases=1)
    plan = [
        (2, second, Faults(kilowatt_hours_as_watt_hours=True)),
        (1, first, Faults(register_falls_at=8, register_falls_by=500)),
        (1, first, Faults(powers={5: ("NaN", "W"), 9: ("7,4", "kW")})),
        (1, first, Faults(unsent=range(6, 11))),
        (1, first, Faults(misattributed=range(7, 10))),
        (1, first, Faults(stop_below_start=1200)),
    ]

    async def orders(csms: Csms16) -> None:
        await clock.until(20)
        await csms.call(call16.GetConfiguration(key=[*configuration]))

    async with serving(clock, port, orders=orders, intervals={"CP-5": 120}), online(station, port) as charger:
        await charger.boot(connectors=2)
        async with background(charger.heartbeats(120)):
            for number, (connector, meter, faults) in enumerate(plan):
                await clock.until((3 + 20 * number) * MINUTE + 10)
                await charger.charge(meter, samples=15, connector=connector, faults=faults)
            await clock.until(122 * MINUTE + 30)


async def tls13(clock: Clock, port: int, folder: Path) -> None:
    """Ten minutes behind TLS 1.3, whose secrets are kept."""
    await _encrypted("CP-6", clock, port, encrypted(folder / "tls13.keys", ssl.TLSVersion.TLSv1_3))


async def tls12(clock: Clock, port: int, folder: Path) -> None:
    """The same behind TLS 1.2."""
    await _encrypted("CP-8", clock, port, encrypted(folder / "tls12.keys", ssl.TLSVersion.TLSv1_2))


async def _encrypted(name: str, clock: Clock, port: int, ends: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    server, client = ends
    station = Station(name, clock)
    async with serving(clock, port, orders=no_orders, ssl=server), online(station, port, ssl=client) as charger:
        await charger.boot()
        async with background(charger.heartbeats(60)):
            await clock.until(5 * MINUTE + 20)
            await charger.status(1, "Preparing")
            await clock.until(10 * MINUTE + 30)


async def compressed(clock: Clock, port: int, _: Path) -> None:
    """Half an hour of a 1.6 charger that compresses; each message may refer to those before it."""
    station, offer = Station("CP-11", clock), ClientPerMessageDeflateFactory()
    async with serving(clock, port, orders=no_orders), online(station, port, extensions=[offer]) as charger:
        await charger.boot()
        async with background(charger.heartbeats(60)):
            await clock.until(3 * MINUTE + 20)
            await charger.charge(Meter(72_310, amperes=16), samples=24)
            await clock.until(30 * MINUTE + 30)


async def compressed_201(clock: Clock, port: int, _: Path) -> None:
    """Half an hour of a 2.0.1 charger over IPv6 that compresses; neither side remembers what it sent."""
    station, host = Station("CP-12", clock), "::1"
    offer = ClientPerMessageDeflateFactory(server_no_context_takeover=True, client_no_context_takeover=True)
    async with (
        serving(clock, port, orders=no_orders, version=Csms201, host=host),
        online(station, port, kind=Charger201, subprotocol="ocpp2.0.1", host=host, extensions=[offer]) as charger,
    ):
        await charger.boot()
        async with background(charger.heartbeats(60)):
            await clock.until(3 * MINUTE + 20)
            await charger.charge(Meter(19_540, amperes=16), samples=24)
            await clock.until(30 * MINUTE + 30)


async def tls12_201(clock: Clock, port: int, folder: Path) -> None:
    """A quarter of an hour of a 2.0.1 charger over IPv6 behind TLS 1.2, whose secrets are kept."""
    server, client = encrypted(folder / "tls12_201_ipv6.keys", ssl.TLSVersion.TLSv1_2)
    station, host = Station("CP-13", clock), "::1"
    async with (
        serving(clock, port, orders=no_orders, version=Csms201, host=host, ssl=server),
        online(station, port, kind=Charger201, subprotocol="ocpp2.0.1", host=host, ssl=client) as charger,
    ):
        await charger.boot()
        async with background(charger.heartbeats(60)):
            await clock.until(3 * MINUTE + 20)
            await charger.charge(Meter(44_180, amperes=16), samples=9)
            await clock.until(15 * MINUTE + 30)
