from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from analyzer.checks.meter_values.backwards import backwards
from analyzer.checks.meter_values.rebased import rebased
from analyzer.derive import DERIVATIONS
from analyzer.engine import Workspace
from analyzer.sources.reading import read
from tests.manuals import findings

if TYPE_CHECKING:
    from pathlib import Path

CONNECTED = "00:00:00 CP1 + ocpp1.6\n"


def sessions(*ends: tuple[int, int], samples: bool = False, first: int = 0) -> str:
    """Transactions of 30 minutes, one an hour, from one register to another; some with two samples."""
    text = ""
    for number, (start, stop) in enumerate(ends, first):
        name, hour = 100 + number, f"{1 + number:02}"
        text += (
            f'{hour}:01:00 CP1 > StartTransaction#s{name} {{"connectorId": 1, "idTag": "T", "meterStart": {start}, "timestamp": "$(now)"}}\n'
            f'{hour}:01:01 CP1 < =#s{name} {{"transactionId": {name}, "idTagInfo": {{"status": "Accepted"}}}}\n'
        )
        for minute in (16, 30) if samples else ():
            value = start + (stop - start) * minute // 30
            text += f'{hour}:{minute}:30 CP1 > MeterValues {{"connectorId": 1, "transactionId": {name}, "meterValue": [{{"timestamp": "$(now)", "sampledValue": [{{"value": "{value}"}}]}}]}}\n'
        text += f'{hour}:31:00 CP1 > StopTransaction#e{name} {{"transactionId": {name}, "meterStop": {stop}, "timestamp": "$(now)"}}\n'
    return text


def boot(at: str) -> str:
    return f'{at} CP1 > BootNotification {{"chargePointVendor": "E", "chargePointModel": "A"}}\n'


# Of the third session the first sample lies above the last of the second, so the samples show two new starts only.
@pytest.mark.parametrize(("samples", "count"), [(False, 3), (True, 2)])
def test_a_register_that_starts_at_zero_in_each_transaction_counts_sessions(*, samples: bool, count: int) -> None:
    text = CONNECTED + sessions((0, 5000), (0, 3000), (0, 9000), (0, 100), samples=samples)
    (found,) = findings(rebased, text)
    assert (found["severity"], found["count"]) == ("info", count)
    assert "starts again with each transaction (4 seen)" in str(found["summary"])
    assert findings(backwards, text) == []


def test_sessions_may_be_counted_in_the_samples_alone() -> None:
    text = CONNECTED + sessions((0, 5000), (0, 3000), (0, 9000), samples=True).replace(
        '"meterStart": 0', '"meterStart": 812345'
    )
    (found,) = findings(rebased, text)
    assert found["severity"] == "info"
    assert findings(backwards, text) == []


def test_a_new_meter_starts_at_zero_once() -> None:
    assert findings(rebased, CONNECTED + sessions((0, 0), (0, 0), (0, 4000), (4000, 4000), (4000, 9000))) == []


def test_two_sessions_are_no_habit_and_one_new_start_is_a_warning() -> None:
    (found,) = findings(rebased, CONNECTED + sessions((0, 5000), (0, 3000)))
    assert (found["severity"], found["count"]) == ("warning", 1)
    assert "without a reboot" in str(found["summary"])


def test_a_reset_by_one_reboot_is_a_warning_however_often_it_charges_afterwards() -> None:
    text = CONNECTED + sessions((100_000, 105_000)) + boot("02:00:00")
    text += sessions((0, 4000), (4000, 4500), (4500, 7000), first=2)
    (found,) = findings(rebased, text)
    assert (found["severity"], found["count"], found["limit"]) == ("warning", 1, 105_000.0)
    assert "after a reboot" in str(found["summary"])
    assert findings(backwards, text) == []


def test_failed_sessions_after_a_reset_do_not_make_a_habit() -> None:
    text = CONNECTED + sessions((100_000, 105_000)) + boot("02:00:00") + sessions((0, 0), (0, 0), (0, 0), first=2)
    (found,) = findings(rebased, text)
    assert found["severity"] == "warning"


def test_a_register_that_is_stored_seldom_comes_back_lower_after_a_reboot() -> None:
    text = CONNECTED + sessions((100_000, 105_000)) + boot("02:00:00") + sessions((104_200, 109_000), first=2)
    (found,) = findings(rebased, text)
    assert (found["value"], found["limit"]) == (104_200.0, 105_000.0)


def test_a_reconnect_without_a_reboot_is_no_reason() -> None:
    text = CONNECTED + sessions((100_000, 105_000))
    text += "02:00:00 CP1 - 1006\n02:00:05 CP1 + ocpp1.6\n" + sessions((104_200, 109_000), first=2)
    assert findings(rebased, text) == []
    assert findings(backwards, text)


def test_the_growatt_charger_counts_sessions(corpus: Path) -> None:
    workspace = Workspace(read(str(corpus / "captures" / "growatt_1218.pcap")), DERIVATIONS)
    (found,) = rebased(*workspace.tables(rebased.needs)).to_pylist()
    assert (found["severity"], found["count"], found["value"]) == ("info", 1, 0.0)
    assert "(3 seen)" in found["summary"]
    assert backwards(*workspace.tables(backwards.needs)).num_rows == 0
