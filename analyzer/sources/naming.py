"""Names for the stations of connections whose upgrade was not captured, or is encrypted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.sources.encrypted import beating, telling

if TYPE_CHECKING:
    from collections.abc import Collection

    from analyzer.sources.assembly import Assembly


def name_stations(
    assembly: Assembly, speaking: Collection[int], ports: Collection[int] = (), browsing: Collection[int] = ()
) -> None:
    """Give connections without a station the one that the same client has elsewhere in the input, else its address.

    A charger keeps its address from one connection to the next; where one address has several stations (a proxy, a
    site behind one router), nothing is guessed. A connection that shows no sign of OCPP is named only where its client
    speaks OCPP to the same server elsewhere, or where it may be a charger's: its port is one of `ports`, which are the
    CSMS's; or it is encrypted, and the server's name says so, or one short exchange keeps it alive for most of its time.
    Else it stays without a station. `speaking` are those that do speak OCPP, `browsing` those whose client offers
    HTTP/2, as browsers do: no WebSocket of a charger goes over that.
    """
    seen: dict[tuple[object, object], set[object]] = {}
    for row in assembly.connections:
        if row["station"] is not None:
            seen.setdefault((row.get("client"), row.get("server")), set()).add(row["station"])
    likely = _likely(assembly, ports, browsing)
    # In the order in which they were first seen, whenever it turned out what they are.
    for number in sorted(range(len(assembly.connections)), key=assembly.begin):
        row = assembly.connections[number]
        if row["station"] is not None:
            continue
        ends = row.get("client"), row.get("server")
        named = seen.get(ends, set())
        if len(named) == 1:
            assembly.describe(number, station=next(iter(named)))
        elif number in speaking:
            assembly.describe(number, station=f"{row.get('client')}")
            assembly.issue("unnamed_station", "its upgrade was not captured; it goes by its address", number=number)
        elif ends in likely and not named:
            assembly.describe(number, station=f"{row.get('client')}")
            assembly.issue(
                "unnamed_station", f"it may be a charger's, for {likely[ends]}; it goes by its address", number=number
            )


def _likely(assembly: Assembly, ports: Collection[int], browsing: Collection[int]) -> dict[tuple[object, object], str]:
    """The ends of connections that may be a charger's and its CSMS's, and what tells so."""
    servers: dict[object, set[object]] = {}
    found: dict[tuple[object, object], str] = {}
    hidden = []
    for number, row in enumerate(assembly.connections):
        servers.setdefault(row.get("client"), set()).add((row.get("server"), row.get("server_name")))
        encrypted = row.get("scheme") == "wss" and not row.get("decrypted") and number not in browsing
        if row.get("server_port") in ports:
            why = f"its port is {row.get('server_port')}"
        elif encrypted and telling(row.get("server_name")):
            why = f"its server is {row.get('server_name')}"
        else:
            hidden += [number] * encrypted
            continue
        found.setdefault((row.get("client"), row.get("server")), why)
    # A browser keeps connections alive, too, but not to one server alone.
    several = {client for client, known in servers.items() if len(known) > 1}
    several |= {assembly.connections[number].get("client") for number in browsing}
    alone = [number for number in hidden if assembly.connections[number].get("client") not in several]
    for number in beating(assembly, alone):
        row = assembly.connections[number]
        found.setdefault((row.get("client"), row.get("server")), "it keeps itself alive")
    return found
