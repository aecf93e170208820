"""The checks, by area. Each is one function with its manual; this list is the catalogue."""

from __future__ import annotations

import functools
import importlib
from typing import TYPE_CHECKING

from analyzer.plan import Check

if TYPE_CHECKING:
    from collections.abc import Mapping

MODULES = (
    "heartbeat.silence",
    "heartbeat.answers",
    "heartbeat.period",
    "heartbeat.zombie",
    "heartbeat.inferred",
    "websocket.unreachable",
    "websocket.name_lookup",
    "websocket.tls_handshake",
    "websocket.refused",
    "websocket.subprotocol",
    "websocket.selected_subprotocol",
    "websocket.malformed_upgrade",
    "websocket.identity",
    "websocket.close_codes",
    "websocket.abnormal_ends",
    "websocket.idle_cutoff",
    "websocket.silent_drop",
    "websocket.fixed_lifetime",
    "websocket.noticed_late",
    "websocket.unanswered_ping",
    "websocket.no_keep_alive",
    "websocket.half_open",
    "websocket.two_connections",
    "websocket.flapping",
    "websocket.one_way",
    "websocket.no_word",
    "websocket.source_address",
    "websocket.link_quality",
    "websocket.violations",
    "websocket.framing",
    "websocket.compression",
    "websocket.long_outage",
    "websocket.incomplete",
    "websocket.black_hole",
    "websocket.no_attempt",
    "boot.loop",
    "boot.reconnect_habit",
    "boot.rejected",
    "meter_values.not_a_number",
    "meter_values.scale",
    "meter_values.backwards",
    "meter_values.rebased",
    "meter_values.missing_samples",
    "meter_values.transaction_id",
    "meter_values.stop_below_start",
    "protocol.invalid_json",
    "protocol.request_schema",
    "protocol.unanswered",
    "protocol.reused_id",
    "transactions.never_closed",
    "transactions.offline_replay",
    "clock.offset",
    "clock.time_zone",
    "clock.no_zone",
    "security.unencrypted",
    "security.clear_credentials",
    "security.no_authentication",
    "security.tls_version",
    "security.cipher",
    "security.validity",
    "security.name_mismatch",
    "security.chain",
    "security.keys",
    "security.user_name",
)
FAMILIES: Mapping[str, str] = {
    "HB": "Heartbeat",
    "WS": "WebSocket",
    "BT": "Boot",
    "PR": "Protocol",
    "MV": "MeterValues",
    "TX": "Transactions",
    "CK": "Clock",
    "SC": "Security",
}


@functools.cache
def checks() -> tuple[Check, ...]:
    """All checks, in the order of the catalogue."""
    modules = [importlib.import_module(f"analyzer.checks.{name}") for name in MODULES]
    return tuple(value for module in modules for value in vars(module).values() if isinstance(value, Check))
