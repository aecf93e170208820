from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from analyzer.wire.http import Request, Response
from analyzer.wire.upgrade import accept, upgrade_faults

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ASKED = {
    "upgrade": "websocket",
    "connection": "Upgrade",
    "sec-websocket-key": KEY,
    "sec-websocket-version": "13",
}
ANSWERED = {"upgrade": "websocket", "connection": "Upgrade", "sec-websocket-accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="}


def asked(*, whole: bool = True, **changed: str | None) -> Request:
    return Request("GET", "/ocpp/CP1", changed_headers(ASKED, changed), whole)


def answered(status: int = 101, **changed: str | None) -> Response:
    return Response(status, "", changed_headers(ANSWERED, changed))


def changed_headers(headers: dict[str, str], changed: dict[str, str | None]) -> dict[str, str]:
    named = {name.replace("_", "-"): value for name, value in changed.items()}
    return {name: value for name, value in {**headers, **named}.items() if value is not None}


@pytest.mark.parametrize(
    "request_",
    [
        asked(),
        asked(upgrade="WebSocket"),
        asked(connection="keep-alive, upgrade"),
        asked(sec_websocket_key="AAAAAAAAAAAAAAAAAAAAAA=="),
    ],
)
def test_an_upgrade_that_keeps_to_the_standard_has_no_fault(request_: Request) -> None:
    key = request_.headers["sec-websocket-key"]
    assert upgrade_faults(request_, None) is None
    assert upgrade_faults(request_, answered(sec_websocket_accept=accept(key))) is None


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (asked(upgrade=None), "the request has no Upgrade"),
        (asked(upgrade="h2c"), "Upgrade of the request is 'h2c' instead of websocket"),
        (asked(connection=None), "the request has no Connection"),
        (asked(connection="close"), "Connection of the request is 'close' instead of Upgrade"),
        (asked(sec_websocket_key=None), "the request has no Sec-WebSocket-Key"),
        (asked(sec_websocket_key="abc"), "Sec-WebSocket-Key of the request is 'abc' instead of 16 bytes in base64"),
        (asked(sec_websocket_key="AAAA"), "Sec-WebSocket-Key of the request is 'AAAA' instead of 16 bytes in base64"),
        (asked(sec_websocket_version=None), "the request has no Sec-WebSocket-Version"),
        (asked(sec_websocket_version="8"), "Sec-WebSocket-Version of the request is '8' instead of 13"),
        (asked(upgrade=None, connection=None), "the request has no Upgrade; the request has no Connection"),
    ],
)
def test_a_fault_of_the_request_is_told_whatever_the_answer(request_: Request, expected: str) -> None:
    assert upgrade_faults(request_, None) == expected
    assert upgrade_faults(request_, answered(400, upgrade=None)) == expected


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (answered(upgrade=None), "the answer has no Upgrade"),
        (answered(connection="keep-alive"), "Connection of the answer is 'keep-alive' instead of Upgrade"),
        (answered(sec_websocket_accept=None), "the answer has no Sec-WebSocket-Accept"),
        (
            answered(sec_websocket_accept=KEY),
            f"Sec-WebSocket-Accept of the answer is '{KEY}' instead of s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
        ),
    ],
)
def test_a_fault_of_the_answer_is_told(response: Response, expected: str) -> None:
    assert upgrade_faults(asked(), response) == expected


def test_an_answer_that_refuses_needs_no_headers_of_an_upgrade() -> None:
    assert upgrade_faults(asked(), Response(401, "", {})) is None


def test_of_a_request_that_was_not_wholly_seen_nothing_is_missing() -> None:
    cut = asked(whole=False, sec_websocket_key=None, upgrade="h2c")
    assert upgrade_faults(cut, None) is None
    assert upgrade_faults(cut, answered(sec_websocket_accept="any")) is None
    assert upgrade_faults(None, answered(sec_websocket_accept="any")) is None
    assert upgrade_faults(None, answered(upgrade=None)) == "the answer has no Upgrade"


@given(st.dictionaries(st.sampled_from(sorted({*ASKED, *ANSWERED})), st.text()))
def test_any_headers_are_judged_without_an_exception_in_a_line_of_bounded_length(headers: dict[str, str]) -> None:
    faults = upgrade_faults(Request("GET", "/", headers), Response(101, "", headers)) or ""
    assert len(faults) < 4000
    assert "\n" not in faults
