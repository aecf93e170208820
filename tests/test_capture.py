from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import analyzer as oa
from analyzer import schema
from tests.manuals import tables

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def deadline(samples: Path) -> oa.Capture:
    return oa.read(samples / "deadline.pcap.gz")


@pytest.fixture(scope="module")
def intervals(samples: Path) -> oa.Capture:
    return oa.read(samples / "intervals.pcap")


def test_the_public_names_are_those_that_are_documented() -> None:
    assert set(oa.__all__) <= set(dir(oa))
    assert all(getattr(oa, name) for name in oa.__all__)
    with pytest.raises(AttributeError, match="nonsense"):
        _ = oa.nonsense


def test_a_table_is_a_pandas_frame_as_an_attribute_and_arrow_by_name(deadline: oa.Capture) -> None:
    assert isinstance(deadline.messages, pd.DataFrame)
    assert isinstance(deadline.tables["messages"], pa.Table)
    assert len(deadline.messages) == deadline.tables["messages"].num_rows == 584


def test_every_base_and_derived_table_has_the_declared_columns(deadline: oa.Capture) -> None:
    assert set(deadline.tables) == {*schema.names("base"), *schema.names("derived")}
    for name, table in deadline.tables.items():
        assert table.schema == schema.arrow(name), name


def test_a_name_that_is_no_table_is_refused(deadline: oa.Capture) -> None:
    with pytest.raises(AttributeError, match="colours"):
        _ = deadline.colours
    with pytest.raises(KeyError, match="colours"):
        _ = deadline.tables["colours"]


def test_a_capture_narrowed_to_a_station_knows_no_other(intervals: oa.Capture) -> None:
    assert intervals.stations == ["CP-3", "CP-4"]
    narrow = intervals.station("CP-4")
    assert narrow.stations == ["CP-4"]
    assert set(narrow.messages["station"]) == {"CP-4"}
    with pytest.raises(KeyError, match="CP-9"):
        intervals.station("CP-9")


def test_a_capture_narrowed_to_a_time_has_the_same_verbs(deadline: oa.Capture) -> None:
    hour = deadline.between("2026-03-02T08:00:00", "2026-03-02T09:00:00")
    assert 0 < len(hour.messages) < len(deadline.messages)
    assert len(hour.outages) < len(deadline.outages)
    assert hour.verdict().startswith("CP-7:")


def test_the_findings_are_a_table_a_frame_and_an_account_of_the_runs(deadline: oa.Capture) -> None:
    findings = deadline.check(select=["WS"])
    assert set(findings.frame["check"]) >= {"WS11"}
    assert findings.table.schema == schema.arrow("findings")
    assert {row["outcome"] for row in findings.runs.to_pylist() if row["station"] is None} == {"ran"}
    assert "WS11" in findings._repr_html_()


def test_a_threshold_changes_what_is_found(deadline: oa.Capture) -> None:
    assert len(deadline.check(select=["WS11"], thresholds=["WS11.fewest=18"])) == 0


def test_the_verdict_names_the_deadline_with_its_seconds_and_the_remedy(deadline: oa.Capture) -> None:
    verdict = deadline.verdict()
    assert "17 of 17 times" in verdict
    assert "60.0 s" in verdict
    row = deadline.result().tables["verdict"].to_pylist()[0]
    assert verdict == f"CP-7: {row['sentences']} {row['remedy']}"
    assert "180 s" in row["remedy"]
    assert row["owner"] == "CSMS"


def test_a_report_is_written_in_the_format_of_its_ending(deadline: oa.Capture, tmp_path: Path) -> None:
    deadline.report(tmp_path / "x.html")
    deadline.report(tmp_path / "x.json")
    assert (tmp_path / "x.html").read_text().lower().startswith("<!doctype html>")
    assert json.loads((tmp_path / "x.json").read_text())["verdict"][0]["station"] == "CP-7"
    assert deadline.report().startswith("CP-7")
    with pytest.raises(ValueError, match="docx"):
        deadline.report(tmp_path / "x.docx")


def test_a_plot_is_a_matplotlib_figure(deadline: oa.Capture) -> None:
    assert set(dir(deadline.plot)) == {"timeline", "heartbeat_gaps", "idle_age", "meter_register"}
    assert deadline.plot.timeline().axes
    with pytest.raises(AttributeError, match="nonsense"):
        _ = deadline.plot.nonsense


def test_the_tables_are_written_as_parquet_and_nothing_else_is_left(deadline: oa.Capture, tmp_path: Path) -> None:
    written = deadline.write(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {f"{name}.parquet" for name in written}
    assert pq.read_table(tmp_path / "messages.parquet").num_rows == written["messages"] == 584


def test_several_inputs_are_read_as_one(samples: Path) -> None:
    both = oa.read(samples / "intervals.pcap", samples / "healthy.pcap")
    assert both.stations == ["CP-1", "CP-3", "CP-4"]
    assert len(both.sources) == 2
    assert both.connections["connection"].is_unique


def test_a_log_and_a_capture_of_one_run_give_the_same_messages(samples: Path) -> None:
    columns = ["station", "direction", "type", "id", "action", "payload"]
    captured, logged = (oa.read(samples / name).messages[columns] for name in ("healthy.pcap", "healthy.log"))
    pd.testing.assert_frame_equal(captured.astype(str), logged.astype(str))


def test_a_capture_shows_itself(deadline: oa.Capture) -> None:
    assert repr(deadline) == "Capture(CP-7: 584 messages)"
    assert "<table" in deadline._repr_html_()


def test_the_manual_of_a_check_a_family_and_the_catalogue_can_be_read() -> None:
    assert oa.explain("hb04").startswith("HB04")
    assert "Thresholds (--set HB08.NAME=VALUE):\n    patience = 30.0\n    fewest = 3\n" in oa.explain("HB08")
    assert all(line.startswith("WS") for line in oa.explain("WS").splitlines())
    assert len(oa.explain().splitlines()) > len(oa.explain("WS").splitlines())
    with pytest.raises(KeyError, match="families"):
        oa.explain("XX99")


def test_an_input_that_cannot_be_read_is_an_error_of_one_line(tmp_path: Path) -> None:
    for arguments, options in [
        ((tmp_path,), {}),
        ((tmp_path / "missing",), {}),
        ((tmp_path / "missing",), {"zone": "Mars/Olympus"}),
        ((tmp_path / "missing",), {"format": "nonsense"}),
    ]:
        with pytest.raises(oa.SourceError) as caught:
            oa.read(*arguments, **options)  # type: ignore[arg-type]
        assert "\n" not in str(caught.value)


def test_the_same_input_twice_is_counted_once_and_that_is_said(samples: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.log"
    copy.write_bytes((samples / "intervals.log").read_bytes())
    twice = oa.read(samples / "intervals.log", copy)
    once = oa.read(samples / "intervals.log")
    assert twice.tables["messages"].to_pylist() == once.tables["messages"].to_pylist()
    assert twice.issues["kind"].tolist() == ["repeated_input"]
    assert not twice.damaged


def test_what_the_input_lacks_stands_in_the_coverage_and_in_no_list_of_faults() -> None:
    held = oa.Capture(tables("08:00:00 CP1 + start_observed=false\n08:00:01 CP1 > Heartbeat\n08:00:01.1 CP1 < = {}"))
    for kind in ("text", "html"):
        assert held.report(format=kind).count("had begun before the input does") == 1
    assert [row["check"] for row in held.check().table.to_pylist()] == ["WS36"]


def test_the_packets_of_a_connection_are_scapy_packets_or_a_pcapng(deadline: oa.Capture, tmp_path: Path) -> None:
    packets = deadline.packets("1.3")
    assert deadline.packets("1.3", into=tmp_path / "x.pcapng") == len(packets)
    assert oa.read(tmp_path / "x.pcapng").stations == ["CP-7"]
