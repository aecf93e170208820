"""Tables for the tests of plots, from traces."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote
from xml.etree import ElementTree as ET

from analyzer import schema
from analyzer.plots import KINDS, figure
from tests.manuals import workspace

if TYPE_CHECKING:
    import pyarrow as pa
    from matplotlib.figure import Figure

NIGHT = """
    08:00:00 {station} + ocpp1.6
    08:00:01 {station} > BootNotification#b {{"chargePointVendor": "Example", "chargePointModel": "AC22"}}
    08:00:01 {station} < =#b {{"currentTime": "2026-01-01T08:00:01Z", "interval": 60, "status": "Accepted"}}
    08:00:10 {station} > StartTransaction#s {{"connectorId": 2, "idTag": "A", "meterStart": 1000, "timestamp": "2026-01-01T08:00:10Z"}}
    08:00:10 {station} < =#s {{"transactionId": 7, "idTagInfo": {{"status": "Accepted"}}}}
    08:01:00x20/60s {station} > Heartbeat
    08:01:00.1x20/60s {station} < = {{"currentTime": "$(now)"}}
    08:01:30x20/60s {station} > MeterValues {{"connectorId": 2, "transactionId": 7, "meterValue": [{{"timestamp": "$(now)", "sampledValue": [{{"value": "$(1000+50*i)"}}, {{"value": "3600", "measurand": "Power.Active.Import"}}]}}]}}
    08:01:30.1x20/60s {station} < = {{}}
    08:21:30 {station} > StopTransaction#t {{"transactionId": 7, "meterStop": 2000, "timestamp": "2026-01-01T08:21:30Z", "transactionData": [{{"timestamp": "2026-01-01T08:21:30Z", "sampledValue": [{{"value": "2000", "context": "Transaction.End"}}]}}]}}
    08:21:30 {station} < =#t {{}}
    08:22:30 {station} - fin by csms
    08:23:00 {station} + ocpp1.6
    08:23:00 {station} > Heartbeat
    08:40:00 {station} > Heartbeat
"""
OUTCOMES = ("findings",)


def tables(text: str, kind: str) -> list[pa.Table]:
    """The tables that a plot reads, of a trace; there are no findings."""
    made = workspace(text)
    return [schema.empty(name) if name in OUTCOMES else made.table(name) for name in figure.needs(kind)]


def drawn(kind: str, text: str, *, station: str | None = None) -> Figure:
    return KINDS[kind](*tables(text, kind), station=station)


def parsed(text: str) -> ET.Element:
    """An SVG as its elements."""
    return ET.fromstring(text)  # noqa: S314 - the project wrote it itself


def words(text: str) -> list[str]:
    """What is written in an SVG."""
    return ["".join(element.itertext()).strip() for element in parsed(text).iter("{http://www.w3.org/2000/svg}text")]


def night(*stations: str) -> str:
    """A night of each charger."""
    return "\n".join(NIGHT.format(station=quote(station, safe="")) for station in stations)
