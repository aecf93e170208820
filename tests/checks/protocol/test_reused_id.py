from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, strategies as st

from analyzer import schema
from analyzer.checks.protocol.reused_id import reused_id
from analyzer.derive import DERIVATIONS
from analyzer.engine import Workspace
from analyzer.sources.reading import read
from tests.manuals import findings, tables, workspace

if TYPE_CHECKING:
    from pathlib import Path

START = "08:00:00 CP1 + ocpp{}\n"
VERSIONS = pytest.mark.parametrize("version", ["1.6", "2.0.1", "2.1"])


def twice(between: str = "", first: str = "{}", second: str = '{"x": 1}', side: str = ">") -> str:
    """Two calls with one id, and what stands between them."""
    other = {">": "<", "<": ">"}[side]
    return (
        f"08:00:10 CP1 {side} DataTransfer#7 {first}\n08:00:10.1 CP1 {other} =#7 {{}}\n{between}"
        f"08:30:00 CP1 {side} DataTransfer#7 {second}\n08:30:00.1 CP1 {other} =#7 {{}}\n"
    )


ANEW = "08:10:00 CP1 - 1006 by csms\n08:10:09 CP1 + ocpp{}\n"
BOOT = '08:10:10 CP1 > BootNotification#1 {"reason": "PowerUp"}\n08:10:11 CP1 < =#1 {"status": "Accepted"}\n'


@VERSIONS
@pytest.mark.parametrize(("side", "who"), [(">", "The charger"), ("<", "The CSMS")])
def test_an_id_of_two_calls_on_one_connection_is_an_error(version: str, side: str, who: str) -> None:
    (found,) = findings(reused_id, START.format(version) + twice(side=side))
    assert (found["severity"], found["count"]) == ("error", 1)
    assert str(found["summary"]).startswith(f"{who} used 1 message id again for another call on the same connection")
    assert len(found["evidence"]) == 2


@VERSIONS
def test_the_same_id_with_the_same_content_is_a_retry(version: str) -> None:
    assert findings(reused_id, START.format(version) + twice(second="{}")) == []


def test_an_event_that_is_sent_again_as_from_offline_is_a_retry() -> None:
    events = """
08:00:10 CP1 > TransactionEvent#7 {"eventType": "Ended", "offline": false, "seqNo": 3}
08:02:10 CP1 > TransactionEvent#7 {"eventType": "Ended", "offline": true, "seqNo": 3}
08:04:10 CP1 > TransactionEvent#7 {"eventType": "Ended", "seqNo": 3}
"""
    assert findings(reused_id, START.format("2.0.1") + events) == []
    assert findings(reused_id, START.format("2.0.1") + events.replace('"seqNo": 3}\n08:04', '"seqNo": 4}\n08:04'))


@pytest.mark.parametrize(("version", "severity"), [("1.6", None), ("2.0.1", "warning"), ("2.1", "warning")])
def test_on_another_connection_it_is_a_warning_in_2x_and_none_in_16(version: str, severity: str | None) -> None:
    found = findings(reused_id, START.format(version) + twice(ANEW.format(version)))
    assert [row["severity"] for row in found] == ([severity] if severity else [])


@VERSIONS
def test_a_counter_may_start_again_with_a_reboot(version: str) -> None:
    assert findings(reused_id, START.format(version) + twice(ANEW.format(version) + BOOT)) == []


def test_a_boot_that_is_only_a_habit_is_no_reboot() -> None:
    text = START.format("2.0.1") + twice(
        ANEW.format("2.0.1") + BOOT.replace('"PowerUp"', '"Unknown"').replace("#1", "#8")
    )
    text = text.replace("08:10:00 CP1 -", "08:10:00 CP1 > Heartbeat#6\n08:10:00.1 CP1 < =#6 {}\n08:10:01 CP1 -")
    assert workspace(text).table("boots")["kind"].to_pylist() == ["reconnect"]
    assert findings(reused_id, text)


def test_a_csms_may_have_restarted_between_connections() -> None:
    assert findings(reused_id, START.format("2.0.1") + twice(ANEW.format("2.0.1"), side="<")) == []


def test_ids_of_both_sides_are_apart() -> None:
    text = START.format("1.6") + "08:00:10 CP1 > Heartbeat#7\n08:00:11 CP1 < =#7 {}\n08:00:12 CP1 < Reset#7 {}\n"
    assert findings(reused_id, text) == []


def test_a_send_needs_a_new_id_as_well() -> None:
    sends = (
        '08:00:10 CP1 > ~NotifyPeriodicEventStream#7 {"id": 1}\n08:00:20 CP1 > ~NotifyPeriodicEventStream#7 {"id": 2}\n'
    )
    assert findings(reused_id, START.format("2.1") + sends)


def test_where_connections_are_only_inferred_it_is_not_judged() -> None:
    (row,) = reused_id(*workspace(twice()).tables(reused_id.needs)).to_pylist()
    assert (row["severity"], row["station"]) == ("unknown", "CP1")
    assert reused_id(*workspace(twice(second="{}")).tables(reused_id.needs)).num_rows == 0


def test_two_inputs_that_write_one_call_differently_are_no_reuse() -> None:
    made = tables(START.format("2.0.1") + twice(ANEW.format("2.0.1")))
    for name in ("connections", "messages"):
        rows = made[name].to_pylist()
        for row in rows:
            row["source"] = "other.log" if row["connection"] == "1.2" else row["source"]
        made[name] = schema.from_rows(name, rows)
    assert reused_id(*Workspace(made, DERIVATIONS).tables(reused_id.needs)).num_rows == 0


@given(st.lists(st.integers(0, 5), max_size=25))
def test_the_count_is_that_of_calls_whose_id_was_used_before(ids: list[int]) -> None:
    calls = "".join(f'08:{n:02d}:00 CP1 > DataTransfer#{i} {{"n": {n}}}\n' for n, i in enumerate(ids))
    found = findings(reused_id, "07:59:00 CP1 + ocpp1.6\n" + calls)
    again = len(ids) - len(set(ids))
    assert [row["count"] for row in found] == ([again] if again else [])


def test_ids_that_start_again_at_each_boot_of_a_real_charger_are_none(corpus: Path) -> None:
    for name in ("growatt_1218.pcap", "growatt_1224_truncated.pcap", "evsetool_any.pcapng"):
        made = Workspace(read(str(corpus / "captures" / name)), DERIVATIONS)
        assert reused_id(*made.tables(reused_id.needs)).num_rows == 0


@VERSIONS
def test_what_is_sent_again_with_its_id_on_the_next_connection_is_a_retry(version: str) -> None:
    assert findings(reused_id, START.format(version) + twice(ANEW.format(version), second="{}")) == []


def test_where_an_id_was_used_again_is_told() -> None:
    anew, second = ANEW.format("2.0.1"), '08:40:00 CP1 > DataTransfer#7 {"x": 2}\n'
    (both,) = findings(reused_id, START.format("2.0.1") + twice(anew) + second)
    assert (both["severity"], both["count"]) == ("error", 2)
    assert "for another call on the same connection or the next, 2 times" in str(both["summary"])
    (later,) = findings(reused_id, START.format("2.0.1") + twice(anew))
    assert "for another call after it connected anew, 1 time" in str(later["summary"])
    assert later["start"] == later["end"]
    assert later["start"] is not None


def test_a_boot_that_the_csms_asked_for_is_no_reboot() -> None:
    asked = '08:10:09.5 CP1 < TriggerMessage#t {"requestedMessage": "BootNotification"}\n'
    text = START.format("2.0.1") + twice(
        ANEW.format("2.0.1") + asked + BOOT.replace("PowerUp", "Triggered").replace("#1", "#8")
    )
    assert workspace(text).table("boots")["kind"].to_pylist() == ["triggered"]
    assert [row["severity"] for row in findings(reused_id, text)] == ["warning"]


def test_a_long_id_is_cut() -> None:
    long = "f" * 40
    (found,) = findings(reused_id, START.format("1.6") + twice().replace("#7", f"#{long}"))
    assert f" {'f' * 36} for" in str(found["summary"])
