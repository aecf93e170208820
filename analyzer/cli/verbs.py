"""The verbs, in the order in which they are listed."""

from __future__ import annotations

from analyzer.cli.check import check
from analyzer.cli.explain import explain
from analyzer.cli.formats import formats
from analyzer.cli.ingest import ingest
from analyzer.cli.plot import plot
from analyzer.cli.report import report
from analyzer.cli.show import show

VERBS = (report, check, show, plot, ingest, explain, formats)
