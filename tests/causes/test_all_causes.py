"""What holds for every cause."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from analyzer import schema
from analyzer.causes import causes
from tests.causes.stories import first, lives, ranked

if TYPE_CHECKING:
    from pathlib import Path

    from analyzer.plan import Cause

ALL = pytest.mark.parametrize("cause", causes(), ids=lambda cause: cause.name)


def test_no_name_is_used_twice() -> None:
    names = [cause.name for cause in causes()]
    assert len(names) == len(set(names))


@ALL
def test_a_cause_reads_outages_first_and_says_what_it_weighs_and_what_to_do(cause: Cause) -> None:
    assert cause.needs[0] == "outages"
    assert cause.manual.split("\n")[0].endswith(".")
    assert cause.remedy.endswith(".")
    assert cause.owner in {"charger", "CSMS", "network", "site", "configuration"}


@ALL
def test_no_outages_give_no_clues(cause: Cause) -> None:
    assert cause(*(schema.empty(name) for name in cause.needs)) == []


def test_every_outage_has_a_first_cause_an_owner_or_what_is_missing() -> None:
    outages = ranked(
        lives("08:01:31x7/300s CP1 - 1006") + "\n08:00:00x3/900s CP2 + ocpp1.6\n08:09:00x3/900s CP2 - rst by csms"
    )
    assert len(outages) == 9
    for outage in outages:
        assert [row["rank"] for row in outage] == list(range(1, len(outage) + 1))
        assert outage[0]["evidence_for"]
        assert outage[0]["remedy"]
        assert outage[0]["owner"] or outage[0]["missing"]


def test_a_connection_whose_end_nobody_saw_asks_for_packets_from_both_ends() -> None:
    row = first("08:00:00 CP1 + ocpp1.6\n08:00:10 CP1 > Heartbeat\n08:00:10.1 CP1 < = {}\n08:04:10 CP1 + ocpp1.6")
    assert row["cause"] == "cannot_tell"
    assert row["evidence_for"].startswith("nobody saw the connection end")
    assert "packets from both ends" in row["missing"]


def test_the_outages_of_a_real_charger_are_reboots_two_of_them_after_changes_of_its_configuration(corpus: Path) -> None:
    from analyzer import capture

    result = capture.read(corpus / "captures" / "growatt_1218.pcap").result()
    rows = [row for row in result.tables["causes"].to_pylist() if row["rank"] == 1]
    assert [row["cause"] for row in rows] == ["reboot"] * 3
    assert [row["owner"] for row in rows] == ["charger", "CSMS", "CSMS"]
    assert rows[0]["evidence_for"] == "the charger rebooted: message ids start again (1603, then 100)"
    # The CSMS's ChangeConfiguration came half a minute after the charger's last sign of life: it ordered nothing.
    assert rows[0]["evidence_against"] is None
    assert (rows[0]["start"].second, result.tables["outages"]["duration"][0].as_py()) == (
        1,
        pytest.approx(184.3, abs=0.1),
    )
    assert "RebootRequired" in rows[1]["evidence_for"]
    assert "PowerLoss" in rows[1]["evidence_against"]
    (verdict,) = result.tables["verdict"].to_pylist()
    assert "rebooted after ChangeConfiguration" in verdict["sentences"]
    assert "no Heartbeat for 234 s from 09:34:12" in verdict["sentences"]
    assert "For the one at 09:35:01: " in verdict["remedy"]
