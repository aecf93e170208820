from __future__ import annotations

import pytest

from analyzer.checks.boot.rejected import rejected
from tests.manuals import findings, workspace


def boots(*answers: str, version: str = "ocpp1.6") -> str:
    lines = [f"08:00:00 CP1 + {version}"]
    for number, answer in enumerate(answers):
        lines.append(f'08:0{number}:01 CP1 > BootNotification#b{number} {{"chargePointVendor": "E"}}')
        if answer:
            lines.append(f'08:0{number}:02 CP1 < =#b{number} {{"interval": 60, "status": "{answer}"}}')
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("answers", "count"),
    [
        (("Rejected",), 1), (("Accepted", "Rejected", "Rejected"), 2), (("Rejected", "Accepted"), 0),
        (("Rejected", "Pending"), 0), (("Rejected", ""), 1), (("Accepted",), 0),
    ],
)  # fmt: skip
@pytest.mark.parametrize("version", ["ocpp1.6", "ocpp2.0.1"])
def test_the_latest_answer_decides(answers: tuple[str, ...], count: int, version: str) -> None:
    assert [row["count"] for row in findings(rejected, boots(*answers, version=version))] == ([count] if count else [])


def test_a_boot_without_answer_is_not_judged() -> None:
    rows = rejected(*workspace(boots("")).tables(rejected.needs)).to_pylist()
    assert [row["severity"] for row in rows] == ["unknown"]


@pytest.mark.parametrize(
    ("answers", "said"),
    [(("Rejected",), "rejected the charger's last BootNotification"), (("Rejected",) * 2, "last 2 BootNotifications")],
)
def test_one_rejection_is_told_without_a_number(answers: tuple[str, ...], said: str) -> None:
    (found,) = findings(rejected, boots(*answers))
    assert said in str(found["summary"])
    assert ("BootNotifications" in str(found["summary"])) == (len(answers) > 1)
