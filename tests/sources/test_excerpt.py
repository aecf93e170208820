from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

import analyzer as oa
from analyzer.kernels.columns import records
from analyzer.sources import reading
from analyzer.sources.excerpt import excerpts
from analyzer.wire.records import Record
from tests.sources.archives import COMPRESSIONS, zipped
from tests.wire.packets import Packet, capture, conversation

OTHER = ("10.0.0.8", 40_000)


def mixed() -> list[Packet]:
    """Two connections beside each other: the odd packets are those of the first."""
    pair = conversation(6).packets, conversation(6, client=OTHER).packets
    return [packet for both in zip(*pair, strict=True) for packet in both]


def found(read: oa.Capture, client: str | None = "10.0.0.7") -> list[tuple[str, int]]:
    (row,) = [row for row in records(read.base["connections"]) if row["client"] == client]
    return [
        (Path(each.source).name, each.content.number)
        for each in excerpts(read.base, row)
        if isinstance(each.content, Record)
    ]


def test_the_packets_of_one_connection_are_found_again(tmp_path: Path) -> None:
    path = tmp_path / "a.pcap"
    path.write_bytes(capture(mixed()))
    assert found(oa.read(path)) == [("a.pcap", number) for number in range(1, len(mixed()) + 1, 2)]


@pytest.mark.parametrize("ending", COMPRESSIONS)
def test_they_are_found_in_what_is_compressed(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.pcap.{ending}"
    path.write_bytes(COMPRESSIONS[ending](capture(mixed())))
    assert len(found(oa.read(path))) == len(mixed()) // 2


def test_they_are_found_in_a_member_of_an_archive(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zipped({"in/b.pcap": capture(mixed()), "c.txt": b"no capture"}))
    assert found(oa.read(tmp_path / "a.zip"))[:2] == [("b.pcap", 1), ("b.pcap", 3)]


def test_they_are_found_in_all_files_of_a_rotated_set_by_the_numbers_in_each(tmp_path: Path) -> None:
    packets = mixed()
    parts = packets[:20], packets[20:40], packets[40:]
    for number, part in enumerate(parts, 1):
        (tmp_path / f"night_{number}.pcap").write_bytes(capture(list(part)))
    told = found(oa.read(*sorted(tmp_path.glob("night_*"))))
    assert told == [
        (f"night_{number}.pcap", place) for number, part in enumerate(parts, 1) for place in range(1, len(part) + 1, 2)
    ]


def test_a_port_that_is_used_again_gives_each_connection_its_own(tmp_path: Path) -> None:
    first = conversation(6)
    first.close()
    again = [packet._replace(ts=packet.ts + 3_600_000_000) for packet in conversation(4).packets]
    path = tmp_path / "a.pcap"
    path.write_bytes(capture([*first.packets, *again]))
    base = oa.read(path).base
    numbers = [
        [each.content.number for each in excerpts(base, row) if isinstance(each.content, Record)]
        for row in records(base["connections"])
    ]
    assert numbers == [
        [*range(1, len(first.packets) + 1)],
        [*range(len(first.packets) + 1, len(first.packets) + len(again) + 1)],
    ]


def test_a_log_has_no_packets(samples: Path) -> None:
    with pytest.raises(reading.SourceError, match="no packets in a log"):
        found(oa.read(samples / "healthy.log"), None)


def test_a_capture_that_is_gone_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.pcap"
    path.write_bytes(capture(mixed()))
    read = oa.read(path)
    path.unlink()
    with pytest.raises(reading.SourceError, match=r"a\.pcap is gone"):
        found(read)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (capture(mixed()[:-1]), "packets"),
        (b"Dear all,\n", "no capture any more"),
        (capture([*mixed()[:-1], mixed()[-1]._replace(payload=b"more")]), "bytes"),
    ],
)
def test_a_capture_that_is_another_one_by_now_says_so(content: bytes, why: str, tmp_path: Path) -> None:
    path = tmp_path / "a.pcap"
    path.write_bytes(capture(mixed()))
    read = oa.read(path)
    path.write_bytes(content)
    with pytest.raises(reading.SourceError, match=f"changed since it was read: .*{why}"):
        found(read)


def test_a_capture_that_holds_other_packets_by_now_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.pcap"
    path.write_bytes(capture(conversation(6).packets))
    read = oa.read(path)
    path.write_bytes(capture(conversation(6, client=OTHER).packets))
    with pytest.raises(reading.SourceError, match="no packet of connection"):
        found(read)


def test_a_capture_narrowed_to_a_span_gives_the_packets_of_the_span(tmp_path: Path) -> None:
    path = tmp_path / "a.pcap"
    path.write_bytes(capture(conversation(6).packets))
    narrow = oa.read(path).between("2026-01-01T00:00:00.085", "2026-01-01T00:00:00.125")
    assert found(narrow) == [("a.pcap", number) for number in range(9, 13)]


def test_a_pipe_gives_its_packets_once(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(capture(mixed()),))
    writer.start()
    read = oa.read(pipe)
    writer.join()
    with pytest.raises(reading.SourceError, match="is a pipe"):
        found(read)
