from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from analyzer.ocpp.commands import commanded
from tests.manuals import workspace

EIGHT = 1_767_254_400_000_000


def after(action: str, answer: str, seconds: int, station: str = "CP1") -> bool:
    calls = workspace(f"08:00:00 CP1 < {action} {{}}\n08:00:01 CP1 > {answer}").table("calls")
    names = pa.chunked_array([pa.array([station])])
    return bool(commanded(calls, names, np.array([EIGHT + seconds * 1_000_000]))[0])


@pytest.mark.parametrize(
    ("action", "answer", "seconds", "expected"),
    [
        ("Reset", '= {"status": "Accepted"}', 600, True),
        ("Reset", '= {"status": "Accepted"}', 601, False),
        ("Reset", '= {"status": "Accepted"}', -1, False),
        ("Reset", '= {"status": "Rejected"}', 60, False),
        ("Reset", '! InternalError "x" {}', 60, False),
        ("Reset", '= {"status": "Scheduled"}', 3600, True),
        ("UpdateFirmware", "= {}", 3600, True),
        ("UpdateFirmware", "= {}", 3601, False),
        ("UpdateFirmware", '= {"status": "Accepted"}', 3600, True),
        ("UpdateFirmware", '= {"status": "Rejected"}', 60, False),
        ("SignedUpdateFirmware", '= {"status": "AcceptedCanceled"}', 60, True),
        ("ClearCache", '= {"status": "Accepted"}', 60, False),
    ],
)
def test_what_a_charger_accepted_excuses_its_absence_for_a_while(
    action: str,
    answer: str,
    seconds: int,
    expected: bool,  # noqa: FBT001
) -> None:
    assert after(action, answer, seconds) is expected


def test_a_command_to_another_charger_excuses_nothing() -> None:
    assert not after("Reset", '= {"status": "Accepted"}', 60, "CP2")
