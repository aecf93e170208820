from __future__ import annotations

from typing import Any

import pytest

from analyzer import schema
from analyzer.checks.heartbeat.silence import silence
from analyzer.config import Config
from analyzer.engine import run
from tests.manuals import damaged, findings, workspace

BOOT = """
08:00:00 CP1 + ocpp1.6
08:00:01 CP1 > BootNotification#boot {"chargePointVendor": "Example", "chargePointModel": "AC22"}
08:00:01.1 CP1 < =#boot {"currentTime": "$(now)", "interval": 60, "status": "Accepted"}
"""
BEATS = BOOT + "08:01:01x5/60s CP1 > Heartbeat\n"


@pytest.mark.parametrize(("time", "severity"), [("08:07:21", None), ("08:07:22", "warning"), ("08:08:07", "error")])
def test_a_silence_is_a_warning_above_two_intervals_and_a_quarter_and_an_error_above_three(
    time: str, severity: str | None
) -> None:
    found = findings(silence, BEATS + f"{time} CP1 > Heartbeat")
    assert [row["severity"] for row in found] == ([severity] if severity else [])


def test_many_silences_are_one_finding_with_the_longest() -> None:
    (found,) = findings(silence, BEATS + "08:10:00x3/600s CP1 > Heartbeat")
    assert (found["count"], found["value"], found["limit"], found["unit"]) == (3, 600.0, 140.0, "s")
    assert len(found["evidence"]) == 3


@pytest.mark.parametrize(
    "sign",
    [
        'StatusNotification {"connectorId": 1}',
        "ping",
        "pong",
        "= {}",
        '! NotSupported "no" {}',
        'raw [2,"9","Heartbeat",{]',
    ],
)
def test_whatever_the_charger_sends_is_a_sign_of_life(sign: str) -> None:
    text = BEATS + f"08:07:00 CP1 < GetConfiguration {{}}\n08:07:01 CP1 > {sign}\n08:09:00 CP1 > Heartbeat"
    assert findings(silence, text) == []


def test_what_the_csms_sends_is_no_sign_of_the_charger() -> None:
    assert findings(silence, BEATS + "08:06:01x20/30s CP1 < ping\n08:15:00 CP1 > Heartbeat")


def test_a_gap_cut_off_by_a_disconnect_is_no_silence() -> None:
    text = BEATS + "08:15:00 CP1 - 1006 by csms\n08:20:00 CP1 + ocpp1.6\n08:20:01 CP1 > Heartbeat"
    assert findings(silence, text) == []


def test_a_close_frame_does_not_end_a_silence() -> None:
    assert findings(silence, BEATS + "08:15:00 CP1 - 1001 by station") == []


def test_a_gap_at_the_end_of_the_input_is_no_silence() -> None:
    assert findings(silence, BEATS + "09:00:00 CP2 + ocpp1.6\n09:00:01 CP2 > Heartbeat") == []


def test_a_silence_on_an_open_connection_lasts_to_the_last_message_of_the_csms() -> None:
    asked = "08:06:00x10/300s CP1 < GetConfiguration#g$(i) {}\n"
    (found,) = findings(silence, BEATS + asked)
    assert (found["severity"], found["value"], found["count"]) == ("error", 2759.0, 1)
    rows: Any = found["evidence"]
    assert [f"{row['ts']:%H:%M:%S}" for row in rows] == ["08:51:00"]


@pytest.mark.parametrize("last", ["08:07:20 CP1 < GetConfiguration {}", "08:50:00 CP1 < ping"])
def test_a_message_of_the_csms_shortly_after_the_last_sign_tells_of_no_silence(last: str) -> None:
    assert findings(silence, BEATS + last) == []


def unjudged(text: str) -> list[str]:
    rows = silence(*workspace(text).tables(silence.needs)).to_pylist()
    assert [row["severity"] for row in rows] in ([], ["unknown"])
    return [row["summary"] for row in rows]


@pytest.mark.parametrize("end", ["08:36:01 CP1 - 1006 by csms", "08:36:01 CP1 + ocpp1.6"])
def test_a_charger_that_was_silent_before_its_connection_ended_is_not_judged(end: str) -> None:
    assert unjudged(BEATS + end) == ["it was silent for 31 min before its connection ended, which its outages tell"]


def test_a_connection_that_ends_soon_after_the_last_sign_leaves_the_charger_judged() -> None:
    assert unjudged(BEATS + "08:07:00 CP1 - 1006 by csms") == []


def test_a_finding_is_told_even_where_a_connection_ended_in_silence() -> None:
    (found,) = findings(silence, BEATS + "08:20:00 CP1 > Heartbeat#late\n08:50:00 CP1 - 1006 by csms")
    assert (found["value"], found["count"]) == (899.0, 1)


def test_a_gap_that_a_boot_ends_is_no_silence() -> None:
    text = BEATS + '08:20:00 CP1 > BootNotification {"chargePointVendor": "Example", "chargePointModel": "AC22"}'
    assert findings(silence, text) == []


def test_a_charger_that_keeps_another_period_is_measured_by_it() -> None:
    assert findings(silence, BOOT + "08:05:01x8/300s CP1 > Heartbeat") == []


def test_a_charger_that_skips_on_fixed_ticks_is_silent_for_up_to_two_intervals() -> None:
    text = BOOT + "08:01:00x20/180s CP1 > Heartbeat\n08:02:01x20/180s CP1 > MeterValues {}"
    assert findings(silence, text) == []


def test_a_charger_that_is_silent_for_too_long_more_often_than_not_keeps_another_period() -> None:
    text = BOOT.replace('"interval": 60', '"interval": 1') + (
        "08:01:01x20/120s CP1 > StatusNotification {}\n08:02:01x3/900s CP1 > Heartbeat#h$(i)"
    )
    rows = silence(*workspace(text).tables(silence.needs)).to_pylist()
    assert [row["severity"] for row in rows] == ["unknown"]
    assert "does not keep the interval of 1 s" in rows[0]["summary"]


def test_an_interval_that_is_changed_by_the_csms_holds_from_then_on() -> None:
    text = BEATS + (
        '08:05:30 CP1 < ChangeConfiguration#c {"key": "HeartbeatInterval", "value": "600"}\n'
        '08:05:30.2 CP1 > =#c {"status": "Accepted"}\n'
        "08:15:31x4/600s CP1 > Heartbeat"
    )
    assert findings(silence, text) == []


def test_it_holds_for_ocpp_201() -> None:
    (found,) = findings(
        silence,
        """
        08:00:00 CP1 + ocpp2.0.1
        08:00:01 CP1 > BootNotification {"reason": "PowerUp", "chargingStation": {"vendorName": "E", "model": "A"}}
        08:00:01.1 CP1 < = {"currentTime": "2026-01-01T08:00:01Z", "interval": 60, "status": "Accepted"}
        08:01:01x5/60s CP1 > Heartbeat
        08:20:00 CP1 > Heartbeat
        """,
    )
    assert found["value"] == 899.0


def test_an_inferred_interval_judges_and_is_named_so() -> None:
    text = "08:00:00 CP1 + ocpp1.6\n08:01:00x7/60s CP1 > Heartbeat\n08:20:00 CP1 > Heartbeat"
    (found,) = findings(silence, text)
    assert "as it beats" in str(found["summary"])


def test_without_lines_of_connections_it_says_that_the_charger_may_have_been_offline() -> None:
    text = "08:01:00x7/60s CP1 > Heartbeat\n08:20:00 CP1 > Heartbeat"
    (found,) = findings(silence, text)
    assert "may have been offline" in str(found["summary"])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("08:00:00 CP1 > Heartbeat\n08:30:00 CP1 > Heartbeat", "its heartbeat interval is not known"),
        (BOOT + "09:30:00 CP1 > StatusNotification {}", "it sends no Heartbeat"),
    ],
)
def test_a_charger_without_interval_or_heartbeat_is_not_judged(text: str, why: str) -> None:
    rows = silence(*workspace(text).tables(silence.needs)).to_pylist()
    assert [row["severity"] for row in rows] == ["unknown"]
    assert why in rows[0]["summary"]


def test_a_hole_in_the_input_is_no_silence() -> None:
    made = workspace(BEATS + "08:30:00 CP1 > Heartbeat")
    connection = made.table("connections")["connection"][0].as_py()
    hole = {"source": "example.trace", "ts": 1_767_255_300_000_000, "kind": "hole", "damage": True}
    for where in (None, connection):
        issues = schema.from_rows("issues", [{**hole, "connection": where}])
        tables = [issues if name == "issues" else made.table(name) for name in silence.needs]
        assert silence(*tables).num_rows == 0
    other = schema.from_rows("issues", [{**hole, "connection": "another"}])
    assert silence(*[other if name == "issues" else made.table(name) for name in silence.needs]).num_rows == 1


def test_stations_are_judged_each_by_its_own_interval() -> None:
    text = (
        BEATS
        + BEATS.replace("CP1", "CP2").replace('"interval": 60', '"interval": 600')
        + "08:12:00 CP1 > Heartbeat\n08:12:00 CP2 > Heartbeat"
    )
    assert [row["station"] for row in findings(silence, text)] == ["CP1"]


def test_thresholds_are_the_users() -> None:
    text = BEATS + "08:07:00 CP1 > Heartbeat"
    assert findings(silence, text) == []
    assert findings(silence, text, warn_factor=1.5)


def test_the_engine_names_the_stations_that_were_not_judged() -> None:
    outcome = run([silence], workspace(BEATS + "08:00:00 CP2 + ocpp1.6"), Config())
    why = {row["station"]: row["why"] for row in outcome.runs.to_pylist() if row["station"]}
    assert why == {"CP2": "no message in the input"}


SHORTENED = """
08:00:00 CP1 + ocpp1.6
08:00:01 CP1 > BootNotification#boot {"chargePointVendor": "Example", "chargePointModel": "AC22"}
08:00:01.1 CP1 < =#boot {"currentTime": "$(now)", "interval": 900, "status": "Accepted"}
08:15:01 CP1 > Heartbeat#a
08:16:40 CP1 < ChangeConfiguration#c {"key": "HeartbeatInterval", "value": "60"}
08:16:40.2 CP1 > =#c {"status": "Accepted"}
"""


def test_the_timer_that_runs_when_the_interval_is_shortened_runs_out_first() -> None:
    assert findings(silence, SHORTENED + "08:30:01x9/60s CP1 > Heartbeat#b$(i)") == []


def test_after_that_the_new_interval_holds() -> None:
    (found,) = findings(silence, SHORTENED + "08:30:01x9/60s CP1 > Heartbeat#b$(i)\n08:46:01 CP1 > Heartbeat#d")
    assert (found["value"], found["limit"]) == (480.0, 140.0)


def test_the_habit_under_another_interval_excuses_nothing() -> None:
    beats = "08:30:01x9/60s CP1 > Heartbeat#b$(i)\n08:46:01 CP1 > Heartbeat#d\n"
    later = '08:46:10 CP1 < ChangeConfiguration#e {"key": "HeartbeatInterval", "value": "300"}\n08:46:10.2 CP1 > =#e {"status": "Accepted"}\n'
    (found,) = findings(silence, SHORTENED + beats + later + "08:51:10x20/300s CP1 > Heartbeat#f$(i)")
    assert (found["value"], found["limit"], found["count"]) == (480.0, 140.0, 1)


BEFORE_ORDER = "08:00:00 CP1 + ocpp1.6\n08:15:00x6/900s CP1 > Heartbeat#u$(i)\n"
READ = '{0} CP1 < GetConfiguration#{1} {{"key": ["HeartbeatInterval"]}}\n{0} CP1 > =#{1} {{"configurationKey": [{{"key": "HeartbeatInterval", "readonly": false, "value": "{2}"}}]}}\n'
ORDER = '09:40:00 CP1 < ChangeConfiguration#o {"key": "HeartbeatInterval", "value": "60"}\n09:40:00 CP1 > =#o {"status": "Accepted"}\n'
AFTER_ORDER = "09:45:00x9/60s CP1 > Heartbeat#v$(i)\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", ""),
        ("", READ.format("09:53:30", "r", 60)),
        (READ.format("08:00:01", "r", 900), READ.format("09:53:30", "s", 60)),
        (READ.format("08:00:01", "r", 900), READ.format("09:40:01", "s", 60)),
        (BOOT.split("\n", 2)[2].replace('"interval": 60', '"interval": 0'), ""),
    ],
)
def test_a_change_of_the_interval_tells_nothing_of_the_time_before_it(before: str, after: str) -> None:
    lines = sorted((BEFORE_ORDER + before + ORDER + AFTER_ORDER + after).splitlines())
    assert findings(silence, "\n".join(lines)) == []


def test_after_a_change_from_an_interval_that_is_not_known_the_second_silence_is_judged() -> None:
    (found,) = findings(silence, BEFORE_ORDER + ORDER + AFTER_ORDER + "10:00:00 CP1 > Heartbeat#w")
    assert (found["value"], found["limit"], found["count"]) == (420.0, 140.0, 1)


@pytest.mark.parametrize(("last", "severity"), [("08:08:06", "warning"), ("08:08:06.1", "error")])
def test_three_intervals_and_the_slack_are_a_warning_still(last: str, severity: str) -> None:
    (found,) = findings(silence, BEATS + f"{last} CP1 > Heartbeat")
    assert found["severity"] == severity


@pytest.mark.parametrize(("moment", "count"), [("08:05:00", 1), ("08:05:01", 0), ("08:30:00", 0), ("08:30:01", 1)])
def test_only_what_was_lost_within_a_silence_excuses_it(moment: str, count: int) -> None:
    space = damaged(BEATS + "08:30:00x2/60s CP1 > Heartbeat", moment)
    assert silence(*space.tables(silence.needs)).num_rows == count


def test_what_was_not_lost_excuses_nothing() -> None:
    for damage in (False, None):
        space = damaged(BEATS + "08:30:00 CP1 > Heartbeat", "08:15:00", damage=damage)
        assert silence(*space.tables(silence.needs)).num_rows == 1


def test_a_longer_period_that_it_keeps_is_told_and_counts_alone() -> None:
    text = BOOT + "08:02:01x8/120s CP1 > Heartbeat\n"
    assert findings(silence, text + "08:20:36 CP1 > Heartbeat#z") == []
    (found,) = findings(silence, text + "08:20:37 CP1 > Heartbeat#z")
    assert "its heartbeat interval is 60 s (known from boot), though it keeps 120 s" in str(found["summary"])
    (plain,) = findings(silence, BEATS + "08:10:00 CP1 > Heartbeat")
    assert "though" not in str(plain["summary"])
    assert "in all" not in str(plain["summary"])


@pytest.mark.parametrize(("silences", "severity"), [(2, "error"), (3, "unknown")])
def test_three_silences_and_no_time_near_the_interval_are_another_period(silences: int, severity: str) -> None:
    talk = "08:00:11x20/10s CP1 > StatusNotification#s$(i) {}\n"
    text = BOOT + talk + f"08:13:21x{silences}/600s CP1 > Heartbeat#h$(i)"
    assert silence(*workspace(text).tables(silence.needs))["severity"].to_pylist() == [severity]


def test_as_many_silences_as_times_near_the_interval_are_judged() -> None:
    text = BOOT + "08:00:51x3/50s CP1 > StatusNotification#s$(i) {}\n08:12:31x3/600s CP1 > Heartbeat#h$(i)"
    assert silence(*workspace(text).tables(silence.needs))["severity"].to_pylist() == ["error"]


def test_an_interval_of_another_key_or_of_zero_is_none() -> None:
    for key, value in (("HeartbeatInterval", 0), ("ConnectionTimeOut", 60)):
        text = f'08:00:00 CP1 + ocpp1.6\n08:00:01 CP1 < ChangeConfiguration#c {{"key": "{key}", "value": "{value}"}}\n08:00:01 CP1 > =#c {{"status": "Accepted"}}\n'
        rows = silence(*workspace(text + "08:10:00x2/600s CP1 > Heartbeat").tables(silence.needs)).to_pylist()
        assert [row["summary"] for row in rows] == ["its heartbeat interval is not known"]


SET = '10:10:00 CP1 < ChangeConfiguration#o {{"key": "HeartbeatInterval", "value": "{0}"}}\n10:10:00.2 CP1 > =#o {{"status": "{1}"}}\n'
BEFORE = '{0} CP1 < ChangeConfiguration#o {{"key": "HeartbeatInterval", "value": "60"}}\n{0}.2 CP1 > =#o {{"status": "Accepted"}}\n'
JOINED = "08:00:00 CP1 + ocpp1.6 start_observed=false\n08:00:10x10/60s CP1 > Heartbeat#a$(i)\n"


@pytest.mark.parametrize("value", [60, 300])
def test_before_a_change_the_interval_is_that_of_the_beats_before_it(value: int) -> None:
    text = JOINED + "10:00:10x10/60s CP1 > Heartbeat#b$(i)\n" + SET.format(value, "Accepted")
    (found,) = findings(silence, text + f"10:10:10x10/{value}s CP1 > Heartbeat#c$(i)")
    assert (found["severity"], found["value"], found["limit"], found["count"]) == ("error", 6660.0, 140.0, 1)


@pytest.mark.parametrize(
    "text",
    [
        BEFORE.format("08:00:05") + "10:00:05x9/60s CP1 > Heartbeat#a$(i)",
        "08:00:10 CP1 > Heartbeat#f\n09:40:10 CP1 > Heartbeat#g\n"
        + BEFORE.format("09:40:20")
        + "09:41:20x9/60s CP1 > Heartbeat#a$(i)",
    ],
)
def test_a_silence_under_an_interval_that_is_not_known_is_not_judged(text: str) -> None:
    (why,) = unjudged("08:00:00 CP1 + ocpp1.6 start_observed=false\n" + text)
    assert "while its heartbeat interval was not known" in why


def test_no_silence_is_left_out_where_all_are_short() -> None:
    text = "08:00:00 CP1 + ocpp1.6 start_observed=false\n08:00:10x2/60s CP1 > Heartbeat#f$(i)\n"
    assert unjudged(text + BEFORE.format("08:01:20") + "08:02:20x9/60s CP1 > Heartbeat#a$(i)") == []


BOOT_LATER = """
10:00:00 CP1 > BootNotification#boot {"chargePointVendor": "Example", "chargePointModel": "AC22"}
10:00:00.1 CP1 < =#boot {"currentTime": "$(now)", "interval": 60, "status": "Accepted"}
"""


@pytest.mark.parametrize("read", ["", READ.format("10:40:30", "r", 60)])
def test_a_boot_changes_the_interval_of_a_charger_that_was_heard_before(read: str) -> None:
    text = "08:00:00 CP1 + ocpp1.6 start_observed=false\n08:05:00x20/300s CP1 > Heartbeat#a$(i)\n"
    assert unjudged(text + BOOT_LATER + "10:01:00x40/60s CP1 > Heartbeat#b$(i)\n" + read) == []
    (found,) = findings(silence, text + BOOT_LATER + "10:01:00x40/60s CP1 > Heartbeat#b$(i)\n10:55:00 CP1 > Heartbeat")
    assert (found["value"], found["limit"], found["count"]) == (900.0, 140.0, 1)


@pytest.mark.parametrize("beats", [3, 9])
@pytest.mark.parametrize(("old", "new"), [(60, 900), (900, 60)])
def test_a_change_that_needs_a_reboot_may_be_in_force_or_not(old: int, new: int, beats: int) -> None:
    order = SET.replace("10:10:00", "08:00:30").format(new, "RebootRequired")
    text = BOOT.replace("60", f"{old}") + order + f"08:01:00x9/{old}s CP1 > Heartbeat#a$(i)\n"
    text += f"10:31:00 CP1 - fin by station\n10:31:30 CP1 + ocpp1.6\n10:32:00x{beats}/{new}s CP1 > Heartbeat#b$(i)\n"
    assert findings(silence, text) == []
    (found,) = findings(silence, text + "20:00:00 CP1 > Heartbeat#z")
    assert (found["limit"], found["count"]) == (2030.0, 1)


def test_a_period_that_is_all_but_the_interval_is_not_told() -> None:
    (found,) = findings(silence, BOOT + "08:01:01x9/60.04s CP1 > Heartbeat#a$(i)\n08:30:00 CP1 > Heartbeat")
    assert "though" not in str(found["summary"])


def test_a_silence_that_ends_with_its_connection_is_no_sign_of_another_period() -> None:
    text = BOOT + "08:10:01x2/600s CP1 > Heartbeat#h$(i)\n08:40:00 CP1 - 1006 by csms"
    assert silence(*workspace(text).tables(silence.needs))["severity"].to_pylist() == ["error"]
    kept = BEATS + "08:15:01x3/600s CP1 > Heartbeat#h$(i)\n08:50:00 CP1 - 1006 by csms"
    assert silence(*workspace(kept).tables(silence.needs))["count"].to_pylist() == [3]


def test_what_was_lost_excuses_the_silence_before_the_last_message_of_the_csms() -> None:
    made = workspace(BEATS + "08:50:00 CP1 < GetConfiguration {}")
    hole = {"source": "example.trace", "ts": 1_767_255_300_000_000, "kind": "hole", "damage": True}
    issues = schema.from_rows("issues", [hole])
    assert silence(*[issues if name == "issues" else made.table(name) for name in silence.needs]).num_rows == 0
    assert silence(*made.tables(silence.needs))["value"].to_pylist() == [2699.0]


def test_an_accepted_boot_with_the_interval_0_ends_the_order_before_it() -> None:
    booted = """
08:00:00 CP1 + ocpp1.6
08:00:01x2/3600s CP1 > BootNotification#b$(i) {"chargePointVendor": "V", "chargePointModel": "M"}
08:00:01.1 CP1 < =#b0 {"currentTime": "$(now)", "interval": 60, "status": "Accepted"}
09:00:01.1 CP1 < =#b1 {"currentTime": "$(now)", "interval": %d, "status": "Accepted"}
08:01:00x59/60s CP1 > Heartbeat#h$(i)
09:10:00x9/600s CP1 > Heartbeat#k$(i)
"""
    assert findings(silence, booted % 0) == []
    assert findings(silence, booted % 60)
    rare = booted.replace("09:10:00x9/600s", "20:00:00x2/43200s")
    assert findings(silence, rare % 0) == []
    assert findings(silence, rare % 60)
