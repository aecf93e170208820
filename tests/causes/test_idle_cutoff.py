from __future__ import annotations

import pytest

from tests.causes.stories import lives, names, ranked


def test_a_cut_off_names_its_seconds_the_known_device_and_pings_at_half_the_time() -> None:
    outages = ranked(lives("08:02:11.1x7/300s CP1 - rst"))
    assert {outage[0]["cause"] for outage in outages} == {"idle_cutoff"}
    row = outages[0][0]
    assert (row["owner"], row["confidence"]) == ("network", "high")
    assert row["evidence_for"].startswith(
        "the connection was ended 100.0 s after the last message of either side, which is the timeout of Cloudflare"
    )
    assert "pings every 50 s" in row["remedy"]
    assert "above 900 s" in row["remedy"]


@pytest.mark.parametrize("how", ["1008 by csms", "1001 by station", "fin by station"])
def test_an_end_for_another_reason_is_no_cut_off(how: str) -> None:
    assert "idle_cutoff" not in names(lives(f"08:01:31.1x7/300s CP1 - {how}"))


def test_an_end_by_the_charger_at_the_same_age_is_not_counted_with_those_of_the_server() -> None:
    outages = ranked(lives("08:01:31x6/300s CP1 - fin by csms\n08:31:31 CP1 - 1001 by station\n08:32:00 CP1 + ocpp1.6"))
    assert [outage[0]["cause"] for outage in outages] == ["idle_cutoff"] * 6 + ["closed_by_code"]


def test_four_ends_are_too_few_and_the_report_says_so() -> None:
    outages = ranked(lives("08:01:31x7/300s CP1 - fin by csms").replace("x7/", "x5/"))
    assert {outage[0]["cause"] for outage in outages} == {"cannot_tell"}
    row = outages[0][0]
    assert row["evidence_for"] == (
        "the CSMS closed TCP without a close frame and did not say why; 4 outages are too few for a pattern"
    )
    assert "the log of the CSMS" in row["missing"]
