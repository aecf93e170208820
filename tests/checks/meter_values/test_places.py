from __future__ import annotations

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


def test_values_of_a_stop_belong_to_the_outlet_of_their_transaction() -> None:
    assert told(session("08", 2)) == (["connector 2"], ["08"])


def test_an_identity_that_is_given_again_is_that_of_the_last_transaction_begun_by_then() -> None:
    assert told(session("08", 1) + session("10", 2)) == (["connector 1", "connector 2"], ["08", "10"])


def test_values_of_a_transaction_that_nobody_began_are_of_no_outlet() -> None:
    stop = session("08", 1).splitlines()[3]
    assert told(stop) == (["an outlet that is not named"], ["none"])
