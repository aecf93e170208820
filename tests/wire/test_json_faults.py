from __future__ import annotations

import json

import pytest
from hypothesis import given, strategies as st

from analyzer.wire import json_faults
from analyzer.wire.json_faults import FAULTS, fault


def told(text: str) -> str | None:
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return fault(text, error)
    return None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", json_faults.EMPTY),
        (" \n", json_faults.EMPTY),
        ("ping", json_faults.NO_JSON),
        ("<html>", json_faults.NO_JSON),
        ('[2,"7","Heartbeat",{', json_faults.CUT),
        ('[2,"7","Heartbeat",{"a":"tex', json_faults.CUT),
        ('[2,"7","Heartbeat",{"a":"\\u00', json_faults.CUT),
        ('[2,"7","MeterValues",{"connectorId":1,...', json_faults.CUT),
        ('[2,"7","MeterValues",{"connectorId":…}]', json_faults.CUT),
        ('[2,"7","StopTransaction",{"transactionId":,"meterStop":1}]', f'{json_faults.NO_VALUE} for "transactionId"'),
        ('[2,"7","MeterValues",{"meterValue":[,{}]}]', f'{json_faults.NO_VALUE} for "meterValue"'),
        ('[2,"7","Heartbeat",,]', json_faults.NO_VALUE),
        ('[2,"7","Heartbeat",{"a":1,}]', json_faults.COMMA),
        ('[2,"7","Heartbeat",{},]', json_faults.COMMA),
        ('[2,"7","Heartbeat",{"a":1,,"b":2}]', json_faults.COMMA),
        ("[2,'7','Heartbeat',{}]", json_faults.QUOTES),
        ('[2,"7","Heartbeat",{\'a\':1}]', json_faults.QUOTES),
        ('[2,"7","Authorize",{"idTag":None}]', f'{json_faults.WORD} for "idTag"'),
        ('[2,"7","Authorize",{idTag:"1"}]', json_faults.NAME),
        ('[2,"7","MeterValues",{"value":nan}]', f'{json_faults.NUMBER} for "value"'),
        ('[2,"7","MeterValues",{"value":-nan(ind)}]', f'{json_faults.NUMBER} for "value"'),
        ('[2,"7","MeterValues",{"value":.5}]', f'{json_faults.NUMBER} for "value"'),
        ('[2,"7","MeterValues",{"value":007}]', f'{json_faults.NUMBER} for "value"'),
        ('[2,"7","MeterValues",{"value":16,5}]', f'{json_faults.NUMBER} for "value"'),
        ('[2,"7","DataTransfer",{"data":"a\nb"}]', json_faults.CONTROL),
        ('[2,"7","DataTransfer",{"data":"C:\\log"}]', json_faults.ESCAPE),
        ('[2,"7","DataTransfer",{"data":"{"a":1}"}]', json_faults.SEPARATOR),
        ('[2,"7" "Heartbeat",{}]', json_faults.SEPARATOR),
        ('[2,"7","DataTransfer",{"data" "x"}]', json_faults.COLON),
        ('[2,"7","Heartbeat",{}]\0', json_faults.AFTER),
        ('[3,"7",{}][3,"8",{}]', json_faults.AFTER),
    ],
)
def test_a_fault_is_named_as_its_writer_would_understand_it(text: str, expected: str) -> None:
    found = told(text)
    assert found is not None
    assert found.rsplit(" at character ", 1)[0] == expected


def test_the_name_of_a_member_is_no_place_for_a_secret_or_a_long_text() -> None:
    assert told('{"' + "x" * 51 + '":,}') == f"{json_faults.NO_VALUE} at character 55"
    assert told('{"a: b":,}') == f"{json_faults.NO_VALUE} at character 8"


@given(st.text(max_size=40), st.integers(0, 60))
def test_whatever_is_no_json_has_one_of_the_names(text: str, at: int) -> None:
    whole = json.dumps([2, "7", "DataTransfer", {"vendorId": "Example", "n": 1.5, "l": [1, None]}])
    found = told(whole[:at] + text + whole[at:])
    assert found is None or any(found.startswith(name) for name in FAULTS)


@given(st.integers(1, 60))
def test_a_message_that_is_cut_anywhere_ends_too_early(at: int) -> None:
    whole = '[2,"7","DataTransfer",{"vendorId":"E\\u00e9","data":"1.5"}]'
    found = told(whole[: min(at, len(whole) - 1)])
    assert found is not None
    assert found.startswith(json_faults.CUT)
