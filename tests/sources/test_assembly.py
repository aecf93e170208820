from __future__ import annotations

import pytest

from analyzer.sources import exchange
from analyzer.sources.assembly import Assembly

OLD_BOOT = '[2,"1","BootNotification",{"chargePointVendor":"E","chargePointModel":"A"}]'
BOOT = '[2,"1","BootNotification",{"chargingStation":{"model":"A","vendorName":"E"},"reason":"PowerUp"}]'
ONLY_IN_21 = '[2,"2","NotifySettlement",{}]'
ONLY_SINCE_201 = '[2,"3","TransactionEvent",{}]'
ONLY_IN_16 = '[2,"4","StopTransaction",{}]'


def version(*said: str, **connection: object) -> object:
    """The version that the table tells of a connection with these columns, on which this was said."""
    made = Assembly("a.pcap", "1")
    number = made.connect("CP1", 0, 1, **connection)
    for text in said:
        made.message(number, 0, "up", text, 1)
    (row,) = made.tables({})["connections"].to_pylist()
    return row["version"]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ((), None),
        ((OLD_BOOT,), "1.6"),
        ((BOOT,), "2.0.1"),
        ((BOOT, ONLY_IN_21), "2.1"),
        ((ONLY_SINCE_201, ONLY_IN_21, BOOT, ONLY_SINCE_201), "2.1"),
        ((OLD_BOOT, ONLY_IN_21), "1.6"),
        ((ONLY_IN_21, ONLY_IN_16), "2.1"),
    ],
)
def test_later_messages_raise_a_version_only_from_201_to_21(said: tuple[str, ...], told: str | None) -> None:
    assert version(*said) == told


@pytest.mark.parametrize(
    ("offered", "said", "told"),
    [
        ("ocpp1.6", (), "1.6"),
        (" ocpp2.1 ", (BOOT,), "2.1"),
        ("ocpp2.0.1", (BOOT, ONLY_IN_21), "2.1"),
        ("ocpp1.6", (BOOT,), "2.0.1"),
        ("ocpp2.0.1,ocpp1.6", (), None),
        ("vendor.x", (), None),
        ("", (), None),
    ],
)
def test_a_single_offer_tells_the_version_where_its_answer_was_not_captured(
    offered: str, said: tuple[str, ...], told: str | None
) -> None:
    assert version(*said, offered=offered) == told


@pytest.mark.parametrize("answer", [{"http_status": 401}, {"http_status": 101, "upgraded": 1}, {"upgraded": 1}])
def test_an_offer_tells_nothing_where_it_was_answered(answer: dict[str, object]) -> None:
    assert version(offered="ocpp1.6", **answer) is None


def test_what_the_server_chose_counts_more_than_what_is_said() -> None:
    assert version(ONLY_IN_21, offered="ocpp2.1,ocpp2.0.1", subprotocol="ocpp2.0.1", upgraded=1) == "2.0.1"


def test_a_version_that_is_named_counts_more_than_what_is_said() -> None:
    assert version(BOOT, version="2.1") == "2.1"


def test_the_calls_that_wait_for_an_answer_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "MAX_OPEN_CALLS", 2)
    made = Assembly("a.pcap", "1")
    number = made.connect("CP1", 0, 1)
    for identity in "abc":
        made.message(number, 0, "up", f'[2,"{identity}","Heartbeat",{{}}]', 1)
    for identity in "abc":
        made.message(number, 0, "down", f'[3,"{identity}",{{}}]', 1)
    assert made.column("messages", "action") == ["Heartbeat"] * 3 + [None] + ["Heartbeat"] * 2
