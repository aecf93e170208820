"""Recognises an input that says what another one said already: the same file given twice, or a copy of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer import schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pyarrow as pa

OWN = ("source", "connection")
"""Columns that differ between two readings of the same thing."""


def told_once(parts: Iterable[Mapping[str, pa.Table]]) -> list[Mapping[str, pa.Table]]:
    """The base tables of several inputs; one that repeats an earlier one is left with an issue that says so."""
    kept: list[Mapping[str, pa.Table]] = []
    for part in parts:
        twin = next((other for other in kept if _same(part, other)), None)
        kept.append(part if twin is None else _emptied(part, twin["sources"]["source"][0].as_py()))
    return kept


def _same(part: Mapping[str, pa.Table], other: Mapping[str, pa.Table]) -> bool:
    messages = part["messages"]
    if not messages.num_rows or messages.num_rows != other["messages"].num_rows:
        return False
    return all(
        messages[name].cast(schema.TEXT).equals(other["messages"][name].cast(schema.TEXT))
        for name in messages.column_names
        if name not in OWN
    )


def _emptied(part: Mapping[str, pa.Table], twin: str) -> dict[str, pa.Table]:
    source = part["sources"]["source"][0].as_py()
    count = part["messages"].num_rows
    detail = f"{source} holds the same {count} messages as {twin}; counted once"
    issue = {"source": source, "kind": "repeated_input", "detail": detail, "count": count, "damage": False}
    sources = part["sources"].to_pylist()
    return {
        **{name: table.slice(0, 0) for name, table in part.items()},
        "sources": schema.from_rows("sources", [{**row, "messages": 0} for row in sources]),
        "issues": schema.from_rows("issues", [issue]),
    }
