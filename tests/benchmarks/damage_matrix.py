"""Prints the damage matrix: how many recoverable messages the analyzer reads, beside tshark in both its settings.

    python tests/benchmarks/damage_matrix.py [ROW...]

Each cell tells how many percent of the recoverable messages were read, and behind a `+` how many messages were read that
nobody said so. tshark is told the port and the secrets, and prints the text of every WebSocket message.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.wire.damage_matrix import Found, Judged, damaged, found_in, judge, read_file, said
from tests.wire.damage_rows import ROWS, SAMPLES, WITH_SECRETS, load

if TYPE_CHECKING:
    from tests.wire.told import Sample

FOLDER = Path(__file__).parents[2] / "sample_data"
SEPARATOR = "\x1e"
READERS = ("ours", "tshark", "tshark in order")


class Cell(NamedTuple):
    """What one reader made of all files of a cell."""

    recoverable: int
    missed: int
    beyond: int
    invented: int

    def __str__(self) -> str:
        share = 1 - self.missed / self.recoverable if self.recoverable else 1
        invented = f"+{self.invented}" if self.invented else ""
        return f"{share:.1%}{invented}"


def tshark(path: Path, sample: Sample, name: str, row: str, *, in_order: bool) -> list[Found]:
    """The WebSocket texts that tshark finds."""
    port = sample.packets[0].destination[1]
    command = ["tshark", "-r", str(path), "-o", f"tcp.reassemble_out_of_order:{str(in_order).upper()}"]
    if SAMPLES[name].keys:
        command += ["-d", f"tcp.port=={port},tls", "-d", f"tls.port=={port},http"]
        command += [] if row == WITH_SECRETS else ["-o", f"tls.keylog_file:{FOLDER / SAMPLES[name].keys}"]
    else:
        command += ["-d", f"tcp.port=={port},http"]
    fields = ["-e", "frame.time_epoch", "-e", "tcp.srcport", "-e", "websocket.payload.text"]
    command += ["-Y", "websocket", "-T", "fields", "-E", f"aggregator={SEPARATOR}", *fields]
    output = subprocess.run(command, capture_output=True, check=False).stdout.decode("utf-8", "replace")
    found = []
    for line in output.splitlines():
        if line.count("\t") < 2:
            continue  # the rest of a text with a line break, of which flipped bits made one
        ts, source, texts = line.split("\t", 2)
        by_station, micros = source.split(SEPARATOR)[0] != str(port), round(float(ts) * 1e6)
        found += [Found(said(by_station, text), micros, "") for text in texts.split(SEPARATOR) if text]
    return found


def cell(row: str, name: str, reader: str, folder: Path) -> Cell:
    """How one reader does on one row of one sample, all seeds together."""
    sample, judged = load(name, FOLDER), []
    for seed in range(ROWS[row].seeds):
        file = damaged(sample, ROWS[row], seed)
        path = folder / "damaged.pcap"
        path.write_bytes(file.contents)
        if reader == "ours":
            found = found_in(read_file(path, name, row, FOLDER))
        else:
            found = tshark(path, sample, name, row, in_order=reader != "tshark")
        judged.append(judge(sample, file, found))
    return summed(judged)


def summed(judged: list[Judged]) -> Cell:
    return Cell(
        sum(each.recoverable for each in judged),
        sum(len(each.missed) for each in judged),
        sum(each.beyond for each in judged),
        sum(len(each.invented) for each in judged),
    )


def main() -> None:
    rows = sys.argv[1:] or list(ROWS)
    print(f"{'':32}{'recoverable':>12}" + "".join(f"{reader:>18}" for reader in READERS))
    with tempfile.TemporaryDirectory() as folder:
        for name in SAMPLES:
            print(name)
            for row in rows:
                cells = [cell(row, name, reader, Path(folder)) for reader in READERS]
                print(f"  {row:30}{cells[0].recoverable:12}" + "".join(f"{each!s:>18}" for each in cells), flush=True)


if __name__ == "__main__":
    main()
