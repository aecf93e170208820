from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from analyzer.checks.transactions.offline_replay import offline_replay
from analyzer.derive import DERIVATIONS
from analyzer.engine import Workspace
from analyzer.sources.reading import read
from tests.manuals import findings, workspace

if TYPE_CHECKING:
    from pathlib import Path

LIVE = '08:40:00 CP1 > StatusNotification#live {"connectorId": 1, "status": "Charging", "timestamp": "$(now)"}\n'
"""One message that tells that the clock is right."""


def start(time: str, at: str = "08:00:10") -> str:
    return f'{at} CP1 > StartTransaction#s {{"connectorId": 1, "idTag": "A", "meterStart": 0, "timestamp": "{time}"}}\n'


def sampled(time: str, count: int, at: str, step: float) -> str:
    sent = f'"timestamp": "$({time})", "sampledValue": [{{"value": "$(i)"}}]'
    return (
        f"{at}x{count}/{step}s CP1 > MeterValues#{at}-$(i) "
        f'{{"connectorId": 1, "transactionId": 7, "meterValue": [{{{sent}}}]}}\n'
    )


def stop(time: str, at: str, reason: str = "PowerLoss") -> str:
    return f'{at} CP1 > StopTransaction#e {{"transactionId": 7, "meterStop": 9, "timestamp": "{time}", "reason": "{reason}"}}\n'


def event(kind: str, rest: str, at: str, reason: str = "") -> str:
    info = '"transactionId": "t"' + (f', "stoppedReason": "{reason}"' if reason else "")
    return (
        f'{at} CP1 > TransactionEvent#{kind}{at} {{"eventType": "{kind}", {rest}, "triggerReason": "Trigger", '
        f'"seqNo": 0, "transactionInfo": {{{info}}}}}\n'
    )


def boot(at: str) -> str:
    return f'{at} CP1 > BootNotification#b {{"chargePointVendor": "E", "chargePointModel": "A"}}\n'


@pytest.mark.parametrize(("late", "count"), [(60, 0), (61, 1), (-30, 0)])
def test_a_minute_is_late(late: int, count: int) -> None:
    assert len(findings(offline_replay, start(f"$(now-{late})") + LIVE)) == count


def test_a_replayed_queue_is_one_finding_with_its_size_and_span() -> None:
    text = start("$(now)") + sampled("now-3600+59*i", 31, "09:00:10", 1) + sampled("now", 5, "09:05:00", 60)
    (found,) = findings(offline_replay, text)
    assert (found["severity"], found["count"], found["value"]) == ("info", 31, pytest.approx(3600.0))
    assert found["summary"] == (
        "31 transaction messages arrived late, up to 60 min after the time that they give, over a span of 30 min"
    )


@pytest.mark.parametrize("shift", [3598, -18000, 95, -95])
def test_a_wrong_clock_is_corrected(shift: int) -> None:
    live = sampled(f"local{shift:+}", 20, "08:01:00", 60)
    assert findings(offline_replay, start(f"$(local{shift:+})") + live) == []
    (found,) = findings(offline_replay, live + stop(f"$(local{shift - 300:+})", "08:30:00", "Local"))
    assert found["value"] == pytest.approx(300.0, abs=2)


def test_where_nothing_tells_the_clock_nothing_is_judged() -> None:
    rows = offline_replay(*workspace(start("$(now-500)")).tables(offline_replay.needs)).to_pylist()
    assert [row["severity"] for row in rows] == ["unknown"]


def test_a_clock_that_was_never_set_says_nothing_of_lateness() -> None:
    assert findings(offline_replay, start("1970-01-01T00:00:09Z") + LIVE) == []


def test_a_message_that_is_sent_again_is_not_late() -> None:
    text = sampled("now", 9, "08:01:00", 60) + stop("2026-01-01T08:20:00Z", "08:20:01", "Local")
    again = stop("2026-01-01T08:20:00Z", "08:22:30", "Local").replace("#e", "#again")
    assert findings(offline_replay, text + again) == []


def test_the_newest_of_several_times_in_a_message_counts() -> None:
    entries = ", ".join(
        f'{{"timestamp": "$(now-{late})", "sampledValue": [{{"value": "1"}}]}}' for late in (240, 120, 0)
    )
    text = f'08:00:00x5/300s CP1 > MeterValues {{"connectorId": 1, "transactionId": 7, "meterValue": [{entries}]}}\n'
    assert findings(offline_replay, text) == []


def test_an_end_by_power_loss_after_a_boot_says_so_however_soon_it_comes() -> None:
    text = start("$(now)") + boot("08:20:00") + stop("2026-01-01T08:19:40Z", "08:20:02") + LIVE
    (found,) = findings(offline_replay, text)
    assert str(found["summary"]).endswith("StopTransaction was replayed after a power loss, 22 s late (transaction 7)")


def test_an_end_by_power_loss_before_the_boot_was_not_replayed() -> None:
    text = boot("08:00:01") + start("$(now)") + stop("2026-01-01T08:20:00Z", "08:20:02") + boot("08:20:03") + LIVE
    assert findings(offline_replay, text) == []


@pytest.mark.parametrize("version", ["ocpp2.0.1", "ocpp2.1"])
def test_a_2x_message_that_says_offline_was_replayed(version: str) -> None:
    text = f"08:00:00 CP1 + {version}\n" + event("Started", '"timestamp": "$(now)"', "08:00:10")
    assert findings(offline_replay, text) == []
    late = event("Updated", '"timestamp": "$(now-5)", "offline": true', "08:05:00")
    (found,) = findings(offline_replay, text + late)
    assert (found["count"], found["value"]) == (1, 5.0)
    assert findings(offline_replay, text + late.replace("true", '"true"')) == []


@pytest.mark.parametrize("version", ["ocpp2.0.1", "ocpp2.1"])
def test_a_2x_end_after_a_power_loss_says_so(version: str) -> None:
    text = (
        f"08:00:00 CP1 + {version}\n"
        + event("Started", '"timestamp": "$(now)"', "08:00:10")
        + '08:20:00 CP1 > BootNotification#b {"reason": "PowerUp", "chargingStation": {}}\n'
        + event("Ended", '"timestamp": "2026-01-01T08:18:02Z", "offline": true', "08:20:02", "PowerLoss")
    )
    (found,) = findings(offline_replay, text)
    assert "TransactionEvent Ended was replayed after a power loss, 120 s late (transaction t)" in str(found["summary"])


@pytest.mark.parametrize("payload", ["[]", '{"timestamp": 7}', '{"timestamp": "x", "transactionInfo": []}', "null"])
def test_odd_payloads_raise_nothing(payload: str) -> None:
    assert findings(offline_replay, f"08:00:00 CP1 > TransactionEvent {payload}\n" + start("$(now)")) == []


def test_the_growatt_charger_replayed_its_stop_after_the_power_cut(corpus: Path) -> None:
    workspace = Workspace(read(str(corpus / "captures" / "growatt_1218.pcap")), DERIVATIONS)
    (found,) = offline_replay(*workspace.tables(offline_replay.needs)).to_pylist()
    assert (found["count"], found["value"]) == (1, pytest.approx(117, abs=1))
    assert "StopTransaction was replayed after a power loss, 117 s late (transaction 1967736)" in found["summary"]


@pytest.mark.parametrize("name", ["healthy.pcap", "healthy_201.pcap", "healthy.log"])
def test_healthy_chargers_replay_nothing(samples: Path, name: str) -> None:
    workspace = Workspace(read(str(samples / name)), DERIVATIONS)
    assert offline_replay(*workspace.tables(offline_replay.needs)).num_rows == 0
