from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from analyzer.sources import reading

if TYPE_CHECKING:
    from pathlib import Path

BEFORE = b"".join(b"2026-01-01 08:0%d:00 CP1 > Heartbeat#%d {}\n" % (number, number) for number in range(3))
AFTER = b"".join(b"2026-01-01 08:0%d:00 CP1 > Heartbeat#%d {}\n" % (number, number) for number in range(7, 9))


def issues(tmp_path: Path, data: bytes) -> tuple[list[dict[str, object]], bool]:
    path = tmp_path / "a.trace"
    path.write_bytes(data)
    made = reading.read(str(path))
    return [row for row in made["issues"].to_pylist() if row["damage"]], made["sources"]["damaged"][0].as_py()


@pytest.mark.parametrize(
    "rubbish", [bytes(4096), bytes([1, 2, *range(128, 256)]) * 9, b"x" * 99 + bytes(8) + b"y" * 99]
)
def test_what_is_no_text_is_damage_at_its_place(tmp_path: Path, rubbish: bytes) -> None:
    ((issue,), damaged) = issues(tmp_path, BEFORE + rubbish + b"\n" + AFTER)
    assert (issue["kind"], issue["origin"], issue["ts"]) == (
        "unreadable_lines",
        4,
        datetime(2026, 1, 1, 8, 4, 30, tzinfo=UTC),
    )
    assert damaged


def test_a_log_that_ends_in_what_is_no_text_is_damaged_there(tmp_path: Path) -> None:
    ((issue,), damaged) = issues(tmp_path, BEFORE + bytes(4096))
    assert (issue["ts"], damaged) == (datetime(2026, 1, 1, 8, 2, tzinfo=UTC), True)


@pytest.mark.parametrize(
    "line",
    [
        b"a line that nobody understands",
        "Ladesäule für Hof".encode("latin-1"),
        "зарядная станция готова".encode("cp1251"),
        b"",
    ],
)
def test_a_line_that_is_not_understood_is_no_damage(tmp_path: Path, line: bytes) -> None:
    assert issues(tmp_path, BEFORE + line + b"\n" + AFTER) == ([], False)
