from __future__ import annotations

import pytest

from analyzer.checks.clock.no_zone import no_zone
from tests.manuals import findings, workspace


def status(time: str, at: str = "08:00:10", count: int = 10) -> str:
    return f'{at}x{count}/60s CP1 > StatusNotification {{"connectorId": 1, "timestamp": "{time}"}}\n'


@pytest.mark.parametrize(
    ("time", "count"), [("$(local)", 1), ("$(now)", 0), ("$(local)+00:00", 0), ("$(local+20)", 1), ("$(local+21)", 0)]
)
def test_only_a_right_clock_without_a_zone_is_told(time: str, count: int) -> None:
    assert len(findings(no_zone, status(time))) == count


def test_all_times_of_a_station_are_one_finding_with_their_share() -> None:
    (found,) = findings(no_zone, status("$(local)", count=90) + status("$(now)", at="08:00:40", count=30))
    assert (found["count"], found["value"], found["unit"]) == (90, 75.0, "%")


@pytest.mark.parametrize("version", ["ocpp1.6", "ocpp2.0.1", "ocpp2.1"])
def test_it_holds_for_each_version(version: str) -> None:
    assert len(findings(no_zone, f"08:00:00 CP1 + {version}\n" + status("$(local)"))) == 1


def test_where_nothing_tells_whether_the_clock_is_right_it_is_not_judged() -> None:
    rows = no_zone(*workspace(status("$(local-7200)", count=1)).tables(no_zone.needs)).to_pylist()
    assert [row["severity"] for row in rows] == ["unknown"]


def test_a_date_alone_or_another_text_is_no_time_without_a_zone() -> None:
    assert findings(no_zone, status("2026-01-01") + status("$(now)", at="08:00:40")) == []


def test_one_time_without_a_zone_among_others_is_told() -> None:
    (found,) = findings(no_zone, status("$(now)", count=9) + status("$(local)", at="08:20:10", count=1))
    assert (found["count"], found["value"]) == (1, 10.0)
