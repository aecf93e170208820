from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from analyzer.checks.clock.no_zone import no_zone
from analyzer.checks.clock.offset import offset
from analyzer.checks.clock.time_zone import time_zone
from analyzer.derive import DERIVATIONS
from analyzer.engine import Workspace
from analyzer.sources.reading import read
from tests.manuals import findings, workspace

if TYPE_CHECKING:
    from pathlib import Path

    from analyzer.plan import Check


def samples(shift: str, *, step: int = 60, count: int = 30, at: str = "08:00:10", station: str = "CP1") -> str:
    """MeterValues of 1.6, their times computed from the time of arrival."""
    sent = f'"timestamp": "$({shift})", "sampledValue": [{{"value": "$(i)"}}]'
    return (
        f"{at}x{count}/{step}s {station} > MeterValues#{at}-$(i) "
        f'{{"connectorId": 1, "transactionId": 7, "meterValue": [{{{sent}}}]}}\n'
    )


def statuses(shift: str, version: str) -> str:
    """StatusNotifications of 2.x, once a minute."""
    return (
        f"08:00:00 CP1 + {version}\n"
        f'08:00:10x30/60s CP1 > StatusNotification {{"timestamp": "$({shift})", "connectorStatus": "Available", '
        '"evseId": 1, "connectorId": 1}'
    )


def answers(shift: str) -> str:
    return f'08:00:30x10/180s CP1 > Heartbeat#h$(i)\n08:00:30.1x10/180s CP1 < =#h$(i) {{"currentTime": "$({shift})"}}\n'


def why_not(check: Check, text: str) -> list[str]:
    rows = check(*workspace(text).tables(check.needs)).to_pylist()
    return [str(row["summary"]) for row in rows if row["severity"] == "unknown"]


@pytest.mark.parametrize(
    ("error", "severity"),
    [
        ("+4", None), ("+5", "info"), ("-5", "info"), ("+20", "info"),
        ("+21", "warning"), ("-60", "warning"), ("-61", "error"),
    ],
)  # fmt: skip
def test_the_error_decides_the_severity(error: str, severity: str | None) -> None:
    found = findings(offset, samples(f"now{error}"))
    assert [row["severity"] for row in found] == ([severity] if severity else [])
    assert [row["limit"] for row in found] == ([4.0 if severity == "info" else 20.0] if severity else [])


def test_a_clock_that_was_wrong_for_half_of_the_time_and_is_right_now_is_right() -> None:
    wrong, right = samples("now+95", at="08:00:10", count=100), samples("now", at="10:00:10", count=100)
    assert findings(offset, wrong + right) == []
    assert len(findings(offset, wrong + right + samples("now+95", at="12:00:10", count=100))) == 1


@pytest.mark.parametrize("version", ["ocpp2.0.1", "ocpp2.1"])
def test_a_2x_charger_is_judged_by_its_status_reports(version: str) -> None:
    (found,) = findings(offset, statuses("now+95", version))
    assert (found["value"], found["unit"], found["severity"]) == (pytest.approx(95.0, abs=1), "s", "error")
    assert findings(offset, statuses("now", version)) == []


def test_a_clock_that_is_behind_needs_messages_that_agree_for_a_minute() -> None:
    assert findings(offset, samples("now-95", step=61, count=2))
    assert findings(offset, samples("now-95", step=1, count=2)) == []
    assert why_not(offset, samples("now-95", step=1, count=2)) == [
        "too few live messages with a timestamp tell how its clock stands"
    ]


def test_one_message_is_enough_to_say_that_a_clock_is_right() -> None:
    assert why_not(offset, samples("now", count=1)) == []


def test_one_lone_message_an_hour_tells_by_agreeing_with_the_others() -> None:
    assert findings(offset, samples("now-95", step=3600, count=2))
    assert findings(offset, samples("now-95-7*i", step=3600, count=2)) == []


def test_a_clock_that_was_set_by_the_first_answer_is_right() -> None:
    text = "08:00:00 CP1 + ocpp1.6\n" + samples("now+9000", step=1, count=5) + samples("now", at="08:00:30")
    assert findings(offset, text) == []


def test_hours_of_a_wrong_clock_count_though_it_was_right_in_between() -> None:
    text = samples("now+95", count=150) + samples("now", at="10:30:10", count=60)
    assert [row["value"] for row in findings(offset, text)] == [95.0]


def test_a_clock_that_was_set_after_an_hour_of_many_is_right() -> None:
    text = samples("now+95", count=59) + samples("now", at="09:00:10", count=240)
    assert findings(offset, text) == []


def test_a_clock_that_is_wrong_in_the_last_two_hours_is_wrong() -> None:
    text = samples("now", count=300) + samples("now+95", at="13:00:10", count=120)
    assert [row["value"] for row in findings(offset, text)] == [95.0]


def test_a_clock_that_stays_at_1970_was_never_set() -> None:
    (found,) = findings(offset, samples("now-1767225600"))
    assert found["summary"] == "The charger's clock was never set: it says 1970"


def test_who_agrees_with_the_csms_is_not_at_fault_when_the_input_differs() -> None:
    text = samples("now+95") + answers("now+95")
    assert findings(offset, text) == []
    (why,) = why_not(offset, text)
    assert "the CSMS's agree" in why
    assert "95 s ahead of the input's" in why


def test_who_agrees_with_the_input_is_not_at_fault_when_the_csms_differs() -> None:
    text = samples("now") + answers("now-500")
    assert findings(offset, text) == []
    assert why_not(offset, text) == [
        "its clock agrees with the input's, and the CSMS's clock stands 500 s behind of both"
    ]


def test_who_differs_from_both_is_at_fault_by_the_smaller_error() -> None:
    (found,) = findings(offset, samples("now+200") + answers("now+50"))
    assert found["value"] == pytest.approx(150.0, abs=0.5)


def test_the_answer_to_the_boot_tells_the_time_of_the_csms_too() -> None:
    boot = '08:00:00.1 CP1 > BootNotification {}\n08:00:00.2 CP1 < = {"currentTime": "$(now+95)", "interval": 60}\n'
    assert findings(offset, boot + samples("now+95")) == []


def test_the_summary_says_that_the_zone_is_missing_too() -> None:
    (found,) = findings(offset, samples("local+200"))
    assert found["summary"] == "The charger's clock stands 200 s ahead; its times have no zone"
    assert findings(no_zone, samples("local+200")) == []


def test_a_time_zone_is_not_told_here() -> None:
    assert findings(offset, samples("local+3598")) == []
    assert findings(time_zone, samples("local+3598"))


@pytest.mark.parametrize("shift", ['"yesterday"', "null", "7", '["2026-01-01T08:00:00Z"]', '"9999-12-31T23:59:59Z"'])
def test_odd_times_raise_nothing_and_prove_nothing(shift: str) -> None:
    text = f'08:00:00 CP1 > StatusNotification {{"timestamp": {shift}}}\n' + samples("now")
    assert findings(offset, text) == []


@pytest.mark.parametrize("check", [offset, time_zone, no_zone], ids=lambda check: check.id)
@pytest.mark.parametrize("name", ["healthy.pcap", "healthy_201.pcap", "healthy.log", "intervals.pcap", "intervals.log"])
def test_healthy_chargers_are_on_time(samples: Path, check: Check, name: str) -> None:
    made = check(*Workspace(read(str(samples / name)), DERIVATIONS).tables(check.needs))
    assert made.num_rows == 0
