"""Exit codes, which are part of the interface."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from analyzer.cli.choices import FailOn

if TYPE_CHECKING:
    from analyzer.capture import Capture
    from analyzer.findings import Findings

FINE, FINDINGS, USAGE, NOTHING, INCOMPLETE = 0, 1, 2, 3, 4


class Complaint(Exception):  # noqa: N818 - it is what the user is told, not a fault of the program
    """Ends the command with one line on stderr and an exit code."""

    def __init__(self, text: str, code: int = USAGE) -> None:
        super().__init__(text)
        self.code = code


def warn(text: str) -> None:
    """One line on standard error; control characters of a stranger's strings do nothing there."""
    from analyzer.reports.text import safe

    sys.stderr.write(f"ocpp-analyzer: {safe(' '.join(text.split()))}\n")


def of(capture: Capture, findings: Findings, fail_on: FailOn) -> int:
    """The exit code of an analysis: incomplete beats findings beats fine."""
    from analyzer.findings import rank

    failed = any(outcome == "failed" for outcome in findings.runs["outcome"].to_pylist())
    if capture.damaged or failed:
        return INCOMPLETE
    if fail_on is FailOn.NEVER:
        return FINE
    return FINDINGS if rank(findings.worst or "") >= rank(fail_on.value) else FINE
