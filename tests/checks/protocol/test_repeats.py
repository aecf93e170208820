from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from analyzer.checks.protocol.repeats import before, content, sent_again
from tests.manuals import workspace


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=40))
def test_the_row_before_is_the_last_one_with_the_same_keys(rows: list[tuple[int, int]]) -> None:
    keys = np.array(rows, dtype=np.int64).reshape(-1, 2)
    expected = [max((n for n in range(place) if rows[n] == row), default=-1) for place, row in enumerate(rows)]
    assert before(keys[:, 0], keys[:, 1]).tolist() == expected


def test_offline_changes_nothing_in_an_event_wherever_it_stands_and_something_elsewhere() -> None:
    events = """
08:00:01 CP1 > TransactionEvent {"seqNo":3}
08:00:02 CP1 > TransactionEvent {"seqNo":3,"offline":true}
08:00:03 CP1 > TransactionEvent {"offline": false, "seqNo":3}
08:00:04 CP1 > DataTransfer {"seqNo":3}
08:00:05 CP1 > DataTransfer {"seqNo":3,"offline":true}
"""
    first, second, third, *others = content(workspace(events).table("calls")).tolist()
    assert first == second == third
    assert len({first, *others}) == 3


@pytest.mark.parametrize(("second", "again"), [("08:15:01", True), ("08:15:02", False)])
def test_a_call_with_the_id_of_one_a_quarter_of_an_hour_ago_is_sent_again(second: str, again: bool) -> None:
    calls = workspace(f"08:00:00 CP1 + ocpp1.6\n08:00:01 CP1 > Heartbeat#7\n{second} CP1 > Heartbeat#7").table("calls")
    assert sent_again(calls).tolist() == [again, False]
