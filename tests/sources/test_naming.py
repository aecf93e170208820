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


HIDDEN: dict[str, object] = {"scheme": "wss", "decrypted": False}


def hidden(
    *rows: dict[str, object],
    ports: frozenset[int] = frozenset(),
    browsing: frozenset[int] = frozenset(),
    period: float = 0.0,
    sizes: tuple[int, int] = (40, 60),
) -> list[object]:
    """The stations of encrypted connections after naming; each has an exchange of records every `period` seconds."""
    assembly = Assembly("a.pcap", "1")
    for row in rows:
        number = assembly.connect(None, 0, 1, **{"client": "a", "server": "s", **HIDDEN, **row})
        for beat in range(12 if period else 0):
            for direction, size in zip(("up", "down"), sizes, strict=True):
                ts = round(beat * period * 1e6) + (direction == "down") * 1000
                assembly.note("tls_records", number, ts, beat, direction=direction, bytes=size)
    name_stations(assembly, set(), ports, browsing)
    assert [row["station"] is not None for row in assembly.connections].count(True) == len(
        assembly.column("issues", "number")
    )
    return [row["station"] for row in assembly.connections]


def test_an_encrypted_connection_goes_by_its_address_where_the_name_of_its_server_tells_what_it_is() -> None:
    assert hidden({"server_name": "ocpp.example.com"}) == ["a"]
    assert hidden({"server_name": "www.example.com"}) == [None]
    assert hidden({"server_name": "ocpp.example.com", "decrypted": True}) == [None]


def test_the_other_connections_of_its_client_to_that_server_are_named_with_it() -> None:
    assert hidden({"server_name": "ocpp.example.com"}, {}, {"server": "t"}) == ["a", "a", None]


def test_what_goes_to_the_port_of_the_csms_goes_by_its_address() -> None:
    assert hidden({"server_port": 8443}, {"server_port": 443, "server": "t"}, ports=frozenset({8443})) == ["a", None]
    assert hidden({"server_port": 8443, "scheme": None, "decrypted": None}, ports=frozenset({8443})) == ["a"]


def test_a_connection_that_only_keeps_itself_alive_may_be_a_chargers() -> None:
    assert hidden({}, period=60.0) == ["a"]
    assert hidden({}, period=60.0, sizes=(28, 24)) == ["a"]
    assert hidden({}, period=60.0, sizes=(24, 24)) == [None]
    assert hidden({}, period=60.0, sizes=(300, 24)) == [None]
    assert hidden({}, period=0.5) == [None]
    assert hidden({}) == [None]


def test_a_browser_is_never_named() -> None:
    assert hidden({}, {"server": "t"}, period=60.0) == [None, None]
    assert hidden({"server_name": "a.example"}, {"server_name": "b.example"}, period=60.0) == [None, None]
    assert hidden({"server_name": "csms.example.com"}, period=60.0, browsing=frozenset({0})) == [None]
    assert hidden({}, {}, period=60.0, browsing=frozenset({0})) == [None, None]
