from __future__ import annotations

from analyzer.sources.assembly import Assembly
from analyzer.sources.naming import name_stations

Connection = tuple[str | None, str, str]


def named(*connections: Connection, speaking: frozenset[int] = frozenset()) -> tuple[list[object], list[int]]:
    """The stations after naming of connections (station, client, server), and the connections of its issues."""
    assembly = Assembly("a.pcap", "1")
    for station, client, server in connections:
        assembly.connect(station, 0, 1, client=client, server=server)
    name_stations(assembly, set(speaking))
    return [row["station"] for row in assembly.connections], assembly.column("issues", "number")


def test_a_connection_is_named_after_the_one_station_of_its_client() -> None:
    assert named(("CP1", "a", "s"), (None, "a", "s"), ("CP1", "a", "s")) == (["CP1"] * 3, [])


def test_of_several_stations_behind_one_address_none_is_guessed() -> None:
    several = ("CP1", "a", "s"), ("CP2", "a", "s"), (None, "a", "s")
    assert named(*several) == (["CP1", "CP2", None], [])
    assert named(*several, speaking=frozenset({2})) == (["CP1", "CP2", "a"], [2])


def test_a_station_of_another_client_or_at_another_server_names_nothing() -> None:
    assert named(("CP1", "a", "s"), (None, "b", "s"), (None, "a", "t"))[0] == ["CP1", None, None]


def test_a_connection_that_speaks_goes_by_its_address_and_that_is_told() -> None:
    assert named((None, "a", "s"), (None, "b", "s"), speaking=frozenset({0})) == (["a", None], [0])


def test_several_stations_of_one_input_name_each_their_own() -> None:
    assert named(("CP1", "a", "s"), ("CP2", "b", "s"), (None, "b", "s"), (None, "a", "s"))[0] == [
        "CP1", "CP2", "CP2", "CP1",
    ]  # fmt: skip
