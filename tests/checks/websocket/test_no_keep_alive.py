from __future__ import annotations

import pytest

from analyzer.checks.websocket.idle_cutoff import idle_cutoff
from analyzer.checks.websocket.no_keep_alive import no_keep_alive
from tests.manuals import findings, workspace

UP = "08:00:00 CP1 + ocpp1.6 client_port=50001"
BEATS = "08:00:01x5/300s CP1 > Heartbeat#a$(i)\n08:00:01.1x5/300s CP1 < =#a$(i) {}"
BACK = "08:25:00 CP1 + ocpp1.6 client_port=50002"


def severities(text: str) -> list[str]:
    return [str(row["severity"]) for row in findings(no_keep_alive, text)]


def unjudged(text: str) -> list[str]:
    rows = no_keep_alive(*workspace(text).tables(no_keep_alive.needs)).to_pylist()
    return [row["summary"] for row in rows if row["severity"] == "unknown"]


def test_a_quiet_connection_that_holds_is_an_information() -> None:
    (found,) = findings(no_keep_alive, f"{UP}\n{BEATS}")
    assert (found["severity"], found["value"]) == ("info", 300.0)


@pytest.mark.parametrize(
    ("end", "severity"),
    [
        ("08:24:00 CP1 - rst", "warning"),
        ("08:24:00 CP1 - 1006 by csms", "warning"),
        ("08:24:00 CP1 - 1000 by csms", "info"),
        ("08:21:05 CP1 - rst", "info"),
        ("08:24:00 CP1 - lost", "info"),
    ],
)
def test_it_is_a_warning_where_a_quiet_connection_broke(end: str, severity: str) -> None:
    beats = BEATS.replace("x5/", "x4/") + "\n08:20:01 CP1 > Heartbeat#z\n08:20:01.1 CP1 < =#z {}"
    assert severities(f"{UP}\n{beats}\n{end}\n{BACK}") == [severity]


@pytest.mark.parametrize(
    "sign", ["08:03:00 CP1 > ping", "08:03:00 CP1 < ping", "08:03:00 CP1 > pong", "08:03:00 CP1 * keep_alive by csms"]
)
def test_any_sign_of_a_keep_alive_will_do(sign: str) -> None:
    assert severities(f"{UP}\n{BEATS}\n{sign}\n08:24:00 CP1 - rst\n{BACK}") == []


@pytest.mark.parametrize(("period", "count"), [(65, 0), (66, 1)])
def test_a_charger_that_says_something_every_minute_needs_none(period: int, count: int) -> None:
    text = f"{UP}\n08:00:01x20/{period}s CP1 > Heartbeat#a$(i)\n08:00:01.1x20/{period}s CP1 < =#a$(i) {{}}"
    assert len(severities(text)) == count


@pytest.mark.parametrize(("last", "judged"), [("08:09:59", False), ("08:10:00", True)])
def test_a_connection_must_be_watched_for_ten_minutes(last: str, judged: bool) -> None:
    text = f"{UP}\n08:00:01x2/300s CP1 > Heartbeat#a$(i)\n{last} CP1 > Heartbeat"
    assert severities(text) == ["info"] * judged
    assert unjudged(text) == ["no connection was watched for long enough, frame by frame"] * (not judged)


@pytest.mark.parametrize("text", ["08:00:00 CP1 + ocpp1.6", "", "08:00:00 CP1 + ocpp1.6 scheme=wss client_port=50001"])
def test_a_log_and_encrypted_traffic_are_not_judged(text: str) -> None:
    said = "" if "wss" in text else f"\n{BEATS}"
    assert unjudged(f"{text}{said}".strip()) == ["no connection was watched for long enough, frame by frame"]


def test_the_setting_of_the_charger_is_told() -> None:
    text = f"""{UP}
08:00:00.5 CP1 < GetConfiguration {{}}
08:00:00.6 CP1 > = {{"configurationKey": [{{"key": "WebSocketPingInterval", "readonly": false, "value": "0"}}]}}
{BEATS}"""
    (found,) = findings(no_keep_alive, text)
    assert str(found["summary"]).endswith("its WebSocketPingInterval is 0 s")


def test_a_cut_off_that_is_told_is_not_told_again() -> None:
    text = """
    08:00:00x6/1000s CP1 + ocpp1.6 client_port=50001
    08:00:01x6/1000s CP1 > Heartbeat#a$(i)
    08:00:01.1x6/1000s CP1 < =#a$(i) {}
    08:03:31x6/1000s CP1 > Heartbeat#b$(i)
    08:03:31.1x6/1000s CP1 < =#b$(i) {}
    08:06:51x6/1000s CP1 > Heartbeat#c$(i)
    08:06:51.1x6/1000s CP1 < =#c$(i) {}
    08:10:51.1x6/1000s CP1 - rst
    """
    assert [row["value"] for row in findings(idle_cutoff, text)] == [240.0]
    assert severities(text) == ["info"]


def test_stations_are_told_apart() -> None:
    other = BEATS.replace("CP1", "CP2").replace("/300s", "/30s").replace("x5", "x40")
    text = f"{UP}\n{BEATS}\n08:00:00 CP2 + ocpp1.6 client_port=50003\n{other}"
    assert [row["station"] for row in findings(no_keep_alive, text)] == ["CP1"]
