"""What is true of every log format."""

from __future__ import annotations

import json
from datetime import UTC
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings, strategies as st

from analyzer.sources import log
from analyzer.sources.events import Line, Message, Trouble
from tests.sources.texts import account, covered, format_called, lines, tables

NAMES = log.FORMATS
REPEATING = {"trace"}
"""Formats of which a line may be several messages."""
ENVELOPES = {
    "docker compose": "csms-1  | {}",
    "a quote": "> {}",
    "process": "csms[609]: {}",
    "colours": "\x1b[32m{}\x1b[0m",
    "docker compose, coloured and quoted": "> \x1b[36mcsms-1  |\x1b[0m {}",
}
STAMPED = {
    "journald": "Feb  3 10:00:00 host csms[609]: {}",
    "rsyslog": "2026-02-03T10:00:00.123456+01:00 host csms[609]: {}",
    "kubernetes": "2026-02-03T09:00:00.123456789Z {}",
    "a container runtime": "2026-02-03T09:00:00.123456789Z stdout F {}",
    "RFC 5424": '<34>1 2026-02-03T09:00:00Z host csms 609 - [a b="]"] {}',
}


def sample(name: str) -> str:
    return format_called(name).SAMPLE


@pytest.mark.parametrize("name", NAMES)
def test_a_format_claims_its_own_sample_and_no_other_does(name: str) -> None:
    first, *others = log.guess(sample(name).encode())
    assert name == first.format.NAME
    assert first.sure >= log.SURE_ENOUGH
    assert all(other.sure < log.SURE_ENOUGH for other in others), others


@pytest.mark.parametrize("name", NAMES)
def test_a_format_tells_what_it_is_in_a_sentence(name: str) -> None:
    about = format_called(name).ABOUT
    assert about.endswith(".")
    assert "\n" not in about


@pytest.mark.parametrize("name", NAMES)
def test_every_line_of_a_sample_is_accounted_for_once(name: str) -> None:
    given_ = lines(sample(name).removesuffix("\n"))
    found = covered(format_called(name).read(given_, UTC))
    expected = [line.number for line in given_]
    assert (sorted(set(found)) if name in REPEATING else found) == expected


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_is_understood(name: str) -> None:
    made = tables(sample(name), name)
    assert made["messages"].num_rows > 1
    assert not [row for row in made["issues"].to_pylist() if row["damage"] or row["kind"] == "not_understood"]
    records, accounted = account(made)
    assert records == accounted


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ENVELOPES)
def test_an_envelope_changes_nothing(name: str, kind: str) -> None:
    wrapped = "".join(ENVELOPES[kind].format(line) + "\n" for line in sample(name).splitlines())
    assert content(tables(wrapped, name)) == content(tables(sample(name), name))
    assert name == log.guess(wrapped.encode())[0].format.NAME


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", STAMPED)
def test_an_envelope_with_times_changes_nothing_but_times_that_were_missing(name: str, kind: str) -> None:
    wrapped = "".join(STAMPED[kind].format(line) + "\n" for line in sample(name).splitlines())
    made, plain = tables(wrapped, name), tables(sample(name), name)
    assert made["messages"].drop_columns(["ts"]) == plain["messages"].drop_columns(["ts"])
    if plain["messages"]["ts"].null_count == 0:
        assert made["messages"]["ts"].to_pylist() == plain["messages"]["ts"].to_pylist()


@pytest.mark.parametrize("name", NAMES)
def test_docker_s_json_changes_nothing(name: str) -> None:
    wrapped = "".join(json.dumps({"log": f"{line}\n", "stream": "stdout"}) + "\n" for line in sample(name).splitlines())
    assert content(tables(wrapped, name)) == content(tables(sample(name), name))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-16-le-bom"])
def test_encodings_and_line_ends_of_windows_change_nothing(name: str, codec: str) -> None:
    text = sample(name).replace("\n", "\r\n")
    data = b"\xff\xfe" + text.encode("utf-16-le") if codec == "utf-16-le-bom" else text.encode(codec)
    assert content(tables(data, name)) == content(tables(sample(name), name))
    assert name == log.guess(data)[0].format.NAME


@pytest.mark.parametrize("name", NAMES)
def test_a_log_that_is_cut_anywhere_loses_nothing_before_the_cut(name: str) -> None:
    data = sample(name).encode()
    whole = [
        (event.origin + event.lines - 1, event.text)
        for event in format_called(name).read(lines(sample(name)), UTC)
        if isinstance(event, Message)
    ]
    for at in range(len(data)):
        complete = data[:at].count(b"\n")
        part = format_called(name).read(lines(data[:at].decode()), UTC)
        texts = {event.text for event in part if isinstance(event, Message)}
        assert {text for last, text in whole if last <= complete} <= texts


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_log_has_nothing(name: str) -> None:
    assert list(format_called(name).read([], UTC)) == []
    assert format_called(name).sniff("") == 0


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("zone", [UTC, ZoneInfo("Europe/Berlin"), ZoneInfo("Pacific/Apia")])
def test_times_that_no_calendar_has_are_no_times(name: str, zone: ZoneInfo) -> None:
    for year in ("0000", "0001", "9999", "2026"):
        text = sample(name).replace("2026-", f"{year}-").replace("2026/", f"{year}/")
        for day in ("-02-30", "-02-03"):
            made = tables(text.replace("-02-03", day), name, zone)
            assert all(table.to_pylist() is not None for table in made.values())


SHARDS = st.sampled_from([line for name in NAMES for line in sample(name).splitlines()])
NOISE = st.text(max_size=20) | st.sampled_from(
    ["[2,", '[3,"1",', "{", "]", "...", "\x1b[", "> ", "\\", '"', "2026-", " ts=1", " x=1", "²"]
)


@st.composite
def mixed_lines(draw: st.DrawFn) -> str:
    """A line of some format, cut, doubled or with noise in it."""
    line = draw(SHARDS)
    at = draw(st.integers(0, len(line)))
    how = draw(st.sampled_from(["as it is", "cut", "noise", "doubled"]))
    return {"as it is": line, "cut": line[:at], "noise": line[:at] + draw(NOISE) + line[at:], "doubled": line + line}[
        how
    ]


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=60, deadline=None)
@given(texts=st.lists(mixed_lines() | st.text(max_size=60), max_size=12))
def test_any_lines_are_accounted_for(name: str, texts: list[str]) -> None:
    made = tables("\n".join(texts).encode("utf-8", "replace"), name)
    records, accounted = account(made)
    assert records == accounted
    assert all(table.to_pylist() is not None for table in made.values())


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=60, deadline=None)
@given(texts=st.lists(mixed_lines().map(lambda line: line.replace("\n", " ")), max_size=12))
def test_any_line_is_accounted_for_once(name: str, texts: list[str]) -> None:
    given_ = [Line(number, line) for number, line in enumerate(texts, 1)]
    found = covered(format_called(name).read(given_, UTC))
    assert (sorted(set(found)) if name in REPEATING else found) == [line.number for line in given_]


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=300))
def test_any_bytes_give_rows_and_issues(name: str, data: bytes) -> None:
    assert log.guess(data) is not None
    assert sum(table.num_rows for table in tables(data, name).values()) > 0


@pytest.mark.parametrize("name", NAMES)
def test_lines_made_for_backtracking_are_read_at_once(name: str) -> None:
    hostile = [
        "[" * 50_000,
        '[2,"1","Heartbeat",' + "[" * 50_000,
        '[2,"1","Heartbeat",' + "9" * 50_000,
        "a: " * 20_000,
        "Charger " + "a connected to " * 5_000,
        "2026-02-03 09:00:00.101 INFO (MainThread) [ocpp] " + ": send " * 10_000,
        "2026-02-03 09:00:00.101 INFO (MainThread) [custom_components.ocpp] Connection closed to '" + "':" * 20_000,
        "<34>1 2026-02-03T09:00:00Z host csms 609 - " + "[a" * 20_000,
        "\x1b[" * 20_000,
        "{" * 20_000,
        "> " * 20_000,
    ]
    found = format_called(name).read([Line(number, line) for number, line in enumerate(hostile, 1)], UTC)
    assert {event.origin for event in found if isinstance(event, Trouble)} <= set(range(1, 12))
    assert tables("\n".join(hostile), name)["messages"].num_rows == 0


def content(made: dict[str, object]) -> dict[str, object]:
    """What tables say, but for the size of what was read and the sizes of messages."""
    return {
        name: [{key: value for key, value in row.items() if key != "bytes"} for row in table.to_pylist()]  # type: ignore[attr-defined]
        for name, table in made.items()
    }
