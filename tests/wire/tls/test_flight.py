from __future__ import annotations

from analyzer.wire.tls.flight import Flight
from analyzer.wire.tls.hello import TLS12, TLS13
from analyzer.wire.tls.records import Record

UP, DOWN = True, False


def followed(version: int, *records: tuple[bool, int, int]) -> tuple[Flight, list[bool]]:
    """A handshake of records by their sides, kinds and sizes, and which of them are taken for data."""
    flight = Flight()
    return flight, [
        flight.take(Record(kind, 0x0303, length, None, 0, True, 0, 0), version, from_client=side)
        for side, kind, length in records
    ]


def test_in_tls_1_3_data_begins_behind_finished_and_the_tickets_of_the_server() -> None:
    flight, data = followed(
        TLS13,
        (DOWN, 23, 30),
        (DOWN, 23, 900),
        (DOWN, 23, 53),
        (UP, 23, 53),
        (DOWN, 23, 250),
        (UP, 23, 300),
        (DOWN, 23, 150),
    )
    assert data == [False, False, False, False, False, True, True]
    assert not flight.failed


def test_the_certificate_of_a_client_is_no_data() -> None:
    flight, data = followed(
        TLS13, (DOWN, 23, 900), (UP, 23, 800), (UP, 23, 300), (UP, 23, 69), (UP, 23, 90), (DOWN, 23, 99)
    )
    assert data == [False, False, False, False, True, True]
    assert not flight.failed


def test_a_client_whose_certificate_is_refused_behind_its_finished_has_failed() -> None:
    flight, _ = followed(TLS13, (DOWN, 23, 900), (UP, 23, 800), (UP, 23, 69), (UP, 23, 200), (DOWN, 23, 19))
    assert flight.failed
    flight, _ = followed(TLS13, (DOWN, 23, 900), (UP, 23, 69), (DOWN, 23, 19))
    assert not flight.failed


def test_a_client_that_answers_by_an_alert_alone_has_not_finished() -> None:
    flight, data = followed(TLS13, (DOWN, 23, 900), (UP, 23, 19))
    assert flight.failed
    assert not any(data)


def test_in_tls_1_2_both_sides_finish_encrypted() -> None:
    records = [(DOWN, 22, 900), (UP, 22, 70), (UP, 20, 1), (UP, 22, 40), (DOWN, 20, 1), (DOWN, 22, 40)]
    assert followed(TLS12, *records[:-1])[0].failed
    flight, data = followed(TLS12, *records, (UP, 23, 60))
    assert not flight.failed
    assert data == [False] * 6 + [True]
