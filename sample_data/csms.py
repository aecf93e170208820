"""The central systems: PyPI `ocpp` on a `websockets` server, one for OCPP 1.6 and one for 2.0.1."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, tzinfo
from itertools import count
from typing import TYPE_CHECKING, Any

import ocpp.messages
from clock import at
from ocpp.routing import on
from ocpp.v16 import ChargePoint as Station16, call_result as result16
from ocpp.v201 import ChargePoint as Station201, call_result as result201
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
    from pathlib import Path
    from ssl import SSLContext

    from clock import Clock

# A thread for each validation would only add its own delay, which the clock then stretches.
ocpp.messages.ASYNC_VALIDATION = False

MOBILITY_HOUSE = "%(asctime)s %(levelname)s:%(name)s:%(message)s"
HOME_ASSISTANT = "%(asctime)s %(levelname)s (%(threadName)s) [%(name)s] %(message)s"
LIFECYCLE = logging.getLogger("custom_components.ocpp")
DEFAULT_INTERVAL = 60


class Csms16(Station16):
    """Answers one charger of OCPP 1.6; `interval` is what it orders at boot, in seconds."""

    transactions = count(1001)

    def __init__(self, station: str, connection: ServerConnection, clock: Clock, interval: int) -> None:
        super().__init__(station, connection)
        self.clock, self.interval = clock, interval
        self.heard = clock.now()

    async def route_message(self, raw_msg: str) -> None:
        self.heard = self.clock.now()
        await super().route_message(raw_msg)

    async def hang_up_after_silence(self, seconds: float) -> None:
        """Ends the TCP connection without a close frame when the charger sent nothing for so long."""
        heard = -1.0
        while heard != self.heard:
            heard = self.heard
            await self.clock.until(heard + seconds)
        self._connection.transport.close()

    @on("BootNotification")
    def boot(self, **_: object) -> result16.BootNotification:
        return result16.BootNotification(current_time=self.clock.stamp(), interval=self.interval, status="Accepted")

    @on("Heartbeat")
    def heartbeat(self) -> result16.Heartbeat:
        return result16.Heartbeat(current_time=self.clock.stamp())

    @on("StatusNotification")
    def status(self, **_: object) -> result16.StatusNotification:
        return result16.StatusNotification()

    @on("Authorize")
    def authorize(self, **_: object) -> result16.Authorize:
        return result16.Authorize(id_tag_info={"status": "Accepted"})

    @on("StartTransaction")
    def start_transaction(self, **_: object) -> result16.StartTransaction:
        return result16.StartTransaction(transaction_id=next(self.transactions), id_tag_info={"status": "Accepted"})

    @on("MeterValues")
    def meter_values(self, **_: object) -> result16.MeterValues:
        return result16.MeterValues()

    @on("StopTransaction")
    def stop_transaction(self, **_: object) -> result16.StopTransaction:
        return result16.StopTransaction(id_tag_info={"status": "Accepted"})


class Csms201(Station201):
    """Answers one charger of OCPP 2.0.1."""

    def __init__(self, station: str, connection: ServerConnection, clock: Clock, interval: int) -> None:
        super().__init__(station, connection)
        self.clock, self.interval = clock, interval

    @on("BootNotification")
    def boot(self, **_: object) -> result201.BootNotification:
        return result201.BootNotification(current_time=self.clock.stamp(), interval=self.interval, status="Accepted")

    @on("Heartbeat")
    def heartbeat(self) -> result201.Heartbeat:
        return result201.Heartbeat(current_time=self.clock.stamp())

    @on("StatusNotification")
    def status(self, **_: object) -> result201.StatusNotification:
        return result201.StatusNotification()

    @on("NotifyReport")
    def report(self, **_: object) -> result201.NotifyReport:
        return result201.NotifyReport()

    @on("Authorize")
    def authorize(self, **_: object) -> result201.Authorize:
        return result201.Authorize(id_token_info={"status": "Accepted"})

    @on("TransactionEvent")
    def transaction_event(self, **event: object) -> result201.TransactionEvent:
        accepted = {"status": "Accepted"} if "id_token" in event else None
        return result201.TransactionEvent(id_token_info=accepted)


@asynccontextmanager
async def serving(
    clock: Clock,
    port: int,
    *,
    orders: Callable[[Any], Awaitable[None]],
    version: type[Csms16 | Csms201] = Csms16,
    intervals: Mapping[str, int] | None = None,
    ssl: SSLContext | None = None,
    host: str = "127.0.0.1",
) -> AsyncIterator[None]:
    """Listens on the loopback; `orders` is what the CSMS does of itself on each connection."""

    async def converse(connection: ServerConnection) -> None:
        assert connection.request
        station = connection.request.path.rpartition("/")[2]
        csms = version(station, connection, clock, (intervals or {}).get(station, DEFAULT_INTERVAL))
        LIFECYCLE.info("Charger %s connected", station)
        busy = asyncio.create_task(orders(csms))
        with suppress(ConnectionClosed):
            await csms.start()
        busy.cancel()
        await asyncio.gather(busy, return_exceptions=True)
        LIFECYCLE.info("Charger %s disconnected", station)

    subprotocol = "ocpp1.6" if version is Csms16 else "ocpp2.0.1"
    async with serve(converse, host, port, subprotocols=[subprotocol], ping_interval=None, ssl=ssl):
        yield


def load_schemas(version: str, *actions: str) -> None:
    """Reads the schemas before the clock starts: from disk they take longer than an answer may."""
    for action in actions:
        for message_type in (2, 3):
            ocpp.messages.get_validator(message_type, action, version)


class StretchedFormatter(logging.Formatter):
    """Writes the time of the story, in the given zone, with a comma or a point before the milliseconds."""

    def __init__(self, layout: str, clock: Clock, zone: tzinfo = UTC, point: str = ",") -> None:
        super().__init__(layout)
        self.clock, self.zone, self.point = clock, zone, point

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: ARG002, N802
        moment: datetime = at(self.clock.story(record.created)).astimezone(self.zone)
        return f"{moment:%Y-%m-%d %H:%M:%S}{self.point}{moment.microsecond // 1000:03}"


def log_to(path: Path, formatter: logging.Formatter, *, lifecycle: bool = False) -> None:
    """Sends what the CSMS logs to a file; only Home Assistant has lines about the life of connections."""
    handler = logging.FileHandler(path, mode="w", encoding="utf-8")
    handler.setFormatter(formatter)
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    LIFECYCLE.disabled = not lifecycle
