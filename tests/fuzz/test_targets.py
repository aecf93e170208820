from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings, strategies as st

import analyzer.wire
from tests.fuzz.targets import REACHED, TARGETS

if TYPE_CHECKING:
    from collections.abc import Callable

PIECES = st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=120)), max_size=8).map(
    lambda parts: b"".join(bytes([kind, len(part)]) + part for kind, part in parts)
)
BYTES = st.one_of(st.binary(max_size=300), PIECES, st.tuples(st.binary(min_size=1, max_size=1), PIECES).map(b"".join))


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.__name__)
@settings(max_examples=60, deadline=None)
@given(data=BYTES)
def test_any_bytes_raise_only_what_is_documented(target: Callable[[bytes], None], data: bytes) -> None:
    target(data)


def test_every_module_of_the_wire_is_reached_by_a_target() -> None:
    folder = Path(analyzer.wire.__file__).parent
    modules = {".".join(path.relative_to(folder).with_suffix("").parts) for path in folder.rglob("*.py")}
    assert {name for name in modules if not name.endswith("__init__")} == set(REACHED)
    assert set(REACHED.values()) == set(TARGETS)
