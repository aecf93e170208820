"""Home Assistant's log with the OCPP integration (lbbrhzn/ocpp): local times, seen from the CSMS."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from analyzer.sources.clocks import Clock
from analyzer.sources.closings import closing
from analyzer.sources.events import Connected, Disconnected, Event, Ignored, Line, Message, Trouble
from analyzer.sources.payload import ELIDED, Record, records, take
from analyzer.sources.python_websockets import Frames

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import tzinfo

NAME = "homeassistant"
ABOUT = "Home Assistant's log with the OCPP integration (lbbrhzn/ocpp)."
LOCAL_TIME = True
SAMPLE = """\
s6-rc: info: service legacy-services successfully started
2026-02-03 09:00:00.101 INFO (MainThread) [custom_components.ocpp] Websocket Subprotocol matched: ocpp1.6
2026-02-03 09:00:00.102 INFO (MainThread) [custom_components.ocpp] Charger websocket path=/CP-7
2026-02-03 09:00:00.103 INFO (MainThread) [custom_components.ocpp] Charger CP-7 connected to 0.0.0.0:9000.
2026-02-03 09:00:01.500 INFO (MainThread) [ocpp] CP-7: receive message [2,"18","BootNotification",
{"chargePointVendor": "Example",
 "chargePointModel": "AC22"}]
2026-02-03 09:00:01.504 INFO (MainThread) [ocpp] CP-7: send [3,"18",{"currentTime":"2026-02-03T08:00:01Z","interval":60,"status":"Accepted"}]
2026-02-03 09:00:02.000 DEBUG (MainThread) [custom_components.ocpp] Connection latency from 'central' to 'CP-7': ping=1.0 ms, pong=3.0 ms
2026-02-03 09:00:02.700 WARNING (SyncWorker_0) [homeassistant.loader] We found a custom integration ocpp
2026-02-03 09:01:01.500 INFO (MainThread) [ocpp] CP-7: receive message [2,"19","Heartbeat",{}]
2026-02-03 09:01:01.503 INFO (MainThread) [ocpp] CP-7: send [3,"19",{"currentTime":"2026-02-03T08:01:01Z"}]
2026-02-03 09:02:11.002 DEBUG (MainThread) [custom_components.ocpp] Connection closed to 'CP-7': no close frame received or sent
"""
RECONNECTION = 15 * 1_000_000
"""Microseconds after a reconnection in which the CSMS's close is that of the connection before (it waits 10 s)."""
_RECORD = re.compile(
    r"(?P<time>\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d{1,6})?) (?P<level>[A-Z]{4,8}) "
    r"\((?P<thread>[^)]{0,128})\) \[(?P<logger>[\w.-]{1,200})\] ?"
)
_MESSAGE = re.compile(r"(?P<station>.{0,255}?): ?(?P<verb>receive message|send message|send)(?: |$)")
_CHARGER = re.compile(r"Charger (?P<station>.{0,255}?) ?(?P<what>reconnected|connected|disconnected)(?: (?:to|from) \S+)?\.?")
_PATH = re.compile(r"(?:Charger websocket|Websocket) path=(?P<path>\S*)")
_SUBPROTOCOL = re.compile(r"Websocket Subprotocol matched: (?P<subprotocol>[\w.]{1,40})")
_CLOSED = re.compile(r"Connection closed to '(?P<station>.{0,255}?)': (?P<how>.*)", re.DOTALL)
_TIMED_OUT = re.compile(r"Connection to '(?P<station>.{0,255}?)' timed out after ")
_BROKEN = re.compile(r"Unexpected exception in connection to '(?P<station>.{0,255}?)'")


def sniff(head: str) -> float:
    """How surely it is Home Assistant's log: its shape of lines, and that the integration speaks in it."""
    lines = head.splitlines()
    shaped = [match for line in lines if (match := _RECORD.match(line))]
    if not shaped:
        return 0.0
    speaks = any(_is_ocpp(match["logger"]) for match in shaped)
    return 1.0 if speaks else 0.6
