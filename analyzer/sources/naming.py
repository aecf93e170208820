"""Names for the stations of connections whose upgrade was not captured."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analyzer.sources.assembly import Assembly


def name_stations(assembly: Assembly, speaking: set[int]) -> None:
    """Give connections without a station the one that the same client has elsewhere in the input, else its address.

    A charger keeps its address from one connection to the next; where one address has several stations (a proxy, a
    site behind one router), nothing is guessed. A connection that shows no sign of OCPP is named only where its client
    speaks OCPP to the same server elsewhere; else it stays without a station. `speaking` are those that do speak it.
    """
    seen: dict[tuple[object, object], set[object]] = {}
    for row in assembly.connections:
        if row["station"] is not None:
            seen.setdefault((row.get("client"), row.get("server")), set()).add(row["station"])
    # In the order in which they were first seen, whenever it turned out what they are.
    for number in sorted(range(len(assembly.connections)), key=assembly.begin):
        row = assembly.connections[number]
        if row["station"] is not None:
            continue
        named = seen.get((row.get("client"), row.get("server")), set())
        if len(named) == 1:
            assembly.describe(number, station=next(iter(named)))
        elif number in speaking:
            assembly.describe(number, station=f"{row.get('client')}")
            assembly.issue("unnamed_station", "its upgrade was not captured; it goes by its address", number=number)
