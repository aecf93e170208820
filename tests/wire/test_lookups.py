from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from analyzer.wire import lookups
from analyzer.wire.items import WireLookup
from analyzer.wire.link import UDP, Datagram
from analyzer.wire.lookups import RETRY, Lookups
from analyzer.wire.problems import Problem
from tests.wire.packets import START, answer, question, udp

if TYPE_CHECKING:
    from collections.abc import Iterable

CHARGER, RESOLVER, NAME = "10.0.0.7", "10.0.0.53", "csms.example"


def asked(
    at: float, *, identity: int = 7, port: int = 5000, name: str = NAME, kind: int = 1, by: str = CHARGER
) -> Datagram:
    ts = START + round(at * 1e6)
    return Datagram(1, ts, UDP, by, RESOLVER, udp(question(name, identity=identity, kind=kind), port, 53))


def answered(at: float, *addresses: str, identity: int = 7, port: int = 5000, status: int = 0) -> Datagram:
    ts = START + round(at * 1e6)
    data = udp(answer(NAME, *addresses, identity=identity, status=status), 53, port)
    return Datagram(2, ts, UDP, RESOLVER, CHARGER, data)


def taken(datagrams: Iterable[Datagram]) -> list[WireLookup | Problem]:
    found = Lookups()
    for each in datagrams:
        found.take(each)
    return list(found.finish())


def rows(*datagrams: Datagram) -> list[tuple[int, str | None]]:
    return [(row.tries, row.status) for row in taken(datagrams) if isinstance(row, WireLookup)]


def test_a_lookup_is_a_question_with_its_answer() -> None:
    (row,) = taken([asked(0), answered(0.03, "10.0.0.1")])
    assert row == WireLookup(START, 1, CHARGER, RESOLVER, NAME, "A", 1, START + 30_000, "NOERROR", ("10.0.0.1",), 300)


def test_a_question_that_is_asked_again_is_one_lookup_of_several_tries() -> None:
    again = [asked(0), asked(5), asked(10, identity=9, port=5001)]
    assert rows(*again) == [(3, None)]
    assert rows(*again, answered(10.1, identity=9, port=5001)) == [(3, "NOERROR")]
    assert rows(*again, answered(10.1)) == [(3, "NOERROR")]


def test_after_an_answer_or_long_after_the_first_try_it_is_another_lookup() -> None:
    assert rows(asked(0), answered(0.1, status=2), asked(1), answered(1.1, status=3)) == [
        (1, "SERVFAIL"),
        (1, "NXDOMAIN"),
    ]
    assert rows(asked(0), asked(RETRY / 1e6)) == [(2, None)]
    assert rows(asked(0), asked(RETRY / 1e6 + 0.1)) == [(1, None), (1, None)]


def test_a_question_captured_twice_is_asked_once() -> None:
    assert rows(asked(0), asked(0.0005), answered(0.1), answered(0.1005)) == [(1, "NOERROR")]


@pytest.mark.parametrize("other", [{"kind": 28}, {"name": "ntp.example"}, {"by": "10.0.0.8"}])
def test_another_question_or_client_is_another_lookup(other: dict[str, object]) -> None:
    assert rows(asked(0), asked(1, **other)) == [(1, None), (1, None)]  # type: ignore[arg-type]


def test_an_answer_that_nobody_asked_for_answers_nothing() -> None:
    assert rows(asked(0), answered(0.1, identity=8), answered(0.1, port=5001)) == [(1, None)]
    assert rows(answered(0.1)) == []


def test_lookups_beyond_the_limit_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookups, "MAX_LOOKUPS", 3)
    *kept, told = taken(asked(number, name=f"host{number}.example") for number in range(10))
    assert len(kept) == 3
    assert isinstance(told, Problem)
    assert (told.kind, told.count) == ("lookups_not_kept", 7)


def test_of_very_many_tries_the_last_ones_can_be_answered() -> None:
    tries = [asked(number / 100, identity=number) for number in range(1000)]
    assert rows(*tries, answered(10, identity=999)) == [(1000, "NOERROR")]
    assert rows(*tries, answered(10, identity=0)) == [(1000, None)]


def test_what_is_no_message_of_the_dns_is_passed_over() -> None:
    assert rows(*(Datagram(1, START, UDP, CHARGER, RESOLVER, bytes(size)) for size in range(40))) == []
