"""What the checks of cleartext share: whether traffic leaves a host in the clear, and whether it is public."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

import numpy as np

from analyzer.findings import Finding, not_judged
from analyzer.kernels.columns import coded, same

if TYPE_CHECKING:
    import pyarrow as pa

    from analyzer.kernels.columns import Flags, Ints


def in_clear(connections: pa.Table) -> Flags:
    """The attempts to connect in cleartext; not those within one host, behind a proxy that ends TLS there."""
    return same(connections["scheme"], "ws") & ~within_host(connections)


def within_host(connections: pa.Table) -> Flags:
    """The connections of which both ends are the same host."""
    return _is(connections, "client", "loopback") & _is(connections, "server", "loopback")


def public(connections: pa.Table) -> Flags:
    """The connections of which either end is a public address."""
    return _is(connections, "client", "global") | _is(connections, "server", "global")


class Told:
    """What the connections tell of how they are made: encrypted, or in the clear and out of a host."""

    def __init__(self, connections: pa.Table) -> None:
        self._told = same(connections["scheme"], "wss") | in_clear(connections)
        self._within = same(connections["scheme"], "ws")

    def unknown(self, station: str, rows: Ints) -> list[Finding]:
        """A statement that a station cannot be judged, where nothing tells how it connects."""
        if self._told[rows].any():
            return []
        if self._within[rows].any():
            return [not_judged(station, "it was seen within one host alone, behind what may have ended TLS")]
        return [not_judged(station, "nothing tells whether its connection is encrypted")]


def _is(connections: pa.Table, side: str, kind: str) -> Flags:
    addresses = coded(connections[side])
    found = [_kind(name) == kind for name in addresses.names]
    return np.array([*found, False], dtype=bool)[addresses.codes]


def _kind(text: str) -> str:
    """Whether an address is loopback, global, or another; a text that is none is another.

    >>> _kind("127.0.0.1"), _kind("10.0.0.7"), _kind("::ffff:1.1.1.1"), _kind("charger.local")
    ('loopback', 'other', 'global', 'other')
    """
    try:
        address = ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return "other"
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return "loopback" if address.is_loopback else "global" if address.is_global else "other"
