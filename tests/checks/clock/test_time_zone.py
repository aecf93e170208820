from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from analyzer import schema
from analyzer.checks.clock.no_zone import no_zone
from analyzer.checks.clock.offset import offset
from analyzer.checks.clock.time_zone import time_zone
from analyzer.derive import DERIVATIONS
from analyzer.engine import Workspace
from analyzer.sources.reading import read
from tests.manuals import findings, tables

if TYPE_CHECKING:
    from pathlib import Path


def samples(shift: str, suffix: str = "", count: int = 30) -> str:
    sent = f'"timestamp": "$({shift}){suffix}", "sampledValue": [{{"value": "$(i)"}}]'
    return f'08:00:10x{count}/60s CP1 > MeterValues {{"connectorId": 1, "meterValue": [{{{sent}}}]}}\n'


@pytest.mark.parametrize(
    ("shift", "zone"),
    [
        ("local+3598", "UTC+01:00"),
        ("local-18000", "UTC-05:00"),
        ("local+20700", "UTC+05:45"),
        ("local+50400", "UTC+14:00"),
    ],
)
def test_local_time_without_a_zone_is_told_once(shift: str, zone: str) -> None:
    text = samples(shift)
    (found,) = findings(time_zone, text)
    assert f"it sends local time ({zone}) without a zone" in str(found["summary"])
    assert findings(offset, text) == []
    assert findings(no_zone, text) == []


def test_local_time_marked_as_utc_is_a_zone_error_too() -> None:
    (found,) = findings(time_zone, samples("now+7200"))
    assert found["summary"] == (
        "The charger's clock stands 7200 s ahead: it sends local time (UTC+02:00) as if it were UTC"
    )


@pytest.mark.parametrize(("shift", "count"), [("now+3660", 1), ("now+3661", 0), ("now+3540", 1), ("now+3539", 0)])
def test_a_zone_is_met_to_a_minute(shift: str, count: int) -> None:
    assert len(findings(time_zone, samples(shift))) == count
    assert len(findings(offset, samples(shift))) == 1 - count


def test_no_zone_lies_farther_than_fourteen_hours() -> None:
    assert findings(time_zone, samples("now+51300")) == []
    assert findings(offset, samples("now+51300"))


def test_a_named_zone_is_right() -> None:
    assert findings(time_zone, samples("local-18000", "-05:00")) == []


@pytest.mark.parametrize("version", ["ocpp2.0.1", "ocpp2.1"])
def test_transaction_events_of_2x_show_it(version: str) -> None:
    text = (
        f"08:00:00 CP1 + {version}\n"
        '08:00:10x20/60s CP1 > TransactionEvent {"eventType": "Updated", "timestamp": "$(local+3600)", "seqNo": "$(i)",'
        ' "triggerReason": "MeterValuePeriodic", "transactionInfo": {"transactionId": "t"}}'
    )
    assert [row["value"] for row in findings(time_zone, text)] == [3600.0]


def test_messages_that_say_that_they_are_late_prove_nothing() -> None:
    text = (
        '08:00:10x20/60s CP1 > TransactionEvent {"eventType": "Updated", "timestamp": "$(now-3600)", "offline": true,'
        ' "transactionInfo": {"transactionId": "t"}}\n'
        '08:30:10 CP1 > StatusNotification {"timestamp": "$(now)", "connectorStatus": "Available"}'
    )
    assert findings(time_zone, text) == []


ANSWER = '08:31:00 CP1 > Heartbeat#h\n08:31:00.1 CP1 < =#h {"currentTime": "$(now)"}'


@pytest.mark.parametrize(
    ("zone", "answer", "severities"),
    [
        ("UTC, assumed", "", ["unknown"]),
        ("UTC, assumed", ANSWER, ["error"]),
        ("UTC, as the times say", "", ["error"]),
        ("Europe/Paris", "", ["error"]),
    ],
)
def test_a_log_whose_own_zone_nothing_tells_is_not_held_against_the_charger(
    zone: str, answer: str, severities: list[str]
) -> None:
    text = samples("now+3600") + answer
    base = tables(text)
    names = base["sources"].column_names
    columns = {name: base["sources"][name] for name in names} | {"zone": [zone]}
    base["sources"] = schema.from_columns("sources", columns)
    made = time_zone(*Workspace(base, DERIVATIONS).tables(time_zone.needs))
    assert made["severity"].to_pylist() == severities


def test_the_growatt_charger_sends_local_time_without_a_zone(corpus: Path) -> None:
    workspace = Workspace(read(str(corpus / "captures" / "growatt_1218.pcap")), DERIVATIONS)
    (found,) = time_zone(*workspace.tables(time_zone.needs)).to_pylist()
    assert found["value"] == pytest.approx(3598, abs=2)
    assert "local time (UTC+01:00) without a zone" in found["summary"]
    assert offset(*workspace.tables(offset.needs)).num_rows == 0
    assert no_zone(*workspace.tables(no_zone.needs)).num_rows == 0


@pytest.mark.parametrize(
    ("bare", "said"), [(15, "as if it were UTC"), (16, "without a zone"), (12, "as if it were UTC")]
)
def test_times_are_without_a_zone_where_most_are(bare: int, said: str) -> None:
    text = samples("local+3600", count=bare) + samples("now+3600", count=30 - bare).replace("08:00:10", "08:30:10")
    (found,) = findings(time_zone, text)
    assert said in str(found["summary"])


def test_an_assumed_zone_excuses_no_error_that_is_none() -> None:
    base = tables(samples("now+95"))
    names = base["sources"].column_names
    base["sources"] = schema.from_columns(
        "sources", {name: base["sources"][name] for name in names} | {"zone": ["UTC, assumed"]}
    )
    made = offset(*Workspace(base, DERIVATIONS).tables(offset.needs))
    assert made["severity"].to_pylist() == ["error"]


def test_a_source_without_a_zone_is_not_assumed_to_have_one() -> None:
    base = tables(samples("now+3600"))
    names = base["sources"].column_names
    base["sources"] = schema.from_columns("sources", {name: base["sources"][name] for name in names} | {"zone": [None]})
    made = time_zone(*Workspace(base, DERIVATIONS).tables(time_zone.needs))
    assert made["severity"].to_pylist() == ["error"]
