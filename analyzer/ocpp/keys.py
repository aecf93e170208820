"""Names of settings across versions, and what each message says of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# 2.x `Component.Variable[Instance]` in lower case -> the 1.6 key (OCPP 1.6 9; 2.0.1 part 2 appendix, migration table).
SINCE_201 = {
    "ocppcommctrlr.heartbeatinterval": "HeartbeatInterval",
    "ocppcommctrlr.websocketpinginterval": "WebSocketPingInterval",
    "ocppcommctrlr.messagetimeout": "MessageTimeout",
    "ocppcommctrlr.messagetimeout[default]": "MessageTimeout",
    "ocppcommctrlr.messageattempts[transactionevent]": "TransactionMessageAttempts",
    "ocppcommctrlr.messageattemptinterval[transactionevent]": "TransactionMessageRetryInterval",
    "sampleddatactrlr.txupdatedinterval": "MeterValueSampleInterval",
    "sampleddatactrlr.txupdatedmeasurands": "MeterValuesSampledData",
    "sampleddatactrlr.txendedmeasurands": "StopTxnSampledData",
    "aligneddatactrlr.interval": "ClockAlignedDataInterval",
    "aligneddatactrlr.measurands": "MeterValuesAlignedData",
    "aligneddatactrlr.txendedmeasurands": "StopTxnAlignedData",
    "txctrlr.evconnectiontimeout": "ConnectionTimeOut",
    "txctrlr.stoptxoninvalidid": "StopTransactionOnInvalidId",
    "txctrlr.stoptxonevsidedisconnect": "StopTransactionOnEVSideDisconnect",
}
STANDARD = {name.lower(): name for name in SINCE_201.values()}


class Setting(NamedTuple):
    """A setting that was said: its canonical key, value, the operation (boot, set, get, report) and its status."""

    key: str
    value: str | None
    operation: str
    status: str | None


def canonical(key: str) -> str:
    """The 1.6 key for a name of any version; a name that is not known stays as it is.

    >>> canonical("OCPPCommCtrlr.HeartbeatInterval"), canonical("heartbeatInterval"), canonical("Vendor.Thing")
    ('HeartbeatInterval', 'HeartbeatInterval', 'Vendor.Thing')
    """
    lower = key.lower()
    return SINCE_201.get(lower) or STANDARD.get(lower) or key


def settings_said(action: str, request: str | None, answer: str | None) -> Iterator[Setting]:
    """What a request and its answer say of settings.

    >>> list(settings_said("BootNotification", "{}", '{"interval":60,"status":"Accepted"}'))
    [Setting(key='HeartbeatInterval', value='60', operation='boot', status='Accepted')]
    """
    asked, answered = _object(request), _object(answer)
    if action == "BootNotification" and "interval" in answered:
        yield Setting("HeartbeatInterval", _text(answered["interval"]), "boot", _text(answered.get("status")))
    elif action == "ChangeConfiguration":
        yield Setting(canonical(_text(asked.get("key")) or ""), _text(asked.get("value")), "set", _text(answered.get("status")))
    elif action == "GetConfiguration":
        for entry in _objects(answered.get("configurationKey")):
            yield Setting(canonical(_text(entry.get("key")) or ""), _text(entry.get("value")), "get", None)
    elif action == "SetVariables":
        yield from _set(asked, answered)
    elif action == "GetVariables":
        for entry in _objects(answered.get("getVariableResult")):
            if entry.get("attributeStatus") == "Accepted" and _is_actual(entry):
                yield Setting(_variable(entry), _text(entry.get("attributeValue")), "get", None)
    elif action == "NotifyReport":
        yield from _reported(asked)


def _set(asked: Mapping[str, object], answered: Mapping[str, object]) -> Iterator[Setting]:
    statuses = {(_variable(entry), _kind(entry)): _text(entry.get("attributeStatus")) for entry in _objects(answered.get("setVariableResult"))}
    for entry in _objects(asked.get("setVariableData")):
        if _is_actual(entry):
            key = _variable(entry)
            yield Setting(key, _text(entry.get("attributeValue")), "set", statuses.get((key, _kind(entry))))


def _reported(asked: Mapping[str, object]) -> Iterator[Setting]:
    for entry in _objects(asked.get("reportData")):
        for attribute in _objects(entry.get("variableAttribute")):
            if attribute.get("type", "Actual") == "Actual" and "value" in attribute:
                yield Setting(_variable(entry), _text(attribute.get("value")), "report", None)


def _variable(entry: Mapping[str, object]) -> str:
    component, variable = _member(entry, "component"), _member(entry, "variable")
    instance = _text(variable.get("instance"))
    name = f"{_text(component.get('name'))}.{_text(variable.get('name'))}"
    return canonical(f"{name}[{instance}]" if instance else name)


def _kind(entry: Mapping[str, object]) -> str:
    return _text(entry.get("attributeType")) or "Actual"


def _is_actual(entry: Mapping[str, object]) -> bool:
    return _kind(entry) == "Actual"


def _object(payload: str | None) -> Mapping[str, object]:
    if not payload:
        return {}
    try:
        value = msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        try:
            value = json.loads(payload)
        except (ValueError, RecursionError):
            return {}
    return value if isinstance(value, dict) else {}


def _objects(value: object) -> list[Mapping[str, object]]:
    return [member for member in value if isinstance(member, dict)] if isinstance(value, list) else []


def _member(entry: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = entry.get(name)
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, float)):
        return str(value)
    return None
