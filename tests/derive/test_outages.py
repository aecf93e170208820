from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from analyzer import schema
from analyzer.derive import DERIVATIONS
from analyzer.engine import Workspace
from tests.manuals import tables, workspace

if TYPE_CHECKING:
    import pyarrow as pa


def outages(text: str) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = workspace(text).table("outages").to_pylist()
    return rows


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
    assert (row["duration"], row["idle_up"], row["idle_down"], row["idle_any"], row["lifetime"]) == (
        30.0,
        61.0,
        60.0,
        60.0,
        71.0,
    )
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


def test_a_dead_connection_that_is_only_noticed_after_the_charger_came_back_ended_at_its_last_sign_of_life() -> None:
    made = tables(
        """
        08:00:00 CP1 + ocpp1.6
        08:00:10 CP1 > Heartbeat
        08:04:10 CP1 + ocpp1.6
        """
    )
    rows = [dict(row) for row in made["connections"].to_pylist()]
    rows[0] |= {"end_kind": "rst", "end_side": "csms", "end": rows[1]["ts"] + timedelta(seconds=20)}
    (row,) = _outages_of(made, rows)
    assert (row["duration"], row["end_kind"], row["end_side"], row["idle_up"]) == (240.0, "replaced", None, 240.0)
    rows[0] |= {"end_kind": "close", "end_side": "station"}
    assert _outages_of(made, rows) == []
    rows[0] |= {"end_kind": "rst", "last_down": rows[1]["ts"] + timedelta(seconds=1)}
    assert _outages_of(made, rows) == []


def test_an_attempt_without_upgrade_is_no_connection() -> None:
    made = tables("08:00:00 CP1 + ocpp1.6\n08:01:00 CP1 - fin\n08:02:00 CP1 + ocpp1.6\n08:04:00 CP1 + ocpp1.6")
    rows = [dict(row) for row in made["connections"].to_pylist()]
    rows[1] |= {"upgraded": None}
    (row,) = _outages_of(made, rows)
    assert row["duration"] == 180.0
    rows[1] |= {"scheme": "wss"}
    assert [row["duration"] for row in _outages_of(made, rows)] == [60.0, 120.0]


def test_the_time_between_two_inputs_is_no_outage() -> None:
    made = tables("08:00:00 CP1 + ocpp1.6\n08:00:10 CP1 > Heartbeat\n09:00:00 CP1 + ocpp1.6")
    rows = [dict(row) for row in made["connections"].to_pylist()]
    rows[0] |= {"end_kind": "open", "end": None}
    assert len(_outages_of(made, rows)) == 1
    rows[1] |= {"source": "another"}
    assert _outages_of(made, rows) == []


def _outages_of(made: dict[str, pa.Table], connections: list[dict[str, object]]) -> list[dict[str, object]]:
    changed = Workspace({**made, "connections": schema.from_rows("connections", connections)}, DERIVATIONS)
    rows: list[dict[str, object]] = changed.table("outages").to_pylist()
    return rows


def test_an_outage_is_proved_where_the_end_was_seen_or_the_charger_came_back() -> None:
    seen, unseen = "08:00:00 CP1 + ocpp1.6\n08:01:00 CP1 - fin\n08:02:00 CP1 + ocpp1.6", "08:03:00 CP1 + ocpp1.6"
    assert [row["origin"] for row in outages(f"{seen}\n{unseen}")] == [2, 4]
