"""Names of settings across versions, and what each message says of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from analyzer.ocpp.payloads import decode, members, objects, text

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
    asked, answered = members(decode(request)), members(decode(answer))
    return (setting for setting in _said(action, asked, answered) if setting.key)


def _said(action: str, asked: Mapping[str, object], answered: Mapping[str, object]) -> Iterator[Setting]:
    if action == "BootNotification" and "interval" in answered:
        yield Setting("HeartbeatInterval", text(answered["interval"]), "boot", text(answered.get("status")))
    elif action == "ChangeConfiguration":
        yield Setting(_key(asked), text(asked.get("value")), "set", text(answered.get("status")))
    elif action == "GetConfiguration":
        for entry in objects(answered.get("configurationKey")):
            yield Setting(_key(entry), text(entry.get("value")), "get", None)
    elif action == "SetVariables":
        yield from _set(asked, answered)
    elif action == "GetVariables":
        for entry in filter(_is_actual, objects(answered.get("getVariableResult"))):
            if entry.get("attributeStatus") == "Accepted":
                yield Setting(_variable(entry), text(entry.get("attributeValue")), "get", None)
    elif action == "NotifyReport":
        yield from _reported(asked)


def _set(asked: Mapping[str, object], answered: Mapping[str, object]) -> Iterator[Setting]:
    """What was set, each with its own status: the results may stand in any order."""
    results = objects(answered.get("setVariableResult"))
    statuses = {_attribute(entry): text(entry.get("attributeStatus")) for entry in results}
    for entry in filter(_is_actual, objects(asked.get("setVariableData"))):
        yield Setting(_variable(entry), text(entry.get("attributeValue")), "set", statuses.get(_attribute(entry)))


def _reported(asked: Mapping[str, object]) -> Iterator[Setting]:
    for entry in objects(asked.get("reportData")):
        for attribute in objects(entry.get("variableAttribute")):
            if attribute.get("type", "Actual") == "Actual" and "value" in attribute:
                yield Setting(_variable(entry), text(attribute["value"]), "report", None)


def _key(entry: Mapping[str, object]) -> str:
    return canonical(text(entry.get("key")) or "")


def _variable(entry: Mapping[str, object]) -> str:
    """The key of a component's variable; empty where either has no name."""
    variable = members(entry.get("variable"))
    component, name = text(members(entry.get("component")).get("name")), text(variable.get("name"))
    instance = text(variable.get("instance"))
    if not component or not name:
        return ""
    return canonical(f"{component}.{name}[{instance}]" if instance else f"{component}.{name}")


def _attribute(entry: Mapping[str, object]) -> tuple[object, ...]:
    """What a result has in common with the data it answers. Names are compared without case."""
    component = members(entry.get("component"))
    evse = members(component.get("evse"))
    place = (text(component.get("instance")), text(evse.get("id")), text(evse.get("connectorId")))
    return (_variable(entry).lower(), _kind(entry), *place)


def _kind(entry: Mapping[str, object]) -> str:
    return text(entry.get("attributeType")) or "Actual"


def _is_actual(entry: Mapping[str, object]) -> bool:
    return _kind(entry) == "Actual"
