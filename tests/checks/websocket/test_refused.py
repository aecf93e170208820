from __future__ import annotations

import pytest

from analyzer import schema
from analyzer.checks.websocket.refused import refused
from tests.manuals import findings, workspace

CONNECTED = "08:10:00 CP1 + ocpp1.6 http_status=101\n08:10:01 CP1 > Heartbeat"


def test_one_refusal_before_a_success_is_a_warning() -> None:
    (found,) = findings(refused, f"08:00:00 CP1 x 503\n{CONNECTED}")
    assert (found["severity"], found["count"]) == ("warning", 1)


def test_three_refusals_are_an_error_though_one_succeeds() -> None:
    (found,) = findings(refused, f"08:00:00x3/60s CP1 x 503\n{CONNECTED}")
    assert (found["severity"], found["count"]) == ("error", 3)


def test_a_refusal_of_the_last_attempt_is_an_error() -> None:
    (found,) = findings(refused, f"{CONNECTED}\n08:20:00 CP1 - fin\n08:21:00 CP1 x 404")
    assert found["severity"] == "error"
    assert "identity or path unknown" in str(found["summary"])


@pytest.mark.parametrize(("after", "count"), [("08:00:09", 0), ("08:00:11", 1)])
def test_a_challenge_is_answered_within_ten_seconds(after: str, count: int) -> None:
    assert len(findings(refused, f"08:00:00 CP1 x 401\n{after} CP1 + ocpp1.6")) == count


def test_a_401_that_is_repeated_is_no_challenge() -> None:
    (found,) = findings(refused, "08:00:00x2/5s CP1 x 401")
    assert found["count"] == 2


def test_stations_are_told_apart() -> None:
    found = findings(refused, "08:00:00 CP1 x 401\n08:00:00 CP2 x 502")
    assert [(row["station"], "proxy" in str(row["summary"])) for row in found] == [("CP1", False), ("CP2", True)]


def test_a_log_of_messages_alone_is_not_judged() -> None:
    rows = refused(*workspace("08:00:00 CP1 > Heartbeat").tables(refused.needs)).to_pylist()
    assert [row["severity"] for row in rows] == ["unknown"]


BEFORE = "08:00:00 CP1 + ocpp1.6 http_status=101\n08:00:01 CP1 > Heartbeat\n08:09:00 CP1 - 1001 by csms\n"


@pytest.mark.parametrize(
    ("status", "back", "severity"),
    [
        (503, "08:19:00", "info"),
        (500, "08:19:00", "info"),
        (499, "08:19:00", "warning"),
        (404, "08:19:00", "warning"),
        (503, "08:19:01", "error"),
    ],
)
def test_refusals_within_one_outage_of_ten_minutes_are_a_restart_where_the_server_says_that_it_is_down(
    status: int, back: str, severity: str
) -> None:
    text = f"{BEFORE}08:09:10x3/20s CP1 x {status}\n{back} CP1 + ocpp1.6 http_status=101"
    (found,) = findings(refused, text)
    assert (found["severity"], found["count"]) == (severity, 3)


def test_refusals_in_two_outages_are_an_error_and_so_is_a_short_outage_of_another_charger() -> None:
    back = "08:10:00 CP1 + ocpp1.6 http_status=101\n"
    again = f"{BEFORE}08:09:10x2/20s CP1 x 503\n{back}08:19:00 CP1 - fin\n08:19:10 CP1 x 503\n08:20:00 CP1 + ocpp1.6"
    assert [row["severity"] for row in findings(refused, again)] == ["error"]
    other = BEFORE.replace("CP1", "CP2") + back.replace("CP1", "CP2") + f"08:09:10x3/20s CP1 x 503\n{CONNECTED}"
    assert [row["severity"] for row in findings(refused, other)] == ["error"]


def test_an_attempt_that_nobody_answered_does_not_count_and_one_whose_status_is_not_told_does() -> None:
    (found,) = findings(refused, "08:00:00 CP1 x 503\n08:10:00 CP1 + ocpp1.6\n08:10:01 CP1 > Heartbeat")
    assert str(found["summary"]).startswith("The server refused 1 of 2 attempts")
    connections, outages = workspace("08:00:00 CP1 + ocpp1.6").tables(refused.needs)
    unanswered = schema.from_rows("connections", [{**row, "upgraded": None} for row in connections.to_pylist()])
    assert refused(unanswered, outages)["severity"].to_pylist() == ["unknown"]


@pytest.mark.parametrize(("upgraded", "judged"), [(True, True), (False, False)])
def test_a_status_of_zero_is_no_answer_and_no_refusal(upgraded: bool, judged: bool) -> None:
    connections, outages = workspace("08:00:00 CP1 + ocpp1.6").tables(refused.needs)
    rows = [{**row, "http_status": 0} | ({} if upgraded else {"upgraded": None}) for row in connections.to_pylist()]
    found = refused(schema.from_rows("connections", rows), outages)
    assert found["severity"].to_pylist() == ([] if judged else ["unknown"])


def test_one_refusal_of_another_reason_makes_a_restart_a_warning() -> None:
    text = f"{BEFORE}08:09:10 CP1 x 503\n08:09:20 CP1 x 403\n08:10:00 CP1 + ocpp1.6 http_status=101"
    assert [row["severity"] for row in findings(refused, text)] == ["warning"]
