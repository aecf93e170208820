from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, strategies as st

from analyzer import schema
from analyzer.checks.protocol.sides import OTHER, last_of_side
from analyzer.kernels.columns import NO_TIME, micros

if TYPE_CHECKING:
    import pyarrow as pa

EVENT = st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(["up", "down", None]), st.integers(0, 20))


def events(rows: list[tuple[str, str | None, int]]) -> pa.Table:
    made = [{"connection": name, "direction": side, "ts": ts} for name, side, ts in rows]
    return schema.from_rows("controls", made)


@given(
    st.lists(EVENT, max_size=15),
    st.lists(EVENT.filter(lambda row: row[1] is not None), max_size=15),
    st.sampled_from(["its side", "the other side"]),
)
def test_it_is_the_last_event_not_after_the_row_of_its_connection_and_side(
    happened: list[tuple[str, str | None, int]], rows: list[tuple[str, str, int]], asked: str
) -> None:
    other = asked == "the other side"

    def expected(name: str, side: str, ts: int) -> int:
        wanted = OTHER[side] if other else side
        fitting = [at for where, whose, at in happened if where == name and whose in {wanted, None} and at <= ts]
        return max(fitting, default=NO_TIME)

    table = events(list(rows))
    found = last_of_side(events(happened), table, micros(table["ts"]), other=other)
    assert found.tolist() == [expected(*row) for row in rows]
