from __future__ import annotations

from analyzer import schema
from analyzer.checks.websocket.framing import framing
from tests.checks.outcomes import outcomes, reason
from tests.manuals import findings, tables


def test_binary_and_fragmented_messages_are_counted_apart() -> None:
    trace = """
    08:00:00x2/60s CP1 + ocpp1.6 binary_messages=3 fragmented_messages=0
    09:00:00 CP1 + ocpp1.6 binary_messages=0 fragmented_messages=1
    """
    assert sorted((row["summary"], row["count"], row["severity"]) for row in findings(framing, trace)) == [
        ("1 message came in more than one frame, on 1 connection", 1, "info"),
        ("6 messages came in binary frames, on 2 connections", 6, "info"),
    ]


def test_what_was_not_counted_is_not_judged() -> None:
    assert reason(framing, "08:00:00 CP1 + ocpp1.6") == "nothing tells of its frames"
    assert outcomes(framing, "08:00:00 CP1 + ocpp1.6\n09:00:00 CP1 + ocpp1.6 binary_messages=0") == []


def test_counts_of_a_connection_that_could_not_be_decrypted_tell_nothing() -> None:
    made = tables("08:00:00 CP1 + ocpp1.6 binary_messages=0")["connections"]
    for decrypted, expected in ((False, ["unknown"]), (True, []), (None, [])):
        columns = {name: made[name] for name in made.column_names} | {"decrypted": [decrypted]}
        found = framing(schema.from_columns("connections", columns)).to_pylist()
        assert [row["severity"] for row in found] == expected
