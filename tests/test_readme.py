"""The README says what is true: its console blocks are run, its Python is run, its table is the catalogue.

UPDATE_GOLDEN=1 writes what was printed into the README.
"""

from __future__ import annotations

import doctest
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from analyzer.checks import FAMILIES, checks
from analyzer.verdict.checklist import LINES

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PYTHON = re.compile(r"^```pycon\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CATALOGUE = re.compile(r"(?<=<!-- checks -->\n).*?(?=<!-- end of checks -->)", re.DOTALL)
CHECKLIST = re.compile(r"(?<=<!-- checklist -->\n).*?(?=<!-- end of checklist -->)", re.DOTALL)
UPDATE = bool(os.environ.get("UPDATE_GOLDEN"))
NO_REGISTRY = re.compile(r"No matching distribution|Connection|NewConnectionError|Temporary failure|Max retries")


def text() -> str:
    return README.read_text(encoding="utf-8")


def blocks() -> list[str]:
    return BLOCK.findall(text())


def set_up_commands() -> list[str]:
    """The blocks of one line without a prompt, to be pasted as they are."""
    return [block.strip() for block in blocks() if not block.startswith("$ ")]


@pytest.fixture
def folder(tmp_path: Path, samples: Path) -> Path:
    (tmp_path / "sample_data").symlink_to(samples)
    return tmp_path


def printed(command: str, folder: Path) -> str:
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": "100",
        "NO_COLOR": "1",
        "OCPP_ANALYZER_KEY": "readme",
    }
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, f"{command}: {done.stderr}"
    assert not done.stderr
    return done.stdout


def test_every_console_block_prints_what_the_readme_shows(folder: Path) -> None:
    for block in (block for block in blocks() if block.startswith("$ ")):
        commands = re.findall(r"^\$ (.*)$", block, re.MULTILINE)
        made = "".join(f"$ {command}\n{printed(command, folder)}" for command in commands)
        if UPDATE:
            README.write_text(text().replace(f"```console\n{block}```", f"```console\n{made}```"), encoding="utf-8")
        else:
            assert made == block


def test_the_python_does_what_the_readme_shows(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    (source,) = PYTHON.findall(text())
    example = doctest.DocTestParser().get_doctest(source, {}, "README", "README.md", 0)
    assert doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(example).failed == 0


def test_the_catalogue_names_every_check() -> None:
    rows = [f"| {check.id} | {FAMILIES[check.id[:2]]} | {check.title} | {check.severity} |\n" for check in checks()]
    made = "| check | family | what it finds | severity |\n|---|---|---|---|\n" + "".join(rows)
    if UPDATE:
        README.write_text(CATALOGUE.sub(lambda _: made, text()), encoding="utf-8")
    assert CATALOGUE.findall(text()) == [made]


def test_the_checklist_is_spelled_out() -> None:
    made_so_far = {check.id for check in checks()}
    named = [[check if check in made_so_far else f"{check} (to come)" for check in line.deciding] for line in LINES]
    rows = [
        f"| {line.name} | {line.title} | {', '.join(names) or 'no check yet'} |\n"
        for line, names in zip(LINES, named, strict=True)
    ]
    made = "| line | question | decided by |\n|---|---|---|\n" + "".join(rows)
    if UPDATE:
        README.write_text(CHECKLIST.sub(lambda _: made, text()), encoding="utf-8")
    assert CHECKLIST.findall(text()) == [made]


def test_the_first_command_installs_and_reports_in_a_copy_of_the_project(tmp_path: Path) -> None:
    command, _ = set_up_commands()
    checkout = tmp_path / "checkout"
    kept = shutil.ignore_patterns(".*", "__pycache__", "tests", "*.report.html")
    shutil.copytree(ROOT, checkout, ignore=kept)
    environment = {name: value for name, value in os.environ.items() if name not in {"VIRTUAL_ENV", "PYTHONPATH"}}
    interpreter = Path(getattr(sys, "_base_executable", sys.executable)).parent
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=checkout,
        env={**environment, "PATH": f"{interpreter}{os.pathsep}{environment['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )
    if done.returncode and NO_REGISTRY.search(done.stderr):
        pytest.skip("no package registry can be reached from here")
    assert done.returncode == 0, done.stderr
    assert "60.0 s" in done.stdout
    assert "<html" in (checkout / "deadline.report.html").read_text()


def test_the_second_command_is_the_one_that_continuous_integration_and_contributors_run() -> None:
    _, command = set_up_commands()
    assert command in (ROOT / ".ci" / "run").read_text().splitlines()
    assert command in (ROOT / ".github" / "CONTRIBUTING.md").read_text().splitlines()


def test_the_files_that_it_links_to_exist() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", text())
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
