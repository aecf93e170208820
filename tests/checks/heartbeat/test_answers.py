from __future__ import annotations

import pytest

from analyzer import schema
from analyzer.checks.heartbeat.answers import answers
from tests.manuals import damaged, findings, workspace

START = """
08:00:00 CP1 + ocpp1.6
08:01:00x20/60s CP1 > Heartbeat#a$(i)
08:01:00.1x20/60s CP1 < =#a$(i) {"currentTime": "$(now)"}
"""
END = """
09:00:00 CP1 > Heartbeat#z
09:00:00.1 CP1 < =#z {"currentTime": "$(now)"}
"""


def test_one_lost_answer_is_a_warning() -> None:
    (found,) = findings(answers, START + "08:30:00 CP1 > Heartbeat#lost\n" + END)
    assert (found["severity"], found["count"], found["unit"]) == ("warning", 1, "Percent")


def test_three_in_a_row_are_an_error() -> None:
    (found,) = findings(answers, START + "08:30:00x3/60s CP1 > Heartbeat#lost$(i)\n" + END)
    assert (found["severity"], found["count"]) == ("error", 3)


def test_more_than_one_in_twenty_is_an_error() -> None:
    lost = "08:22:00x2/300s CP1 > Heartbeat#lost$(i)\n08:23:00x2/300s CP1 > Heartbeat#b$(i)\n08:23:00.1x2/300s CP1 < =#b$(i) {}\n"
    (found,) = findings(answers, START + lost + END)
    assert (found["severity"], found["count"]) == ("error", 2)


def test_an_answer_that_the_end_of_the_input_cut_off_is_not_missed() -> None:
    assert findings(answers, START + "08:30:00 CP1 > Heartbeat#lost\n08:30:29 CP1 > ping") == []
    assert findings(answers, START + "08:30:00 CP1 > Heartbeat#lost\n08:30:30 CP1 > ping")


def test_the_last_beats_on_a_dying_link_are_not_counted() -> None:
    dying = "08:30:00x2/60s CP1 > Heartbeat#lost$(i)\n08:35:00 CP1 - 1006 by station\n08:36:00 CP1 + ocpp1.6\n"
    assert findings(answers, START + dying + END) == []


def test_three_beats_that_a_csms_ignores_before_the_charger_gives_up_are_counted() -> None:
    stuck = "08:30:00x3/60s CP1 > Heartbeat#lost$(i)\n08:35:00 CP1 - 1000 by station\n08:36:00 CP1 + ocpp1.6\n"
    (found,) = findings(answers, START + stuck + END)
    assert found["severity"] == "error"


def test_a_retry_with_the_same_id_is_answered_once() -> None:
    retry = "08:30:00x2/40s CP1 > Heartbeat#same\n08:30:41 CP1 < =#same {}\n"
    assert findings(answers, START + retry + END) == []


def test_an_error_is_an_answer() -> None:
    assert (
        findings(answers, START + '08:30:00 CP1 > Heartbeat#e\n08:30:01 CP1 < !#e InternalError "x" {}\n' + END) == []
    )


def test_beats_before_the_boot_is_accepted_may_stay_unanswered() -> None:
    text = """
    08:00:00 CP1 + ocpp1.6
    08:00:01 CP1 > BootNotification#b {"chargePointVendor": "E", "chargePointModel": "A"}
    08:00:01.1 CP1 < =#b {"currentTime": "2026-01-01T08:00:01Z", "interval": 300, "status": "Rejected"}
    08:01:00x3/60s CP1 > Heartbeat
    08:05:01 CP1 > BootNotification#c {"chargePointVendor": "E", "chargePointModel": "A"}
    08:05:01.1 CP1 < =#c {"currentTime": "2026-01-01T08:05:01Z", "interval": 300, "status": "Accepted"}
    08:10:00 CP1 > Heartbeat#h
    08:10:01 CP1 < =#h {}
    """
    assert findings(answers, text) == []


def test_a_log_without_any_answer_is_not_judged() -> None:
    text = "08:00:00 CP1 + ocpp1.6\n08:01:00x9/60s CP1 > Heartbeat\n08:12:00 CP1 < Reset {}"
    rows = answers(*workspace(text).tables(answers.needs)).to_pylist()
    assert [row["severity"] for row in rows] == ["unknown"]


@pytest.mark.parametrize(
    "text",
    [
        '08:00:00 CP1 + ocpp1.6\n08:01:00 CP1 > StatusNotification#s {"connectorId": 1}\n08:01:01 CP1 < =#s {}',
        "08:00:00 CP1 + ocpp1.6\n08:01:00 CP1 < ping\n08:01:01 CP1 > Heartbeat\n08:01:20 CP1 > ping",
    ],
)
def test_a_charger_of_which_no_heartbeat_was_watched_for_long_enough_is_not_judged(text: str) -> None:
    rows = answers(*workspace(text).tables(answers.needs)).to_pylist()
    assert [row["summary"] for row in rows] == ["no Heartbeat was watched for long enough"]


def test_a_capture_without_any_answer_is_judged() -> None:
    made = workspace("08:00:00 CP1 + ocpp1.6\n08:01:00x9/60s CP1 > Heartbeat\n08:12:00 CP1 < Reset {}")
    sources = schema.from_rows("sources", [{**row, "kind": "capture"} for row in made.table("sources").to_pylist()])
    tables = [sources if name == "sources" else made.table(name) for name in answers.needs]
    assert [row["severity"] for row in answers(*tables).to_pylist()] == ["error"]


@pytest.mark.parametrize(("beats", "severity"), [(98, "warning"), (99, "info"), (1000, "info")])
def test_one_heartbeat_in_a_hundred_without_an_answer_is_worth_a_note(beats: int, severity: str) -> None:
    text = f"""
    08:00:00 CP1 + ocpp1.6
    08:00:30 CP1 > Heartbeat#lost
    08:01:30x{beats}/60s CP1 > Heartbeat#h$(i)
    08:01:30.1x{beats}/60s CP1 < =#h$(i) {{"currentTime": "$(now)"}}
    """
    (found,) = findings(answers, text)
    assert found["severity"] == severity


@pytest.mark.parametrize(
    ("answered", "lost", "severity"), [(17, 2, "warning"), (18, 2, "error"), (38, 2, "warning"), (2, 2, "warning")]
)
def test_more_than_one_in_twenty_counts_among_twenty_or_more(answered: int, lost: int, severity: str) -> None:
    text = f"""
    08:00:00 CP1 + ocpp1.6
    08:00:30 CP1 > Heartbeat#lost
    08:01:00x{answered}/60s CP1 > Heartbeat#h$(i)
    08:01:00.1x{answered}/60s CP1 < =#h$(i) {{}}
    09:30:00x{lost - 1}/60s CP1 > Heartbeat#gone$(i)
    09:40:00 CP1 < ping
    09:40:01 CP1 < Reset#r {{}}
    """
    (found,) = findings(answers, text)
    assert (found["severity"], found["count"]) == (severity, lost)


def test_three_in_a_row_of_a_handful_are_an_error_and_two_a_warning() -> None:
    texts = [f"08:00:00 CP1 + ocpp1.6\n08:01:00x{lost}/60s CP1 > Heartbeat#l$(i)\n{END}" for lost in (2, 3)]
    assert [findings(answers, text)[0]["severity"] for text in texts] == ["warning", "error"]


def test_two_heartbeats_and_one_that_was_on_its_way_are_those_of_a_dying_link() -> None:
    dying = "08:30:00x3/60s CP1 > Heartbeat#lost$(i)\n08:32:10 CP1 - 1006 by station\n08:36:00 CP1 + ocpp1.6 client=10.0.0.7\n"
    assert findings(answers, START + dying + END) == []


def test_a_charger_whose_heartbeats_all_have_one_id_is_judged_by_each() -> None:
    text = START.replace("#a$(i)", "#1") + "08:30:00 CP1 > Heartbeat#1\n08:31:00 CP1 < ping\n08:31:01 CP1 < Reset#r {}"
    (found,) = findings(answers, text)
    assert (found["count"], found["value"]) == (1, pytest.approx(100 / 21))


def test_an_id_that_the_next_connection_uses_again_is_no_retry() -> None:
    lost = (
        "08:30:00 CP1 > Heartbeat#1\n08:35:00 CP1 < Reset#r {}\n08:36:00 CP1 - 1000 by csms\n08:36:10 CP1 + ocpp1.6\n"
    )
    (found,) = findings(answers, START + lost + "08:37:00 CP1 > Heartbeat#1\n08:37:01 CP1 < =#1 {}")
    assert found["count"] == 1


def test_after_the_boot_was_accepted_heartbeats_must_be_answered() -> None:
    boot = '08:00:01 CP1 > BootNotification#b {{}}\n08:00:{} CP1 < =#b {{"status": "Accepted", "interval": 60, "currentTime": "2026-01-01T08:00:02Z"}}\n'
    lost = "08:00:30x3/40s CP1 > Heartbeat#l$(i)\n" + END
    assert [row["count"] for row in findings(answers, "08:00:00 CP1 + ocpp1.6\n" + boot.format("30") + lost)] == [3]
    assert [row["count"] for row in findings(answers, "08:00:00 CP1 + ocpp1.6\n" + boot.format("31") + lost)] == [2]


def test_a_heartbeat_of_the_csms_is_none() -> None:
    assert findings(answers, START + "08:30:00x3/60s CP1 < Heartbeat#odd$(i)\n" + END) == []


@pytest.mark.parametrize(
    ("moment", "where", "count"),
    [
        ("08:30:01", None, 0),
        ("08:30:01", "its own", 0),
        ("08:32:00", None, 0),
        ("08:29:59", None, 1),
        ("08:32:01", None, 1),
        ("08:30:01", "another", 1),
    ],
)
def test_a_heartbeat_whose_answer_may_have_been_lost_is_not_unanswered(
    moment: str, where: str | None, count: int
) -> None:
    text = START + "08:30:00 CP1 > Heartbeat#lost\n" + END
    own = workspace(text).table("connections")["connection"][0].as_py()
    space = damaged(text, moment, own if where == "its own" else where)
    assert answers(*space.tables(answers.needs)).num_rows == count
