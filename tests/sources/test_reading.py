from __future__ import annotations

import gzip
import os
import threading
from typing import TYPE_CHECKING

import pytest

from analyzer import schema
from analyzer.sources import homeassistant, reading
from analyzer.sources.reading import Options, SourceError
from tests.wire.packets import RST, SYN, Talk, capture, pcap

if TYPE_CHECKING:
    from pathlib import Path

BASE = set(schema.names("base"))


def probe() -> bytes:
    """A capture of an attempt that is refused."""
    talk = Talk()
    talk.send(True, flags=SYN)
    talk.send(False, flags=RST)
    return capture(talk.packets)


def test_a_log_is_recognised_and_read(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text(homeassistant.SAMPLE)
    made = reading.read(str(path))
    assert set(made) == BASE
    (source,) = made["sources"].to_pylist()
    assert (source["source"], source["kind"], source["bytes"]) == (str(path), "homeassistant", path.stat().st_size)


def test_a_capture_is_recognised_and_read(samples: Path) -> None:
    made = reading.read(str(samples / "healthy.pcap"))
    assert set(made) == BASE
    assert made["sources"]["kind"].to_pylist() == ["capture"]


def test_what_an_input_may_be_is_told_the_likeliest_first(tmp_path: Path, samples: Path) -> None:
    path = tmp_path / "a.log.gz"
    path.write_bytes(gzip.compress(homeassistant.SAMPLE.encode()))
    assert reading.inspect(str(path))[0].name == "homeassistant"
    assert reading.inspect(str(samples / "healthy.pcap"))[0].name == "capture"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "is empty"),
        (b"\0\1\2" * 99, "neither a capture nor a log"),
        (b"hello\n" * 99, "neither a capture nor a log"),
        (b"\n\n", "nothing but blank lines and comments"),
        (b"\xef\xbb\xbf", "nothing but blank lines and comments"),
        (b"# a quiet night\r\n  \n", "nothing but blank lines and comments"),
        (b"# a quiet night\n" * 9999, "neither a capture nor a log"),
    ],
)
def test_what_is_not_recognised_is_an_issue(tmp_path: Path, data: bytes, why: str) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(data)
    made = reading.read(str(path))
    assert set(made) == BASE
    (issue,) = made["issues"].to_pylist()
    assert issue["kind"] == "not_recognised"
    assert issue["damage"] == ("neither" in why)
    assert why in issue["detail"]
    assert made["sources"]["kind"].to_pylist() == ["unknown"]
    assert reading.inspect(str(path)) == []


def test_an_input_without_a_message_is_an_issue_that_names_it(tmp_path: Path) -> None:
    texts = {"empty.pcap": b"", "probe.pcap": probe(), "connected.trace": b"08:00:00 CP1 + ocpp1.6\n"}
    expected = {
        "empty.pcap": "(capture, 0 records) is empty",
        "probe.pcap": "(capture, 2 records) holds no OCPP message that can be read",
        "connected.trace": "(trace, 1 records) holds no OCPP message that can be read",
    }
    for name, data in texts.items():
        path = tmp_path / name
        path.write_bytes(data or pcap([]))
        (issue,) = reading.read(str(path))["issues"].to_pylist()
        assert (issue["kind"], issue["damage"]) == ("no_messages", False)
        assert issue["detail"] == f"{path} {expected[name]}"


def test_an_input_with_messages_is_not_said_to_have_none(samples: Path) -> None:
    assert "no_messages" not in reading.read(str(samples / "healthy.pcap"))["issues"]["kind"].to_pylist()


def test_an_input_that_cannot_be_opened_is_an_error_of_one_line(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing.log", "a\0b"):
        for function in (reading.read, reading.inspect):
            with pytest.raises(SourceError) as error:
                function(str(path))
            assert len(str(error.value).splitlines()) == 1


def test_a_gzip_that_is_cut_off_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "a.log.gz"
    path.write_bytes(gzip.compress(homeassistant.SAMPLE.encode())[:-8])
    made = reading.read(str(path))
    assert made["messages"].num_rows == 4
    assert made["sources"]["damaged"].to_pylist() == [True]
    (issue,) = made["issues"].to_pylist()
    assert (issue["kind"], issue["damage"]) == ("unreadable", True)


def test_a_gzip_that_holds_nothing_sound_is_an_issue(tmp_path: Path) -> None:
    path = tmp_path / "a.log.gz"
    path.write_bytes(b"\x1f\x8b" + b"\0" * 40)
    made = reading.read(str(path))
    assert set(made["issues"]["kind"].to_pylist()) == {"unreadable", "not_recognised"}
    assert made["sources"]["damaged"].to_pylist() == [True]


def test_a_pipe_is_read(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_text, args=(homeassistant.SAMPLE,))
    writer.start()
    made = reading.read(str(path))
    writer.join()
    assert made["messages"].num_rows == 4


def test_a_format_that_is_named_is_not_sniffed(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("hello\n")
    made = reading.read(str(path), options=Options(format="homeassistant"))
    (source,) = made["sources"].to_pylist()
    assert (source["kind"], source["records"], source["ignored"]) == ("homeassistant", 1, 1)


def test_a_log_that_is_called_a_capture_is_an_issue(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text(homeassistant.SAMPLE)
    made = reading.read(str(path), options=Options(format="capture"))
    assert "not_a_capture" in made["issues"]["kind"].to_pylist()


def test_a_format_that_does_not_exist_is_told_with_those_that_do(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="capture, trace, homeassistant"):
        reading.read(str(tmp_path), options=Options(format="nonsense"))
