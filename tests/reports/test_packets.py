from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

import analyzer as oa
from analyzer.reports.packets import _Keys
from analyzer.sources import reading
from analyzer.wire.problems import COMMENT, Problem
from analyzer.wire.records import Record, read_records
from tests.reports.strangers import STRINGS, harmful
from tests.sources.archives import zipped
from tests.wire.packets import Captured, Talk, capture, conversation, ethernet, ip, pcap

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def holed(tmp_path: Path) -> Path:
    """A capture with a hole: the answer to the first Heartbeat was not captured."""
    packets = conversation(6).packets
    path = tmp_path / "a.pcap"
    path.write_bytes(capture([*packets[:9], *packets[10:]]))
    return path


def read_back(path: Path) -> tuple[list[Record], dict[int | None, list[str]]]:
    records, said = [], dict[int | None, list[str]]()
    with path.open("rb") as stream:
        for item in read_records(stream):
            if isinstance(item, Record):
                records.append(item)
            elif isinstance(item, Problem) and item.kind == COMMENT:
                said.setdefault(item.packet, []).append(item.detail)
    return records, said


def test_the_packets_are_written_as_they_were_captured_with_what_is_said_of_them(holed: Path, tmp_path: Path) -> None:
    into = tmp_path / "x.pcapng"
    count = oa.read(holed).packets("1.1", into=into)
    records, said = read_back(into)
    with holed.open("rb") as stream:
        original = [item for item in read_records(stream) if isinstance(item, Record)]
    assert records == original
    assert count == len(records)
    assert said[1] == ["charger: SYN"]
    assert said[4] == ["upgrade request of CP1, connection 1.1"]
    assert said[8] == ["charger: Heartbeat #1"]
    assert [text.split(",")[0] for text in said[13]] == ["CSMS: hole", "CSMS: answer to Heartbeat #2"]
    assert 3 not in said


def test_what_is_written_tells_the_same_conversation(samples: Path, tmp_path: Path) -> None:
    capture = oa.read(samples / "deadline.pcap.gz")
    capture.packets("1.5", into=tmp_path / "x.pcapng")
    told = capture.messages.query("connection == '1.5'").drop(columns=["connection", "source", "origin"])
    again = oa.read(tmp_path / "x.pcapng").messages.drop(columns=["connection", "source", "origin"])
    assert again.astype(str).to_dict("list") == told.astype(str).to_dict("list")


def test_the_packets_come_as_scapy_has_them_with_link_layer_time_and_size(holed: Path) -> None:
    from scapy.layers.inet import TCP
    from scapy.layers.l2 import Ether

    packets = oa.read(holed).packets("1.1")
    with holed.open("rb") as stream:
        original = [item for item in read_records(stream) if isinstance(item, Record)]
    assert [bytes(packet) for packet in packets] == [record.data for record in original]
    assert [round(packet.time * 1_000_000) for packet in packets] == [record.ts for record in original]
    assert all(isinstance(packet, Ether) and TCP in packet for packet in packets)
    assert packets[0].wirelen == original[0].original_length


@pytest.mark.parametrize(("link_type", "name"), [(101, "IP"), (12, "IP"), (113, "CookedLinux"), (276, "CookedLinuxV2")])
def test_scapy_gets_the_link_layer_that_was_captured(link_type: int, name: str, tmp_path: Path) -> None:
    before = {113: bytes(14) + b"\x08\0", 276: b"\x08\0" + bytes(18)}.get(link_type, b"")
    packets = [Captured(packet.ts, before + ip(packet)) for packet in conversation(4).packets]
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap(packets, link_type=link_type))
    assert {type(packet).__name__ for packet in oa.read(path).packets("1.1")} == {name}


def test_secrets_of_the_messages_are_in_no_comment(tmp_path: Path) -> None:
    talk = Talk()
    talk.handshake()
    talk.upgrade()
    talk.text(True, '[2,"1","Authorize",{"idTag":"04A1B2C3D4"}]')
    (tmp_path / "a.pcap").write_bytes(capture(talk.packets))
    oa.read(tmp_path / "a.pcap").packets("1.1", into=tmp_path / "x.pcapng")
    _, said = read_back(tmp_path / "x.pcapng")
    assert any("Authorize" in text for texts in said.values() for text in texts)
    assert not any("04A1B2C3D4" in text for texts in said.values() for text in texts)


@pytest.mark.parametrize("text", STRINGS)
def test_a_string_of_a_stranger_does_no_harm_in_a_comment(text: str, tmp_path: Path) -> None:
    talk = Talk()
    talk.handshake()
    talk.upgrade()
    talk.text(True, json.dumps([2, text, "Heartbeat", {}]))
    (tmp_path / "a.pcap").write_bytes(capture(talk.packets))
    oa.read(tmp_path / "a.pcap").packets("1.1", into=tmp_path / "x.pcapng")
    for texts in read_back(tmp_path / "x.pcapng")[1].values():
        assert not any(map(harmful, texts))


def test_the_secrets_of_its_tls_go_with_a_connection(samples: Path, tmp_path: Path) -> None:
    path = samples / "tls13_secrets.pcapng"
    oa.read(path).packets("1.1", into=tmp_path / "x.pcapng")
    assert oa.read(tmp_path / "x.pcapng").messages["action"].tolist() == oa.read(path).messages["action"].tolist()


def test_the_secrets_of_other_connections_stay_behind() -> None:
    mine, other = bytes(range(32)), bytes(range(32, 64))
    lines = [b"CLIENT_RANDOM %s aa" % random.hex().encode() for random in (mine, other)]
    keys = _Keys()
    assert keys.found(b"# a comment\nnonsense\nCLIENT_RANDOM zz aa\n" + b"\n".join(lines)) == b""
    assert keys.begun_by(b"\x16\x03\x01" + mine) == lines[0] + b"\n"
    assert keys.begun_by(b"\x16\x03\x01" + mine) == b""


def test_secrets_that_come_behind_the_hello_are_given_when_they_come() -> None:
    keys = _Keys()
    assert keys.begun_by(b"\x16\x03\x01" + bytes(32)) == b""
    line = b"CLIENT_RANDOM " + b"00" * 32 + b" aa"
    assert keys.found(line) == line + b"\n"


def test_a_file_appears_once_it_is_whole_and_nothing_else_is_left(holed: Path, tmp_path: Path) -> None:
    read = oa.read(holed)
    holed.write_bytes(holed.read_bytes() + pcap([Captured(1, ethernet(b""))])[24:])
    into = tmp_path / "x.pcapng"
    with pytest.raises(reading.SourceError, match="changed"):
        read.packets("1.1", into=into)
    assert list(tmp_path.iterdir()) == [holed]


def test_an_input_is_not_overwritten(holed: Path) -> None:
    before = holed.read_bytes()
    with pytest.raises(ValueError, match="is an input"):
        oa.read(holed).packets("1.1", into=holed)
    assert holed.read_bytes() == before


def test_an_archive_that_is_an_input_is_not_overwritten(holed: Path, tmp_path: Path) -> None:
    archive = tmp_path / "a.zip"
    archive.write_bytes(zipped({"a.pcap": holed.read_bytes()}))
    with pytest.raises(ValueError, match="is an input"):
        oa.read(archive).packets("1.1", into=archive)


def test_an_unknown_connection_is_answered_by_those_there_are(holed: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyError, match=r"called 9; there are: 1\.1"):
        oa.read(holed).packets("9", into=tmp_path / "x.pcapng")
