"""Captures the loopback with tcpdump and writes its packets again with stretched times."""

from __future__ import annotations

import gzip
import os
import struct
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from clock import START

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clock import Clock

FILE_HEADER, PACKET_HEADER = struct.Struct("=IHHiIII"), struct.Struct("=IIII")
MICROSECOND_MAGIC = 0xA1B2C3D4
ETHERNET = 1
TCP_FLAGS, RESET = 14 + 20 + 13, 0x04
"""Where the flags stand behind an Ethernet header and an IPv4 header without options (RFC 9293, 3.1)."""
SECRETS, TLS_KEY_LOG = 10, 0x544C534B
"""A decryption secrets block, and its sort that holds the text of a key log (draft-ietf-opsawg-pcapng, 4.7)."""
SECRETS_AT = 12
"""Blocks before it: it stands behind the handshake, where a capture gets it that asks the peers for their secrets."""
SNAP_LENGTH = 262_144
LINGER = 1.0
"""Real seconds in which tcpdump reads what the kernel still holds, or the last close would be missing."""


class Packet(NamedTuple):
    """A captured frame; its time is in microseconds since the epoch."""

    ts: int
    data: bytes


@contextmanager
def captured(port: int, clock: Clock, target: Path) -> Iterator[None]:
    """Captures one port of the loopback while the body runs; the ending of the target says the format."""
    with TemporaryDirectory() as folder:
        raw = Path(folder, "raw.pcap")
        command = ["tcpdump", "-i", "lo", "-U", "--immediate-mode", "-s", "0", "-Z", "root", "-w", str(raw)]
        with subprocess.Popen([*command, f"tcp port {port}"], stderr=subprocess.PIPE, text=True) as tcpdump:
            assert tcpdump.stderr
            while "listening on" not in (line := tcpdump.stderr.readline()):
                if not line:
                    raise RuntimeError("tcpdump did not start; it needs root")
            try:
                yield
            finally:
                time.sleep(LINGER)
                tcpdump.terminate()
                tcpdump.communicate()
        packets = [*_stretched(raw.read_bytes(), clock)]
    if any(_flags(packet.data) & RESET for packet in packets):
        raise RuntimeError(f"{target.name}: a connection was reset, which no story wants: run it again")
    contents = pcapng(packets) if ".pcapng" in target.name else pcap(packets)
    target.write_bytes(gzip.compress(contents, mtime=0) if target.suffix == ".gz" else contents)


def _flags(data: bytes) -> int:
    """The flags of a frame; the header of IPv6 is 20 bytes longer than that of IPv4."""
    return data[TCP_FLAGS + (20 if data[12:14] == b"\x86\xdd" else 0)]


def _stretched(contents: bytes, clock: Clock) -> Iterator[Packet]:
    start = round(START.timestamp() * 1e6)
    magic, *_, link_type = FILE_HEADER.unpack_from(contents)
    assert (magic, link_type) == (MICROSECOND_MAGIC, ETHERNET)
    offset = FILE_HEADER.size
    while offset < len(contents):
        seconds, microseconds, length, _ = PACKET_HEADER.unpack_from(contents, offset)
        offset += PACKET_HEADER.size
        moment = clock.story(seconds + microseconds / 1e6)
        yield Packet(start + round(moment * 1e6), contents[offset : offset + length])
        offset += length


def pcap(packets: list[Packet]) -> bytes:
    """A classic capture file with times in microseconds."""
    parts = [FILE_HEADER.pack(MICROSECOND_MAGIC, 2, 4, 0, 0, SNAP_LENGTH, ETHERNET)]
    for ts, data in packets:
        parts += [PACKET_HEADER.pack(*divmod(ts, 1_000_000), len(data), len(data)), data]
    return b"".join(parts)


def pcapng(packets: list[Packet]) -> bytes:
    """A section header, one interface with the default resolution of a microsecond, and enhanced packet blocks."""
    parts = [_block(0x0A0D0D0A, struct.pack("=IHHq", 0x1A2B3C4D, 1, 0, -1))]
    parts.append(_block(1, struct.pack("=HHI", ETHERNET, 0, SNAP_LENGTH)))
    for ts, data in packets:
        head = struct.pack("=IIIII", 0, ts >> 32, ts & 0xFFFFFFFF, len(data), len(data))
        parts.append(_block(6, head + data + bytes(-len(data) % 4)))
    return b"".join(parts)


def keep_secrets(capture: Path, keys: Path, target: Path) -> None:
    """Writes a pcapng again with the secrets of its sessions inside."""
    contents, at = capture.read_bytes(), 0
    for _ in range(SECRETS_AT):
        at += struct.unpack_from("=I", contents, at + 4)[0]
    secrets = keys.read_bytes()
    body = struct.pack("=II", TLS_KEY_LOG, len(secrets)) + secrets + bytes(-len(secrets) % 4)
    target.write_bytes(contents[:at] + _block(SECRETS, body) + contents[at:])


def _block(kind: int, body: bytes) -> bytes:
    length = struct.pack("=I", 12 + len(body))
    return struct.pack("=I", kind) + length + body + length


def hand_over(*paths: Path) -> None:
    """Gives files made as root to the owner of their folder."""
    for path in paths:
        owner = path.parent.stat()
        os.chown(path, owner.st_uid, owner.st_gid)
