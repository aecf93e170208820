from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, strategies as st

from analyzer import schema
from analyzer.checks.protocol.unanswered import unanswered
from analyzer.derive import DERIVATIONS
from analyzer.engine import Workspace
from analyzer.sources.reading import read
from tests.manuals import damaged, findings, tables, workspace

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

START = "08:00:00 CP1 + ocpp1.6\n"
END = "12:00:00 CP1 > Heartbeat#end\n12:00:00.1 CP1 < =#end {}\n"
STOP = 'StopTransaction#{} {{"transactionId": 7, "meterStop": 1, "timestamp": "2026-01-01T08:30:00Z"}}'


def status(answered: int, lost: int = 0, at: str = "09:00:00") -> str:
    """StatusNotifications, one a second, that are answered and that are not."""
    return (
        f"08:10:00x{max(answered, 1)}/1s CP1 > StatusNotification#a$(i) {{}}\n"
        f"08:10:00.1x{max(answered, 1)}/1s CP1 < =#a$(i) {{}}\n"
        + (f"{at}x{lost}/1s CP1 > StatusNotification#l$(i) {{}}\n" if lost else "")
    )


def changed(text: str, **rows: Callable[[list[Any]], list[Any]]) -> list[dict[str, object]]:
    """What the check says of a trace with other rows in some of its base tables."""
    made = tables(text)
    for name, change in rows.items():
        made[name] = schema.from_rows(name, change(made[name].to_pylist()))
    found: list[dict[str, object]] = unanswered(*Workspace(made, DERIVATIONS).tables(unanswered.needs)).to_pylist()
    return found


@pytest.mark.parametrize(
    ("answered", "lost", "severity"),
    [
        (3, 1, None),
        (3, 2, "warning"),
        (197, 2, "warning"),
        (198, 2, None),
        (46, 3, "warning"),
        (47, 3, "error"),
        (95, 5, "warning"),
    ],
)
def test_a_share_decides_and_of_a_handful_two(answered: int, lost: int, severity: str | None) -> None:
    found = findings(unanswered, START + status(answered, lost) + END)
    assert [row["severity"] for row in found] == ([severity] if severity else [])
    assert [row["count"] for row in found] == ([lost] if severity else [])


@given(st.integers(1, 120), st.integers(0, 12))
def test_the_count_is_that_of_the_calls_without_an_answer(answered: int, lost: int) -> None:
    found = findings(unanswered, START + status(answered, lost) + END)
    if lost >= 2 and lost / (answered + lost) > 0.01:
        assert [(row["count"], row["value"]) for row in found] == [(lost, 100 * lost / (answered + lost))]
    else:
        assert found == []


@pytest.mark.parametrize(
    ("version", "call"),
    [
        ("1.6", STOP.format("x")),
        ("1.6", "StartTransaction#x {}"),
        ("1.6", "BootNotification#x {}"),
        ("2.0.1", 'TransactionEvent#x {"eventType": "Ended"}'),
        ("2.1", 'TransactionEvent#x {"eventType": "Ended"}'),
    ],
)
def test_a_single_vital_call_that_was_never_answered_is_an_error(version: str, call: str) -> None:
    text = START.replace("1.6", version) + status(300) + f"08:30:00 CP1 > {call}\n" + END
    (found,) = findings(unanswered, text)
    assert (found["severity"], found["count"]) == ("error", 1)
    assert "never answered at all" in str(found["summary"])


def test_a_vital_call_that_is_answered_when_sent_again_is_none() -> None:
    again = f"08:31:00 CP1 > {STOP.format('y')}\n08:31:00.1 CP1 < =#y {{}}\n"
    assert findings(unanswered, START + status(9) + f"08:30:00 CP1 > {STOP.format('x')}\n" + again + END) == []


def test_an_event_that_is_sent_again_as_from_offline_is_the_same_event() -> None:
    events = """
08:30:00 CP1 > TransactionEvent#x {"eventType": "Ended", "seqNo": 3}
08:31:00 CP1 > TransactionEvent#y {"eventType": "Ended", "seqNo": 3, "offline": true}
08:31:00.1 CP1 < =#y {}
"""
    text = START.replace("1.6", "2.0.1") + status(9) + events + END
    assert findings(unanswered, text) == []
    assert findings(unanswered, text.replace('3, "offline"', '4, "offline"'))


def test_a_boot_needs_an_answer_each_time() -> None:
    boots = "08:00:01 CP1 > BootNotification#a {}\n08:00:01.1 CP1 < =#a {}\n08:30:00 CP1 > BootNotification#b {}\n"
    assert findings(unanswered, START + boots + END)
    assert findings(unanswered, START + boots + "08:31:00 CP1 > BootNotification#c {}\n08:31:01 CP1 < =#c {}\n") == []


def test_a_boot_on_a_fresh_connection_that_hears_nothing_is_told() -> None:
    boots = "08:20:00x3/120s CP1 + ocpp1.6\n08:20:01x3/120s CP1 > BootNotification#b$(i) {}\n08:21:00x3/120s CP1 - 1000 by station\n"
    (found,) = findings(unanswered, START + status(3) + "08:15:00 CP1 - fin by csms\n" + boots)
    assert (found["severity"], found["count"]) == ("error", 3)


def test_heartbeats_and_sends_do_not_count() -> None:
    text = START.replace("1.6", "2.1") + status(3) + "08:30:00x9/60s CP1 > Heartbeat#h$(i)\n"
    assert findings(unanswered, text + "08:30:30x9/60s CP1 > ~NotifyPeriodicEventStream {}\n" + END) == []


def test_what_the_end_of_the_connection_or_of_the_input_cut_off_does_not_count() -> None:
    assert findings(unanswered, START + status(3, 5) + "09:00:29 CP1 - 1006 by csms\n09:00:40 CP1 + ocpp1.6") == []
    assert findings(unanswered, START + status(3, 5) + "09:00:29 CP1 > ping") == []


def test_a_dead_link_is_not_the_csms_leaving_calls_unanswered() -> None:
    dead = START + status(3, 5) + "09:05:00 CP1 - 1006 by station\n09:05:10 CP1 + ocpp1.6\n"
    assert findings(unanswered, dead + END) == []
    (found,) = findings(unanswered, dead.replace("09:05:00 CP1 -", "09:04:50 CP1 < ping\n09:05:00 CP1 -") + END)
    assert found["count"] == 5


def test_what_the_charger_did_not_answer_before_it_was_gone_is_a_warning_at_most() -> None:
    calls = "08:10:00x60/1s CP1 < GetVariables#a$(i) {}\n08:10:00.1x60/1s CP1 > =#a$(i) {}\n"
    text = START.replace("1.6", "2.0.1") + calls + "09:00:00x9/1s CP1 < Reset#l$(i) {}\n"
    (gone,) = findings(unanswered, text + "09:05:00 CP1 - rst by station\n09:05:10 CP1 + ocpp2.0.1\n" + END)
    assert (gone["severity"], gone["count"]) == ("warning", 9)
    assert "9 of them just before the connection ended" in str(gone["summary"])
    (there,) = findings(unanswered, text + END)
    assert there["severity"] == "error"


def test_each_side_has_a_finding_of_its_own() -> None:
    down = "08:40:00x3/1s CP1 < GetVariables#d$(i) {}\n08:40:10x2/1s CP1 < Reset#r$(i) {}\n08:40:05x3/1s CP1 > =#d$(i) {}\n"
    found = findings(unanswered, START.replace("1.6", "2.1") + status(3, 2) + down + END)
    assert [str(row["summary"]).split(" did ")[0] for row in found] == ["The CSMS", "The charger"]
    assert len({row["fingerprint"] for row in found}) == 2


def test_a_charger_that_answers_no_call_while_its_heartbeats_go_on_is_another_finding() -> None:
    text = """
08:00:10 CP1 < GetConfiguration#g {}
08:00:10.3 CP1 > =#g {"configurationKey": []}
08:01:00x10/60s CP1 > Heartbeat#h$(i)
08:01:00.1x10/60s CP1 < =#h$(i) {}
08:02:30x3/60s CP1 < GetConfiguration#c$(i) {}
"""
    assert findings(unanswered, START + text + END) == []
    assert findings(unanswered, START + text.replace("x3/", "x2/") + END)


def test_calls_before_the_boot_is_accepted_need_no_answer() -> None:
    boot = '08:00:05 CP1 > BootNotification#b {}\n08:05:00 CP1 < =#b {"status": "Accepted", "interval": 60}\n'
    early = "08:00:01x2/1s CP1 < Reset#r$(i) {}\n"
    end = "08:07:00 CP1 < GetConfiguration#g {}\n08:07:01 CP1 > =#g {}\n" + END
    assert findings(unanswered, START + early + boot + end) == []
    assert findings(unanswered, START + boot + early.replace("08:00:01", "08:06:00") + end)


def test_a_retry_with_the_same_id_is_answered_once_and_another_call_with_it_is_not() -> None:
    text = START + status(2) + "08:30:00x3/40s CP1 > StatusNotification#s {}\n08:31:21 CP1 < =#s {}\n" + END
    assert findings(unanswered, text) == []
    (found,) = findings(unanswered, text.replace("x3/40s", "x3/1000s").replace("08:31:21", "09:03:21"))
    assert found["count"] == 2


def test_an_answer_that_could_not_be_read_is_an_answer() -> None:
    garbled = "09:00:00.5x3/1s CP1 < raw [3,'l',{}]\n"
    assert findings(unanswered, START + status(3, 3) + garbled + END) == []
    assert findings(unanswered, START + status(3, 3) + garbled.replace("<", ">") + END)


@pytest.mark.parametrize("kind", ["lost_frames", "compressed_midstream"])
def test_a_capture_that_lost_frames_is_not_judged_from_there_on(kind: str) -> None:
    text = START + status(3, 3) + END
    since = {"kind": kind, "connection": "1.1", "station": "CP1", "ts": tables(text)["messages"]["ts"][-3].as_py()}
    assert changed(text, issues=lambda rows: [*rows, since]) == []
    assert changed(text, issues=lambda rows: [*rows, {**since, "connection": "1.2"}])


def test_an_answer_may_have_stood_in_a_part_of_the_input_that_was_lost() -> None:
    text = START + status(3, 3) + END
    for connection, count in ((None, 0), ("1.1", 0), ("1.2", 1)):
        space = damaged(text, "09:00:30", connection)
        assert unanswered(*space.tables(unanswered.needs)).num_rows == count


def test_a_capture_of_the_csms_alone_does_not_judge_the_charger() -> None:
    text = START + "08:10:00x9/1s CP1 < TriggerMessage#l$(i) {}\n12:00:00 CP1 < ping"
    kind = {"sources": lambda rows: [{**row, "kind": "capture"} for row in rows]}
    upgraded = tables(text)["messages"]["ts"][0].as_py()
    for path, severity in ((None, "unknown"), ("/ocpp/CP1", "warning")):
        asked = {"connections": lambda rows, path=path: [{**row, "upgraded": upgraded, "path": path} for row in rows]}
        (row,) = changed(text, **kind, **asked)
        assert row["severity"] == severity


def test_a_log_without_any_answer_is_not_judged_and_a_capture_is_if_it_shows_that_side() -> None:
    text = START + "08:10:00x9/1s CP1 > StatusNotification#l$(i) {}\n08:30:00 CP1 < ping\n12:00:00 CP1 > ping"
    (row,) = unanswered(*workspace(text).tables(unanswered.needs)).to_pylist()
    assert row["severity"] == "unknown"
    kind = {"sources": lambda rows: [{**row, "kind": "capture"} for row in rows]}
    (row,) = changed(text, **kind)
    assert row["severity"] == "warning"
    blind = {"connections": lambda rows: [{**row, "last_down": None, "upgraded": None} for row in rows]}
    (row,) = changed(text, **kind, **blind)
    assert row["severity"] == "unknown"


def test_a_station_of_which_only_heartbeats_or_a_pending_call_were_seen_is_not_judged() -> None:
    for text in (START + END, START + "08:00:05 CP1 > StatusNotification {}"):
        (row,) = unanswered(*workspace(text).tables(unanswered.needs)).to_pylist()
        assert (row["severity"], row["station"]) == ("unknown", "CP1")


def test_a_charger_that_restarts_on_command_is_told_of_four_calls(corpus: Path) -> None:
    made = Workspace(read(str(corpus / "captures" / "growatt_1218.pcap")), DERIVATIONS)
    (found,) = unanswered(*made.tables(unanswered.needs)).to_pylist()
    assert (found["severity"], found["count"]) == ("warning", 4)
    assert found["summary"].startswith("The charger did not answer 4 of 42 calls")
