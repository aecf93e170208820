from __future__ import annotations

from datetime import UTC, datetime, timedelta

from analyzer import schema
from analyzer.kernels.columns import NO_TIME, micros
from analyzer.kernels.watched import BREAK, breaks, sequences, watched_until

NIGHT = datetime(2026, 1, 1, tzinfo=UTC)
ROWS = [(name, "a", start, end) for name, start, end in (("b", 60, 90), ("a", 0, 60), ("c", 151, 200))]
SOURCES = schema.from_rows(
    "sources",
    [
        {"source": name, "sequence": first, "start": NIGHT + timedelta(seconds=start), "end": NIGHT + timedelta(seconds=end)}
        for name, first, start, end in [*ROWS, ("log", None, 0, 50)]
    ]
    + [{"source": "empty"}],
)  # fmt: skip


def test_a_file_of_a_set_is_watched_to_the_end_of_the_last_one() -> None:
    ends = dict(zip(SOURCES["source"].to_pylist(), micros(SOURCES["end"]).tolist(), strict=True))
    assert watched_until(SOURCES) == {**dict.fromkeys("abc", ends["c"]), "log": ends["log"], "empty": NO_TIME}


def test_an_input_alone_is_a_sequence_of_its_own() -> None:
    assert sequences(SOURCES) == {**dict.fromkeys("abc", "a"), "log": "log", "empty": "empty"}


def test_longer_times_without_a_packet_between_files_are_breaks() -> None:
    ((begin, end),) = breaks(SOURCES)["a"]
    assert end - begin == BREAK + 1_000_000
    assert breaks(SOURCES)["log"] == []
