"""CPU seconds of reading, of each derived table and of the checks, on a fleet's day that is made for it.

    python tests/benchmarks/stages.py [STATIONS] [MINUTES]

Each station beats each minute, charges with a sample a minute, and reconnects each hour. Figures are of one run; compare
two versions of the program by running both, one after the other, on a machine that does nothing else.
"""

from __future__ import annotations

import functools
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import analyzer as oa
from analyzer import schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ANSWER = '{"currentTime":"2026-03-02T08:00:00Z","interval":60,"status":"Accepted"}'
HOUR = 60


def lines(stations: int, minutes: int) -> Iterator[str]:
    """The day in trace notation, in the order of time."""
    for minute in range(minutes):
        day, clock = 2 + minute // 1440, f"{minute // 60 % 24:02}:{minute % 60:02}"
        for number in range(stations):
            at, name = f"2026-03-{day:02} {clock}", f"CP-{number}"
            yield from _minute(at, name, minute)


def _minute(at: str, name: str, minute: int) -> Iterator[str]:
    if minute % HOUR == 0:
        yield f"{at}:00 {name} + ocpp1.6"
        yield f'{at}:01 {name} > BootNotification#b{minute} {{"chargePointVendor":"V","chargePointModel":"M"}}'
        yield f"{at}:01.2 {name} < =#b{minute} {ANSWER}"
        yield f'{at}:02 {name} > StartTransaction#s{minute} {{"connectorId":1,"idTag":"T","meterStart":{minute * 100},"timestamp":"$(now)"}}'
        yield f'{at}:02.2 {name} < =#s{minute} {{"transactionId":{minute + 1},"idTagInfo":{{"status":"Accepted"}}}}'
    started = minute - minute % HOUR + 1
    yield f"{at}:10 {name} > Heartbeat#h{minute} {{}}"
    yield f"{at}:10.2 {name} < =#h{minute} {ANSWER}"
    sample = f'{{"timestamp":"$(now)","sampledValue":[{{"value":"{minute * 100}"}},{{"value":"6000","measurand":"Power.Active.Import","unit":"W"}}]}}'
    yield f'{at}:30 {name} > MeterValues#m{minute} {{"connectorId":1,"transactionId":{started},"meterValue":[{sample}]}}'
    yield f"{at}:30.2 {name} < =#m{minute} {{}}"
    if minute % HOUR == HOUR - 1:
        yield f'{at}:50 {name} > StopTransaction#e{minute} {{"transactionId":{started},"meterStop":{minute * 100},"timestamp":"$(now)"}}'
        yield f"{at}:50.2 {name} < =#e{minute} {{}}"
        yield f"{at}:55 {name} - fin by csms"


def timed(what: str, stage: Callable[[], int], messages: int) -> None:
    """Run a stage once and print what it took."""
    began = time.process_time()
    made = stage()
    told(what, time.process_time() - began, made, messages)


def told(what: str, seconds: float, made: int, messages: int) -> None:
    print(f"{what:14} {seconds:8.2f} s {seconds * 1e6 / messages:8.2f} s a million messages {made:10} rows")


def rows(capture: oa.Capture, table: str) -> int:
    return int(capture.tables[table].num_rows)


def main(stations: int = 50, minutes: int = 1440) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "day.trace"
        path.write_text("\n".join(lines(stations, minutes)) + "\n", encoding="utf-8")
        began = time.process_time()
        capture = oa.read(path)
        messages = capture.base["messages"].num_rows
        told("read", time.process_time() - began, messages, messages)
    for name in schema.names("derived"):
        timed(name, functools.partial(rows, capture, name), messages)
    timed("checks", lambda: len(capture.check()), messages)
    print(f"memory at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
