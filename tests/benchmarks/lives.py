"""What chargers and their CSMS say to each other in a day without faults: OCPP 1.6 in JSON, flight by flight."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

START = 1_772_438_400
"""2 March 2026, 08:00 UTC, in seconds since the epoch."""
SECOND, MINUTE = 1_000_000, 60_000_000
"""All times are in microseconds."""
START_CHANCE, COMMAND_CHANCE, RECONNECT_CHANCE = 0.25, 0.08, 0.004
"""How likely a minute is to begin a transaction, to bring a command of the CSMS, and to end the connection."""


class Flight(NamedTuple):
    """Messages that one side sends back to back; none at all where the station connects or leaves."""

    ts: int
    from_station: bool
    texts: tuple[str, ...]
    opens: bool = False


def stamp(ts: int) -> str:
    """A time as OCPP writes it."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ts // SECOND)) + f".{ts // 1000 % 1000:03}Z"


class Station:
    """One charger with one connector; it beats each minute, and samples each minute while it charges."""

    def __init__(self, number: int, seed: int) -> None:
        self.number = number
        self._rng = random.Random(seed * 1_000_003 + number)
        self._now = START * SECOND + self._rng.randrange(MINUTE)
        self._register = self._rng.randrange(1_000_000, 90_000_000) / 10
        self._power = 0.0
        self._transaction = number * 1000
        self._ends = 0
        self._counted = self._rng.randrange(1000)

    def life(self) -> Iterator[Flight]:
        """Everything said from now on; it never ends."""
        yield self._turned(opens=True)
        vendor = (
            f'{{"chargePointVendor":"Benchmark","chargePointModel":"One","chargePointSerialNumber":"{self.number:08}"}}'
        )
        yield from self._exchange(
            "BootNotification", vendor, '{"currentTime":"$now","interval":60,"status":"Accepted"}'
        )
        yield from self._status("Charging" if self._power else "Available")
        tick = self._now
        while True:
            tick += MINUTE
            self._now = tick + self._rng.randrange(SECOND)
            yield from self._beat()
            self._now += 25 * SECOND
            yield from self._half_minute()
            if self._rng.random() < RECONNECT_CHANCE:
                yield from self._reconnect()
                tick = max(tick, self._now - MINUTE)

    def _turned(self, *, opens: bool) -> Flight:
        self._now += SECOND
        return Flight(self._now, from_station=True, texts=(), opens=opens)

    def _reconnect(self) -> Iterator[Flight]:
        yield self._turned(opens=False)
        self._now += self._rng.randrange(2 * SECOND, 15 * SECOND)
        yield self._turned(opens=True)

    def _identifier(self) -> str:
        if self.number % 2:
            self._counted += 1
            return str(self._counted)
        digits = f"{self._rng.getrandbits(128):032x}"
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"

    def _exchange(self, action: str, payload: str, answer: str, *, command: bool = False) -> Iterator[Flight]:
        """A call of the station, and its answer; a command of the CSMS may travel with the answer."""
        identifier = self._identifier()
        self._now += self._rng.randrange(SECOND // 2, 2 * SECOND)
        yield Flight(self._now, from_station=True, texts=(f'[2,"{identifier}","{action}",{payload}]',))
        self._now += self._rng.randrange(30_000, 300_000)
        answers = (f'[3,"{identifier}",{answer.replace("$now", stamp(self._now))}]',)
        if not command:
            yield Flight(self._now, from_station=False, texts=answers)
            return
        asked = f"csms-{self._rng.getrandbits(48):x}"
        yield Flight(
            self._now, from_station=False, texts=(*answers, f'[2,"{asked}","GetConfiguration",{{"key":["HeartbeatInterval"]}}]')
        )  # fmt: skip
        self._now += self._rng.randrange(500_000, 900_000)
        told = '{"configurationKey":[{"key":"HeartbeatInterval","readonly":false,"value":"60"}]}'
        yield Flight(self._now, from_station=True, texts=(f'[3,"{asked}",{told}]',))

    def _beat(self) -> Iterator[Flight]:
        command = self._rng.random() < COMMAND_CHANCE
        yield from self._exchange("Heartbeat", "{}", '{"currentTime":"$now"}', command=command)

    def _status(self, status: str) -> Iterator[Flight]:
        told = f'{{"connectorId":1,"errorCode":"NoError","status":"{status}","timestamp":"{stamp(self._now)}"}}'
        yield from self._exchange("StatusNotification", told, "{}")

    def _half_minute(self) -> Iterator[Flight]:
        if not self._power:
            if self._rng.random() < START_CHANCE:
                yield from self._start()
            return
        self._register += self._power / 60
        if self._now < self._ends:
            yield from self._exchange("MeterValues", self._sampled(), "{}")
        else:
            yield from self._stop()

    def _start(self) -> Iterator[Flight]:
        self._transaction += 1
        self._power = self._rng.uniform(3_000, 11_000)
        self._ends = self._now + self._rng.randrange(15, 120) * MINUTE
        yield from self._status("Preparing")
        began = f'{{"connectorId":1,"idTag":"TAG{self.number:06}","meterStart":{self._register:.0f},"timestamp":"{stamp(self._now)}"}}'
        answer = f'{{"idTagInfo":{{"status":"Accepted"}},"transactionId":{self._transaction}}}'
        yield from self._exchange("StartTransaction", began, answer)
        yield from self._status("Charging")

    def _stop(self) -> Iterator[Flight]:
        self._power = 0.0
        ended = f'{{"meterStop":{self._register:.0f},"reason":"Local","timestamp":"{stamp(self._now)}","transactionId":{self._transaction}}}'
        yield from self._exchange("StopTransaction", ended, '{"idTagInfo":{"status":"Accepted"}}')
        yield from self._status("Finishing")
        yield from self._status("Available")

    def _sampled(self) -> str:
        voltage = self._rng.uniform(225, 235)
        values = (
            (f"{self._register:.0f}", "Energy.Active.Import.Register", "Wh"),
            (f"{self._power:.1f}", "Power.Active.Import", "W"),
            (f"{voltage:.1f}", "Voltage", "V"),
            (f"{self._power / voltage:.2f}", "Current.Import", "A"),
        )
        sampled = ",".join(
            f'{{"value":"{value}","context":"Sample.Periodic","measurand":"{measurand}","location":"Outlet","unit":"{unit}"}}'
            for value, measurand, unit in values
        )
        return (
            f'{{"connectorId":1,"transactionId":{self._transaction},'
            f'"meterValue":[{{"timestamp":"{stamp(self._now)}","sampledValue":[{sampled}]}}]}}'
        )
