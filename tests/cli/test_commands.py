from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest

from analyzer.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterable

COMMAND = Path(sys.executable).parent / "ocpp-analyzer"
FINE, FINDINGS, USAGE, NOTHING, INCOMPLETE = range(5)
ENVIRONMENT = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1", "OCPP_ANALYZER_KEY": "test"}


def run(*arguments: str | Path, data: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [COMMAND, *map(str, arguments)], input=data, capture_output=True, check=False, env=ENVIRONMENT, timeout=60
    )


def output(*arguments: str | Path, code: int = FINE) -> str:
    done = run(*arguments)
    assert done.returncode == code, done.stderr.decode()
    return done.stdout.decode()


def complaint(*arguments: str | Path, code: int = USAGE, data: bytes | None = None) -> str:
    """The one line on stderr of a command that fails; its stdout is empty."""
    done = run(*arguments, data=data)
    told = done.stderr.decode()
    assert (done.returncode, done.stdout) == (code, b""), told
    assert told.startswith("ocpp-analyzer: ")
    assert told.count("\n") == 1
    return told


def test_a_healthy_charger_gives_the_code_0(samples: Path) -> None:
    assert "CP-1" in output("report", samples / "healthy.pcap")
    assert not [line for line in output("check", samples / "healthy.pcap").splitlines() if " info " not in line]


def test_findings_give_the_code_1_from_the_severity_on_that_is_asked_for(samples: Path) -> None:
    for verb in ("report", "check"):
        assert "WS11" in output(verb, samples / "deadline.pcap.gz", code=FINDINGS)
        assert "WS11" in output(verb, samples / "deadline.pcap.gz", "--fail-on", "never")


def test_the_report_is_written_beside_the_verdict(samples: Path, tmp_path: Path) -> None:
    path = tmp_path / "x.report.html"
    said = output("report", samples / "healthy.pcap", "-o", path)
    assert said.splitlines()[-1] == f"Full report: {path}"
    assert "CP-1" in path.read_text()


def test_the_report_goes_to_standard_output_where_that_is_asked_for(samples: Path) -> None:
    assert json.loads(output("report", samples / "healthy.pcap", "--format", "json"))["damaged"] is False
    assert json.loads(output("report", samples / "healthy.pcap", "-o", "-", "--format", "json"))


@pytest.mark.parametrize("verb", ["report", "check", "show", "formats"])
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty", b""),
        ("picture.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\2\0\0\0"),
        ("random", bytes(range(256)) * 40),
        ("text.txt", b"Dear all,\nthe charger is offline.\n"),
        ("zeros", bytes(5000)),
        ("empty.gz", gzip.compress(b"", mtime=0)),
        ("not.gz", b"\x1f\x8b\x08nonsense"),
        ("head.pcap", bytes.fromhex("d4c3b2a1020004000000000000000000ffff000001000000")),
    ],
)
def test_what_holds_no_ocpp_gives_one_line_and_the_code_3(verb: str, name: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    if verb == "formats":
        done = run("formats", path)
        assert done.returncode == (FINE if name == "head.pcap" else NOTHING)
        assert done.stdout.decode().count("\n") == 1
        return
    assert "nothing to analyse" in complaint(verb, path, code=NOTHING)


@pytest.mark.parametrize("verb", ["report", "check", "show", "formats"])
def test_a_missing_path_and_a_directory_give_one_line_and_the_code_2(verb: str, tmp_path: Path) -> None:
    assert "No such file" in complaint(verb, tmp_path / "missing.pcap")
    assert "directory" in complaint(verb, tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_file_that_may_not_be_read_gives_one_line_and_the_code_2(tmp_path: Path) -> None:
    path = tmp_path / "secret.pcap"
    path.touch(mode=0o000)
    assert "Permission denied" in complaint("report", path)


def test_a_pipe_and_standard_input_are_read_like_a_file(samples: Path, tmp_path: Path) -> None:
    content, pipe = (samples / "healthy.pcap").read_bytes(), tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(content,))
    writer.start()
    by_pipe = output("show", pipe)
    writer.join()
    done = run("show", "-", data=content)
    assert done.stdout.decode() == by_pipe == output("show", samples / "healthy.pcap")


def test_an_empty_pipe_gives_one_line_and_the_code_3() -> None:
    assert "nothing to analyse" in complaint("report", "-", code=NOTHING, data=b"")


def test_a_damaged_input_gives_the_code_4_which_beats_findings(samples: Path, tmp_path: Path) -> None:
    whole = gzip.decompress((samples / "deadline.pcap.gz").read_bytes())
    (tmp_path / "cut.pcap").write_bytes(whole[:-10])
    (tmp_path / "cut.pcap.gz").write_bytes(gzip.compress(whole)[:-2000])
    for name in ("cut.pcap", "cut.pcap.gz"):
        said = output("report", tmp_path / name, code=INCOMPLETE)
        assert "WS11" in said, name
    output("show", tmp_path / "cut.pcap", code=INCOMPLETE)
    output("plot", "timeline", tmp_path / "cut.pcap", "-o", tmp_path / "x.svg", code=INCOMPLETE)


def test_an_input_beside_others_of_which_nothing_was_read_is_told_and_gives_the_code_4(
    samples: Path, tmp_path: Path
) -> None:
    picture, empty = tmp_path / "x.png", tmp_path / "empty.log"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))
    empty.touch()
    done = run("check", samples / "healthy.pcap", picture, empty)
    assert done.returncode == INCOMPLETE
    assert sorted(done.stderr.decode().splitlines()) == [
        f"ocpp-analyzer: {empty} is empty",
        f"ocpp-analyzer: {picture} is neither a capture nor a log in a known format",
    ]
    done = run("check", samples / "healthy.pcap", empty)
    assert (done.returncode, done.stderr.decode()) == (FINE, f"ocpp-analyzer: {empty} is empty\n")


def test_a_part_that_was_lost_is_told_on_standard_error(samples: Path, tmp_path: Path) -> None:
    (tmp_path / "cut.pcap").write_bytes((samples / "healthy.pcap").read_bytes()[:-10])
    told = run("check", tmp_path / "cut.pcap").stderr.decode()
    assert told.startswith(f"ocpp-analyzer: a part of {tmp_path / 'cut.pcap'} was lost: the file ends inside packet")
    assert told.count("\n") == 1


def test_an_input_that_repeats_another_is_not_said_to_hold_nothing(samples: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.pcap"
    again.write_bytes((samples / "healthy.pcap").read_bytes())
    assert run("check", samples / "healthy.pcap", again).stderr == b""


@pytest.mark.parametrize("verb", [["report"], ["plot", "timeline"]])
def test_an_input_is_never_overwritten(verb: list[str], samples: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    path.write_bytes((samples / "healthy.pcap").read_bytes())
    (tmp_path / "link.svg").symlink_to(path)
    for output in (path, tmp_path / "link.svg"):
        assert "is an input" in complaint(*verb, path, "-o", output, *(["--format", "html"] if len(verb) == 1 else []))
    assert path.read_bytes() == (samples / "healthy.pcap").read_bytes()


def test_formats_goes_on_behind_an_input_that_cannot_be_opened(samples: Path, tmp_path: Path) -> None:
    done = run("formats", tmp_path, samples / "healthy.pcap")
    assert done.returncode == USAGE
    assert "capture  100%" in done.stdout.decode()
    assert done.stderr.decode().count("\n") == 1


def test_many_such_inputs_are_counted(samples: Path, tmp_path: Path) -> None:
    empty = [tmp_path / f"{number}.log" for number in range(12)]
    for path in empty:
        path.touch()
    told = run("check", samples / "healthy.pcap", *empty).stderr.decode().splitlines()
    assert len(told) == 11
    assert told[-1] == "ocpp-analyzer: 2 more inputs were not read whole"


def test_a_report_that_is_piped_is_as_wide_as_columns_says(samples: Path) -> None:
    for wide in (60, 110):
        done = subprocess.run(
            [COMMAND, "report", samples / "deadline.pcap.gz", "--fail-on", "never"],
            env={**ENVIRONMENT, "COLUMNS": str(wide)}, capture_output=True, check=True, timeout=60,
        )  # fmt: skip
        longest = max(map(len, done.stdout.decode().splitlines()))
        assert wide - 15 < longest <= wide


@pytest.mark.parametrize(
    "arguments",
    [
        ["--set", "HB01"],
        ["--set", "HB01.nonsense=2"],
        ["--set", "HB01.warn_factor=two"],
        ["--set", "HB01.warn_factor=nan"],
        ["--set", "HB01.warn_factor=-1"],
        ["--set", "XX01.warn_factor=2"],
        ["--select", ""],
        ["--select", ","],
        ["--select", "XX"],
        ["--ignore", "XX"],
        ["--tz", "Mars/Olympus"],
        ["--log-format", "nonsense"],
        ["--station", "CP-9"],
    ],
)
def test_a_choice_that_cannot_be_followed_gives_one_line_and_the_code_2(arguments: list[str], samples: Path) -> None:
    assert complaint("check", samples / "healthy.pcap", *arguments)


def test_usage_errors_of_the_parser_give_the_code_2(samples: Path) -> None:
    for arguments in (["report"], ["nonsense"], ["report", samples / "healthy.pcap", "--fail-on", "sometimes"]):
        done = run(*arguments)
        assert done.returncode == USAGE
        assert b"Traceback" not in done.stderr


def test_a_place_that_cannot_be_written_gives_one_line(samples: Path, tmp_path: Path) -> None:
    said = run("report", samples / "healthy.pcap", "-o", tmp_path / "missing" / "x.html")
    assert (said.returncode, said.stderr.decode().count("\n")) == (USAGE, 1)
    (tmp_path / "file").touch()
    assert "cannot write" in complaint("ingest", samples / "healthy.pcap", "--into", tmp_path / "file")
    assert "cannot write" in complaint(
        "plot", "timeline", samples / "healthy.pcap", "-o", tmp_path / "missing" / "x.svg"
    )


def test_the_tables_are_ingested_as_parquet(samples: Path, tmp_path: Path) -> None:
    said = output("ingest", samples / "healthy.pcap", "--into", tmp_path / "tables")
    assert f"{tmp_path / 'tables' / 'messages'}.parquet  262 rows" in said
    assert pq.read_table(tmp_path / "tables" / "messages.parquet").num_rows == 262


def test_what_is_shown_can_be_read_back(samples: Path, tmp_path: Path) -> None:
    trace = output("show", samples / "deadline.pcap.gz")
    (tmp_path / "deadline.trace").write_text(trace)
    assert output("show", tmp_path / "deadline.trace") == trace


def test_what_is_shown_can_be_narrowed(samples: Path) -> None:
    def actions(*arguments: str) -> set[str]:
        lines: Iterable[str] = output("show", samples / "intervals.pcap", *arguments).splitlines()
        return {word for line in lines for word in line.split() if word.startswith(("Boot", "Heart", "CP-"))}

    assert actions("--station", "CP-4", "--action", "BootNotification") <= {"CP-4", "BootNotification#1"}
    until = output("show", samples / "healthy.pcap", "--until", "2026-03-02T08:02:00").splitlines()
    since = output("show", samples / "healthy.pcap", "--since", "2026-03-02T08:02:00").splitlines()
    assert 2 < len(until) < len(since)
    assert "times read like" in complaint("show", samples / "healthy.pcap", "--since", "yesterday")


@pytest.mark.parametrize("ending", ["svg", "png", "pdf"])
@pytest.mark.parametrize("kind", ["timeline", "heartbeat_gaps", "idle_age", "meter_register"])
def test_a_plot_is_drawn_in_the_format_of_its_ending(kind: str, ending: str, samples: Path, tmp_path: Path) -> None:
    path = tmp_path / f"x.{ending}"
    output("plot", kind, samples / "healthy.pcap", "-o", path)
    assert path.read_bytes()[:5] in {b"<?xml", b"\x89PNG\r", b"%PDF-"}


def test_a_plot_that_does_not_exist_names_those_that_do(samples: Path, tmp_path: Path) -> None:
    assert "timeline" in complaint("plot", "pie", samples / "healthy.pcap", "-o", tmp_path / "x.svg")
    assert ".svg" in complaint("plot", "timeline", samples / "healthy.pcap", "-o", tmp_path / "x.docx")


def test_the_formats_are_listed_and_an_input_is_recognised(samples: Path) -> None:
    assert "capture" in output("formats")
    assert "capture  100%" in output("formats", samples / "healthy.pcap")


def test_the_manual_of_a_check_is_explained(samples: Path) -> None:
    assert samples.exists()
    assert "What to do:" in output("explain", "ws11")
    assert "families: HB" in complaint("explain", "XX")


def test_a_reader_that_goes_away_early_is_no_fault(samples: Path) -> None:
    with subprocess.Popen(
        [COMMAND, "show", samples / "healthy.pcap"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""


def test_a_capture_goes_through_scapy_with_the_same_result(samples: Path) -> None:
    assert output("show", samples / "healthy.pcap", "--dissector", "scapy") == output("show", samples / "healthy.pcap")


def test_a_real_cut_capture_says_so(corpus: Path) -> None:
    path = corpus / "captures" / "growatt_1224_truncated.pcap"
    assert "inside packet 214" in output("report", path, code=INCOMPLETE)


def test_real_captures_without_ocpp_are_nothing_to_analyse(corpus: Path) -> None:
    for path in sorted((corpus / "captures").iterdir()):
        if path.name.startswith(("zeek", "suricata")):
            assert "nothing to analyse" in complaint("report", path, code=NOTHING)


def test_a_capture_that_is_encrypted_says_so(samples: Path) -> None:
    assert "cannot be read without keys (TLS)" in complaint("report", samples / "tls13.pcapng", code=NOTHING)


@pytest.mark.parametrize("name", ["tls12.pcap", "tls13.pcapng"])
def test_a_key_log_decrypts_a_capture_for_every_verb(samples: Path, tmp_path: Path, name: str) -> None:
    options: list[str | Path] = [samples / name, "--keylog", samples / f"{name[:5]}.keys"]
    station = "CP-8" if "12" in name else "CP-6"
    assert output("show", *options).count("Heartbeat") == 10
    assert station in output("report", *options)
    output("check", *options)
    assert "messages.parquet  28 rows" in output("ingest", *options, "--into", tmp_path)
    output("plot", "timeline", *options, "-o", tmp_path / "x.svg")
    assert output("show", samples / "tls13_secrets.pcapng").count("Heartbeat") == 10


def test_a_key_log_that_holds_none_or_is_missing_is_refused_in_a_line(samples: Path, tmp_path: Path) -> None:
    capture = samples / "tls13.pcapng"
    assert "holds no secrets" in complaint("report", capture, "--keylog", samples / "healthy.log")
    assert "No such file" in complaint("report", capture, "--keylog", tmp_path / "missing")


@pytest.mark.parametrize("name", ["x.pdf", "x.md", "x"])
def test_a_report_of_an_unknown_ending_is_refused_before_reading(name: str, samples: Path, tmp_path: Path) -> None:
    assert ".html" in complaint("report", samples / "healthy.pcap", "-o", tmp_path / name)
    assert not (tmp_path / name).exists()
    output("report", samples / "healthy.pcap", "-o", tmp_path / name, "--format", "json")
    assert json.loads((tmp_path / name).read_text())


def test_a_fault_of_the_program_is_one_line_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise KeyError("a\nb\x1b[31m")

    monkeypatch.setattr(main, "app", fail)
    with pytest.raises(SystemExit) as ended:
        main.main()
    told = capsys.readouterr().err
    assert ended.value.code == INCOMPLETE
    assert told.count("\n") == 1
    assert "KeyError" in told
    assert "test_commands.py:" in told
    assert "\x1b" not in told


def test_a_connection_is_shown_as_a_conversation_and_an_unknown_one_names_those_there_are(samples: Path) -> None:
    told = output("show", "--connection", "1.2", samples / "deadline.pcap.gz")
    assert told.startswith("CP-7 · connection 1.2 · OCPP 1.6")
    assert max(map(len, told.splitlines())) > 100, "a pipe gets long lines whole"
    assert "there are: 1.1 (CP-7 " in complaint("show", "--connection", "?", samples / "deadline.pcap.gz")


def test_the_packets_of_a_connection_are_written_for_wireshark(samples: Path, tmp_path: Path) -> None:
    into = tmp_path / "x.pcapng"
    told = output("show", "--connection", "1.2", "--packets", into, samples / "deadline.pcap.gz")
    assert told == f"{into}  55 packets\n"
    assert output("show", "--connection", "1.1", into).startswith("CP-7 · connection 1.1 · OCPP 1.6")


def test_packets_that_cannot_be_written_are_a_line(samples: Path, tmp_path: Path) -> None:
    log, captured, into = samples / "healthy.log", samples / "healthy.pcap", tmp_path / "x.pcapng"
    assert "no packets in a log" in complaint("show", "--connection", "1.1", "--packets", into, log)
    assert "--connection" in complaint("show", "--packets", into, captured)
    assert "there are: 1.1" in complaint("show", "--connection", "7", "--packets", into, captured)
    assert "cannot write" in complaint("show", "--connection", "1.1", "--packets", into / "x", captured)
    copy = tmp_path / "copy.pcap"
    copy.write_bytes(captured.read_bytes())
    assert "not overwritten" in complaint("show", "--connection", "1.1", "--packets", copy, copy)
    assert "is a pipe" in complaint("show", "--connection", "1.1", "--packets", into, "-", data=captured.read_bytes())
    assert not into.exists()


def test_an_encrypted_connection_of_no_known_charger_is_shown(samples: Path) -> None:
    done = run("show", "--connection", "1.1", samples / "tls12.pcap")
    assert done.returncode == FINE
    assert "encrypted record" in done.stdout.decode()
