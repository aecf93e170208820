from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from analyzer.reports.conversation import render
from analyzer.sources import reading
from analyzer.sources.events import Control, Disconnected, Message
from tests.manuals import tables
from tests.reports.golden import assert_golden
from tests.reports.strangers import STRINGS, harmful
from tests.reports.test_trace import EIGHT, taken
from tests.wire.packets import capture, conversation

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

STORY = """
    07:59:59 CP1 * lookup name=csms.example client=10.0.0.7 server=10.0.0.53 status=NOERROR addresses=10.0.0.1
    08:00:00 CP1 + ocpp1.6 client=10.0.0.7 client_port=40000 server=10.0.0.1 tls_version=1.2 cipher=TLS_RSA_WITH_AES_128_GCM_SHA256 round_trip=0.025 segments=12 retransmissions=1
    08:00:00 CP1 * certificate by csms subject=CN%3Dcsms.example issuer=CN%3DTest key=RSA%202048 start=2026-01-01T00:00:00 end=2027-01-01T00:00:00
    08:00:01 CP1 > BootNotification {"chargePointVendor": "Example", "chargePointModel": "AC22"}
    08:00:01.100 CP1 < = {"currentTime": "2026-01-01T08:00:01Z", "interval": 60, "status": "Accepted"}
    08:00:01.300 CP1 * retransmission by csms bytes=98
    08:00:05 CP1 > ping
    08:00:05.020 CP1 < pong
    08:00:30 CP1 < Reset {"type": "Soft"}
    08:00:31 CP1 > ! NotSupported "no soft reset"
    08:00:40 CP1 * zero_window by station
    08:00:41 CP1 * issue by station kind=unmasked_client count=3
    08:01:00 CP1 * record by station bytes=150
    08:05:00 CP1 - 1011 by csms "server error"
"""


def lines(base: dict[str, pa.Table], name: str = "1.1", width: int | None = None) -> list[str]:
    return list(render(base, name, width))


def test_all_that_is_known_of_a_connection_is_told_in_order_of_time() -> None:
    assert_golden("conversation.txt", "\n".join(lines(tables(STORY))) + "\n")


def test_a_captured_connection_shows_its_packets_its_transport_and_its_hole(tmp_path: Path) -> None:
    packets = conversation(8).packets
    (tmp_path / "a.pcap").write_bytes(capture([*packets[:9], *packets[10:]]))
    base = reading.read(str(tmp_path / "a.pcap"))
    assert_golden("conversation.capture.txt", "\n".join(lines(base)).replace(f"{tmp_path}/", "") + "\n")


def test_a_hole_is_told_once(tmp_path: Path) -> None:
    packets = conversation(8).packets
    (tmp_path / "a.pcap").write_bytes(capture([*packets[:9], *packets[10:]]))
    assert sum("hole," in line for line in lines(reading.read(str(tmp_path / "a.pcap")))) == 1


def test_a_sample_reads_as_its_user_would_read_it(samples: Path) -> None:
    told = "\n".join(lines(reading.read(str(samples / "deadline.pcap.gz")), "1.17"))
    assert_golden("conversation.deadline.txt", told.replace(f"{samples}/", "") + "\n")


def test_a_narrow_terminal_cuts_the_long_lines_and_no_others() -> None:
    whole, cut = lines(tables(STORY)), lines(tables(STORY), width=80)
    assert max(map(len, cut)) == 80
    for line, short in zip(whole, cut, strict=True):
        assert short == line if len(line) <= 80 else short == line[:79] + "…"


def test_of_some_actions_the_messages_alone_are_told() -> None:
    told = list(render(tables(STORY), "1.1", None, ["Reset"]))
    assert [line.partition("Reset")[1] for line in told[-2:]] == ["Reset"] * 2
    assert not any("BootNotification" in line or "ping" in line for line in told)


def test_other_connections_are_not_told_of() -> None:
    base = tables("08:00:00 CP1 + ocpp1.6\n08:00:01 CP2 + ocpp1.6\n08:00:02 CP2 > Heartbeat\n08:00:03 CP1 > ping")
    assert not any("Heartbeat" in line for line in lines(base, "1.1"))


def test_a_name_that_no_connection_has_is_answered_by_those_there_are() -> None:
    with pytest.raises(KeyError, match=r"called 7; there are: 1\.1 \(CP1 2026-01-01 08:00:00\)"):
        lines(tables(STORY), "7")


@pytest.mark.parametrize(
    ("end", "told"),
    [
        ("- timeout by middle", "ended: timeout by something between"),
        ("- lost", "ended: lost"),
    ],
)
def test_an_end_that_no_packet_tells_is_told(end: str, told: str) -> None:
    assert lines(tables(f"08:00:00 CP1 + ocpp1.6\n08:00:01 CP1 > Heartbeat\n08:00:02 CP1 {end}"))[-1].endswith(told)


def test_a_refused_attempt_has_its_status_and_its_end() -> None:
    told = lines(tables("08:00:00 CP1 x 401 path=/ocpp/CP1"))
    assert "  upgrade   /ocpp/CP1 · HTTP 401" in told
    assert told[-1].endswith("ended: refused by the CSMS")


def test_secrets_stay_concealed() -> None:
    told = lines(tables('08:00:00 CP1 > Authorize {"idTag": "04A1B2C3D4"}'))
    assert not any("04A1B2C3D4" in line for line in told)


def test_what_has_no_time_is_told_in_its_order() -> None:
    base = taken([Control(None, "CP1", "up", "ping", 1), Control(None, "CP1", "down", "pong", 2)])
    assert [line.split()[-1] for line in lines(base)[-2:]] == ["ping", "pong"]


@pytest.mark.parametrize("text", STRINGS)
def test_a_string_of_a_stranger_stays_in_its_line(text: str) -> None:
    payload = json.dumps([2, text, text, {text: text}], ensure_ascii=False)
    end = Disconnected(EIGHT + 1, text, 2, "close", "csms", 1000, text)
    for line in lines(taken([Message(EIGHT, text, "up", payload, 1), end])):
        assert not harmful(line)
        assert len(line.splitlines()) <= 1
