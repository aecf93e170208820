from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

from analyzer import capture
from analyzer.checks.websocket.abnormal_ends import abnormal_ends
from tests.manuals import findings, workspace

if TYPE_CHECKING:
    from pathlib import Path


def ends(*kinds: str, attributes: str = "") -> str:
    lines = []
    for number, kind in enumerate(kinds):
        at = f"{8 + number // 6:02d}:{number % 6}"
        lines += [f"{at}0:00 CP1 + ocpp1.6 {attributes}", f"{at}5:00 CP1 - {kind}"]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("bad", "good", "severity"),
    [
        (2, 0, None), (3, 0, "warning"), (3, 11, "warning"), (3, 12, None), (4, 0, "warning"), (5, 0, "error"),
        (6, 4, "warning"), (7, 4, "error"),
    ],
)  # fmt: skip
def test_the_share_and_the_number_decide(bad: int, good: int, severity: str | None) -> None:
    found = findings(abnormal_ends, ends(*["rst"] * bad, *["1000 by station"] * good))
    assert [row["severity"] for row in found] == ([severity] if severity else [])


@pytest.mark.parametrize("kind", ["fin", "fin by csms", "rst", "timeout", "1006", "1006 by csms"])
def test_every_end_without_a_close_frame_counts(kind: str) -> None:
    assert findings(abnormal_ends, ends(*[kind] * 3))


def test_a_connection_that_another_replaces_ended_abnormally() -> None:
    assert findings(abnormal_ends, "08:00:00x4/600s CP1 + ocpp1.6")
    assert findings(abnormal_ends, "08:00:00x3/600s CP1 + ocpp1.6") == []


def test_an_end_of_which_the_manner_is_not_known_counts_on_neither_side() -> None:
    text = ends(*["lost"] * 9)
    assert findings(abnormal_ends, text) == []
    rows = abnormal_ends(*workspace(text).tables(abnormal_ends.needs)).to_pylist()
    assert [row["severity"] for row in rows] == ["unknown"]


def test_refused_attempts_and_open_connections_are_no_ends() -> None:
    assert findings(abnormal_ends, "08:00:00x9/60s CP1 x 401\n09:00:00 CP1 + ocpp1.6") == []


def test_a_fin_after_encrypted_traffic_may_hide_a_close_frame() -> None:
    assert findings(abnormal_ends, ends(*["fin"] * 5, attributes="scheme=wss")) == []
    assert findings(abnormal_ends, ends(*["rst"] * 5, attributes="scheme=wss"))


def test_ends_that_an_idle_cut_off_explains_are_no_second_fault() -> None:
    text = """
        08:00:00x6/200s CP1 + ocpp1.6
        08:00:31x6/200s CP1 > Heartbeat#s$(i)
        08:00:31.1x6/200s CP1 < =#s$(i) {"currentTime": "$(now)"}
        08:01:31.1x6/200s CP1 - fin by csms
    """
    assert findings(abnormal_ends, text) == []
    assert findings(abnormal_ends, text.replace("08:01:31.1x6/200s", "08:01:31.1x6/217s"))


def test_a_drop_a_day_is_no_finding_and_a_bad_day_among_good_ones_is() -> None:
    daily = "08:00:00x30/86400s CP1 + ocpp1.6\n20:00:00x30/86400s CP1 - rst"
    assert findings(abnormal_ends, daily) == []
    (found,) = findings(abnormal_ends, daily + "\n21:00:00x5/1800s CP1 + ocpp1.6\n21:10:00x5/1800s CP1 - rst")
    assert (found["severity"], found["count"]) == ("error", 7)


def test_a_connection_that_was_not_seen_to_end_is_judged_and_one_that_is_not_told_of_is_not() -> None:
    rows = abnormal_ends(*workspace("08:00:00 CP1 + ocpp1.6\n08:30:00 CP1 > Heartbeat").tables(abnormal_ends.needs))
    assert rows.num_rows == 0
    rows = abnormal_ends(*workspace("08:00:00 CP1 > Heartbeat").tables(abnormal_ends.needs))
    assert rows["severity"].to_pylist() == ["unknown"]


def test_a_charger_that_reboots_is_told_of_as_that_and_its_ends_are_not_judged() -> None:
    text = """
        08:00:00x4/600s CP1 + ocpp2.0.1
        08:00:01x4/600s CP1 > BootNotification#b$(i) {"reason": "Watchdog", "chargingStation": {"vendorName": "Example", "model": "AC22"}}
        08:00:01.1x4/600s CP1 < =#b$(i) {"currentTime": "$(now)", "interval": 60, "status": "Accepted"}
        08:08:00x3/600s CP1 - rst
    """
    assert set(workspace(text).table("outages")["boot"].to_pylist()) == {"reboot"}
    rows = abnormal_ends(*workspace(text).tables(abnormal_ends.needs)).to_pylist()
    assert [(row["severity"], row["summary"]) for row in rows] == [
        ("unknown", "its connections ended by reboots alone")
    ]
    found = findings(abnormal_ends, textwrap.dedent(text) + ends(*["rst"] * 3).replace("CP1", "CP2"))
    assert [(row["station"], row["count"]) for row in found] == [("CP2", 3)]


def test_a_real_charger_that_reboots_thrice_is_not_judged(corpus: Path) -> None:
    read = capture.read(corpus / "captures" / "growatt_1218.pcap").check(select=["WS10"])
    assert len(read) == 0
    assert "its connections ended by reboots alone" in read.runs["why"].to_pylist()
