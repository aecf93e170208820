from __future__ import annotations

import pyarrow as pa
import pytest

from analyzer import schema
from analyzer.derive import DERIVATIONS
from tests.manuals import workspace

ALL = pytest.mark.parametrize("name", schema.TABLES)
LIFE = """
08:00:00 CP1 + ocpp1.6
08:00:01 CP1 > BootNotification {"chargePointVendor":"E","chargePointModel":"M"}
08:00:02 CP1 < = {"currentTime":"2026-01-01T08:00:02Z","interval":60,"status":"Accepted"}
08:00:03 CP1 > StatusNotification {"connectorId":1,"status":"Available","errorCode":"NoError","timestamp":"2026-01-01T08:00:03Z"}
08:00:04 CP1 > StartTransaction {"connectorId":1,"idTag":"A","meterStart":5,"timestamp":"2026-01-01T08:00:04Z"}
08:00:05 CP1 < = {"transactionId":9,"idTagInfo":{"status":"Accepted"}}
08:00:06 CP1 > MeterValues {"connectorId":1,"transactionId":9,"meterValue":[{"timestamp":"2026-01-01T08:00:06Z","sampledValue":[{"value":"7"}]}]}
08:01:06 CP1 > Heartbeat
08:01:07 CP1 > ping
08:02:00 CP1 - 1006
08:03:00 CP1 + ocpp1.6
"""


@ALL
def test_every_field_has_a_type_and_a_sentence(name: str) -> None:
    table = schema.TABLES[name]
    assert table.about.endswith(".")
    for field in table.fields:
        assert isinstance(field.type, pa.DataType)
        assert field.about.endswith("."), f"{name}.{field.name}"


@ALL
def test_a_table_names_no_field_twice(name: str) -> None:
    names = [field.name for field in schema.TABLES[name].fields]
    assert len(names) == len(set(names))


@ALL
def test_every_number_has_a_unit_or_is_a_count(name: str) -> None:
    for field in schema.TABLES[name].fields:
        if field.type == schema.REAL and not field.unit:
            assert field.name in {"number", "share", "score", "youden"}, f"{name}.{field.name} has no unit"


def test_a_field_name_has_one_type_everywhere() -> None:
    types: dict[str, pa.DataType] = {}
    for table in schema.TABLES.values():
        for field in table.fields:
            assert types.setdefault(field.name, field.type) == field.type, f"{table.name}.{field.name}"


def test_every_derived_table_is_declared_and_every_declared_one_is_made() -> None:
    assert set(DERIVATIONS) == set(schema.names("derived"))


@pytest.mark.parametrize("name", [*schema.names("base"), *schema.names("derived")])
def test_what_is_made_has_the_declared_columns(name: str) -> None:
    made = workspace(LIFE).table(name)
    assert made.schema == schema.arrow(name)


@pytest.mark.parametrize("name", schema.names("derived"))
def test_every_derived_table_is_empty_where_nothing_was_read(name: str) -> None:
    made = workspace("").table(name)
    assert made.num_rows == 0
    assert made.schema == schema.arrow(name)


@pytest.mark.parametrize(
    "name", ["calls", "settings", "readings", "transactions", "boots", "statuses", "clock", "outages", "heartbeats"]
)
def test_a_charger_s_life_fills_the_derived_tables(name: str) -> None:
    assert workspace(LIFE).table(name).num_rows > 0


def test_columns_that_are_not_given_are_null() -> None:
    row = schema.from_rows("runs", [{"check": "HB01"}]).to_pylist()[0]
    assert row == {"check": "HB01", "station": None, "outcome": None, "why": None, "seconds": None, "rows": None}


def test_a_column_that_is_not_declared_is_refused() -> None:
    with pytest.raises(KeyError, match="colour"):
        schema.from_columns("runs", {"colour": ["red"]})


def test_rows_are_sorted_by_station_time_and_origin() -> None:
    rows = [("CP2", 1, 1), ("CP1", 5, 2), ("CP1", 5, 1), ("CP1", 3, 9)]
    table = schema.from_rows("messages", [{"station": s, "ts": t, "origin": o} for s, t, o in rows])
    ordered = schema.sort(table)
    assert list(zip(ordered["station"].to_pylist(), ordered["origin"].to_pylist(), strict=True)) == [
        ("CP1", 9),
        ("CP1", 1),
        ("CP1", 2),
        ("CP2", 1),
    ]
