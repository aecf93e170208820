from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from analyzer import capture
from tests.causes.stories import lives
from tests.manuals import tables

if TYPE_CHECKING:
    from pathlib import Path

OPEN = "08:00:00 CP1 + ocpp1.6 scheme=wss http_status=101\n"
BEATS = '08:01:00x30/60s CP1 > Heartbeat\n08:01:00.1x30/60s CP1 < = {"currentTime": "$(now)"}\n'
BOOT = """
08:00:01 CP1 > BootNotification {"chargePointVendor": "Example", "chargePointModel": "AC22"}
08:00:01.1 CP1 < = {"currentTime": "2026-01-01T08:00:01Z", "interval": %d, "status": "Accepted"}
"""


def verdicts(text: str, **choice: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - the façade's options
    rows: list[dict[str, Any]] = capture.Capture(tables(text)).result(**choice).tables["verdict"].to_pylist()
    return rows


def verdict(text: str, **choice: Any) -> dict[str, Any]:  # noqa: ANN401 - likewise
    (row,) = verdicts(text, **choice)
    return row


def test_a_deadline_is_told_in_two_sentences_and_a_remedy_with_seconds() -> None:
    row = verdict(lives("08:01:31x7/300s CP1 - fin by csms", interval=60), select=["WS"])
    assert row["sentences"] == (
        "Offline 6 times, 21 min in all. 6 of 6 times the CSMS closed the connection 60.0 s after the charger's last "
        "message, and the heartbeat interval is 60 s too, so any delay loses the race."
    )
    assert row["remedy"].startswith("Raise the server's read timeout to three heartbeat intervals (180 s)")
    assert (row["owner"], row["confidence"]) == ("CSMS", "high")


def test_one_outage_is_told_with_its_time_and_the_gap_between_heartbeats() -> None:
    back = "08:31:40 CP1 + ocpp1.6\n08:33:00 CP1 > Heartbeat\n08:33:00.1 CP1 < = {}"
    row = verdict(OPEN + BEATS + "08:31:00 CP1 - 1011 by csms\n" + back, ignore=["SC"])
    assert row["sentences"] == (
        "Offline once. The CSMS closed with code 1011: an error in the server, at 08:31:00 for 40 s "
        "(no Heartbeat for 180 s from 08:30:00)."
    )


def test_outages_of_several_causes_are_grouped_with_counts_and_times() -> None:
    text = (
        OPEN
        + BEATS
        + (
            "08:40:00x2/600s CP1 - 1012 by csms\n08:40:30x2/600s CP1 + ocpp1.6\n08:40:31x2/600s CP1 > Heartbeat#x$(i)\n"
            "08:40:31.1x2/600s CP1 < =#x$(i) {}\n09:10:00 CP1 - 1006\n09:12:00 CP1 + ocpp1.6\n"
        )
    )
    sentences = verdict(text)["sentences"]
    assert sentences.startswith(
        "Offline 3 times, 180 s in all. 2 of 3 times the CSMS closed with code 1012: a restart of the service, "
        "at 08:40:00 for 30 s"
    )
    assert "; once the cause cannot be told, because the input does not say how the connection was lost" in sentences
    assert "at 09:10:00 for 120 s" in sentences


def test_an_outage_that_did_not_end_is_said_not_to_have_ended() -> None:
    rows = verdicts(OPEN + BEATS + "08:40:00 CP1 - 1012 by csms\n09:30:00 CP2 + ocpp1.6\n")
    row = next(row for row in rows if row["station"] == "CP1")
    assert row["sentences"].startswith("Offline once; it was not seen to come back. The CSMS closed with code 1012")
    assert "from 08:40:00 on" in row["sentences"]


def test_a_station_without_outage_says_its_worst_finding_and_what_to_do() -> None:
    row = verdict(OPEN + BOOT % 300 + BEATS)
    assert row["sentences"] == (
        "The charger beats every 60 s (median of 29 times), not every 300 s as the CSMS ordered in its answer to "
        "BootNotification."
    )
    assert (row["severity"], row["owner"], row["confidence"]) == ("error", None, None)
    assert row["remedy"].startswith("Order the interval that is meant")


def test_a_healthy_station_says_that_nothing_is_wrong_and_what_was_checked() -> None:
    row = verdict(OPEN + BOOT % 60 + BEATS)
    assert row["severity"] is None
    assert row["remedy"] is None
    assert row["sentences"].startswith("Nothing wrong was found in 62 messages over 30 min on 1 connection.")
    assert "lines of the checklist pass" in row["sentences"]


def test_a_station_of_which_only_messages_are_known_does_not_claim_that_it_was_online() -> None:
    row = verdict(BOOT % 60 + BEATS)
    assert row["sentences"].endswith("Whether it was offline cannot be told: the input tells of messages only.")


def test_of_messages_alone_a_fault_does_not_say_that_the_charger_was_online_either() -> None:
    row = verdict(BOOT % 300 + BEATS)
    assert row["sentences"].startswith("The charger beats every 60 s")
    assert row["sentences"].endswith("Whether it was offline cannot be told: the input tells of messages only.")


def test_a_station_that_could_not_be_judged_says_so() -> None:
    row = verdict("08:00:00 CP1 + scheme=wss", select=["HB"])
    assert row["severity"] == "unknown"
    assert row["sentences"] == "It could not be judged: no OCPP message of it was seen and its connection is encrypted."


def test_many_findings_are_counted_and_three_sentences_are_enough() -> None:
    text = "08:00:00 CP1 + ocpp1.6 scheme=ws authorization=basic user=CP1 http_status=101\n" + BOOT % 300 + BEATS
    row = verdict(text + "08:31:00 CP1 - 1011 by csms\n08:32:00 CP1 + ocpp1.6 scheme=ws http_status=101\n")
    assert row["sentences"].startswith("Offline once. The CSMS closed with code 1011")
    assert row["sentences"].endswith("more findings below.")
    assert row["severity"] == "critical"


def test_the_worst_station_comes_first_and_what_could_not_be_judged_before_what_is_fine() -> None:
    bad = (BOOT % 300 + BEATS).replace("CP1", "CP3")
    fine, hidden = BOOT % 60 + BEATS, "08:00:00 CP2 + scheme=wss\n"
    text = OPEN + OPEN.replace("CP1", "CP3") + hidden + fine + bad
    assert [row["station"] for row in verdicts(text, select=["HB", "BT"])] == ["CP3", "CP2", "CP1"]


@pytest.mark.parametrize(
    ("name", "station", "words"),
    [
        (
            "deadline.pcap.gz",
            "CP-7",
            "17 of 17 times the CSMS closed the connection 60.0 s after the charger's last message",
        ),
        ("healthy.pcap", "CP-1", "Nothing wrong was found in 262 messages over 75 min on 1 connection."),
        ("healthy_201.pcap", "CP-2", "Nothing wrong was found in 264 messages over 75 min on 1 connection."),
    ],
)
def test_the_samples_are_judged_as_their_notes_say(samples: Path, name: str, station: str, words: str) -> None:
    (row,) = capture.read(samples / name).result().tables["verdict"].to_pylist()
    assert row["station"] == station
    assert words in row["sentences"]


REGISTER = """
08:00:02 CP1 > StartTransaction#s {"connectorId": 1, "meterStart": 1000, "timestamp": "2026-01-01T08:00:02Z", "idTag": "A"}
08:00:03 CP1 < =#s {"transactionId": 5, "idTagInfo": {"status": "Accepted"}}
08:01:30x4/60s CP1 > MeterValues#m$(i) {"connectorId": 1, "transactionId": 5, "meterValue": [{"timestamp": "$(now)", "sampledValue": [{"value": "$(2000+100*i)"}]}]}
08:01:30.1x4/60s CP1 < =#m$(i) {}
08:05:30x4/60s CP1 > MeterValues#n$(i) {"connectorId": 1, "transactionId": 5, "meterValue": [{"timestamp": "$(now)", "sampledValue": [{"value": "$(1500+100*i)"}]}]}
08:05:30.1x4/60s CP1 < =#n$(i) {}
"""
BACK = "08:31:50 CP1 + ocpp1.6 scheme=wss http_status=101\n08:32:00 CP1 > Heartbeat#z\n08:32:00.1 CP1 < =#z {}\n"


def test_a_critical_finding_leads_before_an_outage_without_a_known_cause_and_gives_the_remedy() -> None:
    row = verdict(OPEN + BOOT % 60 + BEATS + REGISTER + "08:31:30 CP1 - 1006\n" + BACK, ignore=["PR", "HB"])
    first, second = row["sentences"].split(". ")[:2]
    assert first.startswith("The register of connector 1 went back")
    assert second == "Offline once"
    assert row["remedy"]
    assert "apture at the charger" not in row["remedy"]
    assert (row["severity"], row["owner"], row["confidence"]) == ("critical", None, None)


@pytest.mark.parametrize("back", ["08:31:50", "09:31:50"])
def test_a_cause_that_is_known_leads_before_any_finding(back: str) -> None:
    text = OPEN + BOOT % 60 + BEATS + REGISTER + "08:31:30 CP1 - 1012 by csms\n"
    row = verdict(text + BACK.replace("08:31:50", back).replace("08:32", "09:32"), select=["WS", "MV"])
    assert row["sentences"].startswith("Offline once. The CSMS closed with code 1012")
    assert row["severity"] == "critical"


def test_where_a_cause_leads_the_worst_finding_gives_its_remedy_too() -> None:
    text = OPEN + BOOT % 300 + BEATS + "08:31:30 CP1 - 1012 by csms\n" + BACK
    assert verdict(text, select=["HB04", "WS"])["remedy"].partition(" HB04: ")[2].startswith("Order the interval that")
    assert "HB04" not in verdict(text, select=["WS"])["remedy"]


@pytest.mark.parametrize(("seconds", "leads"), [(20, True), (3599, True), (3601, False)])
def test_an_error_leads_before_an_unexplained_outage_until_that_is_an_error_too(seconds: int, leads: bool) -> None:
    minutes, left = divmod(31 * 60 + 30 + seconds, 60)
    clock = f"{8 + minutes // 60:02d}:{minutes % 60:02d}:{left:02d}"
    back = f"{clock} CP1 + ocpp1.6 scheme=wss http_status=101\n09:40:00 CP1 > Heartbeat#z\n09:40:00.1 CP1 < =#z {{}}\n"
    row = verdict(OPEN + BOOT % 300 + BEATS + "08:31:30 CP1 - 1006\n" + back, select=["HB04", "WS35"])
    assert row["sentences"].startswith("The charger beats every 60 s") == leads
    assert row["remedy"].startswith("Order the interval") == leads


def test_a_cause_of_low_confidence_does_not_lead_before_an_error() -> None:
    row = verdict(OPEN + BOOT % 300 + BEATS + "08:31:30 CP1 - 1001 by csms\n" + BACK, select=["HB04"])
    first, second = row["sentences"].split(". ", 1)
    assert first.startswith("The charger beats every 60 s")
    assert second.startswith("Offline once. The CSMS closed with code 1001")


def test_a_warning_does_not_lead_before_an_unexplained_outage() -> None:
    lost = "08:30:30 CP1 > Heartbeat#lost\n08:31:20 CP1 > Heartbeat#y\n08:31:20.1 CP1 < =#y {}\n"
    row = verdict(OPEN + BOOT % 60 + BEATS + lost + "08:31:30 CP1 - 1006\n" + BACK, select=["HB02"])
    assert row["severity"] == "warning"
    assert row["sentences"].startswith("Offline once. The cause cannot be told")


@pytest.mark.parametrize(("causes", "leads"), [(("1006", "1012 by csms"), True), (("1012 by csms",) * 2, False)])
def test_most_outages_must_have_a_known_cause_to_lead(causes: tuple[str, str], leads: bool) -> None:
    first, second = causes
    text = OPEN + BOOT % 300 + BEATS + f"08:31:30 CP1 - {first}\n" + BACK
    again = BACK.replace("08:3", "08:4").replace("#z", "#y")
    row = verdict(text + f"08:41:30 CP1 - {second}\n" + again, select=["HB04"])
    assert row["sentences"].startswith("The charger beats every 60 s") == leads


def test_refusals_in_an_outage_are_told_once() -> None:
    restart = "08:31:30 CP1 - 1001 by csms\n08:31:40x3/20s CP1 x 503\n" + BACK.replace("08:31:50", "08:32:39").replace(
        "08:32:00", "08:33:00"
    )
    row = verdict(OPEN + BEATS + restart, select=["WS"])
    assert row["sentences"].count("503") == 1
    assert row["sentences"].startswith("Offline once. 3 attempts to connect were refused, with HTTP 503")
    assert row["severity"] == "info"


def test_refusals_before_the_first_connection_are_told_beside_a_later_outage() -> None:
    row = verdict("07:50:00x4/60s CP1 x 503\n" + OPEN + BEATS + "08:31:30 CP1 - 1012 by csms\n" + BACK, select=["WS04"])
    assert "The server refused 4 of 6 attempts" in row["sentences"]


STILL = "08:00:00 CP2 + ocpp1.6 scheme=wss http_status=101\n11:59:00 CP2 > Heartbeat#last\n"


def test_a_charger_that_fell_silent_is_not_said_to_be_fine() -> None:
    made = capture.Capture(tables(OPEN + BOOT % 60 + BEATS + STILL)).result().tables
    row = next(row for row in made["verdict"].to_pylist() if row["station"] == "CP1")
    assert row["sentences"].startswith(
        "It was not heard since 08:30:00, 3.5 h before the input ends; before that nothing wrong was found in 62 messages"
    )
    assert (row["severity"], row["confidence"]) == ("unknown", "low")
    lines = {row["line"]: row for row in made["checklist"].to_pylist() if row["station"] == "CP1"}
    for line in ("A2", "B2"):
        assert (lines[line]["status"], lines[line]["detail"]) == (
            "UNKNOWN",
            "not heard since 08:30:00, 3.5 h before the input ends",
        )


def test_a_charger_that_fell_silent_after_a_fault_is_said_to_have_done_both() -> None:
    row = next(row for row in verdicts(OPEN + BOOT % 300 + BEATS + STILL) if row["station"] == "CP1")
    assert row["sentences"].startswith("The charger beats every 60 s")
    assert row["sentences"].endswith("It was not heard since 08:30:00, 3.5 h before the input ends.")
    assert row["severity"] == "error"
