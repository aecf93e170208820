from __future__ import annotations

import json

import pytest
from hypothesis import given, strategies as st

from analyzer.sources.envelope import strip, unwrap

TEXT = '2026-02-03 09:01:01.500 INFO (MainThread) [ocpp] CP-7: send [3,"19",{}]'


@pytest.mark.parametrize(
    "envelope",
    [
        "evcc  | {}",
        "project_csms_1       | {}",
        "> {}",
        "> > {}",
        "evcc[609]: {}",
        "Mar 19 14:44:31 raspi evcc[13827]: {}",
        "Mar  9 14:44:31 raspi evcc: {}",
        "Mar 19 14:44:31.123456 raspi python3[1]: {}",
        "<34>Oct 11 22:14:15 mymachine su: {}",
        "Jan 22 01:54:55.123 OpenWrt user.info ocpp[99]: {}",
        "2026-02-03T04:05:06+0100 host evcc[12]: {}",
        "2026-02-03T04:05:06.123456+01:00 host evcc[12]: {}",
        "Tue 2026-02-03 04:05:06 CET host evcc[12]: {}",
        "<165>1 2003-10-11T22:14:15.003Z host csms - ID47 - {}",
        '<165>1 2003-10-11T22:14:15.003Z host csms 7 ID47 [a@1 b="]c" d="\\""][e@2] {}',
        "2026-02-03T04:05:06.123456789Z {}",
        "2026-02-03T04:05:06.123456789Z stdout F {}",
        "evcc-1  | 2026-02-03T04:05:06.123456789Z {}",
        "> Mar 19 14:44:31 raspi evcc[13827]: {}",
        "\x1b[36mevcc-1  |\x1b[0m \x1b[1;35m{}\x1b[0m",
        "Mar 19 14:44:31 raspi csms[7]: #033[32m{}#033[0m",
    ],
)
def test_an_envelope_comes_off(envelope: str) -> None:
    assert strip(envelope.format(TEXT)) == TEXT


@pytest.mark.parametrize(
    "fields",
    [
        {"log": TEXT + "\n", "stream": "stdout", "time": "2026-02-03T08:01:01.5Z"},
        {"textPayload": TEXT, "timestamp": "2026-02-03T08:01:01.5Z", "insertId": "a"},
        {"MESSAGE": TEXT, "_PID": "7", "__REALTIME_TIMESTAMP": "1770105661500000"},
        {"message": TEXT, "@timestamp": "2026-02-03T08:01:01.5Z"},
        {"message": TEXT, "ingestionTime": 1, "timestamp": 2},
    ],
)
def test_the_json_of_a_log_driver_comes_off(fields: dict[str, object]) -> None:
    assert strip(json.dumps(fields)) == TEXT


@pytest.mark.parametrize(
    "line",
    [
        TEXT,
        "",
        "   an indented line",
        "08:00:01 CP1 > BootNotification {}",
        "INFO:ocpp:CP-7: receive message [2]",
        "INFO | a message",
        "INFO     | a message",
        "Feb  3 04:05:06 INFO ocpp: CP-7: send [3]",
        "2026-02-03T04:05:06.789Z INFO ocpp: CP-7: send [3]",
        "2026-02-03T04:05:06.789Z:COM:ocpp_rpc.c:1108:-> [2]",
        "2026-02-03 04:05:06 | INFO | a message",
        "[INFO ] 2026-02-03 04:05:06,789 de.rwth.idsg (a) - [chargeBoxId=CP-7, sessionId=1] Received: [2]",
        "[ocpp  ] TRACE 2026/02/03 04:05:06 recv CP-7: [2]",
        "[04:05:06,789] [client->target] [2]",
        ">> a charger's line",
        '{"schemaVersion":"1.1","timestamp":"2026-02-03T04:05:06Z","message":"a"}',
        '{"level":"info","message":"its own format","station":"CP-7"}',
        '{"log": 7}',
        '{"log": "cut',
        "{",
    ],
)
def test_a_line_without_an_envelope_stays_as_it_is(line: str) -> None:
    assert strip(line) == line


def test_the_time_of_the_innermost_envelope_is_kept() -> None:
    line = f"Mar 19 14:44:31 raspi docker[7]: csms-1  | 2026-02-03T04:05:06.123456789Z {TEXT}"
    assert unwrap(line).stamp == "2026-02-03T04:05:06.123456789Z"
    assert unwrap(f"Mar  9 14:44:31 raspi csms[7]: {TEXT}").stamp == "Mar  9 14:44:31"
    assert unwrap(f"csms-1  | {TEXT}").stamp == ""


def test_an_empty_line_in_an_envelope_is_empty() -> None:
    assert [strip(line) for line in ("evcc  | ", "evcc  |", ">", "> ", "Mar  9 14:44:31 raspi evcc[7]:")] == [""] * 5


def test_json_nested_without_end_or_with_numbers_without_end_is_no_envelope() -> None:
    for line in ('{"log":' + "[" * 100_000, '{"log":' + "9" * 10_000 + "}", '{"log":"a"' + " " * (2 << 20) + "}"):
        assert strip(line) == line


@given(st.text())
def test_any_line_gives_a_part_of_itself(line: str) -> None:
    assert len(strip(line)) <= len(line)
