from __future__ import annotations

from datetime import UTC, datetime

import pytest

from analyzer import schema
from analyzer.checks.websocket.name_lookup import MAX_ANSWERS, name_lookup
from tests.manuals import damaged, findings, workspace

UP = """
08:00:00 CP1 + ocpp1.6 host=csms.example.com:9000 server=203.0.113.5
08:00:01 CP1 > Heartbeat
08:00:01.1 CP1 < = {}
08:10:00 CP1 - rst
"""
LOOKUP = "CP1 * lookup name=csms.example.com"
FAILS = f"{LOOKUP} answered=2026-01-01T08:20:00 status=NXDOMAIN"
KNOWS = f"{LOOKUP} answered=2026-01-01T08:20:00 status=NOERROR"
LATER = "\n09:30:00 CP9 > Heartbeat"


def unjudged(text: str) -> list[str]:
    rows = name_lookup(*workspace(text).tables(name_lookup.needs)).to_pylist()
    return [row["summary"] for row in rows if row["severity"] == "unknown"]


def test_the_last_lookup_that_failed_is_an_error() -> None:
    (found,) = findings(name_lookup, f"{UP}08:20:00 {FAILS} server=10.0.0.1")
    assert (found["severity"], found["count"]) == ("error", 1)
    assert "NXDOMAIN (there is no such name); asked of 10.0.0.1" in str(found["summary"])


def test_one_failure_before_a_success_is_a_warning_and_three_are_an_error() -> None:
    for count, severity in ((1, "warning"), (2, "warning"), (3, "error")):
        text = f"{UP}08:20:00x{count}/60s {FAILS}\n08:30:00 {KNOWS} addresses=203.0.113.5"
        assert [row["severity"] for row in findings(name_lookup, text)] == [severity]


def test_a_charger_that_is_heard_after_a_failure_found_its_way() -> None:
    text = f"{UP}08:20:00 {FAILS}\n08:21:00 CP1 + ocpp1.6 host=csms.example.com server=203.0.113.5\n08:21:01 CP1 > Heartbeat"
    assert [row["severity"] for row in findings(name_lookup, text)] == ["warning"]


@pytest.mark.parametrize(("after", "count"), [("08:20:10", 0), ("08:20:11", 1)])
def test_a_second_resolver_may_answer_within_ten_seconds(after: str, count: int) -> None:
    text = f"{UP}08:20:00 {FAILS}\n{after} {KNOWS} addresses=203.0.113.5\n08:30:00 CP9 > Heartbeat"
    assert len(findings(name_lookup, text)) == count


@pytest.mark.parametrize(("before", "count"), [("08:19:50", 0), ("08:19:49", 1)])
def test_a_resolver_may_fail_for_one_kind_of_address(before: str, count: int) -> None:
    text = f"{UP}{before} {KNOWS} addresses=203.0.113.5\n08:20:00 {FAILS}\n08:30:00 CP9 > Heartbeat"
    assert len(findings(name_lookup, text)) == count


@pytest.mark.parametrize(("last", "count"), [("08:20:14", 0), ("08:20:15", 1)])
def test_an_answer_may_come_behind_the_end_of_the_input(last: str, count: int) -> None:
    text = f"{UP}08:20:00 {LOOKUP} tries=3\n{last} CP9 > Heartbeat"
    found = findings(name_lookup, text)
    assert [row["summary"] for row in found] == [
        "1 of 1 lookup of csms.example.com failed: 1x no answer; 3 queries"
    ] * count
    assert unjudged(text) == ["no lookup of the CSMS's name was watched to its end"] * (1 - count)


@pytest.mark.parametrize(("lost", "count"), [("08:19:59", 1), ("08:20:07", 0), ("08:20:16", 1)])
def test_an_answer_may_be_among_lost_packets(lost: str, count: int) -> None:
    tables = damaged(f"{UP}08:20:00 {LOOKUP}{LATER}", lost).tables(name_lookup.needs)
    assert sum(row["severity"] == "error" for row in name_lookup(*tables).to_pylist()) == count


def test_names_are_compared_without_case_port_and_last_dot() -> None:
    text = f"{UP}08:20:00x3/60s CP1 * lookup name=CSMS.Example.com. status=SERVFAIL"
    assert len(findings(name_lookup, text)) == 1


def test_other_names_are_not_judged() -> None:
    text = f"{UP}08:20:00x3/60s CP1 * lookup name=pool.example.net status=SERVFAIL"
    assert findings(name_lookup, text) == []
    assert unjudged(text) == ["no lookup of the CSMS's name was watched to its end"]


def test_of_a_charger_that_never_connected_any_name_may_be_the_csms_and_it_is_a_warning() -> None:
    (found,) = findings(name_lookup, f"08:20:00x9/60s {FAILS}")
    assert (found["severity"], found["count"]) == ("warning", 9)


def test_an_answer_without_addresses_of_one_kind_is_no_failure() -> None:
    assert findings(name_lookup, f"{UP}08:20:00 {KNOWS}{LATER}") == []


def stale(connected: str, server: str, answers: str) -> list[str]:
    text = f"{answers}\n{connected} CP1 + ocpp1.6 host=csms.example.com server={server}\n{connected} CP1 > Heartbeat"
    return [str(row["severity"]) for row in findings(name_lookup, text)]


OLD = f"08:00:00 {KNOWS} addresses=203.0.113.5%20203.0.113.6 lifetime=300"
NEW = f"08:10:00 {KNOWS} addresses=198.51.100.1 lifetime=300"


@pytest.mark.parametrize(("connected", "made"), [("08:10:00", ["warning"]), ("08:10:01", ["warning"])])
def test_an_address_that_the_dns_gives_no_more_is_told(connected: str, made: list[str]) -> None:
    assert stale(connected, "203.0.113.5", f"{OLD}\n{NEW}") == made


def test_an_old_address_may_be_kept_for_its_lifetime_and_a_minute() -> None:
    assert stale("08:06:00", "203.0.113.5", f"{OLD}\n{NEW.replace('08:10:00 ', '08:02:00 ')}") == []
    assert stale("08:06:01", "203.0.113.5", f"{OLD}\n{NEW.replace('08:10:00 ', '08:02:00 ')}") == ["warning"]


@pytest.mark.parametrize(
    ("server", "answers"),
    [
        ("198.51.100.1", f"{OLD}\n{NEW}"),
        ("203.0.113.5", OLD),
        ("192.0.2.9", f"{OLD}\n{NEW}"),
        ("203.0.113.5", f"{OLD.replace(' lifetime=300', '')}\n{NEW}"),
        ("203.0.113.5", f"{OLD}\n{NEW.replace('198.51.100.1', '2001:db8::1')}"),
        ("203.0.113.5", f"{OLD}\n{NEW.replace(' addresses=198.51.100.1', '')}"),
        ("203.0.113.5", f"{OLD}\n{NEW.replace('csms', 'time')}"),
    ],
    ids=[
        "the new one",
        "no newer answer",
        "never given",
        "no lifetime",
        "another family",
        "no address",
        "another name",
    ],
)
def test_what_no_newer_answer_contradicts_is_not_stale(server: str, answers: str) -> None:
    assert stale("09:00:00", server, answers) == []


@pytest.mark.parametrize(("newer", "made"), [(MAX_ANSWERS - 1, ["warning"]), (MAX_ANSWERS, [])])
def test_an_old_address_is_looked_for_among_so_many_answers(newer: int, made: list[str]) -> None:
    many = f"08:00:01x{newer}/1s {KNOWS} addresses=198.51.100.1 lifetime=300"
    assert stale("09:30:00", "203.0.113.5", f"{OLD}\n{many}") == made


def test_without_any_lookup_nothing_is_told() -> None:
    assert name_lookup(*workspace(UP).tables(name_lookup.needs)).num_rows == 0


def test_a_lookup_without_name_or_server_is_taken_as_it_is() -> None:
    base = workspace(UP)
    rows = [
        {"station": "CP1", "ts": datetime(2026, 1, 1, 9, tzinfo=UTC), "source": "example.trace", "status": "SERVFAIL"}
    ]
    tables = dict(zip(name_lookup.needs, base.tables(name_lookup.needs), strict=True))
    found = name_lookup(*{**tables, "lookups": schema.from_rows("lookups", rows)}.values())
    assert found["severity"].to_pylist() == ["unknown"]
