"""What a user holds: `read()` gives a Capture, with tables, checks, verdict, plots and reports."""

from __future__ import annotations

import contextlib
import gc
import zoneinfo
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, overload

import pyarrow as pa

from analyzer import config, engine, schema, window
from analyzer.causes import causes
from analyzer.checks import FAMILIES, checks
from analyzer.derive import DERIVATIONS
from analyzer.findings import Findings
from analyzer.kernels.columns import same
from analyzer.parquet import Writers
from analyzer.plots import KINDS, figure
from analyzer.plots.notebook import show_figures
from analyzer.sources import inputs, reading
from analyzer.sources.twice import told_once
from analyzer.verdict.checklist import checklist
from analyzer.verdict.coverage import coverage
from analyzer.verdict.ranking import rank_causes
from analyzer.verdict.result import CheckInfo, Result
from analyzer.verdict.sentences import verdict
from analyzer.verdict.unheard import unheard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    import pandas as pd
    from matplotlib.figure import Figure
    from scapy.packet import Packet

ENDINGS = {".html": "html", ".htm": "html", ".json": "json", ".txt": "text"}
"""The formats of a report by the endings of its file."""


class Tables(Mapping[str, pa.Table]):
    """The tables of a capture by name; derived ones are made when they are first asked for."""

    def __init__(self, workspace: engine.Workspace) -> None:
        self._workspace = workspace

    def __getitem__(self, name: str) -> pa.Table:
        if name not in self:
            raise KeyError(f"no table is called {name}; there are: {', '.join(self)}")
        return self._workspace.table(name)

    def __contains__(self, name: object) -> bool:
        return name in set(self)

    def __iter__(self) -> Iterator[str]:
        return iter((*schema.names("base"), *schema.names("derived")))

    def __len__(self) -> int:
        return len(list(iter(self)))


@dataclass(frozen=True)
class Capture:
    """What was read: base tables, and everything that follows from them. Never changed, only narrowed to another."""

    base: Mapping[str, pa.Table] = field(repr=False)

    @cached_property
    def _workspace(self) -> engine.Workspace:
        return engine.Workspace(self.base, DERIVATIONS)

    @property
    def tables(self) -> Tables:
        """All base and derived tables, as Arrow."""
        return Tables(self._workspace)

    @property
    def stations(self) -> list[str]:
        """The chargers that were seen."""
        return self._workspace.stations()

    def __getattr__(self, name: str) -> pd.DataFrame:
        """A table as a pandas frame: `capture.messages`, `capture.calls`, `capture.readings`."""
        if name.startswith("_") or name not in schema.TABLES or schema.TABLES[name].kind == "outcome":
            raise AttributeError(f"Capture has no attribute {name!r}")
        frame: pd.DataFrame = self.tables[name].to_pandas()
        return frame

    def __dir__(self) -> list[str]:
        """The tables are attributes too."""
        return sorted({*super().__dir__(), *self.tables})

    def station(self, name: str) -> Capture:
        """The capture narrowed to one charger."""
        if name not in self.stations:
            raise KeyError(f"no station is called {name}; there are: {', '.join(self.stations) or 'none'}")
        return Capture({key: self._of_station(key, table, name) for key, table in self.base.items()})

    def between(self, start: datetime | str | None = None, end: datetime | str | None = None) -> Capture:
        """The capture narrowed to messages and events from `start` on and before `end` (ISO 8601, UTC if it has no zone)."""
        low, high = window.moment(start, window.ALWAYS), window.moment(end, window.NEVER)
        return Capture(window.narrow(self.base, low, high))

    def check(
        self, *, select: Iterable[str] = (), ignore: Iterable[str] = (), thresholds: Iterable[str] = ()
    ) -> Findings:
        """Run the checks. Thresholds read `HB01.warn_factor=2`."""
        return engine.run(
            checks(), self._workspace, config.resolve(checks(), select=select, ignore=ignore, settings=thresholds)
        )

    def result(
        self, *, select: Iterable[str] = (), ignore: Iterable[str] = (), thresholds: Iterable[str] = ()
    ) -> Result:
        """Checks, causes, checklist and verdict together: what the reports render."""
        findings = self.check(select=select, ignore=ignore, thresholds=thresholds)
        declared = {check.id: check for check in checks()}
        outages = self.tables["outages"]
        clues, failed = engine.weigh(causes(), self._workspace)
        findings = Findings(findings.table, schema.concat("runs", [findings.runs, failed]))
        ranked = rank_causes(outages, causes(), clues)
        outcome = {"causes": ranked, "checklist": checklist(findings, self.stations, unheard=unheard(self.tables))}
        tables: dict[str, pa.Table] = {**self.tables, **outcome, "findings": findings.table, "runs": findings.runs}
        tables["verdict"] = verdict(tables, findings.table, self.stations, declared)
        infos = {check.id: CheckInfo(check.id, check.title, check.manual) for check in declared.values()}
        return Result(tables, findings, coverage(tables, findings.runs), infos, self.damaged)

    def verdict(self) -> str:
        """The verdict on each charger in words."""
        rows = self.result().tables["verdict"].to_pylist()
        return "\n".join(f"{row['station']}: {row['sentences']} {row['remedy'] or ''}".rstrip() for row in rows)

    def report(self, path: str | Path | None = None, *, format: str | None = None) -> str:  # noqa: A002 - the command's word
        """The report as text, written to `path` too where one is given: html, json or text, by name or by ending."""
        chosen = format or (format_of(path) if path else "text")
        text = render(self.result(), chosen)
        if path is not None:
            Path(path).write_text(text, encoding="utf-8")
        return text

    def write(self, folder: str | Path) -> dict[str, int]:
        """Write all base and derived tables as Parquet into a folder; the rows of each by name.

        Each file is written under another name first, and all are renamed at the end: a reader never sees half a table.
        """
        with Writers(folder) as writers:
            for name, table in self.tables.items():
                writers.write(name, table)
        return writers.rows

    @overload
    def packets(self, connection: str) -> list[Packet]: ...

    @overload
    def packets(self, connection: str, into: str | Path) -> int: ...

    def packets(self, connection: str, into: str | Path | None = None) -> list[Packet] | int:
        """The packets of a connection by its name, read anew from the capture, as Scapy packets.

        With `into` they are written there as a pcapng, as they were captured, secrets in them included; each packet has
        a comment for Wireshark that says what it holds. Then the number of packets is returned.

        Raises:
            KeyError: No connection is called so.
            SourceError: The input was a log or a pipe, or the capture is gone or has changed.
            ValueError: The file to be written is an input.
        """
        from analyzer.reports import packets

        return packets.dissected(self.base, connection) if into is None else packets.write(self.base, connection, into)

    @property
    def plot(self) -> Plots:
        """The plots: `capture.plot.timeline()` and so on."""
        show_figures()
        return Plots(self)

    @property
    def damaged(self) -> bool:
        """Whether a part of the input was lost."""
        return any(self.base["sources"]["damaged"].to_pylist()) or any(self.base["issues"]["damage"].to_pylist())

    def _of_station(self, key: str, table: pa.Table, name: str) -> pa.Table:
        return table if key == "sources" else table.filter(pa.array(same(table["station"], name)))

    def __repr__(self) -> str:
        """What was read, in a line."""
        messages = self.base["messages"].num_rows
        return f"Capture({', '.join(self.stations) or 'no station'}: {messages} messages)"

    def _repr_html_(self) -> str:
        rows = "".join(f"<tr><th>{name}</th><td>{self.base[name].num_rows}</td></tr>" for name in self.base)
        return f"<table><caption>{len(self.stations)} stations</caption>{rows}</table>"


@dataclass(frozen=True)
class Plots:
    """The plots of a capture, each a matplotlib figure."""

    capture: Capture

    def __getattr__(self, kind: str) -> Callable[..., Figure]:
        """A plot by its name."""
        if kind not in KINDS:
            raise AttributeError(f"no plot is called {kind}; there are: {', '.join(KINDS)}")
        return lambda **options: plot(self.capture, kind, **options)

    def __dir__(self) -> list[str]:
        """The names of the plots."""
        return [*KINDS]


def read(
    *paths: str | Path,
    format: str | None = None,  # noqa: A002 - the command's word
    zone: str | None = None,
    ports: Iterable[int] = (),
    dissector: str = "fast",
    keylog: str | Path | None = None,
    progress: Callable[[int], None] | None = None,
) -> Capture:
    """Read captures and logs, several as one.

    The files of a rotated set of captures are read as one capture, in whatever order they are given.

    Args:
        paths: Files, zip archives of them, pipes, or `-` for standard input.
        format: The format of the logs, where it should not be found by sniffing.
        zone: The time zone of logs that do not tell it, such as `Europe/Berlin`.
        ports: TCP ports of the CSMS, for captures whose upgrade is missing.
        dissector: `fast`, or `scapy` to send every packet through Scapy's dissection.
        keylog: A file of TLS secrets, as SSLKEYLOGFILE names it, to decrypt captures with.
        progress: Told how many bytes of the current input were read.

    Raises:
        SourceError: An input or the key log cannot be opened, or the format or zone does not exist.
    """
    options = options_of(format, zone, ports, dissector, keylog)
    with collector_paused():
        parts = told_once(inputs.read([str(path) for path in paths], options=options, progress=progress))
    if len(parts) == 1:
        return Capture(parts[0])
    return Capture(
        {name: schema.sort(schema.concat(name, [part[name] for part in parts])) for name in schema.names("base")}
    )


def options_of(
    format: str | None,  # noqa: A002 - the command's word
    zone: str | None,
    ports: Iterable[int],
    dissector: str,
    keylog: str | Path | None,
) -> reading.Options:
    """How inputs are to be read, as `read` says it."""
    secrets = None if keylog is None else reading.read_keylog(keylog)
    return reading.Options(format, _zone(zone), frozenset(ports), dissector, secrets)


@contextlib.contextmanager
def collector_paused() -> Iterator[None]:
    """Pause the search for cycles of objects: reading makes millions of objects and no cycle."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def plot(capture: Capture, kind: str, *, station: str | None = None) -> Figure:
    """A plot of a capture by its name, of all chargers or of one."""
    outcome = {"findings": lambda: capture.check().table}
    tables = (outcome[name]() if name in outcome else capture.tables[name] for name in figure.needs(kind))
    return figure.draw(kind, *tables, station=station)


def format_of(path: str | Path) -> str:
    """The format of a report by the ending of its file.

    >>> format_of("night.htm"), format_of("night.json")
    ('html', 'json')

    Raises:
        ValueError: The ending names no format.
    """
    ending = Path(path).suffix.lower()
    if ending not in ENDINGS:
        raise ValueError(f"no report is written as {Path(path).name}; its name may end in {', '.join(ENDINGS)}")
    return ENDINGS[ending]


def render(result: Result, format: str) -> str:  # noqa: A002 - the command's word
    """A result as text in a format: text, html or json."""
    from analyzer.reports import html, json, terminal

    if format == "html":
        return html.render(result, figures(result))
    if format == "json":
        return json.render(result)
    if format == "text":
        return terminal.render(result)
    raise ValueError(f"no report is called {format}; there are: html, json, text")


def figures(result: Result) -> dict[str, str]:
    """The plots of a report as elements of its page, by name."""
    from analyzer.plots.svg import inline

    return {kind: inline(figure.draw(kind, *(result.tables[name] for name in figure.needs(kind)))) for kind in KINDS}


def explain(name: str = "") -> str:
    """The manual of a check, the list of a family, or the whole catalogue.

    Raises:
        KeyError: No check or family is called so.
    """
    wanted = name.strip().upper()
    for check in checks():
        if check.id == wanted:
            thresholds = "".join(f"\n    {key} = {value}" for key, value in check.thresholds.items())
            return f"{check.id}  {check.title}  ({check.severity})\n\n{check.manual}\n\nThresholds (--set {check.id}.NAME=VALUE):{thresholds or ' none'}\n"
    chosen = [check for check in checks() if check.id.startswith(wanted)]
    if not chosen:
        raise KeyError(f"no check or family is called {name}; families: {', '.join(FAMILIES)}")
    return "".join(f"{check.id}  {check.severity:8}  {check.title}\n" for check in chosen)


def _zone(name: str | None) -> zoneinfo.ZoneInfo | None:
    if name is None:
        return None
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise reading.SourceError(f"no time zone is called {name}; name one such as Europe/Berlin or UTC") from None
