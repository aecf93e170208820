from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from tests.fuzz import mutants
from tests.fuzz.judging import judge
from tests.fuzz.mutants import Outcome, outcomes
from tests.fuzz.mutations import WRAPPINGS, Mutant, mutant

if TYPE_CHECKING:
    from pathlib import Path

SEED, AT_ONCE = 2026, 50


@pytest.mark.parametrize("first", range(0, 300, AT_ONCE))
def test_mutants_of_the_samples_are_read_without_an_exception_and_nothing_is_invented(
    first: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OCPP_ANALYZER_KEY", "fuzz")
    for number in range(first, first + AT_ONCE):
        judge(mutant(number, SEED), tmp_path, everything=number % AT_ONCE == 0)


def test_a_mutant_is_the_same_for_the_same_seed_whenever_it_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    made = mutant(7, SEED), [wrap(b"any bytes") for wrap in WRAPPINGS.values()]
    monkeypatch.setattr("time.time", lambda: 1.0)
    assert made == (mutant(7, SEED), [wrap(b"any bytes") for wrap in WRAPPINGS.values()])
    assert made[0].data != mutant(7, SEED + 1).data


def strange(made: Mutant, folder: Path, *, everything: bool) -> int:
    """What may happen at worst in reading."""
    assert folder.is_dir()
    assert everything == (made.number == 0)
    if made.number == 2:
        os._exit(3)
    elif made.number == 3:
        raise ValueError("a fault of the reader")
    elif made.number == 4:
        return len(bytearray(2 << 30))
    elif made.number == 5:
        while True:
            time.process_time()
    elif made.number == 6:
        time.sleep(60)
    return made.number


def test_what_a_mutant_does_to_a_worker_costs_no_other_mutant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mutants, "judge", strange)
    monkeypatch.setattr(mutants, "MAX_SECONDS", 0.1)
    monkeypatch.setattr(mutants, "MAX_WAIT", 4)
    found: dict[int, Outcome] = {each.number: each for each in outcomes(range(8), SEED, 1)}
    faults = {number: each.fault.splitlines()[-1] for number, each in found.items() if each.fault}
    assert sorted(found) == list(range(8))
    assert {number: found[number].messages for number in (0, 1, 7)} == {0: 0, 1: 1, 7: 7}
    assert {number: fault.split(":")[0].rsplit(".", 1)[-1] for number, fault in faults.items()} == {
        2: "the worker died with 3",
        3: "ValueError",
        4: "MemoryError",
        5: "TooSlowError",
        6: "the worker hung",
    }
