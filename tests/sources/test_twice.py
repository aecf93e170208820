from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import analyzer as oa

if TYPE_CHECKING:
    from pathlib import Path


def lines(hours: range, *, station: str = "CP1", shift: int = 0) -> str:
    """A charger that beats each five minutes, and is told the time."""
    made = [f"2026-01-01 {hours.start:02}:00:00 {station} + ocpp1.6\n"]
    for hour in hours:
        for minute in range(0, 60, 5):
            number, time = f"{hour}.{minute}", f"2026-01-01 {hour:02}:{minute:02}"
            made.append(f"{time}:{shift + 1:02} {station} > Heartbeat#{number} {{}}\n")
            made.append(f'{time}:{shift + 2:02} {station} < =#{number} {{"currentTime":"{time}:02Z"}}\n')
    return "".join(made)


def read(tmp_path: Path, *texts: str) -> oa.Capture:
    paths = [tmp_path / f"{number}.trace" for number in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text)
    return oa.read(*paths)


@pytest.mark.parametrize("name", ["healthy", "intervals"])
@pytest.mark.parametrize("endings", [("pcap", "log"), ("log", "pcap")])
def test_of_a_capture_and_its_log_the_capture_is_kept(name: str, endings: tuple[str, str], samples: Path) -> None:
    both = oa.read(*(samples / f"{name}.{ending}" for ending in endings))
    alone = oa.read(samples / f"{name}.pcap")
    assert (
        both.base["messages"].drop(["connection"]).to_pylist()
        == alone.base["messages"].drop(["connection"]).to_pylist()
    )
    (issue,) = [row for row in both.base["issues"].to_pylist() if row["kind"] == "repeated_input"]
    assert issue["source"].endswith(f"{name}.log")
    assert issue["count"] == alone.base["messages"].num_rows
    assert not both.damaged


def test_a_log_of_another_clock_that_leaves_out_some_is_left_out_itself(tmp_path: Path) -> None:
    shorter = [
        line for number, line in enumerate(lines(range(8, 12), shift=40).splitlines(keepends=True)) if number % 12 != 5
    ]
    both = read(tmp_path, lines(range(8, 12)), "".join(shorter))
    assert both.base["messages"].num_rows == 96
    assert [row["count"] for row in both.base["issues"].to_pylist()] == [len(shorter) - 1]


@pytest.mark.parametrize("order", [1, -1])
def test_a_part_of_a_longer_log_is_counted_once(tmp_path: Path, order: int) -> None:
    both = read(tmp_path, *[lines(range(8, 12)), lines(range(9, 11))][::order])
    assert both.base["messages"].num_rows == 96
    assert both.base["issues"]["count"].to_pylist() == [48]


@pytest.mark.parametrize(
    "other",
    [
        lines(range(12, 16)),  # the other half of the run
        lines(range(9, 13)),  # halves that overlap
        lines(range(8, 12), station="CP2"),  # another charger
        lines(range(8, 12)).replace("Heartbeat", "StatusNotification"),
        lines(range(8, 9)).replace("02Z", "04Z"),  # the same ids, other answers
        lines(range(8, 12)).replace("2026-01-01", "2026-01-02"),  # another day
    ],
)
def test_inputs_that_tell_of_something_else_are_both_kept(tmp_path: Path, other: str) -> None:
    text = lines(range(8, 12))
    both = read(tmp_path, text, other)
    assert both.base["messages"].num_rows == 96 + 2 * other.count(">")
    assert both.base["issues"].num_rows == 0


def test_a_log_with_a_message_that_the_other_lacks_is_kept(tmp_path: Path) -> None:
    text = lines(range(8, 12))
    both = read(tmp_path, text, text.replace("#9.30 {}", '#9.30 {"more": 1}', 1))
    assert both.base["messages"].num_rows == 192
    assert both.base["issues"].num_rows == 0


@pytest.mark.parametrize("order", [1, -1])
def test_a_capture_is_never_left_out_for_a_longer_log(tmp_path: Path, samples: Path, order: int) -> None:
    longer = tmp_path / "longer.log"
    text = (samples / "healthy.log").read_text()
    longer.write_text(text + text.splitlines()[-1].replace("09:15", "11:15").replace("09:14", "11:14") + "\n")
    both = oa.read(*[longer, samples / "healthy.pcap"][::order])
    assert any(kind == "capture" for kind in both.base["sources"]["kind"].to_pylist())
    assert "close" in both.base["connections"]["end_kind"].to_pylist()


def test_a_log_that_tells_of_connections_is_not_left_out_for_one_of_messages_alone(tmp_path: Path) -> None:
    text = lines(range(8, 12))
    alone = "".join(line for line in text.splitlines(keepends=True) if " + " not in line)
    both = read(tmp_path, alone + "2026-01-01 12:00:00 CP1 > Heartbeat#end {}\n", text)
    assert both.base["messages"].num_rows == 193
    assert read(tmp_path, alone, text).base["messages"].num_rows == 96


def test_one_of_two_chargers_that_another_input_tells_of_too_is_counted_once(tmp_path: Path) -> None:
    text = lines(range(8, 12))
    both = read(tmp_path, text, text + lines(range(8, 12), station="CP2"))
    assert both.base["messages"].num_rows == 192
    assert [row["source"][-7:] for row in both.base["issues"].to_pylist() if row["kind"] == "repeated_input"] == [
        "0.trace"
    ]
