from __future__ import annotations

import pytest

from analyzer.checks.websocket.violations import KINDS, violations
from tests.checks.outcomes import outcomes, reason
from tests.manuals import findings

OPEN = "08:00:00 CP1 + ocpp1.6"


@pytest.mark.parametrize("kind", KINDS)
def test_each_fault_of_a_side_is_an_error(kind: str) -> None:
    assert outcomes(violations, f"{OPEN}\n08:00:01 CP1 * issue by station kind={kind}") == [("CP1", "error")]


@pytest.mark.parametrize(
    "kind",
    ["lost_frames", "bad_deflate", "compressed_midstream", "hole", "bad_json", "frame_too_long", "binary_message"],
)
def test_what_is_no_fault_of_a_side_is_none(kind: str) -> None:
    assert outcomes(violations, f"{OPEN}\n08:00:01 CP1 * issue by station kind={kind}") == [("CP1", "unknown")]


def test_a_side_is_told_once_with_all_that_it_did() -> None:
    trace = f"""
    {OPEN}
    08:00:01 CP1 * issue kind=unmasked_client
    08:09:00 CP1 * issue kind=unmasked_client count=39
    08:00:02 CP1 * issue by station kind=bad_control count=2
    08:00:03 CP1 * issue by csms kind=reserved_bits
    08:00:03 CP1 * issue kind=reserved_opcode
    """
    found = {row["summary"].split(" broke")[0]: row for row in findings(violations, trace)}
    assert set(found) == {"The charger", "The CSMS", "One side"}
    assert found["The charger"]["count"] == 42
    assert found["The charger"]["summary"].endswith(
        "42 times: frames of a client without a mask (40x), control frames that are fragmented, too long or cut short (2x)"
    )


def test_what_the_other_side_tolerates_is_a_warning() -> None:
    trace = f"""
    {OPEN}
    08:00:01 CP1 > Heartbeat
    08:00:01 CP1 * issue by station kind=unmasked_client
    08:00:01.1 CP1 < = {{}}
    08:05:00 CP1 > Heartbeat
    08:05:00.1 CP1 < = {{}}
    09:00:00 CP1 * issue kind=unmasked_client count=1
    """
    (found,) = findings(violations, trace)
    assert found["severity"] == "warning"
    assert found["summary"].endswith("the other side goes on all the same")
    (found,) = findings(violations, f'{trace.rstrip()}\n    09:00:01 CP1 - 1002 by csms "unmasked"')
    assert found["severity"] == "error"


def test_the_last_word_of_the_side_itself_is_no_tolerance() -> None:
    trace = f"""
    {OPEN}
    08:00:01 CP1 * issue by csms kind=masked_server
    08:00:02 CP1 < Reset {{"type": "Soft"}}
    """
    assert outcomes(violations, trace) == [("CP1", "error")]
    assert outcomes(violations, f"{trace.rstrip()}\n    08:00:03 CP1 > = {{}}") == [("CP1", "warning")]


def test_of_a_connection_that_was_seen_from_its_beginning_both_sides_may_be_at_fault() -> None:
    both = "08:00:01 CP1 * issue kind=unmasked_client\n08:00:01 CP1 * issue kind=masked_server"
    assert outcomes(violations, f"{OPEN}\n{both}") == [("CP1", "error")] * 2
    joined = "08:00:00 CP1 + start_observed=false"
    assert outcomes(violations, f"{joined}\n{both}") == [("CP1", "unknown")]
    other = "08:00:01 CP1 * issue by station kind=bad_fragment"
    assert outcomes(violations, f"{joined}\n{both}\n{other}") == [("CP1", "error")]
    assert outcomes(violations, f"{joined}\n08:00:01 CP1 * issue kind=unmasked_client") == [("CP1", "error")]


def test_frames_that_were_seen_and_are_right_pass() -> None:
    assert outcomes(violations, f"{OPEN} fragmented_messages=0") == []
    assert reason(violations, OPEN) == "nothing tells of its frames"


def test_stations_are_told_apart() -> None:
    trace = f"{OPEN} binary_messages=0\n08:00:00 CP2 + ocpp1.6\n08:00:01 CP2 * issue by station kind=invalid_utf8"
    assert outcomes(violations, trace) == [("CP2", "error")]
