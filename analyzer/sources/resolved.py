"""Which lookups of a capture concern a charger: those for its CSMS, or from its own address."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from analyzer.sources.assembly import Assembly
    from analyzer.wire.conversations import WireLookup

TELLING = "ocpp"
"""What in a name tells that it is a CSMS's, though nothing else in the capture does."""


def take_lookups(assembly: Assembly, lookups: Iterable[WireLookup], speaking: Collection[int]) -> None:
    """Keep the lookups of names and servers that connections are made to, and all of a charger's; drop the others.

    A charger's are those from the client of a connection that speaks OCPP or of an attempt. A lookup belongs to a
    station where all connections from its client are of that one. Where its client made none at all, and the name tells
    that it is a CSMS's, it goes by its address: a charger may come no farther.
    """
    stations: dict[object, set[object]] = {}
    names: set[str] = set()
    servers, chargers, clients = set(), set(), set()
    for number, row in enumerate(assembly.connections):
        names |= {_host(row.get(name)) for name in ("host", "server_name")}
        servers.add(row.get("server"))
        clients.add(row.get("client"))
        if number in speaking or row["station"] is not None:
            chargers.add(row.get("client"))
        if row["station"] is not None:
            stations.setdefault(row.get("client"), set()).add(row["station"])
    for lookup in lookups:
        telling = lookup.name in names or TELLING in lookup.name or not servers.isdisjoint(lookup.addresses)
        if not telling and lookup.client not in chargers:
            continue
        own = stations.get(lookup.client, set())
        if not own and TELLING in lookup.name and lookup.client not in clients:
            own = {lookup.client}
        assembly.note(
            "lookups",
            None,
            lookup.ts,
            lookup.packet,
            station=next(iter(own)) if len(own) == 1 else None,
            **{name: getattr(lookup, name) for name in ("name", "kind", "client", "server", "tries", "answered")},
            status=lookup.status,
            addresses=" ".join(lookup.addresses) if lookup.status is not None else None,
            lifetime=lookup.lifetime,
        )


def _host(value: object) -> str:
    """The name in a Host header (RFC 9110 7.2), without its port and the dot that may end it."""
    return str(value or "").rsplit(":", 1)[0].rstrip(".").lower()
