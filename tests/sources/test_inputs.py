from __future__ import annotations

import gzip
import io
import itertools
import random
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings, strategies as st

import analyzer as oa
from analyzer import schema
from analyzer.sources.inputs import inspect
from analyzer.sources.reading import SourceError
from analyzer.sources.rotated import MAX_BREAK, MAX_OVERLAP
from tests.sources.archives import COMPRESSIONS, zipped
from tests.wire.packets import (
    CLIENT,
    START,
    SYN,
    Captured,
    Packet,
    Talk,
    capture,
    conversation,
    enhanced,
    ethernet,
    interface,
    ip,
    section,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PLACES = {"source", "origin", "end_origin", "end_source", "answer_source", "answer_origin"}
SECOND = 1_000_000
EDITCAP = shutil.which("editcap")


def placeless(found: oa.Capture, name: str) -> list[dict[str, object]]:
    table = found.tables[name]
    made: list[dict[str, object]] = table.drop([each for each in table.column_names if each in PLACES]).to_pylist()
    return made


def assert_same(found: oa.Capture, whole: oa.Capture) -> None:
    for name in set(whole.tables) - {"sources"}:
        assert placeless(found, name) == placeless(whole, name), name
    told = [capture_.check().table.drop(["evidence"]).to_pylist() for capture_ in (found, whole)]
    assert sorted(map(str, told[0])) == sorted(map(str, told[1]))


def written(folder: Path, parts: Sequence[Sequence[Packet]]) -> list[Path]:
    """Parts of a set as files, in their order."""
    folder.mkdir(exist_ok=True)
    paths = [folder / f"part{number}.pcap" for number in range(len(parts))]
    for path, packets in zip(paths, parts, strict=True):
        path.write_bytes(capture(list(packets)))
    return paths


def slow(client: tuple[str, int] = CLIENT) -> list[Packet]:
    """A conversation that takes longer than files may overlap."""
    return [packet._replace(ts=START + 10 * (packet.ts - START)) for packet in conversation(60, client=client).packets]


def halves(at: int, shift: int = 0) -> list[list[Packet]]:
    """A conversation in two parts, the second one that much later."""
    packets = slow()
    return [packets[:at], [packet._replace(ts=packet.ts + shift) for packet in packets[at:]]]


def read(*paths: Path) -> oa.Capture:
    return oa.read(*paths)


@pytest.mark.skipif(EDITCAP is None, reason="editcap is not installed")
@pytest.mark.parametrize("name", ["healthy.pcap", "intervals.pcap", "deadline.pcap.gz", "meter_faults.pcap"])
@pytest.mark.parametrize("size", [40, 150])
def test_a_set_cut_by_editcap_is_read_like_the_whole_in_any_order(
    name: str, size: int, samples: Path, tmp_path: Path
) -> None:
    subprocess.run([str(EDITCAP), "-c", str(size), samples / name, tmp_path / "part.pcapng"], check=True)
    parts = sorted(tmp_path.iterdir())
    shuffled = random.Random(size).sample(parts, len(parts))
    found, whole = read(*shuffled), oa.read(samples / name)
    assert_same(found, whole)
    order = {str(path): number for number, path in enumerate(parts)}
    for one, other in zip(
        found.base["messages"].to_pylist(), whole.base["messages"].to_pylist(), strict=True
    ):  # the packet of each message is the one of the whole capture, counted within its file
        assert order[one["source"]] * size + one["origin"] == other["origin"]
    rows = found.base["sources"].to_pylist()
    assert sum(row["records"] for row in rows) == whole.base["sources"]["records"].to_pylist()[0]
    assert sum(row["messages"] for row in rows) == whole.base["messages"].num_rows
    assert {row["sequence"] for row in rows} == {str(parts[0])}


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(1, 300), min_size=1, max_size=4, unique=True), st.randoms(use_true_random=False))
def test_wherever_a_capture_is_cut_its_parts_are_read_like_the_whole(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[int], rng: random.Random
) -> None:
    folder = tmp_path_factory.mktemp("set")
    packets = conversation(120, size=50).packets
    bounds = [0, *sorted(cuts), len(packets)]
    parts = written(folder, [packets[a:b] for a, b in itertools.pairwise(bounds)])
    (whole,) = written(folder / "whole", [packets])
    rng.shuffle(parts)
    found, alone = read(*parts), read(whole)
    for name in schema.names("base"):
        if name != "sources":
            assert placeless(found, name) == placeless(alone, name)


def test_a_message_whose_bytes_are_in_two_files_is_found_in_the_second(tmp_path: Path) -> None:
    talk = Talk(size=30)
    talk.handshake()
    talk.upgrade("/ocpp/CP1")
    talk.text(True, '[2,"1","DataTransfer",{"vendorId":"' + "v" * 200 + '"}]')
    parts = written(tmp_path, [talk.packets[:-4], talk.packets[-4:]])
    (message,) = read(*parts[::-1]).base["messages"].to_pylist()
    assert (message["source"], message["station"], message["origin"]) == (str(parts[1]), "CP1", 3)


def test_the_end_of_a_connection_has_its_own_file(tmp_path: Path) -> None:
    talk = conversation(40)
    talk.close()
    parts = written(tmp_path, [talk.packets[:50], talk.packets[50:]])
    (connection,) = read(*parts).base["connections"].to_pylist()
    assert (connection["source"], connection["origin"]) == (str(parts[0]), 4)
    assert (connection["end_source"], connection["end_origin"]) == (str(parts[1]), len(talk.packets) - 50 - 2)


def test_unencrypted_connections_of_a_set_are_counted_once(tmp_path: Path) -> None:
    parts = written(tmp_path, [conversation(90).packets[at : at + 60] for at in range(0, 180, 60)])
    (finding,) = read(*parts).check(select=["SC01"]).table.to_pylist()
    assert finding["count"] == 1


@pytest.mark.parametrize(
    ("shift", "together"),
    [(0, True), (MAX_BREAK - SECOND, True), (MAX_BREAK + SECOND, False), (-2 * MAX_OVERLAP, False)],
)
def test_files_go_on_after_a_break_that_is_short_enough(shift: int, tmp_path: Path, *, together: bool) -> None:
    found = read(*written(tmp_path, halves(60, shift)))
    assert found.base["connections"].num_rows == (1 if together else 2)
    assert found.base["sources"]["sequence"].null_count == (0 if together else 2)


def test_packets_out_of_order_at_the_border_do_not_keep_files_apart(tmp_path: Path) -> None:
    packets = conversation(60).packets
    packets[59], packets[60] = packets[60], packets[59]
    assert read(*written(tmp_path, [packets[:60], packets[60:]])).base["connections"].num_rows == 1


def test_of_two_sets_at_the_same_time_each_goes_on_by_its_name(tmp_path: Path) -> None:
    packets = slow()
    other = [packet._replace(ts=packet.ts + 1234) for packet in slow(("10.0.0.9", 50_000))]
    paths = []
    for name, each in (("east", packets), ("west", other)):
        for number, part in enumerate((each[:60], each[60:])):
            paths.append(tmp_path / f"{name}_{number}.pcap")
            paths[-1].write_bytes(capture(part))
    found = read(*paths[::-1])
    assert found.base["connections"].num_rows == 2
    assert sorted(map(str, found.base["sources"]["sequence"].to_pylist())) == sorted(
        map(str, [paths[0], paths[0], paths[2], paths[2]])
    )


def test_formats_and_compressions_of_a_set_may_differ(tmp_path: Path) -> None:
    packets = conversation(60).packets
    ng = section() + interface() + b"".join(enhanced(Captured(p.ts, ethernet(ip(p)))) for p in packets[30:70])
    paths = [tmp_path / name for name in ("a.pcap.gz", "b.pcapng.zst", "c.pcap")]
    paths[0].write_bytes(gzip.compress(capture(packets[:30])))
    paths[1].write_bytes(COMPRESSIONS["zst"](ng))
    paths[2].write_bytes(capture(packets[70:]))
    (whole,) = written(tmp_path / "whole", [packets])
    assert_same(read(*paths[::-1]), read(whole))


def test_members_of_an_archive_may_be_a_set(tmp_path: Path) -> None:
    parts = written(tmp_path, halves(60))
    path = tmp_path / "night.zip"
    path.write_bytes(zipped({each.name: each.read_bytes() for each in parts[::-1]}))
    found = read(path)
    assert_same(found, read(*parts))
    assert found.base["sources"]["source"].to_pylist() == [f"{path}/part0.pcap", f"{path}/part1.pcap"]


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("kind", ["the same", "a copy", "gz", "pcapng"])
def test_a_copy_of_a_part_of_a_set_is_counted_once(which: int, kind: str, tmp_path: Path) -> None:
    packets = halves(60)
    parts = written(tmp_path, packets)
    copy = tmp_path / "copy"
    if kind == "the same":
        copy = parts[which]
    elif kind == "pcapng":
        blocks = (enhanced(Captured(p.ts, ethernet(ip(p)))) for p in packets[which])
        copy.write_bytes(section() + interface() + b"".join(blocks))
    else:
        data = parts[which].read_bytes()
        copy.write_bytes(gzip.compress(data) if kind == "gz" else data)
    found, once = read(*parts, copy), read(*parts)
    assert found.base["messages"].to_pylist() == once.base["messages"].to_pylist()
    (issue,) = found.base["issues"].to_pylist()
    count = once.base["messages"]["source"].to_pylist().count(str(parts[which]))
    assert (issue["kind"], issue["count"], issue["source"]) == ("repeated_input", count, str(copy))
    assert found.base["sources"].num_rows == 3
    assert not found.damaged


def test_a_set_given_whole_and_in_parts_is_counted_once(tmp_path: Path) -> None:
    parts = written(tmp_path, halves(60))
    (whole,) = written(tmp_path / "whole", [slow()])
    for order in ([whole, *parts], [*parts, whole]):
        found = read(*order)
        assert found.base["messages"].num_rows == 60
        assert found.base["issues"]["kind"].to_pylist() == ["repeated_input"]


def test_pipes_are_read_by_themselves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = written(tmp_path, halves(60))
    piped = io.BytesIO(parts[1].read_bytes())
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BufferedReader(piped)))
    found = oa.read(parts[0], "-")
    assert found.base["connections"].num_rows == 2
    assert found.base["messages"].num_rows >= 59


def test_a_part_that_is_cut_is_damage_of_its_own(tmp_path: Path) -> None:
    parts = written(tmp_path, halves(60))
    packed = gzip.compress(parts[0].read_bytes())
    parts[0].write_bytes(packed[:-300])
    found = read(*parts)
    assert found.base["sources"]["sequence"].null_count == 0
    (issue,) = [row for row in found.base["issues"].to_pylist() if row["kind"] != "hole"]
    assert (issue["kind"], issue["source"], issue["damage"]) == ("unreadable", str(parts[0]), True)


@pytest.mark.parametrize("kind", COMPRESSIONS)
def test_a_compressed_capture_cut_anywhere_gives_its_first_packets_and_one_issue(kind: str, tmp_path: Path) -> None:
    packets = conversation(60).packets
    packed = COMPRESSIONS[kind](capture(packets))
    path = tmp_path / "a.pcap"
    path.write_bytes(packed)
    whole = read(path).base["messages"].drop(["connection"]).to_pylist()
    for end in range(len(packed) // 10, len(packed), len(packed) // 10):
        path.write_bytes(packed[:end])
        found = read(path)
        issues = [row["kind"] for row in found.base["issues"].to_pylist() if row["damage"]]
        assert "truncated" not in issues
        assert issues.count("unreadable") == 1
        assert [row["id"] for row in found.base["messages"].to_pylist()] == [
            row["id"] for row in whole[: found.base["messages"].num_rows]
        ]


def test_comments_and_losses_that_a_capture_tells_of_are_issues(tmp_path: Path) -> None:
    talk = conversation(20)
    packets = [Captured(p.ts, ethernet(ip(p))) for p in talk.packets]
    said = b"\1\0\7\0reboot!\0\4\0\x08\0" + (3).to_bytes(8, "little")
    path = tmp_path / "a.pcapng"
    path.write_bytes(
        section() + interface() + b"".join(enhanced(p, options=said * (n == 9)) for n, p in enumerate(packets))
    )
    issues = [
        (row["kind"], row["origin"], row["damage"], row["count"]) for row in read(path).base["issues"].to_pylist()
    ]
    assert sorted(issues) == [("comment", 10, False, 1), ("dropped_packets", 10, True, 3)]


def test_an_outage_that_nobody_watched_between_two_files_is_none(tmp_path: Path) -> None:
    first, later = conversation(30), conversation(30, client=("10.0.0.7", 40_001))
    for shift, outages in ((120 * SECOND, 0), (20 * SECOND, 1)):
        moved = [packet._replace(ts=packet.ts + first.ts - later.packets[0].ts + shift) for packet in later.packets]
        found = read(*written(tmp_path, [first.packets, moved]))
        assert found.base["sources"]["sequence"].null_count == 0
        assert found.tables["outages"].num_rows == outages


def test_a_set_without_messages_is_told_once(tmp_path: Path) -> None:
    talk = Talk()
    for _ in range(20):
        talk.send(True, flags=SYN)
    parts = written(tmp_path, [talk.packets[:10], talk.packets[10:]])
    (issue,) = read(*parts).base["issues"].to_pylist()
    assert issue["detail"].startswith(f"{parts[0]} and 1 more of its set (capture, 20 records) holds no OCPP message")


def test_what_each_member_of_an_archive_may_be_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(zipped({"x.pcap": capture(slow()), "readme": b"hello"})[:-5])
    taken = [(name.removeprefix(str(path)), [each.name for each in found]) for name, found in inspect(str(path))]
    assert taken == [("/x.pcap", ["capture"]), ("/readme", []), ("", [])]


def test_a_path_that_cannot_be_opened_is_an_error_of_one_line(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing"):
        for function in (lambda name: list(inspect(name)), oa.read):
            with pytest.raises(SourceError) as error:
                function(str(path))
            assert len(str(error.value).splitlines()) == 1
