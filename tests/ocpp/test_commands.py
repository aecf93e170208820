from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from analyzer.ocpp.commands import commanded, orders
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
    expected: bool,
) -> None:
    assert after(action, answer, seconds) is expected


def test_a_command_to_another_charger_excuses_nothing() -> None:
    assert not after("Reset", '= {"status": "Accepted"}', 60, "CP2")


def offline_at(text: str, seconds: int) -> bool:
    calls = workspace(text).table("calls")
    return bool(commanded(calls, pa.chunked_array([pa.array(["CP1"])]), np.array([EIGHT + seconds * 1_000_000]))[0])


@pytest.mark.parametrize("member", ["retrieveDate", "retrieveDateTime", "installDateTime"])
def test_firmware_is_due_when_it_is_planned(member: str) -> None:
    text = f'08:00:00 CP1 < UpdateFirmware {{"{member}": "2026-01-01T20:00:00Z"}}\n08:00:01 CP1 > = {{}}'
    assert [offline_at(text, hours * 3600) for hours in (1, 11, 12, 13, 14)] == [False, False, True, True, False]


@pytest.mark.parametrize("status", ["Downloaded", "Installing", "InstallScheduled", "InstallRebooting"])
def test_firmware_that_a_charger_is_about_to_install_excuses_its_absence(status: str) -> None:
    text = f'08:00:00 CP1 > FirmwareStatusNotification {{"status": "{status}"}}'
    assert [offline_at(text, seconds) for seconds in (-1, 1, 3600, 3601)] == [False, True, True, False]


@pytest.mark.parametrize("status", ["Idle", "DownloadFailed", "InstallationFailed", "Downloading"])
def test_other_reports_of_firmware_excuse_nothing(status: str) -> None:
    assert not offline_at(f'08:00:00 CP1 > FirmwareStatusNotification {{"status": "{status}"}}', 60)


def test_a_command_without_a_time_excuses_nothing() -> None:
    calls = workspace('08:00:00 CP1 < Reset {"type": "Soft"}\n08:00:01 CP1 > = {"status": "Accepted"}').table("calls")
    place = calls.column_names.index("ts")
    timeless = calls.set_column(place, "ts", pa.nulls(calls.num_rows, calls["ts"].type))
    names = pa.chunked_array([pa.array(["CP1"])])
    assert [bool(commanded(table, names, np.array([EIGHT + 5_000_000]))[0]) for table in (calls, timeless)] == [
        True,
        False,
    ]
    assert orders(timeless).num_rows == 0
