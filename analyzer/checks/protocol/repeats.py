"""Calls that are sent again: with the id that they had, or with the content that they had."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.kernels.columns import SECOND, coded, micros, same

if TYPE_CHECKING:
    from analyzer.kernels.columns import Flags, Ints

RETRY_WITHIN = 900 * SECOND
"""A call with the id and content of one longer ago is another call, whose sender counts wrongly."""
_OFFLINE = r'(?:,\s*"offline"\s*:\s*(?:true|false))|(?:"offline"\s*:\s*(?:true|false)\s*,\s*)'


def content(calls: pa.Table) -> Ints:
    """What each call says, its action and payload, as a number: equal numbers are equal calls.

    A TransactionEvent that is sent again later may say that it is from offline (2.0.1 E04), and is still the same.
    """
    payload = pc.fill_null(calls["payload"], "")
    events = pa.chunked_array([pa.array(same(calls["action"], "TransactionEvent"))])
    payload = pc.if_else(events, pc.replace_substring_regex(payload, _OFFLINE, ""), payload)
    text = pc.binary_join_element_wise(pc.fill_null(calls["action"].cast(pa.string()), ""), payload, "\0")
    return np.asarray(text.combine_chunks().dictionary_encode().indices, dtype=np.int64)


def before(*keys: Ints | Flags) -> Ints:
    """For each row the last row before it with the same keys, or -1.

    >>> before(np.array([7, 8, 7, 7])).tolist()
    [-1, -1, 0, 2]
    """
    order = np.lexsort(keys)  # stable, so rows with the same keys stay in their order
    alike = np.ones(max(len(order) - 1, 0), dtype=bool)
    for key in keys:
        alike &= key[order][1:] == key[order][:-1]
    found = np.full(len(order), -1, dtype=np.int64)
    found[order[1:][alike]] = order[:-1][alike]
    return found


def sent_again(calls: pa.Table) -> Flags:
    """Whether a call is soon sent again on its connection with its id: an answer belongs to the later one."""
    identity, connection, up = (
        coded(calls["id"]).codes,
        coded(calls["connection"]).codes,
        same(calls["direction"], "up"),
    )
    first, times = before(identity, content(calls), up, connection), micros(calls["ts"])
    soon = (first >= 0) & (times - times[first] <= RETRY_WITHIN)
    found = np.zeros(len(soon), dtype=bool)
    found[first[soon]] = True
    return found
