"""The command line of OpenSSL as two peers on the loopback, for what Python's ssl cannot be made to do."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import threading
import time
from typing import TYPE_CHECKING

from tests.wire.tls.peers import Chunk, identity

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATIENCE = 10.0
"""Seconds in which a peer must have done something."""
REST = 0.15
"""Seconds without a byte after which a peer is taken to have said all."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def server(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """`openssl s_server`, listening."""
    pem, port = folder / "server.pem", free_port()
    pem.write_bytes(identity("ec"))
    command = ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", str(pem), *options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        _await(process, b"ACCEPT")
        yield process, port
        process.kill()


class Wiretap:
    """Passes on one connection to a port, and keeps what was said."""

    def __init__(self, port: int) -> None:
        self.chunks: list[Chunk] = []
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._last = time.monotonic()

    def rest(self) -> None:
        """Wait until nobody speaks."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < min(end, self._last + REST):
            time.sleep(REST / 5)

    def close(self) -> None:
        self._thread.join(PATIENCE)
        self._listener.close()

    def _run(self) -> None:
        client, _ = self._listener.accept()
        with client, socket.create_connection(("127.0.0.1", self._target)) as target:
            back = threading.Thread(target=self._pass, args=(target, client), daemon=True)
            back.start()
            self._pass(client, target)
            back.join(PATIENCE)

    def _pass(self, source: socket.socket, sink: socket.socket) -> None:
        from_client = sink.getpeername()[1] == self._target
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                with self._lock:
                    self.chunks.append(Chunk(from_client, data))
                self._last = time.monotonic()
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def client(port: int, *options: str) -> Iterator[tuple[subprocess.Popen[bytes], Wiretap]]:
    """`openssl s_client` with a wiretap between it and the port."""
    tap = Wiretap(port)
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{tap.port}", "-servername", "csms.example", *options]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        time.sleep(REST)
        tap.rest()
        yield process, tap
        assert process.stdin
        with contextlib.suppress(OSError):
            process.stdin.close()
        process.kill()
    tap.close()


def type_in(process: subprocess.Popen[bytes], text: str, tap: Wiretap) -> None:
    """Type a line, and wait until what it causes was said."""
    assert process.stdin
    process.stdin.write(text.encode() + b"\n")
    process.stdin.flush()
    time.sleep(REST)
    tap.rest()


def _await(process: subprocess.Popen[bytes], text: bytes) -> None:
    assert process.stdout
    for line in process.stdout:
        if text in line:
            return
    raise RuntimeError("openssl did not start")
