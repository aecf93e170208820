"""Reads many mutants of the sample captures and prints what went wrong.

    python tests/fuzz/mutants.py [--count 100000] [--seed 1] [--first 0] [--jobs 2] [--out FOLDER] [--only NUMBER]

Each mutant is a file that `analyzer.read` reads whole, with the key log of its sample. Of every 20th the tables are
compared with those that reading packet by packet gives; of every 50th all derived tables, the checks and the report in
the terminal are made too, where a check that fails counts as an exception. Workers are forks, so nothing is imported
again; a worker reads `SPAN` mutants. Seconds are those of the processor, all threads included. A worker may have
1 GiB of address space more than it had before its first mutant; the memory that is told is the peak of resident bytes
above those before. A mutant whose records themselves were not hit must not bring a message that its samples do not hold.
What fails is written to FOLDER with its traceback, and `--only` makes a mutant again.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from multiprocessing.connection import wait
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.fuzz.judging import judge, said
from tests.fuzz.mutations import Mutant, mutant
from tests.fuzz.samples import FOLDER, samples

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess
    from types import FrameType

SPAN = 500
"""Mutants that one worker reads."""
MAX_SECONDS = 30
"""Seconds of the processor that a mutant may take."""
MAX_MEMORY = 1 << 30
"""Bytes of address space that reading may take."""
MAX_WAIT = 600
"""Seconds without a word from a worker after which it hangs."""


class Outcome(NamedTuple):
    """How the reading of a mutant went; `fault` is what went wrong."""

    number: int
    seconds: float
    memory: int
    messages: int
    fault: str | None = None


class TooSlowError(Exception):
    """A mutant took more than `MAX_SECONDS`."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path(tempfile.gettempdir()) / "mutants")
    parser.add_argument("--only", type=int)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    os.environ["OCPP_ANALYZER_KEY"] = "fuzz"
    if options.only is not None:
        made = mutant(options.only, options.seed)
        (options.out / made.name).write_bytes(made.data)
        print(options.out / made.name, made.samples, made.done)
        judge(made, options.out, everything=True)
        return 0
    warm_up(options.out)
    tally = Tally(options.seed, options.out, options.count)
    with contextlib.suppress(KeyboardInterrupt):
        for outcome in outcomes(range(options.first, options.first + options.count), options.seed, options.jobs):
            tally.take(outcome)
    print(tally)
    return bool(tally.faults)


def warm_up(folder: Path) -> None:
    """Import and remember before the workers are forked what each of them would."""
    for sample in samples():
        said(sample.name)
        judge(Mutant(0, sample.name, (FOLDER / sample.name).read_bytes(), (), False, ()), folder, everything=True)


class Tally:
    """What became of the mutants so far."""

    def __init__(self, seed: int, out: Path, count: int) -> None:
        self._seed, self._out, self._count, self._begun = seed, out, count, time.monotonic()
        self.faults: Counter[str] = Counter()
        self.read = self.messages = 0
        self.seconds = 0.0
        self.slowest = self.largest = Outcome(-1, 0, 0, 0)

    def take(self, outcome: Outcome) -> None:
        """Count an outcome; a mutant that failed is kept."""
        self.read += 1
        self.messages += outcome.messages
        self.seconds += outcome.seconds
        self.slowest = max(self.slowest, outcome, key=lambda each: each.seconds)
        self.largest = max(self.largest, outcome, key=lambda each: each.memory)
        if outcome.fault is not None:
            kind = outcome.fault.strip().splitlines()[-1][:150]
            self.faults[kind] += 1
            made = mutant(outcome.number, self._seed)
            if self.faults[kind] <= 5:
                (self._out / made.name).write_bytes(made.data)
                (self._out / f"{made.number}.txt").write_text(f"{made.samples} {made.done}\n{outcome.fault}")
            print(f"{made.number} {made.samples} {made.done}: {kind}", flush=True)
        if self.read % 5000 == 0:
            print(f"{self.read} of {self._count}, {time.monotonic() - self._begun:.0f} s, {self}", flush=True)

    def __str__(self) -> str:
        figures = (
            f"{self.read} mutants, {self.messages} messages, {self.seconds / max(self.read, 1) * 1000:.1f} ms each, "
            f"{self.faults.total()} faults; slowest {self.slowest.seconds:.2f} s ({self.slowest.number}), "
            f"most memory {self.largest.memory / 2**20:.0f} MiB ({self.largest.number})"
        )
        return "\n".join([figures, *(f"  {count:6} {kind}" for kind, count in self.faults.most_common())])


class Worker(NamedTuple):
    """A process that reads mutants, what it sends their outcomes through, and those that are left."""

    process: BaseProcess
    pipe: Connection
    left: range


def outcomes(numbers: range, seed: int, jobs: int) -> Iterator[Outcome]:
    """The outcome of each mutant; a worker that dies or hangs costs the mutant that it was at."""
    spans = [numbers[at : at + SPAN] for at in range(0, len(numbers), SPAN)][::-1]
    running: list[Worker] = []
    while spans or running:
        while spans and len(running) < jobs:
            running.append(_begin(spans.pop(), seed))
        ready = wait([worker.pipe for worker in running], MAX_WAIT)
        for worker in [each for each in running if each.pipe in ready or not ready]:
            running.remove(worker)
            outcome, left = _received(worker, hangs=not ready), worker.left[1:]
            yield outcome
            if left and worker.process.is_alive():
                running.append(worker._replace(left=left))
                continue
            worker.process.join()
            if left:
                spans.append(left)


def _received(worker: Worker, *, hangs: bool) -> Outcome:
    why = "the worker hung"
    with contextlib.suppress(EOFError):
        if not hangs:
            outcome: Outcome = worker.pipe.recv()
            return outcome
        worker.process.kill()
    worker.process.join()
    return Outcome(worker.left[0], 0, 0, 0, why if hangs else f"the worker died with {worker.process.exitcode}")


def _begin(span: range, seed: int) -> Worker:
    receiving, sending = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=_work, args=(span, seed, sending), daemon=True)
    process.start()
    sending.close()
    return Worker(process, receiving, span)


def _work(span: range, seed: int, pipe: Connection) -> None:
    floor = _status("VmSize")
    resource.setrlimit(resource.RLIMIT_AS, (floor + MAX_MEMORY, floor + MAX_MEMORY))
    signal.signal(signal.SIGPROF, _too_slow)
    with tempfile.TemporaryDirectory(prefix="mutants") as folder:
        for number in span:
            pipe.send(_outcome(mutant(number, seed), Path(folder)))


def _outcome(made: Mutant, folder: Path) -> Outcome:
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before, begun, messages, fault = _status("VmRSS"), time.process_time(), 0, None
    signal.setitimer(signal.ITIMER_PROF, MAX_SECONDS)
    try:
        messages = judge(made, folder, everything=made.number % 50 == 0)
    except BaseException:  # noqa: BLE001 - whatever is raised is what is looked for
        fault = traceback.format_exc()
    signal.setitimer(signal.ITIMER_PROF, 0)
    return Outcome(made.number, time.process_time() - begun, _status("VmHWM") - before, messages, fault)


def _too_slow(_: int, __: FrameType | None) -> None:
    raise TooSlowError


def _status(name: str) -> int:
    """Bytes that the kernel tells of this process."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) << 10
    return 0


if __name__ == "__main__":
    sys.exit(main())
