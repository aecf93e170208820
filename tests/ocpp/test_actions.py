from __future__ import annotations

import pytest
from hypothesis import given, strategies as st
from ocpp.v16.enums import Action as Action16
from ocpp.v21.enums import Action as Action21
from ocpp.v201.enums import Action as Action201

from analyzer.ocpp import actions

IN_16, IN_201, IN_21 = ({str(action.value) for action in names} for names in (Action16, Action201, Action21))
STREAM = {"NotifyPeriodicEventStream"}  # a SEND, which the package's enumeration leaves out


def test_every_name_is_an_action_of_the_standard() -> None:
    assert actions.BY_STATION | actions.BY_EITHER <= IN_16 | IN_201 | IN_21 | STREAM


def test_the_actions_of_one_version_are_those_of_no_other() -> None:
    assert IN_16 - IN_201 - IN_21 == actions.ONLY_IN_16
    assert (IN_21 | STREAM) - IN_16 - IN_201 == actions.ONLY_IN_21
    assert actions.ONLY_SINCE_201 <= (IN_201 & IN_21) - IN_16


@pytest.mark.parametrize(
    ("action", "side"),
    [
        ("Heartbeat", "up"),
        ("BootNotification", "up"),
        ("TransactionEvent", "up"),
        ("SignCertificate", "up"),
        ("NotifyPeriodicEventStream", "up"),
        ("PullDynamicScheduleUpdate", "up"),
        ("Reset", "down"),
        ("ChangeConfiguration", "down"),
        ("TriggerMessage", "down"),
        ("CertificateSigned", "down"),
        ("NotifyAllowedEnergyTransfer", "down"),
        ("AdjustPeriodicEventStream", "down"),
        ("DataTransfer", None),
    ],
)
def test_an_action_tells_which_side_requests_it(action: str, side: str | None) -> None:
    assert actions.direction(action) == side


@pytest.mark.parametrize(
    ("action", "payload", "version"),
    [
        ("StartTransaction", "{}", "1.6"),
        ("TransactionEvent", "{}", "2.0.1"),
        ("BatterySwap", "{}", "2.1"),
        ("BootNotification", '{"chargePointVendor":"A"}', "1.6"),
        ("BootNotification", '{"chargingStation":{}}', "2.0.1"),
        ("BootNotification", "{}", None),
        ("Heartbeat", "{}", None),
        ("DataTransfer", "{}", None),
    ],
)
def test_a_request_tells_its_version_where_only_one_has_it(action: str, payload: str, version: str | None) -> None:
    assert actions.version(action, payload) == version


@given(st.text(), st.text())
def test_any_action_tells_a_known_side_and_version(action: str, payload: str) -> None:
    assert actions.direction(action) in {"up", "down", None}
    assert actions.version(action, payload) in {"1.6", "2.0.1", "2.1", None}
