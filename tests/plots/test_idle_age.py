from __future__ import annotations

from analyzer.plots import style
from analyzer.plots.svg import svg
from tests.plots.drawings import drawn, words


def cut_off(quiet: int, times: int = 6) -> str:
    lines = []
    for number in range(times):
        hour = 8 + number
        lines += [
            f"{hour:02}:00:00 CP1 + ocpp1.6",
            f"{hour:02}:00:01 CP1 > Heartbeat",
            f"{hour:02}:00:01 CP1 < = {{}}",
            f"{hour:02}:{(quiet + 1) // 60:02}:{(quiet + 1) % 60:02} CP1 - fin by csms",
        ]
    return "\n".join([*lines, f"{8 + times:02}:00:00 CP1 + ocpp1.6", f"{8 + times:02}:00:01 CP1 > Heartbeat"])


def test_ends_after_one_quiet_time_are_counted_in_words() -> None:
    assert "6 of 6 at 60.0 s" in words(svg(drawn("idle_age", cut_off(60))))


def test_two_ends_are_no_pattern() -> None:
    assert not any(" of 2 at " in word for word in words(svg(drawn("idle_age", cut_off(60, 2)))))


def test_the_timeouts_of_devices_are_named_where_they_lie_on_the_axis() -> None:
    told = words(svg(drawn("idle_age", cut_off(60))))
    assert "60 nginx, AWS ALB" in told
    assert "350 AWS NLB" not in told


def test_a_side_that_never_spoke_is_told_as_not_seen() -> None:
    silent = "\n".join(line for line in cut_off(60).splitlines() if "<" not in line)
    assert "not seen" in words(svg(drawn("idle_age", silent)))


def test_no_quiet_at_all_can_be_drawn() -> None:
    assert "6 ends" in words(svg(drawn("idle_age", cut_off(0))))


def test_it_tells_the_medians_in_words() -> None:
    told = style.told(drawn("idle_age", cut_off(60)))
    assert told.endswith(
        "6 ends; in the median charger quiet for 60.0 s, both quiet for 60.0 s, CSMS quiet for 60.0 s."
    )


def test_a_log_of_messages_alone_does_not_say_that_there_was_no_outage() -> None:
    messages = "08:00:00x30/60s CP1 > Heartbeat"
    assert "The input tells of messages only, not of connections." in words(svg(drawn("idle_age", messages)))
    assert "No outage was seen." in words(svg(drawn("idle_age", "08:00:00 CP1 + ocpp1.6\n" + messages)))
