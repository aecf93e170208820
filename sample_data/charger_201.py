"""The charger of OCPP 2.0.1."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

from charger import ID_TAG, QUIET
from ocpp.routing import after, on
from ocpp.v201 import ChargePoint, call, call_result

if TYPE_CHECKING:
    from charger import Station
    from meter import Meter
    from websockets.asyncio.client import ClientConnection

EVSE = {"id": 1, "connector_id": 1}
TRANSACTION = "8d0f6c9e-2f6b-4d8e-9a35-5a7d1c3e0b42"


class Charger201(ChargePoint):
    """One connection of a station; its configuration is named Component.Variable."""

    def __init__(self, station: Station, connection: ClientConnection) -> None:
        super().__init__(station.name, connection, logger=QUIET)
        self.clock, self.configuration = station.clock, station.configuration
        self._unique_id_generator = station.ids.__next__

    @on("SetVariables")
    def set_variables(self, set_variable_data: list[dict[str, Any]]) -> call_result.SetVariables:
        for item in set_variable_data:
            self.configuration[_name(item)] = item["attribute_value"]
        results = [{**_address(item), "attribute_status": "Accepted"} for item in set_variable_data]
        return call_result.SetVariables(set_variable_result=results)

    @on("GetVariables")
    def get_variables(self, get_variable_data: list[dict[str, Any]]) -> call_result.GetVariables:
        results = [
            {**_address(item), "attribute_status": "Accepted", "attribute_value": self.configuration[_name(item)]}
            for item in get_variable_data
        ]
        return call_result.GetVariables(get_variable_result=results)

    @on("GetBaseReport")
    def get_base_report(self, **_: object) -> call_result.GetBaseReport:
        return call_result.GetBaseReport(status="Accepted")

    @after("GetBaseReport")
    async def report(self, request_id: int, **_: object) -> None:
        """Reports every variable, in one message."""
        data = []
        for name, value in self.configuration.items():
            component, variable = name.split(".")
            data.append(
                {
                    "component": {"name": component},
                    "variable": {"name": variable},
                    "variable_attribute": [{"value": value, "mutability": "ReadWrite"}],
                    "variable_characteristics": {
                        "data_type": "integer" if value.isdigit() else "MemberList",
                        "supports_monitoring": False,
                    },
                }
            )
        stamp = self.clock.stamp()
        await self.call(call.NotifyReport(request_id, generated_at=stamp, seq_no=0, report_data=data, tbc=False))

    async def boot(self) -> None:
        station = {"vendor_name": "Example", "model": "AC22", "firmware_version": "1.4.2"}
        await self.call(
            call.BootNotification(charging_station={**station, "serial_number": f"EX-{self.id}"}, reason="PowerUp")
        )
        await self.status("Available")

    async def status(self, status: str) -> None:
        stamp = self.clock.stamp()
        await self.call(call.StatusNotification(stamp, connector_status=status, evse_id=1, connector_id=1))

    async def heartbeats(self, seconds: float) -> None:
        begin = self.clock.now()
        for number in count(1):
            await self.clock.until(begin + number * seconds)
            await self.call(call.Heartbeat())

    async def charge(self, meter: Meter, samples: int) -> None:
        """A whole session from plugging in to driving off, with a sample each minute."""
        clock, token, numbers = self.clock, {"id_token": ID_TAG, "type": "ISO14443"}, count()

        async def event(
            kind: str, trigger: str, state: str, context: str = "", stopped: str | None = None, **more: object
        ) -> None:
            moment, stamp = clock.now(), clock.stamp()
            info = {"transaction_id": TRANSACTION, "charging_state": state, "stopped_reason": stopped}
            values = [{"timestamp": stamp, "sampled_value": sampled(meter, moment, context)}] if context else None
            await self.call(
                call.TransactionEvent(kind, stamp, trigger, next(numbers), info, meter_value=values, evse=EVSE, **more)
            )

        await self.status("Occupied")
        await self.call(call.Authorize(id_token=token))
        begin = clock.now()
        meter.charging = (begin + 5, begin + samples * 60 + 8)
        await event("Started", "Authorized", "EVConnected", "Transaction.Begin", id_token=token)
        await event("Updated", "ChargingStateChanged", "Charging")
        for number in range(1, samples + 1):
            await clock.until(begin + number * 60)
            await event("Updated", "MeterValuePeriodic", "Charging", "Sample.Periodic")
        await clock.sleep(10)
        await event("Ended", "StopAuthorized", "EVConnected", "Transaction.End", stopped="Local", id_token=token)
        await clock.sleep(45)
        await self.status("Available")


def _address(item: dict[str, Any]) -> dict[str, Any]:
    return {"component": item["component"], "variable": item["variable"]}


def _name(item: dict[str, Any]) -> str:
    return f"{item['component']['name']}.{item['variable']['name']}"


def sampled(meter: Meter, moment: float, context: str) -> list[dict[str, Any]]:
    """The register, and while it charges also power, voltages and currents."""
    values = [_value("Energy.Active.Import.Register", round(meter.energy(moment)), "Wh")]
    if context == "Sample.Periodic":
        values.append(_value("Power.Active.Import", round(meter.power(moment)), "W"))
        for phase in range(meter.phases):
            voltage, current = round(meter.voltage(phase, moment), 1), round(meter.current(phase, moment), 2)
            values.append({**_value("Voltage", voltage, "V"), "phase": f"L{phase + 1}-N"})
            values.append({**_value("Current.Import", current, "A"), "phase": f"L{phase + 1}"})
    return [{**value, "context": context} for value in values]


def _value(measurand: str, value: float, unit: str) -> dict[str, Any]:
    return {"value": value, "measurand": measurand, "location": "Outlet", "unit_of_measure": {"unit": unit}}
