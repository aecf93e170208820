from __future__ import annotations

import pytest

from tests.manuals import workspace

Row = dict[str, object]


def rows(text: str) -> list[Row]:
    found: list[Row] = workspace(text).table("statuses").to_pylist()
    return found


def test_a_report_of_16_has_a_connector_a_status_and_an_error_code() -> None:
    (row,) = rows(
        '08:00:00 CP1 > StatusNotification {"connectorId": 1, "status": "Faulted", "errorCode": "GroundFailure", '
        '"timestamp": "2026-01-01T08:59:00+01:00", "vendorErrorCode": "E7"}'
    )
    assert (row["evse"], row["connector"], row["status"], row["error_code"]) == (None, 1, "Faulted", "GroundFailure")
    assert (str(row["measured"])[11:19], row["detail"]) == ("07:59:00", "E7")


@pytest.mark.parametrize("version", ["ocpp2.0.1", "ocpp2.1"])
def test_a_report_of_2x_has_an_evse_and_a_connector_status(version: str) -> None:
    (row,) = rows(
        f'08:00:00 CP1 + {version}\n08:00:01 CP1 > StatusNotification {{"timestamp": "$(now)", '
        '"connectorStatus": "Occupied", "evseId": 2, "connectorId": 1}'
    )
    assert (row["evse"], row["connector"], row["status"], row["error_code"]) == (2, 1, "Occupied", None)


def test_what_the_charger_adds_in_words_is_the_detail_where_it_gives_no_code() -> None:
    (row,) = rows('08:00:00 CP1 > StatusNotification {"connectorId": 1, "status": "Preparing", "info": "ChargeWait"}')
    assert (row["detail"], row["measured"]) == ("ChargeWait", None)


def test_reports_come_in_order_of_arrival() -> None:
    names = [str(row["status"]) for row in rows('08:00:00x3/5s CP1 > StatusNotification {"status": "S$(i)"}')]
    assert names == ["S0", "S1", "S2"]


@pytest.mark.parametrize(
    "payload", ["[]", "7", '{"connectorId": "one", "status": {}, "errorCode": [], "timestamp": "soon", "info": null}']
)
def test_odd_payloads_make_a_row_without_what_is_odd(payload: str) -> None:
    (row,) = rows(f"08:00:00 CP1 > StatusNotification {payload}")
    assert [row[name] for name in ("evse", "connector", "status", "error_code", "measured", "detail")] == [None] * 6


def test_a_message_of_the_csms_is_no_report() -> None:
    assert rows('08:00:00 CP1 < StatusNotification {"connectorId": 1, "status": "Available"}') == []
