from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = ("numpy", "pandas", "pyarrow", "matplotlib", "scapy", "rich", "jinja2", "cryptography", "jsonschema_rs", "ocpp")
SPY = (
    "import json, sys, time\n"
    "{statement}\n"
    "seconds = time.process_time()\n"
    "heavy = [name for name in {heavy!r} if name in sys.modules]\n"
    "print(json.dumps([heavy, seconds]), file=sys.stderr)\n"
)
COMMAND = (
    "import analyzer.cli.main\nsys.argv[1:] = {arguments!r}\ntry: analyzer.cli.main.main()\nexcept SystemExit: pass"
)


def imported(statement: str) -> tuple[list[str], float]:
    """The heavy packages that are imported after a statement in a new interpreter, and its CPU seconds."""
    program = SPY.format(statement=statement, heavy=HEAVY)
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stderr
    heavy, seconds = json.loads(told.splitlines()[-1])
    return heavy, seconds


def run(*arguments: str) -> list[str]:
    return imported(COMMAND.format(arguments=list(arguments)))[0]


def test_importing_the_package_imports_nothing_heavy_and_costs_next_to_nothing() -> None:
    heavy, seconds = imported("import analyzer")
    assert heavy == []
    assert seconds < 0.1


@pytest.mark.parametrize("arguments", [["--help"], ["report", "--help"], ["--version"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    heavy, seconds = imported(COMMAND.format(arguments=arguments))
    assert heavy == []
    assert seconds < 0.4


def test_a_report_in_the_terminal_draws_nothing_and_needs_no_packet_library(samples_folder: str) -> None:
    # pandas is no part of this: pyarrow imports it by itself when it makes its first array.
    heavy = run("report", f"{samples_folder}/healthy.pcap")
    assert not {"matplotlib", "scapy", "jinja2", "cryptography"} & set(heavy)


def test_a_log_needs_no_packet_library(samples_folder: str) -> None:
    assert "scapy" not in run("check", f"{samples_folder}/healthy.log")


@pytest.fixture
def samples_folder(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue("samples"))
