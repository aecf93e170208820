from __future__ import annotations

import pytest

from analyzer.checks.websocket.source_address import source_address
from tests.checks.websocket.seen_in_a_capture import severities
from tests.manuals import findings, workspace


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        ("10.0.0.7", "10.0.0.7", 0),
        ("10.0.0.7", "10.0.0.250", 0),
        ("10.0.0.7", "10.0.1.7", 1),
        ("2001:db8::1", "2001:db8::ffff:1", 0),
        ("2001:db8::1", "2001:db8:0:1::1", 1),
        ("192.0.2.7", "2001:db8::1", 1),
        ("192.0.2.7", "no-address", 0),
    ],
)
def test_another_network_is_a_change(first: str, second: str, found: int) -> None:
    text = f"08:00:00 CP1 + ocpp1.6 client={first}\n08:10:00 CP1 + ocpp1.6 client={second}"
    assert [row["severity"] for row in findings(source_address, text)] == ["info"] * found


@pytest.mark.parametrize(
    ("end", "found"),
    [
        ("rst", 1), ("timeout", 1), ("lost", 1), ("fin by csms", 1), ("fin by station", 0), ("1000 by csms", 0),
        ("1001 by station", 0), ("1006 by station", 1),
    ],
)  # fmt: skip
def test_a_goodbye_excuses_it(end: str, found: int) -> None:
    text = f"08:00:00 CP1 + ocpp1.6 client=10.0.0.7\n08:09:00 CP1 - {end}\n08:10:00 CP1 + ocpp1.6 client=10.9.0.7"
    assert len(findings(source_address, text)) == found


@pytest.mark.parametrize(("changes", "severity"), [(10, "info"), (11, "warning")])
def test_more_than_ten_new_networks_in_a_day_are_a_warning(changes: int, severity: str) -> None:
    lines = [f"{8 + place}:00:00 CP1 + ocpp1.6 client=10.{place}.0.7".rjust(40, "0") for place in range(changes + 1)]
    text = "\n".join(line[line.index(":") - 2 :] for line in lines)
    (row,) = findings(source_address, text)
    assert (row["severity"], row["count"], row["value"]) == (severity, changes, float(changes))


def test_a_few_networks_that_come_again_and_again_are_told_only() -> None:
    text = "08:00:00x20/600s CP1 + ocpp1.6 client=10.0.0.7\n08:05:00x20/600s CP1 + ocpp1.6 client=10.9.0.7"
    (row,) = findings(source_address, text)
    assert (row["severity"], row["count"]) == ("info", 39)


def test_ten_days_are_no_day() -> None:
    text = "\n".join(f"2026-01-{day:02d} 08:00:00 CP1 + ocpp1.6 client=10.{day}.0.7" for day in range(1, 25))
    (row,) = findings(source_address, text)
    assert (row["severity"], row["count"]) == ("info", 23)


def test_an_ordered_reset_excuses_it() -> None:
    text = """
    08:00:00 CP1 + ocpp1.6 client=10.0.0.7
    08:01:00 CP1 < Reset {}
    08:01:01 CP1 > = {"status": "Accepted"}
    08:01:05 CP1 - rst
    08:02:00 CP1 + ocpp1.6 client=10.9.0.7
    """
    assert findings(source_address, text) == []


def test_an_input_without_addresses_is_not_judged() -> None:
    assert severities(source_address, workspace("08:00:00x3/60s CP1 + ocpp1.6")) == ["unknown"]
