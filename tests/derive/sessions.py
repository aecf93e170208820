"""What the tests of transactions share: the messages of a session in trace notation, and the rows that come of them."""

from __future__ import annotations

from tests.manuals import workspace

Row = dict[str, object]
GIVEN = "2026-01-01T08:00:00Z"
START = """
08:00:10 CP1 > StartTransaction#s {"connectorId": 2, "idTag": "A", "meterStart": 100, "timestamp": "$(now-5)"}
08:00:10.1 CP1 < =#s {"transactionId": 7, "idTagInfo": {"status": "Accepted"}}
"""
SAMPLED = (
    '{} CP1 > MeterValues {{"connectorId": 2, "transactionId": -1, "meterValue": '
    '[{{"timestamp": "$(now)", "sampledValue": [{{"value": "1"}}]}}]}}\n'
)
EVENTS = (("08:00:10", "Started"), ("08:10:10", "Ended"), ("08:20:10", "Started"))


def rows(text: str) -> list[Row]:
    found: list[Row] = workspace(text).table("transactions").to_pylist()
    return found


def event(at: str, kind: str, value: object, more: str = "") -> str:
    sampled = f'[{{"timestamp": "$(now)", "sampledValue": [{{"value": {value}}}]}}]'
    return (
        f'{at} CP1 > TransactionEvent#{at} {{"eventType": "{kind}", "timestamp": "$(now-5)", "seqNo": 0, '
        f'"transactionInfo": {{"transactionId": "t"{more}}}, "meterValue": {sampled}, "evse": {{"id": 3, "connectorId": 1}}}}\n'
    )


def start(at: str, answer: str, *, name: str = "s", connector: int = 2, meter: int = 100, given: str = "$(now)") -> str:
    sent = f'{{"connectorId": {connector}, "idTag": "A", "meterStart": {meter}, "timestamp": "{given}"}}'
    return f"{at} CP1 > StartTransaction#{name} {sent}\n" + (f"{at}.5 CP1 < =#{name} {answer}\n" if answer else "")


def stop(at: str, name: object, meter: object = 5100) -> str:
    return f'{at} CP1 > StopTransaction {{"transactionId": {name}, "meterStop": {meter}, "timestamp": "$(now)"}}\n'
