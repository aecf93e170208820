from __future__ import annotations

from tests.manuals import workspace


def outages(text: str) -> list[dict[str, object]]:
    return workspace(text).table("outages").to_pylist()


def test_an_outage_lasts_from_the_end_of_a_connection_to_the_next() -> None:
    (row,) = outages(
        """
        08:00:00 CP1 + ocpp1.6
        08:00:10 CP1 > Heartbeat
        08:00:11 CP1 < = {}
        08:01:11 CP1 - fin by csms
        08:01:41 CP1 + ocpp1.6
        """
    )
    assert (row["duration"], row["idle_up"], row["idle_down"], row["idle_any"], row["lifetime"]) == (30.0, 61.0, 60.0, 60.0, 71.0)
    assert (row["end_kind"], row["end_side"]) == ("fin", "csms")


def test_an_end_that_nobody_saw_dates_from_the_last_sign_of_life() -> None:
    (row,) = outages(
        """
        08:00:00 CP1 + ocpp1.6
        08:00:10 CP1 > Heartbeat
        08:04:10 CP1 + ocpp1.6
        """
    )
    assert (row["duration"], row["end_kind"]) == (240.0, "replaced")


def test_what_is_sent_after_the_end_does_not_count_as_life_before_it() -> None:
    (row,) = outages(
        """
        08:00:00 CP1 + ocpp1.6
        08:00:10 CP1 > Heartbeat
        08:01:10 CP1 - fin by csms
        08:01:20 CP1 + ocpp1.6
        08:01:21 CP1 > Heartbeat
        """
    )
    assert row["idle_up"] == 60.0


def test_refused_attempts_belong_to_the_outage() -> None:
    (row,) = outages(
        """
        08:00:00 CP1 + ocpp1.6
        08:01:00 CP1 - 1001 by csms
        08:01:10 CP1 x 503
        08:01:40 CP1 x 503
        08:02:40 CP1 + ocpp1.6
        """
    )
    assert (row["attempts"], row["duration"]) == (2, 100.0)


def test_connections_that_were_only_inferred_have_no_known_end() -> None:
    assert outages("08:00:00 CP1 > Heartbeat\n09:00:00 CP1 > Heartbeat") == []


def test_an_end_at_the_edge_of_the_input_is_no_outage() -> None:
    text = "08:00:00 CP1 + ocpp1.6\n08:01:00 CP1 - 1000 by station\n08:01:30 CP2 + ocpp1.6"
    assert [row for row in outages(text) if row["station"] == "CP1"] == []


def test_an_end_long_before_the_edge_is_an_outage_whose_end_was_not_seen() -> None:
    text = "08:00:00 CP1 + ocpp1.6\n08:01:00 CP1 - 1006\n08:30:00 CP2 + ocpp1.6"
    (row,) = [row for row in outages(text) if row["station"] == "CP1"]
    assert row["duration"] is None


def test_a_new_connection_before_the_old_one_ends_is_no_outage() -> None:
    rows = outages(
        """
        08:00:00 CP1 + ocpp1.6
        08:00:59 CP1 > Heartbeat
        08:01:00 CP1 + ocpp1.6
        """
    )
    assert [row["duration"] for row in rows] == [1.0]


def test_an_outage_inside_a_transaction_says_so() -> None:
    (row,) = outages(
        """
        08:00:00 CP1 + ocpp1.6
        08:00:01 CP1 > StartTransaction {"connectorId":1,"meterStart":0,"timestamp":"2026-01-01T08:00:01Z","idTag":"A"}
        08:00:02 CP1 < = {"transactionId":5,"idTagInfo":{"status":"Accepted"}}
        08:01:00 CP1 - 1006
        08:02:00 CP1 + ocpp1.6
        """
    )
    assert row["in_transaction"] is True
