"""What holds for all checks of meter values: nothing that a charger sends makes them raise."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from analyzer.checks import checks
from analyzer.plan import Check
from tests.manuals import workspace

METER_VALUES = tuple(check for check in checks() if check.id.startswith("MV"))
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.sampled_from(
        ["7", "-1", "", "NaN", "7,4", "1e400", "2026-01-01T08:05:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"]
    ),
)
NAMES = st.sampled_from(
    [
        "connectorId",
        "transactionId",
        "meterStart",
        "meterStop",
        "timestamp",
        "eventType",
        "seqNo",
        "evse",
        "id",
        "value",
    ]
)
SAMPLES = st.fixed_dictionaries(
    {"value": SCALARS},
    optional={
        "measurand": st.sampled_from(["Power.Active.Import", "Energy.Reactive.Export.Register", "SoC", ""]),
        "phase": st.sampled_from(["L1", "L2-N", "?"]),
        "context": st.sampled_from(["Sample.Clock", "Transaction.Begin", "Trigger"]),
        "unit": st.sampled_from(["kWh", "?", ""]),
        "unitOfMeasure": st.fixed_dictionaries({"multiplier": SCALARS}),
    },
)
VALUES = st.lists(
    st.fixed_dictionaries({"sampledValue": st.lists(SAMPLES, max_size=4)}, optional={"timestamp": SCALARS}), max_size=3
)
PAYLOADS = st.builds(
    lambda members, values, info: {**members, "meterValue": values, "transactionData": values, "transactionInfo": info},
    st.dictionaries(NAMES, SCALARS, max_size=6),
    VALUES,
    st.one_of(SCALARS, st.fixed_dictionaries({"transactionId": SCALARS})),
)
ACTIONS = st.sampled_from(
    ["MeterValues", "StartTransaction", "StopTransaction", "TransactionEvent", "BootNotification"]
)


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
@given(st.lists(st.tuples(ACTIONS, PAYLOADS, SCALARS), max_size=12))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_payload_makes_a_check_raise(version: str, said: list[tuple[str, dict[str, object], object]]) -> None:
    lines = [f"08:00:00 CP1 + ocpp{version}"]
    for number, (action, payload, identity) in enumerate(said):
        lines.append(f"08:0{number // 6}:{number % 6}0 CP1 > {action}#m{number} {json.dumps(payload)}")
        lines.append(f"08:0{number // 6}:{number % 6}1 CP1 < =#m{number} {json.dumps({'transactionId': identity})}")
    base = workspace("\n".join(lines))
    for check in METER_VALUES:
        assert isinstance(check, Check)
        for row in check(*base.tables(check.needs)).to_pylist():
            assert row["summary"]
