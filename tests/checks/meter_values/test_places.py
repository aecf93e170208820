from __future__ import annotations

import pyarrow as pa
import pytest

from analyzer.checks.meter_values.places import places, transactions_of
from tests.manuals import workspace


def session(hour: str, connector: int, identity: object = 5) -> str:
    return f"""
{hour}:00:00 CP1 > StartTransaction#s{hour} {{"connectorId": {connector}, "idTag": "T", "meterStart": 0, "timestamp": "$(now)"}}
{hour}:00:00.1 CP1 < =#s{hour} {{"transactionId": {identity}, "idTagInfo": {{"status": "Accepted"}}}}
{hour}:30:00 CP1 > StopTransaction#e{hour} {{"transactionId": {identity}, "meterStop": 9, "timestamp": "$(now)", "transactionData": [{{"timestamp": "$(now)", "sampledValue": [{{"value": "9"}}]}}]}}
"""


def told(text: str) -> tuple[list[str], list[str]]:
    """The outlet of each reading, and when the transaction of each began."""
    space = workspace(text)
    readings, transactions = space.table("readings"), space.table("transactions")
    outlets = places(readings, transactions)
    rows = transactions_of(readings, outlets, transactions).tolist()
    begins = transactions["started"].to_pylist()
    return outlets.to_pylist(), [f"{begins[row]:%H}" if row >= 0 and begins[row] else "none" for row in rows]


def where(text: str) -> tuple[list[str], list[object]]:
    """The outlet of each reading, and the connector of its transaction."""
    space = workspace(text)
    readings, transactions = space.table("readings"), space.table("transactions")
    outlets = places(readings, transactions)
    rows = transactions_of(readings, outlets, transactions)
    return outlets.to_pylist(), transactions["connector"].take(pa.array(rows)).to_pylist()


def test_values_of_a_stop_belong_to_the_outlet_of_their_transaction() -> None:
    assert told(session("08", 2)) == (["connector 2"], ["08"])


def test_an_identity_that_is_given_again_is_that_of_the_last_transaction_begun_by_then() -> None:
    assert told(session("08", 1) + session("10", 2)) == (["connector 1", "connector 2"], ["08", "10"])


def test_values_of_a_transaction_that_nobody_began_are_of_no_outlet() -> None:
    stop = session("08", 1).splitlines()[3]
    assert told(stop) == (["an outlet that is not named"], ["none"])


def overlapping(identity: object) -> str:
    """Two sessions at once, each sampled, of which the second, of connector 2, ends first."""
    first, second = session("08", 1, identity), session("08", 2, identity).replace("08", "09", 1)
    second = second.replace("08:00", "08:10").replace("09:00", "08:10").replace("08:30", "08:20")
    sampled = (
        '08:15:00 CP1 > MeterValues {{"connectorId": {0}, "transactionId": {1}, "meterValue": '
        '[{{"timestamp": "$(now)", "sampledValue": [{{"value": "{0}"}}]}}]}}\n'
    )
    second = second.replace("#s08", "#s2").replace("#e08", "#e2").replace('"meterStart": 0', '"meterStart": 5')
    return first + second + sampled.format(1, identity) + sampled.format(2, identity)


@pytest.mark.parametrize("identity", [0, -1, 5])
def test_an_identity_of_two_connectors_at_once_is_that_of_the_connector_of_the_row(identity: int) -> None:
    outlets, rows = where(overlapping(identity))
    assert outlets == ["connector 1", "connector 2", "connector 2", "connector 1"]
    assert rows == [1, 2, 2, 1]


@pytest.mark.parametrize(("identity", "begun"), [(0, "none"), (-1, "none"), (5, "08")])
def test_what_is_no_identity_names_no_transaction_of_another_connector(identity: int, begun: str) -> None:
    sampled = (
        f'08:15:00 CP1 > MeterValues {{"connectorId": 2, "transactionId": {identity}, "meterValue": '
        '[{"timestamp": "$(now)", "sampledValue": [{"value": "1"}]}]}\n'
    )
    text = session("08", 1, identity).replace(', "transactionData": [', ', "other": [')
    assert told(text + sampled) == (["connector 2"], [begun])
