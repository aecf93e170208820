from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from analyzer.checks.transactions.never_closed import never_closed
from analyzer.derive import DERIVATIONS
from analyzer.engine import Workspace
from analyzer.sources.reading import read
from tests.manuals import damaged, findings, workspace

if TYPE_CHECKING:
    from pathlib import Path

OPEN = "08:00:00 CP1 + ocpp1.6\n"


def start(at: str, transaction: object, connector: int = 1, status: str = "Accepted", time: str = "$(now)") -> str:
    return (
        f'{at} CP1 > StartTransaction#{at} {{"connectorId": {connector}, "idTag": "A", "meterStart": 0, "timestamp": "{time}"}}\n'
        f'{at}.1 CP1 < =#{at} {{"transactionId": {transaction}, "idTagInfo": {{"status": "{status}"}}}}\n'
    )


def stop(at: str, transaction: object) -> str:
    return (
        f'{at} CP1 > StopTransaction#{at} {{"transactionId": {transaction}, "meterStop": 9, "timestamp": "$(now)"}}\n'
    )


def event(at: str, kind: str, transaction: str, evse: str = '{"id": 1, "connectorId": 1}') -> str:
    return (
        f'{at} CP1 > TransactionEvent#{at} {{"eventType": "{kind}", "timestamp": "$(now)", "triggerReason": "Trigger", '
        f'"seqNo": 0, "transactionInfo": {{"transactionId": "{transaction}"}}, "evse": {evse}}}\n'
    )


def status(at: str, name: str, more: str = "") -> str:
    return (
        f'{at} CP1 > StatusNotification#{at} {{"connectorId": 1, "errorCode": "NoError", "status": "{name}"{more}}}\n'
    )


def sampled(at: str, count: int, step: int = 60) -> str:
    sent = '"timestamp": "$(now)", "sampledValue": [{"value": "$(i)"}]'
    return (
        f"{at}x{count}/{step}s CP1 > MeterValues#{at}-$(i) "
        f'{{"connectorId": 1, "transactionId": 7, "meterValue": [{{{sent}}}]}}\n'
    )


def beats(at: str, count: int = 10, step: int = 60) -> str:
    return f"{at}x{count}/{step}s CP1 > Heartbeat#{at}-$(i)\n"


def unjudged(text: str) -> list[str]:
    rows = never_closed(*workspace(text).tables(never_closed.needs)).to_pylist()
    return [str(row["summary"]) for row in rows if row["severity"] == "unknown"]


@pytest.mark.parametrize(("connector", "count"), [(1, 1), (2, 0)])
def test_the_next_start_must_be_on_the_same_connector(connector: int, count: int) -> None:
    text = OPEN + start("08:00:10", 7) + start("08:30:00", 8, connector) + beats("08:31:00")
    assert len(findings(never_closed, text)) == count


def test_all_open_transactions_of_a_station_are_one_finding() -> None:
    text = OPEN + "".join(start(f"08:{10 * i:02d}:10", i) for i in range(1, 6)) + beats("08:55:00", 20)
    (found,) = findings(never_closed, text)
    assert (found["count"], found["value"], found["unit"]) == (4, 4.0, "transactions")
    assert found["summary"] == "4 transactions never ended (1, 2, 3, ...): the next one (2) began on the same connector"


def test_an_end_that_comes_later_closes_it() -> None:
    text = OPEN + start("08:00:10", 7) + start("08:30:00", 8) + beats("08:31:00") + stop("08:50:00", 7)
    assert findings(never_closed, text) == []


def test_a_transaction_that_was_open_before_the_input_is_not_judged() -> None:
    text = OPEN + sampled("08:00:10", 5) + start("08:30:00", 8) + beats("08:31:00")
    assert findings(never_closed, text) == []


@pytest.mark.parametrize("refusal", ["Invalid", "Blocked", "Expired", "ConcurrentTx"])
def test_a_refused_start_opens_nothing(refusal: str) -> None:
    text = OPEN + start("08:00:10", 7, status=refusal) + start("08:30:00", 8) + beats("08:31:00")
    assert findings(never_closed, text) == []


def test_a_start_without_answer_opens_nothing_that_could_be_named() -> None:
    lone = '08:00:10 CP1 > StartTransaction#lost {"connectorId": 1, "meterStart": 0, "timestamp": "$(now)"}\n'
    assert findings(never_closed, OPEN + lone + start("08:30:00", 8) + beats("08:31:00")) == []


def test_a_start_that_is_answered_again_with_another_id_is_one_transaction() -> None:
    time = "2026-01-01T08:00:10Z"
    text = OPEN + start("08:00:10", 7, time=time) + start("08:01:20", 8, time=time) + stop("08:30:00", 8)
    assert findings(never_closed, text + beats("08:31:00")) == []


def test_an_end_under_an_unknown_id_may_have_been_its_own() -> None:
    text = OPEN + start("08:00:10", 7) + stop("08:29:00", -1) + start("08:30:00", 8) + beats("08:31:00")
    assert findings(never_closed, text) == []


@pytest.mark.parametrize(("seconds", "count"), [(299, 0), (300, 1), (301, 1)])
def test_a_connector_that_is_available_for_five_minutes_is_past_it(seconds: int, count: int) -> None:
    text = OPEN + start("08:00:10", 7) + status("08:30:00", "Available") + beats("08:30:00", 2, seconds)
    found = findings(never_closed, text)
    assert len(found) == count
    assert all("the connector is Available" in str(row["summary"]) for row in found)


def test_a_connector_that_is_charging_again_soon_was_not_available() -> None:
    text = OPEN + start("08:00:10", 7) + status("08:30:00", "Available") + status("08:31:00", "Charging")
    assert findings(never_closed, text + beats("08:32:00", 20)) == []


def test_a_report_of_the_time_before_the_start_says_nothing() -> None:
    old = ', "timestamp": "2026-01-01T07:00:00Z"'
    text = OPEN + start("08:00:10", 7) + status("08:00:20", "Available", old)
    assert findings(never_closed, text + beats("08:01:00", 20)) == []


def test_samples_after_available_say_that_it_goes_on() -> None:
    text = OPEN + start("08:00:10", 7) + status("08:10:00", "Available") + sampled("08:11:00", 20)
    assert findings(never_closed, text) == []


@pytest.mark.parametrize(
    ("last", "hours", "count"),
    [
        ("Charging", 26, 1),
        ("Charging", 24, 0),
        ("SuspendedEV", 26, 0),
        ("SuspendedEVSE", 26, 0),
        ("Occupied", 26, 0),
        ("Preparing", 26, 1),
    ],
)
def test_a_sampled_transaction_without_samples_for_a_day_is_past_it(last: str, hours: int, count: int) -> None:
    text = (
        OPEN + start("08:00:10", 7) + status("08:00:20", last) + sampled("08:01:00", 5) + beats("08:10:00", hours, 3600)
    )
    assert len(findings(never_closed, text)) == count


def test_a_transaction_that_was_never_sampled_is_not_late_with_samples() -> None:
    assert findings(never_closed, OPEN + start("08:00:10", 7) + beats("08:10:00", 48, 3600)) == []


def test_a_charger_that_is_offline_since_may_still_hold_the_end() -> None:
    text = OPEN + start("08:00:10", 7) + start("08:30:00", 8) + "08:31:00 CP1 - 1006\n09:30:00 CP2 + ocpp1.6\n"
    assert findings(never_closed, text) == []
    assert unjudged(text) == ["a transaction is open, and the charger is offline since"]


def test_a_charger_must_be_connected_for_five_minutes_in_one_piece() -> None:
    text = OPEN + start("08:00:10", 7) + start("08:30:00", 8) + "08:33:00 CP1 - 1006\n"
    short = "09:00:00 CP1 + ocpp1.6\n" + beats("09:00:01", 4)
    long = "09:00:00 CP1 + ocpp1.6\n" + beats("09:00:01", 7)
    assert findings(never_closed, text + short) == []
    assert len(findings(never_closed, text + long)) == 1


@pytest.mark.parametrize("version", ["ocpp2.0.1", "ocpp2.1"])
def test_an_evse_of_2x_has_one_transaction_at_a_time(version: str) -> None:
    begin = f"08:00:00 CP1 + {version}\n" + event("08:00:10", "Started", "a")
    again = begin + event("08:30:00", "Started", "b", '{"id": 1}') + beats("08:31:00")
    (found,) = findings(never_closed, again)
    assert "(a): the next one (b) began" in str(found["summary"])
    assert findings(never_closed, again + event("08:50:00", "Ended", "a", "{}")) == []
    other = begin + event("08:30:00", "Started", "b", '{"id": 2, "connectorId": 1}') + beats("08:31:00")
    assert findings(never_closed, other) == []


@pytest.mark.parametrize(("connector", "count"), [(1, 1), (2, 0)])
def test_another_connector_of_the_evse_may_be_available(connector: int, count: int) -> None:
    text = (
        "08:00:00 CP1 + ocpp2.0.1\n"
        + event("08:00:10", "Started", "a")
        + '08:30:00 CP1 > StatusNotification {"timestamp": "$(now)", "connectorStatus": "Available", "evseId": 1, '
        f'"connectorId": {connector}}}\n' + beats("08:31:00")
    )
    assert len(findings(never_closed, text)) == count


def test_a_transaction_at_no_known_place_is_not_superseded() -> None:
    text = (
        "08:00:00 CP1 + ocpp2.0.1\n" + event("08:00:10", "Started", "a", "{}") + event("08:30:00", "Started", "b", "7")
    )
    assert findings(never_closed, text + beats("08:31:00")) == []


@pytest.mark.parametrize("payload", ["[]", "null", '{"eventType": "Started", "transactionInfo": 7, "evse": []}'])
def test_odd_payloads_raise_nothing(payload: str) -> None:
    assert findings(never_closed, f"08:00:00 CP1 > TransactionEvent {payload}\n" + beats("08:31:00")) == []


@pytest.mark.parametrize("name", ["healthy.pcap", "healthy_201.pcap", "healthy.log", "meter_faults.pcap"])
def test_healthy_chargers_end_their_transactions(samples: Path, name: str) -> None:
    workspace = Workspace(read(str(samples / name)), DERIVATIONS)
    assert never_closed(*workspace.tables(never_closed.needs)).num_rows == 0


@pytest.mark.parametrize(("count", "found"), [(1, 0), (2, 1)])
def test_two_samples_show_that_a_charger_samples(count: int, found: int) -> None:
    text = OPEN + start("08:00:10", 7) + sampled("08:01:00", count) + beats("08:10:00", 26, 3600)
    assert len(findings(never_closed, text)) == found


@pytest.mark.parametrize(("last", "count"), [("08:30:00", 1), ("08:30:01", 0)])
def test_a_sample_when_the_connector_becomes_available_is_the_last_one(last: str, count: int) -> None:
    text = OPEN + start("08:00:10", 7) + sampled(last, 1) + status("08:30:00", "Available") + beats("08:31:00")
    assert len(findings(never_closed, "\n".join(sorted(text.splitlines())))) == count


@pytest.mark.parametrize(("connector", "count"), [(1, 1), (0, 0)])
def test_connector_0_is_the_whole_charger_and_no_connector_that_is_free(connector: int, count: int) -> None:
    free = status("08:30:00", "Available").replace('"connectorId": 1', f'"connectorId": {connector}')
    assert len(findings(never_closed, OPEN + start("08:00:10", 7, connector) + free + beats("08:31:00"))) == count


def test_a_charger_that_is_connected_or_has_nothing_open_is_judged() -> None:
    assert unjudged(OPEN + start("08:00:10", 7) + beats("08:31:00")) == []
    ended = OPEN + start("08:00:10", 7) + stop("08:30:00", 7) + "08:31:00 CP1 - 1006\n09:30:00 CP2 + ocpp1.6\n"
    assert unjudged(ended) == []


@pytest.mark.parametrize(
    ("ended", "connector", "count"),
    [("08:29:00", 1, 0), ("08:29:00", 2, 1), ("08:35:00", 1, 0), ("08:35:01", 1, 1), ("08:00:05", 1, 1)],
)
def test_another_end_counts_on_its_connector_since_the_start_and_until_the_charger_is_past_it(
    ended: str, connector: int, count: int
) -> None:
    sent = f'{{"connectorId": {connector}, "transactionId": 99, "meterValue": [{{"timestamp": "$(now)", "sampledValue": [{{"value": "1"}}]}}]}}'
    unknown = f"08:00:01 CP1 > MeterValues#u {sent}\n"
    text = OPEN + unknown + start("08:00:10", 7) + start("08:30:00", 8) + beats("08:31:00") + stop(ended, 99)
    lines = sorted(text.splitlines())
    assert len(findings(never_closed, "\n".join(lines))) == count


def test_an_end_may_have_stood_in_a_part_of_the_input_that_was_lost() -> None:
    text = OPEN + start("08:00:10", 7) + start("08:30:00", 8) + "08:31:00x10/60s CP1 > Heartbeat#h$(i)\n"
    for moment, severity in (("08:00:09", "error"), ("08:00:11", "unknown")):
        (row,) = never_closed(*damaged(text, moment).tables(never_closed.needs)).to_pylist()
        assert row["severity"] == severity
