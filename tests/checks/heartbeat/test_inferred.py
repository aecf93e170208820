from __future__ import annotations

import pytest

from analyzer.checks.heartbeat.inferred import EITHER, HEARTBEAT, PING, inferred
from tests.checks.outcomes import outcomes, reason
from tests.manuals import findings


def exchange(up: int, down: int, station: str = "CP1", every: int = 60) -> str:
    lines = (
        f"08:00:00 {station} + ? scheme=wss",
        f"08:01:00x8/{every}s {station} * record by station bytes={up}",
        f"08:01:00.1x8/{every}s {station} * record by csms bytes={down}",
    )
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("up", "down", "kind"),
    [
        # a Heartbeat with the ids 1 and a UUID; TLS 1.3, AES-GCM of 1.2, CBC with SHA-256; with the header of the record
        (45, 65, HEARTBEAT), (80, 100, HEARTBEAT), (85, 105, HEARTBEAT), (52, 72, HEARTBEAT), (80, 96, HEARTBEAT),
        (112, 128, HEARTBEAT),
        # pings without content, with 4 bytes and with 125; a compressed Heartbeat; in CBC mode both are rounded alike
        (23, 19, PING), (27, 23, PING), (37, 33, PING), (148, 144, PING), (64, 64, PING), (80, 64, PING),
        # a server that writes the header of a frame as a record of its own
        (66, 19, EITHER), (66, 70, EITHER), (130, 40, EITHER),
        # meter values: longer than any Heartbeat
        (420, 40, None), (161, 200, None),
    ],
)  # fmt: skip
def test_the_sizes_tell_what_it_is(up: int, down: int, kind: str | None) -> None:
    found = findings(inferred, exchange(up, down))
    assert [f"{kind}" in str(row["summary"]) for row in found] == ([True] if kind else [])


def test_it_is_told_as_inferred_with_its_period() -> None:
    (found,) = findings(inferred, exchange(66, 88))
    assert found["summary"] == (
        "Inferred from encrypted records: a Heartbeat every 60 s (66 B up, 88 B down, 7 times at that period)"
    )
    assert (found["severity"], found["value"], found["unit"], found["count"]) == ("info", 60, "s", 7)


def test_pings_and_heartbeats_of_one_charger_are_told_apart() -> None:
    trace = """
    08:00:00 CP1 + ? scheme=wss
    08:00:10x60/10s CP1 * record by station bytes=27
    08:00:10.1x60/10s CP1 * record by csms bytes=23
    08:01:05x9/60s CP1 * record by station bytes=66
    08:01:05.1x9/60s CP1 * record by csms bytes=88
    """
    assert sorted(row["value"] for row in findings(inferred, trace)) == [10, 60]


def test_longer_ids_in_the_course_of_time_are_one_finding() -> None:
    trace = """
    08:00:00 CP1 + ? scheme=wss
    08:01:00x9/60s CP1 * record by station bytes=66
    08:01:00.1x9/60s CP1 * record by csms bytes=88
    08:10:00x30/60s CP1 * record by station bytes=67
    08:10:00.1x30/60s CP1 * record by csms bytes=89
    """
    (found,) = findings(inferred, trace)
    assert found["count"] == 29


def test_it_says_why_it_cannot_judge() -> None:
    assert reason(inferred, "08:00:00 CP1 + ocpp1.6 scheme=ws") == "none of its connections is encrypted"
    assert reason(inferred, "08:00:00 CP1 + ocpp1.6 scheme=wss") == "no record was seen that could not be read"
    few = exchange(66, 88).replace("x8/", "x5/")
    assert reason(inferred, few) == "its encrypted records show no short exchange at regular times"


def test_records_of_no_side_and_without_a_size_are_left_out() -> None:
    trace = exchange(66, 88) + "\n08:05:30 CP1 * record by station\n08:05:30 CP1 * record bytes=9"
    (found,) = findings(inferred, trace)
    assert found["count"] == 7


def test_stations_are_told_apart() -> None:
    trace = f"{exchange(66, 88)}\n{exchange(66, 88, 'CP2', 300)}\n08:00:00 CP3 + ? scheme=ws"
    assert outcomes(inferred, trace) == [("CP1", "info"), ("CP2", "info"), ("CP3", "unknown")]
    assert sorted(row["value"] for row in findings(inferred, trace)) == [60, 300]
