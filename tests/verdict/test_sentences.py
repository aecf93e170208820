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
    assert row["sentences"].startswith("Nothing is wrong in 62 messages over 30 min on 1 connection.")
    assert "lines of the checklist pass" in row["sentences"]


def test_a_station_of_which_only_messages_are_known_does_not_claim_that_it_was_online() -> None:
    row = verdict(BOOT % 60 + BEATS)
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
        ("healthy.pcap", "CP-1", "Nothing is wrong in 262 messages over 75 min on 1 connection."),
        ("healthy_201.pcap", "CP-2", "Nothing is wrong in 264 messages over 75 min on 1 connection."),
    ],
)
def test_the_samples_are_judged_as_their_notes_say(samples: Path, name: str, station: str, words: str) -> None:
    (row,) = capture.read(samples / name).result().tables["verdict"].to_pylist()
    assert row["station"] == station
    assert words in row["sentences"]
