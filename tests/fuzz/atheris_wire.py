"""Fuzzes the wire by coverage with atheris, which is not a dependency: it is not run by pytest.

    pip install atheris
    PYTHONPATH=. python tests/fuzz/atheris_wire.py [CORPUS] [-max_total_time=600] [-jobs=2] [-only=read_headers] ...

The first byte of an input chooses the target, `-only` fixes it; all other options are those of libFuzzer
(`-help=1` lists them). An empty CORPUS is filled with the beginnings of the sample captures. What raises, hangs or takes too much memory is written to the current folder as `crash-…`,
`timeout-…` or `oom-…`; naming that file as the only argument runs it again.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import atheris  # type: ignore[import-untyped, import-not-found, unused-ignore]

with atheris.instrument_imports(include=["analyzer.wire"]):
    from tests.fuzz.targets import REACHED, TARGETS

    for module in REACHED:  # some are imported only when they are needed
        importlib.import_module(f"analyzer.wire.{module}")

from tests.fuzz.samples import samples

ONLY = "-only="
FEW = 16
"""Packets of a sample that an input begins with."""


def main() -> None:
    names = [argument.removeprefix(ONLY) for argument in sys.argv if argument.startswith(ONLY)]
    chosen = [target for target in TARGETS if not names or target.__name__ in names]

    def run(data: bytes) -> None:
        if data:
            chosen[data[0] % len(chosen)](data[1:])

    for folder in map(Path, sys.argv[1:]):
        if folder.is_dir() and not any(folder.iterdir()):
            _fill(folder, len(chosen))
    rest = [argument for argument in sys.argv if not argument.startswith(ONLY)]
    atheris.Setup([*rest, "-timeout=30", "-rss_limit_mb=1500"], run)
    atheris.Fuzz()


def _fill(folder: Path, targets: int) -> None:
    """Put the beginnings of the samples into an empty corpus, for the targets that take a capture as it is."""
    for sample in samples():
        data = sample._replace(records=sample.records[:FEW]).joined()
        for number in range(min(targets, 2)):
            (folder / f"{sample.name}.{number}").write_bytes(bytes([number, 0]) + data)


if __name__ == "__main__":
    main()
