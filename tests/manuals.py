"""Runs the examples of the manuals: trace notation to findings."""

from __future__ import annotations

import re
import textwrap
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from analyzer import schema
from analyzer.derive import DERIVATIONS
from analyzer.engine import Workspace
from analyzer.sources import trace
from analyzer.sources.conversation import Conversation
from analyzer.sources.events import Line

if TYPE_CHECKING:
    import pyarrow as pa

    from analyzer.plan import Check

FIRES, NEAR_MISS, CONFOUNDER = "Fires on:", "Near miss:", "Confounder:"
EXAMPLES = (FIRES, NEAR_MISS, CONFOUNDER)
SECTIONS = ("Why it matters:", *EXAMPLES, "Likely causes:", "What to do:", "Source:")


def tables(text: str) -> dict[str, pa.Table]:
    """The base tables of a trace."""
    conversation = Conversation("example.trace", "1")
    lines = textwrap.dedent(text).strip("\n").splitlines()
    conversation.take(trace.read((Line(number, line) for number, line in enumerate(lines, 1)), UTC))
    made = conversation.tables("trace", "UTC", size=len(text))
    not_understood = [row["detail"] for row in made["issues"].to_pylist() if row["kind"] == "not_understood"]
    assert not not_understood, f"not trace notation: {not_understood}"
    return made


def workspace(text: str) -> Workspace:
    """A workspace over a trace."""
    return Workspace(tables(text), DERIVATIONS)


def damaged(text: str, moment: str, connection: str | None = None, *, damage: bool | None = True) -> Workspace:
    """A workspace over a trace that lost a part of the input at a time of 2026-01-01."""
    at = datetime.fromisoformat(f"2026-01-01T{moment}Z")
    loss = {"source": "example.trace", "kind": "hole", "ts": at, "connection": connection, "count": 1, "damage": damage}
    return Workspace({**tables(text), "issues": schema.from_rows("issues", [loss])}, DERIVATIONS)


def findings(check: Check, text: str, **thresholds: float) -> list[dict[str, Any]]:
    """What a check finds in a trace, without what it could not judge."""
    rows: list[dict[str, Any]] = check(*workspace(text).tables(check.needs), **thresholds).to_pylist()
    return [row for row in rows if row["severity"] != "unknown"]


def sections(manual: str) -> dict[str, str]:
    """The sections of a manual by their headings."""
    parts = re.split(r"^([A-Z][A-Za-z ]+:)(?=\s)", manual, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))
