"""Reads made captures with this program, tshark and Scapy, and prints CPU seconds, peak memory, messages and ratios.

    python tests/benchmarks/against_tshark.py [--packets 2000 200000 2000000] [--mixed 200000] [--seed 1]

Each tool is a process of its own, and its seconds are those of user and system with all its children: imports, output and
Parquet included. tshark writes the text of every WebSocket message, once as it comes and once told to put segments in
order. Scapy only dissects, and only small captures. Compare figures of one run only; other work on the machine moves them.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.benchmarks.captures import make

if TYPE_CHECKING:
    from collections.abc import Callable

SMALL = 200_000
"""Scapy dissects no more packets than that: it needs a minute for them."""
BUDGETS = {2_000: 1.0, 200_000: 4.0, 2_000_000: 8.0}
MIXED_BUDGET, SCAPY_BUDGET, MEMORY_BUDGET = 20.0, 35.0, 350.0
SEPARATOR = "\x1e"
ORDERED, UNORDERED = "tshark in order", "tshark"
SCAPY = "import sys\nfrom scapy.all import PcapReader\nfor packet in PcapReader(sys.argv[1]): pass"


class Measured(NamedTuple):
    """What one process took, and how many messages it told of, where it knows messages."""

    tool: str
    seconds: float
    mebibytes: float
    messages: int | None


def measured(tool: str, command: list[str], count: Callable[[str], int] | None = None) -> Measured:
    """Run a command to its end; its output goes to a file, which is counted afterwards."""
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
        with subprocess.Popen(command, stdout=output, stderr=subprocess.DEVNULL) as process:
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{command[0]} ended with {process.returncode}")
        output.seek(0)
        messages = sum(map(count, output)) if count else None
    return Measured(tool, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, messages)


def ours(path: Path) -> Measured:
    with tempfile.TemporaryDirectory() as folder:
        command = ["ocpp-analyzer", "ingest", str(path), "--into", folder]
        return measured("ocpp-analyzer", command, _rows_of_messages)


def _rows_of_messages(line: str) -> int:
    found = re.search(r"messages\.parquet\s+(\d+) rows", line)
    return int(found[1]) if found else 0


def tshark(path: Path, *, in_order: bool) -> Measured:
    order = ["-o", f"tcp.reassemble_out_of_order:{str(in_order).upper()}"]
    fields = ["-T", "fields", "-E", f"aggregator={SEPARATOR}", "-e", "websocket.payload.text"]
    command = ["tshark", *order, "-r", str(path), "-Y", "websocket", *fields]
    return measured(ORDERED if in_order else UNORDERED, command, _texts)


def _texts(line: str) -> int:
    return sum(text.startswith("[") for text in line.split(SEPARATOR))


def scapy(path: Path) -> Measured:
    return measured("Scapy dissecting", [sys.executable, "-c", SCAPY, str(path)])


def compare(packets: int, *, mixed: bool, seed: int) -> None:
    """Make one capture, read it with every tool and print the table."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "made.pcap"
        made = make(path, packets, mixed=mixed, seed=seed)
        print(f"\n{'mixed, ' if mixed else ''}{made}, {path.stat().st_size / 1e6:.1f} MB")
        own = ours(path)
        others = [tshark(path, in_order=True), tshark(path, in_order=False)]
        if made.packets <= SMALL * 1.01:
            others.append(scapy(path))
    print(f"{'':18}{'CPU s':>9}{'MiB':>8}{'messages':>11}{'found':>9}{'CPU of ours':>13}")
    for tool, seconds, mebibytes, messages in (own, *others):
        told = "" if messages is None else f"{messages:11}{messages / made.messages:9.2%}"
        print(f"{tool:18}{seconds:9.2f}{mebibytes:8.0f}{told:20}{seconds / own.seconds:12.2f}x")
    wanted = MIXED_BUDGET if mixed else BUDGETS.get(packets)
    if wanted:
        print(f"wanted: {wanted:.0f}x of {ORDERED}, {SCAPY_BUDGET:.0f}x of Scapy, at most {MEMORY_BUDGET:.0f} MiB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packets", type=int, nargs="*", default=[2_000, 200_000])
    parser.add_argument("--mixed", type=int, nargs="*", default=[200_000])
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    for mixed, sizes in ((False, options.packets), (True, options.mixed)):
        for packets in sizes:
            compare(packets, mixed=mixed, seed=options.seed)


if __name__ == "__main__":
    main()
