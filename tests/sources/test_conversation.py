from __future__ import annotations

from tests.manuals import tables


def test_messages_without_lifecycle_lines_make_an_inferred_connection() -> None:
    (row,) = tables("08:00:00 CP1 > Heartbeat\n08:01:00 CP1 > Heartbeat")["connections"].to_pylist()
    assert (row["inferred"], row["start_observed"], row["end_observed"], row["end_kind"]) == (
        True,
        False,
        False,
        "open",
    )


def test_a_second_connection_without_an_end_of_the_first_replaces_it() -> None:
    rows = tables("08:00:00 CP1 + ocpp1.6\n08:01:00 CP1 + ocpp1.6")["connections"].to_pylist()
    assert [row["end_kind"] for row in rows] == ["replaced", "open"]


def test_the_end_of_a_connection_has_its_line() -> None:
    rows = tables("08:00:00 CP1 + ocpp1.6\n08:01:00 CP1 - fin\n08:02:00 CP1 + ocpp1.6")["connections"].to_pylist()
    assert [(row["origin"], row["end_origin"]) for row in rows] == [(1, 2), (3, None)]


def test_stations_have_connections_of_their_own() -> None:
    rows = tables("08:00:00 CP1 + ocpp1.6\n08:00:01 CP2 + ocpp2.0.1\n08:01:00 CP1 - fin")["connections"].to_pylist()
    assert [(row["station"], row["end_kind"], row["version"]) for row in rows] == [
        ("CP1", "fin", "1.6"),
        ("CP2", "open", "2.0.1"),
    ]


def test_the_version_is_told_by_actions_where_no_subprotocol_is_known() -> None:
    text = "08:00:00 CP1 > TransactionEvent {}\n08:00:00 CP2 > StopTransaction {}\n08:00:00 CP3 > Heartbeat"
    rows = tables(text)["connections"].to_pylist()
    assert {row["station"]: row["version"] for row in rows} == {"CP1": "2.0.1", "CP2": "1.6", "CP3": None}


def test_an_answer_is_given_the_action_of_its_call() -> None:
    rows = tables("08:00:00 CP1 > Heartbeat\n08:00:01 CP1 < = {}\n08:00:02 CP1 < =#stray {}")["messages"].to_pylist()
    assert [row["action"] for row in rows] == ["Heartbeat", "Heartbeat", None]


def test_text_that_is_no_json_is_an_issue_with_its_line() -> None:
    made = tables('08:00:00 CP1 > Heartbeat\n08:00:01 CP1 > raw [2,"7","MeterValues",{"transactionId":,}]')
    assert made["messages"].num_rows == 1
    (issue,) = made["issues"].to_pylist()
    assert (issue["kind"], issue["origin"], issue["station"], issue["direction"]) == ("bad_json", 2, "CP1", "up")


def test_secrets_are_replaced_in_messages_and_in_issues() -> None:
    made = tables(
        '08:00:00 CP1 > Authorize {"idTag":"04A2B3C4D5"}\n08:00:01 CP1 > raw [2,"7","Authorize",{"idTag":"04A2B3C4D5",]'
        '\n08:00:02 CP1 < ChangeConfiguration {"key":"AuthorizationKey","value":"0011223344556677"}'
    )
    text = str([made[name].to_pylist() for name in made])
    assert "04A2B3C4D5" not in text
    assert "0011223344556677" not in text


def test_every_line_is_accounted_for() -> None:
    made = tables(
        "# note\n08:00:00 CP1 + ocpp1.6\n08:00:01 CP1 > Heartbeat\n08:00:02 CP1 > ping\n08:00:03 CP1 > raw nonsense"
    )
    (row,) = made["sources"].to_pylist()
    assert (row["records"], row["messages"], row["lifecycle"], row["ignored"]) == (5, 1, 2, 1)


def test_last_signs_of_life_include_control_frames() -> None:
    (row,) = tables("08:00:00 CP1 + ocpp1.6\n08:00:01 CP1 > Heartbeat\n08:00:09 CP1 > ping")["connections"].to_pylist()
    assert row["last_up"].second == 9


def test_a_message_that_cannot_be_read_is_a_line_that_is_not_understood() -> None:
    (row,) = tables("08:00:00 CP1 + ocpp1.6\n08:00:01 CP1 > Heartbeat\n08:00:03 CP1 > raw nonsense")[
        "sources"
    ].to_pylist()
    assert (row["records"], row["messages"], row["lifecycle"], row["unknown"]) == (3, 1, 1, 1)


def test_an_end_that_is_told_again_adds_what_was_not_known() -> None:
    text = '08:00:00 CP1 + ocpp1.6\n08:01:00 CP1 - lost\n08:01:00 CP1 - 1011 by csms "no pong"'
    (row,) = tables(text)["connections"].to_pylist()
    assert (row["end_kind"], row["end_side"], row["close_code"], row["close_reason"]) == (
        "close",
        "csms",
        1011,
        "no pong",
    )
    assert f"{row['end']:%H:%M:%S}" == "08:01:00"


def test_an_end_after_new_messages_is_that_of_another_connection() -> None:
    text = "08:00:00 CP1 + ocpp1.6\n08:01:00 CP1 - fin\n08:02:00 CP1 > Heartbeat\n08:03:00 CP1 - rst"
    assert [row["end_kind"] for row in tables(text)["connections"].to_pylist()] == ["fin", "rst"]


def test_what_is_told_of_the_transport_after_a_failed_attempt_is_of_that_attempt() -> None:
    text = (
        "08:00:00 CP1 x tls\n08:00:00.1 CP1 * tls by station detail=alert\n08:01:00 CP1 + ocpp1.6\n08:01:00.1 CP1 * syn"
    )
    made = tables(text)
    names = made["connections"]["connection"].to_pylist()
    assert made["transport"]["connection"].to_pylist() == names
    assert made["connections"]["inferred"].to_pylist() == [False, False]


def test_connections_beside_each_other_end_each_by_itself() -> None:
    text = """
    08:00:00 CP1 + ocpp1.6
    08:00:10 CP1/2 + ocpp1.6
    08:00:20 CP1 > Heartbeat#1
    08:00:20 CP1/2 > Heartbeat#1
    08:00:21 CP1/2 < =
    08:00:22 CP1 < =
    08:00:30 CP1 - fin
    08:00:40 CP1/2 - rst
    """
    made = tables(text)
    rows = made["connections"].to_pylist()
    assert [(row["station"], row["end_kind"], row["end_origin"]) for row in rows] == [
        ("CP1", "fin", 7),
        ("CP1", "rst", 8),
    ]
    told = [(row["origin"], row["connection"]) for row in made["messages"].to_pylist()]
    first, second = (row["connection"] for row in rows)
    assert sorted(told) == [(3, first), (4, second), (5, second), (6, first)]
