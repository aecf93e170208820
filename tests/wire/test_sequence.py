from __future__ import annotations

import io

from analyzer.wire.problems import Problem
from analyzer.wire.records import Record
from analyzer.wire.sequence import Sequence
from tests.wire.packets import START, Captured, pcap

FILES = [
    pcap([Captured(START, b"one"), Captured(START + 5, b"two"), Captured(START + 4, b"three")]),
    pcap([Captured(START + 9, b"four")])[:-1],
    b"no capture",
    pcap([Captured(START + 20, b"five")]),
]


def test_packets_are_numbered_on_and_lead_back_to_their_files() -> None:
    asked: list[int | None] = []
    rest = [io.BytesIO(data) for data in FILES]

    def following(last: int | None) -> io.BytesIO | None:
        asked.append(last)
        return rest.pop(0) if rest else None

    sequence = Sequence(rest.pop(0), following)
    items = list(sequence.records())
    before = [part.before for part in sequence.parts]
    assert [(each.number, each.data) for each in items if isinstance(each, Record)] == [
        (1, b"one"),
        (2, b"two"),
        (3, b"three"),
        (before[3] + 1, b"five"),
    ]
    assert [(each.kind, each.packet) for each in items if isinstance(each, Problem)] == [
        ("truncated", before[1] + 1),
        ("not_a_capture", before[2]),
    ]
    assert before == sorted(set(before))
    assert before[0] == 0
    assert asked == [START + 4, None, None, START + 20]


def test_each_file_has_its_own_account() -> None:
    rest = [io.BytesIO(FILES[3])]
    sequence = Sequence(io.BytesIO(FILES[0]), lambda _: rest.pop() if rest else None)
    list(sequence.records())
    told = [(part.packets, part.bytes, part.first_ts, part.last_ts) for part in sequence.parts]
    assert told == [(3, 11, START, START + 5), (1, 4, START + 20, START + 20)]


def test_a_file_alone_keeps_its_numbers() -> None:
    sequence = Sequence(io.BytesIO(FILES[1]))
    assert [item.packet for item in sequence.records() if isinstance(item, Problem)] == [1]
    assert [part.before for part in sequence.parts] == [0]
