from __future__ import annotations

from tests.causes.stories import lives, names, ranked

CUT = "08:01:31x7/300s CP1 - fin by csms"


def test_a_cut_off_at_the_heartbeat_interval_is_the_servers_deadline_and_the_remedy_has_its_seconds() -> None:
    outages = ranked(lives(CUT, interval=60))
    assert [outage[0]["cause"] for outage in outages] == ["read_deadline"] * 6
    row = outages[0][0]
    assert (row["owner"], row["confidence"]) == ("CSMS", "high")
    assert row["evidence_for"].startswith(
        "the CSMS closed the connection 60.0 s after the charger's last message, and the heartbeat interval is 60 s too"
    )
    assert "6 of 6 ends" in row["evidence_for"]
    assert "three heartbeat intervals (180 s)" in row["remedy"]
    assert "to 20 s" in row["remedy"]


def test_the_same_cut_off_with_another_interval_is_no_race() -> None:
    assert names(lives(CUT, interval=300)) == {"idle_cutoff"}


def test_who_closed_is_not_claimed_where_it_is_not_told() -> None:
    evidence = ranked(lives(CUT.replace(" by csms", ""), interval=60))[0][0]["evidence_for"]
    assert evidence.startswith("the connection was ended 60.0 s after")


def test_ends_that_are_only_noticed_at_the_next_heartbeat_are_no_deadline() -> None:
    deaths = """
    08:00:00x6/1200s CP1 + ocpp1.6
    08:00:01x6/1200s CP1 > Heartbeat#a$(i)
    08:00:01.1x6/1200s CP1 < =#a$(i) {}
    08:05:01x6/1200s CP1 > Heartbeat#b$(i)
    08:05:01.1x6/1200s CP1 < =#b$(i) {}
    08:10:01x6/1200s CP1 > Heartbeat#c$(i)
    08:10:01.1x6/1200s CP1 < =#c$(i) {}
    08:15:01x6/1200s CP1 - 1006
    """
    assert names(deaths) == {"cannot_tell"}
