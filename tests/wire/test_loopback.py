"""What a real system sends, captured on its loopback: skipped where nobody may capture there."""

from __future__ import annotations

import os
import shutil
import socket
import struct
import subprocess
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from analyzer.wire.conversations import Connection, Item, WireLookup, WireTransport
from tests.wire.packets import answer, frame, question
from tests.wire.reading import connections, read

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("tcpdump") is None, reason="tcpdump and the right to capture are needed"
)
REQUEST = (
    b"GET /ocpp/CP1 HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Protocol: ocpp1.6\r\n\r\n"
)
LINGER_AND_RESET = struct.pack("ii", 1, 0)
KERNEL_LINGERS = 0.7
"""Seconds after which tcpdump has what the kernel still held."""


@contextmanager
def captured(path: Path, expression: str) -> Iterator[None]:
    command = ["tcpdump", "-i", "lo", "-U", "--immediate-mode", "-Z", "root", "-w", str(path), expression]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as tcpdump:
        assert tcpdump.stderr is not None
        while "listening on" not in (line := tcpdump.stderr.readline()):
            if not line:
                pytest.skip("tcpdump may not capture here")
        try:
            yield
        finally:
            time.sleep(KERNEL_LINGERS)
            tcpdump.terminate()
            tcpdump.communicate()


def of(port: int, path: Path) -> tuple[Connection, list[WireTransport]]:
    """The one connection to a port, and what its transport told."""
    items: list[Item] = read(path.read_bytes(), ports=frozenset({port}))
    (connection,) = connections(items)
    return connection, [item for item in items if isinstance(item, WireTransport)]


def test_a_closed_port_refuses_an_attempt(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with captured(tmp_path / "closed.pcap", f"tcp port {port}"), pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
    connection, told = of(port, tmp_path / "closed.pcap")
    assert (connection.end_kind, connection.end_side, connection.round_trip) == ("port_closed", "csms", None)
    assert [event.kind for event in told] == ["syn", "rst"]


def test_a_receiver_that_reads_nothing_closes_its_window_and_a_reset_is_the_clients_own(tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        with captured(tmp_path / "window.pcap", f"tcp port {port}"):
            client = socket.create_connection(("127.0.0.1", port))
            server, _ = listener.accept()
            client.sendall(REQUEST)
            client.settimeout(0.4)
            with pytest.raises(TimeoutError):
                client.sendall(frame(b"x" * 1000, opcode=2, mask=bytes(4)) * 10_000)
            server.settimeout(0.2)
            with suppress(TimeoutError):
                while server.recv(1 << 20):
                    pass
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_AND_RESET)
            client.close()
            server.close()
    connection, told = of(port, tmp_path / "window.pcap")
    closed = [event for event in told if event.kind == "zero_window"]
    assert {event.from_station for event in closed} == {False}
    assert max(event.duration or 0 for event in closed) >= 0.3
    assert (connection.end_kind, connection.end_side) == ("rst", "station")
    assert connection.round_trip is not None
    assert 0 < connection.round_trip < 0.1
    assert connection.segments > 3


def test_a_name_is_looked_up_on_the_second_try(tmp_path: Path) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as resolver, socket.socket(type=socket.SOCK_DGRAM) as client:
        try:
            resolver.bind(("127.0.0.77", 53))
        except OSError:
            pytest.skip("the port of the DNS is taken")
        with captured(tmp_path / "dns.pcap", "udp port 53 and host 127.0.0.77"):
            for _ in range(2):
                client.sendto(question("csms.example"), ("127.0.0.77", 53))
                _, asker = resolver.recvfrom(512)
                time.sleep(0.05)
            resolver.sendto(answer("csms.example", "192.0.2.1"), asker)
    (row,) = [item for item in read((tmp_path / "dns.pcap").read_bytes()) if isinstance(item, WireLookup)]
    assert (row.name, row.tries, row.status, row.addresses) == ("csms.example", 2, "NOERROR", ("192.0.2.1",))
    assert row.answered is not None
    assert row.answered > row.ts
