from __future__ import annotations

import numpy as np
import pyarrow as pa

from analyzer.kernels.columns import NO_TIME, coded, records, same, seconds

TEXT = pa.chunked_array([pa.array(["b", None, "a"]), pa.array(["b"])])


def test_names_are_coded_in_their_order_however_they_are_kept() -> None:
    for column in (TEXT, TEXT.dictionary_encode(), TEXT.dictionary_encode().slice(0, 4).combine_chunks()):
        found = coded(column)
        assert (found.codes.tolist(), found.names) == ([1, -1, 0, 1], ["a", "b"])
    assert coded(TEXT.dictionary_encode().filter(pa.array([True, True, False, True]))).names == ["b"]


def test_a_name_that_is_missing_is_the_same_as_none() -> None:
    assert same(TEXT, "b").tolist() == [True, False, False, True]
    assert same(TEXT, "a", "c").tolist() == [False, False, True, False]
    assert same(TEXT).tolist() == [False] * 4


def test_records_hold_names_as_text_and_times_as_numbers() -> None:
    times = pa.array([5, None], pa.timestamp("us", "UTC"))
    table = pa.table({"station": pa.array(["a", None]).dictionary_encode(), "ts": times, "value": [1.5, None]})
    assert records(table) == [
        {"station": "a", "ts": 5, "value": 1.5},
        {"station": None, "ts": None, "value": None},
    ]


def test_the_seconds_from_or_to_no_time_are_none() -> None:
    earlier, later = np.array([0, NO_TIME, 0]), np.array([1_500_000, 0, NO_TIME])
    assert str(seconds(earlier, later).tolist()) == "[1.5, nan, nan]"
