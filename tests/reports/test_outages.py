from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer import capture
from analyzer.reports import outages
from tests.manuals import tables

if TYPE_CHECKING:
    from pathlib import Path

MESSAGES = """
08:00:00x30/60s CP1 > Heartbeat
08:00:00.1x30/60s CP1 < = {"currentTime": "$(now)"}
"""
CONNECTION = "08:00:00 CP1 + ocpp1.6 scheme=wss"


def test_a_log_of_messages_alone_does_not_say_that_there_was_no_outage() -> None:
    assert "cannot be told" in outages.none(capture.Capture(tables(MESSAGES)).result())
    assert outages.none(capture.Capture(tables(CONNECTION + MESSAGES)).result()) == "No outage was seen."
    mixed = CONNECTION.replace("CP1", "CP2") + MESSAGES
    assert outages.none(capture.Capture(tables(mixed)).result()) == "No outage was seen."


def test_an_outage_tells_how_it_began_why_and_when_it_was_over() -> None:
    text = CONNECTION + MESSAGES + "08:40:00 CP1 - 1012 by csms\n08:40:30 CP1 x 503\n08:41:00 CP1 + ocpp1.6"
    (row,) = outages.rows(capture.Capture(tables(text)).result())
    assert (row["ended"], row["duration"]) == ("close frame, code 1012 by the CSMS", "60.0 s")
    assert row["back"] == "08:41:00 after 1 failed attempt"
    assert row["why"]


def test_an_outage_that_is_not_over_says_so() -> None:
    text = CONNECTION + MESSAGES + "08:40:00 CP1 - 1012 by csms\n09:40:00 CP2 + ocpp1.6"
    (row,) = outages.rows(capture.Capture(tables(text)).result())
    assert (row["duration"], row["back"]) == ("not over at the end", "not seen")


def test_an_outage_tells_whose_it_is_to_mend_and_what_speaks_against_its_cause(corpus: Path) -> None:
    first, second, _ = outages.rows(capture.read(corpus / "captures" / "growatt_1218.pcap").result())
    assert (first["confidence"], second["confidence"]) == ("medium, owner charger", "medium, owner CSMS")
    assert "; against it: it reports that power was lost" in second["why"]
    assert "against it" not in first["why"]
