from __future__ import annotations

import pytest

from analyzer.checks.websocket.subprotocol import subprotocol
from tests.manuals import findings, workspace


@pytest.mark.parametrize("offered", ["ocpp1.6", "ocpp2.0.1", "ocpp2.1", "ocpp2.1,ocpp2.0.1", "OCPP1.6", "x,ocpp1.5"])
def test_a_known_version_is_enough(offered: str) -> None:
    assert findings(subprotocol, f"08:00:00 CP1 + {offered}") == []


@pytest.mark.parametrize("offered", ["", "chat", "ocpp", "ocpp1.7"])
def test_none_known_is_an_error(offered: str) -> None:
    (found,) = findings(subprotocol, f"08:00:00 CP1 + {offered}")
    assert found["severity"] == "error"


def test_it_is_a_warning_where_the_server_talks_to_it_all_the_same() -> None:
    (found,) = findings(
        subprotocol, "08:00:00x3/100s CP1 +\n08:00:01x3/100s CP1 > Heartbeat\n08:01:00x3/100s CP1 - fin"
    )
    assert (found["severity"], found["count"]) == ("warning", 3)


def test_a_refused_attempt_of_which_the_request_was_not_seen_is_not_judged() -> None:
    rows = subprotocol(*workspace("08:00:00 CP1 x 400").tables(subprotocol.needs)).to_pylist()
    assert [row["severity"] for row in rows] == ["unknown"]
