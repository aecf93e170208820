from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from analyzer.wire.icmp import Report, report
from analyzer.wire.link import ICMP, ICMPV6, Datagram
from tests.wire.packets import ACK, CLIENT, SERVER, START, SYN, Packet, icmp

SENT = Packet(START, CLIENT, SERVER, 1, 0, SYN)
SENT6 = Packet(START, ("fe80::7", 40_000), ("2001:db8::1", 9000), 1, 0, ACK)
ROUTER = "10.0.0.254"


def told(data: bytes, protocol: int = ICMP) -> Report | None:
    return report(Datagram(5, START, protocol, ROUTER, "10.0.0.7", data))


@pytest.mark.parametrize(
    ("kind", "code", "mtu", "detail", "final"),
    [
        (3, 1, 0, "host unreachable (type 3, code 1) from 10.0.0.254", True),
        (3, 3, 0, "port unreachable (type 3, code 3) from 10.0.0.254", True),
        (3, 99, 0, "destination unreachable (type 3, code 99) from 10.0.0.254", True),
        (3, 4, 1400, "fragmentation needed (type 3, code 4) from 10.0.0.254, next-hop MTU 1400", False),
        (3, 4, 0, "fragmentation needed (type 3, code 4) from 10.0.0.254", False),
        (11, 0, 0, "time to live exceeded in transit (type 11, code 0) from 10.0.0.254", False),
    ],
)
def test_an_error_tells_whose_packet_failed_and_why(
    *, kind: int, code: int, mtu: int, detail: str, final: bool
) -> None:
    assert told(icmp(kind, code, SENT, mtu=mtu)) == Report(5, START, ROUTER, *CLIENT, *SERVER, detail, final)


@pytest.mark.parametrize(
    ("kind", "code", "mtu", "words"),
    [
        (1, 0, 0, "no route to the destination (type 1, code 0) from"),
        (2, 0, 1280, "packet too big (type 2, code 0) from 10.0.0.254, next-hop MTU 1280"),
        (3, 0, 0, "hop limit exceeded in transit (type 3, code 0) from"),
    ],
)
def test_an_error_of_ipv6_tells_the_same(kind: int, code: int, mtu: int, words: str) -> None:
    found = told(icmp(kind, code, SENT6, mtu=mtu), ICMPV6)
    assert found is not None
    assert (found.source, found.destination_port, found.final) == ("fe80::7", 9000, kind == 1)
    assert found.detail.startswith(words)


@pytest.mark.parametrize(("kind", "protocol"), [(8, ICMP), (0, ICMP), (5, ICMP), (128, ICMPV6), (135, ICMPV6)])
def test_a_message_that_is_no_error_of_a_path_is_none(kind: int, protocol: int) -> None:
    assert told(icmp(kind, 0, SENT), protocol) is None


def test_an_error_about_another_protocol_or_one_that_is_cut_is_none() -> None:
    whole = icmp(3, 1, SENT)
    assert told(whole[:17] + b"\x11" + whole[18:]) is None
    assert [cut for cut in range(len(whole) - 4) if told(whole[:cut]) is not None] == []


@given(st.binary(max_size=80), st.sampled_from([ICMP, ICMPV6]))
def test_any_bytes_raise_nothing(data: bytes, protocol: int) -> None:
    told(data, protocol)
    told(b"\3\1" + data, protocol)
