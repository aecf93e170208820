"""Whatever columns an input leaves empty, the checks of connections judge it or say that they do not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings, strategies as st

from analyzer import schema
from analyzer.checks import checks
from analyzer.derive import DERIVATIONS
from analyzer.engine import Workspace
from analyzer.findings import SEVERITIES, UNKNOWN
from analyzer.schema.base import FAILED

if TYPE_CHECKING:
    import pyarrow as pa

IDS = {f"WS{number:02d}" for number in (1, 2, 3, 6, 7, 8, 13, 14, 15, 16)}
CHECKS = [check for check in checks() if check.id in IDS]
GIVEN = ("station", "connection", "source", "ts", "direction", "type", "id", "action", "payload", "origin", "bytes")
"""What every source gives of what was said."""
START = datetime(2026, 1, 1, 8, tzinfo=UTC)
TEXTS = st.sampled_from(
    ["", "/", "//CP1 ", "CP1", "cp1", "%", "%2", "é\U0001f50c", "a" * 300, "203.0.113.5", "2001:db8::5"]
)
POOLS: dict[str, st.SearchStrategy[Any]] = {
    "station": st.sampled_from(["CP1", "cp1", "CP2"]),
    "connection": st.sampled_from(["0", "1"]),
    "source": st.sampled_from(["one", "two"]),
    "direction": st.sampled_from(["up", "down"]),
    "end_kind": st.sampled_from([*FAILED, "close", "fin", "rst", "timeout", "replaced", "lost", "open"]),
    "end_side": st.sampled_from(["station", "csms", "middle"]),
    "scheme": st.sampled_from(["ws", "wss"]),
    "offered": st.sampled_from(["", ",", "ocpp1.6", "ocpp2.0.1,ocpp1.6", "chat"]),
    "subprotocol": st.sampled_from(["", "ocpp1.6", "ocpp2.1", "chat"]),
    "version": st.sampled_from(["1.6", "2.0.1", "2.1", "7"]),
    "kind": st.sampled_from(["ping", "pong", "close", "syn", "icmp", "tls", "fin", "keep_alive"]),
    "detail": st.sampled_from(
        ["", "00", "fatal alert 48 unknown_ca", "fatal alert 999", "fatal alert", "warning alert 0"]
    ),
    "type": st.sampled_from(["call", "result", "send"]),
    "action": st.sampled_from(["BootNotification", "Heartbeat", "StartTransaction", "TransactionEvent"]),
    "status": st.sampled_from(["NOERROR", "NXDOMAIN", "?"]),
    "payload": st.sampled_from(["", "{}", "[", '{"interval": 60, "status": "Accepted"}']),
}
KINDS: dict[object, st.SearchStrategy[Any]] = {
    schema.TIME: st.integers(0, 3000).map(lambda second: START + timedelta(seconds=second)),
    schema.WHOLE: st.sampled_from([0, 1, 101, 404, 1006, 65535]),
    schema.REAL: st.sampled_from([0.0, 1.5, 300.0]),
    schema.FLAG: st.booleans(),
}


def columns(name: str) -> st.SearchStrategy[dict[str, Any]]:
    """A row of a base table, in which any column may be empty that is not always known."""
    made = {field.name: POOLS.get(field.name, KINDS.get(field.type, TEXTS)) for field in schema.TABLES[name].fields}
    given = () if name == "connections" else GIVEN
    optional = {field: pool | st.none() for field, pool in made.items() if field not in given}
    return st.fixed_dictionaries({field: pool for field, pool in made.items() if field in given}, optional=optional)


def named(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Connections with names of their own, as every source gives them."""
    always = {"inferred": False, "origin": 1, "source": "one"}
    return [{**always, **row, "connection": f"{number}"} for number, row in enumerate(rows)]


@st.composite
def inputs(draw: st.DrawFn) -> dict[str, pa.Table]:
    base = {name: schema.empty(name) for name in schema.names("base")}
    for name in ("connections", "transport", "controls", "messages", "lookups", "certificates", "issues"):
        rows = draw(st.lists(columns(name), min_size=2 * (name == "connections"), max_size=5))
        base[name] = schema.sort(schema.from_rows(name, named(rows) if name == "connections" else rows))
    ends = [{"source": name, "end": START + timedelta(hours=1)} for name in ("one", "two")]
    return {**base, "sources": schema.from_rows("sources", ends)}


@settings(max_examples=20)
@given(inputs())
def test_any_tables_are_judged_or_said_not_to_be(base: dict[str, pa.Table]) -> None:
    workspace = Workspace(base, DERIVATIONS)
    for check in CHECKS:
        found = check(*workspace.tables(check.needs))
        assert found.schema == schema.arrow("findings")
        assert set(found["severity"].to_pylist()) <= {*SEVERITIES, UNKNOWN}, check.id
        assert all(found["summary"].to_pylist()), check.id
        assert None not in found["station"].to_pylist(), check.id
