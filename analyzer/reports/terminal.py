"""The first screen: what is wrong, who can mend it, and where to look, in the columns of a terminal."""

from __future__ import annotations

import re
from io import StringIO
from itertools import groupby
from typing import TYPE_CHECKING

from analyzer.findings import UNKNOWN, rank
from analyzer.reports import summary
from analyzer.reports.text import clip, named, number, plural, proof, safe, when

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rich.text import Text

    from analyzer.reports.summary import Row
    from analyzer.verdict.result import Result

MAX_STATIONS = 10
"""More stations than this become a table of the worst."""
MAX_FINDINGS = 12
"""Findings shown of a station; of several together in the table of the worst."""
MAX_COVERAGE = 14
NAME_LENGTH = 40
HEADING_WIDTH = 13
"""Columns of the words at the left of the checklist."""
NARROWEST = 60
_BEFORE_UNIT = re.compile(r"(?<=\d) (?=(?:s|min|h|days|Wh|kWh|W|kW|A|V|%)(?!\w))")
_GLUE = "\ue000"
"""Stands for the blank between a figure and its unit while lines are wrapped: rich breaks at every kind of blank."""
STATUS_STYLES = {"PASS": "green", "WARN": "yellow", "FAIL": "bold red", "UNKNOWN": "dim"}
SEVERITY_STYLES = {"critical": "bold red", "error": "red", "warning": "yellow", "info": "dim"}


def render(result: Result, width: int = 100, *, colour: bool = False) -> str:
    """The verdict, checklist, coverage and findings as text of so many columns; ANSI colours only on demand."""
    from rich.console import Console

    stream = StringIO()
    console = Console(
        file=stream,
        width=max(width, NARROWEST),
        force_terminal=colour,
        color_system="standard" if colour else None,
        no_color=not colour,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    for line in _Screen(result, console.width).lines():
        line.rstrip()
        console.print(line, soft_wrap=True)
    return stream.getvalue()


class _Screen:
    """The lines of the first screen."""

    def __init__(self, result: Result, width: int) -> None:
        self.result = result
        self.width = width
        self.verdicts = summary.rows(result, "verdict")
        self.findings = summary.by_station(summary.shown(result))
        self.checklist = summary.by_station(summary.rows(result, "checklist"))
        self.versions = summary.versions(result)
        self.kinds = summary.kinds(result)
        self.within_a_day = summary.within_a_day(result)

    def lines(self) -> Iterator[Text]:
        """All lines, worst station first."""
        if len(self.verdicts) > MAX_STATIONS:
            yield from self._worst()
        else:
            for row in self.verdicts:
                yield from self._station(row)
        if not self.verdicts:
            yield from self._heading("No charger was seen", None)
        named = {row["station"] for row in self.verdicts}
        others = [row for station, rows in self.findings.items() if station not in named for row in rows]
        yield from self._findings(others, station=True)
        yield from self._coverage()
        yield from self._hint()

    def _station(self, row: Row) -> Iterator[Text]:
        station = row["station"]
        yield from self._heading(clip(named(station), NAME_LENGTH), self.versions.get(station))
        yield from self._paragraph(row["sentences"] or "")
        if row["remedy"]:
            yield from self._remedy(row)
        yield _text("")
        for family, lines in summary.families(self.checklist.get(station, ())).items():
            yield from self._cells(family, lines)
        yield _text("")
        yield from self._findings(self.findings.get(station, ()), station=False)

    def _heading(self, name: str, version: str | None) -> Iterator[Text]:
        parts = [part for part in (version, summary.watched(self.result)) if part]
        yield _text((name, "bold"), *[(f" · {part}", "") for part in parts])
        yield _text("")

    def _paragraph(self, sentences: str) -> Iterator[Text]:
        yield from self._wrapped(_text("  "), _text(safe(sentences)))

    def _remedy(self, row: Row) -> Iterator[Text]:
        told = [f"{name} {safe(row[name])}" for name in ("owner", "confidence") if row[name]]
        yield from self._tailed(_text("  ", ("→", "bold"), " "), _text((safe(row["remedy"]), "bold")), " · ".join(told))
        if row["missing"]:
            yield from self._wrapped(_text("    "), _text((f"What would settle it: {safe(row['missing'])}", "dim")))

    def _cells(self, family: str, lines: Iterable[Row]) -> Iterator[Text]:
        """A paragraph of the checklist: what passed as bare words, the rest with what is wrong, equal ones as one."""
        current = _text("  ", (f"{family:{HEADING_WIDTH}}", "bold"))
        begin = current.cell_len
        for names, status, detail in _alike(lines):
            cell = _text(f"{names} ", (status, STATUS_STYLES.get(status, "")))
            if detail:
                cell.append(f" {clip(detail, self.width - begin - cell.cell_len - 1)}")
            gap = 0 if current.cell_len == begin else 5
            if current.cell_len + gap + cell.cell_len > self.width and gap:
                yield current
                current, gap = _text(" " * begin), 0
            current.append(" " * gap)
            current.append_text(cell)
        yield current

    def _findings(self, rows: Sequence[Row], *, station: bool) -> Iterator[Text]:
        for row in rows[:MAX_FINDINGS]:
            of = f"{clip(named(row['station']), NAME_LENGTH)}: " if station and row["station"] is not None else ""
            yield from self._finding(row, of, f"{number(row['count'])}x" if row["count"] else "")
        if len(rows) > MAX_FINDINGS:
            left = rows[MAX_FINDINGS:]
            yield _text((f"  and {plural(len(left), 'finding')} more, none worse than {left[0]['severity']}", "dim"))
        if rows:
            yield _text("")

    def _finding(self, row: Row, of: str, times: str) -> Iterator[Text]:
        """A finding with its times and proof."""
        style = SEVERITY_STYLES.get(row["severity"], "")
        head = _text("  ", (f"{safe(row['check']):6}", "bold"), (f"{safe(row['severity']):9}", style))
        tail = " · ".join(part for part in (times, *self._where(row)) if part)
        yield from self._tailed(head, _text(of, safe(row["summary"] or "")), tail)

    def _where(self, row: Row) -> Iterator[str]:
        """When a finding began, and the rows that prove it."""
        if row["start"]:
            clock = f"{row['start']:%H:%M:%S}" if self.within_a_day else when(row["start"])
            yield f"first {clock}" if row["count"] and row["count"] > 1 else clock
        if row["evidence"]:
            yield proof(row["evidence"], self.kinds)

    def _coverage(self) -> Iterator[Text]:
        head = f"{'Coverage':{HEADING_WIDTH}}"
        for line in self.result.coverage[:MAX_COVERAGE]:
            yield from self._wrapped(_text("  ", (head, "bold")), _text(safe(line)))
            head = " " * HEADING_WIDTH
        if len(self.result.coverage) > MAX_COVERAGE:
            left = len(self.result.coverage) - MAX_COVERAGE
            yield _text(f"  {head}and {plural(left, 'line')} more in the full report")

    def _hint(self) -> Iterator[Text]:
        every = [row for rows in self.findings.values() for row in rows]
        if every:
            worst = max(every, key=lambda row: rank(row["severity"]))
            yield _text("")
            yield _text((f"  What a finding means: ocpp-analyzer explain {safe(worst['check'])}", "dim"))

    def _worst(self) -> Iterator[Text]:
        """The worst stations a line each, a sentence about the rest, and the findings by check."""
        yield from self._heading(plural(len(self.verdicts), "charger"), None)
        shown = self.verdicts[:MAX_STATIONS]
        names = [_text((clip(named(row["station"]), NAME_LENGTH // 2), "bold")) for row in shown]
        columns = max(name.cell_len for name in names)
        for name, row in zip(names, shown, strict=True):
            severity = row["severity"] or "fine"
            padding = " " * (columns - name.cell_len + 2)
            head = _text("  ", name, padding, (f"{severity:9}", SEVERITY_STYLES.get(severity, "")))
            yield _text(head, clip(safe(row["sentences"] or ""), self.width - head.cell_len))
        yield _text("")
        yield from self._wrapped(_text("  "), _text(_rest(self.verdicts[MAX_STATIONS:])))
        yield _text("")
        yield from self._by_check()

    def _by_check(self) -> Iterator[Text]:
        """The worst finding of each check, and how many chargers have one."""
        checks: dict[str, list[Row]] = {}
        for verdict in self.verdicts:
            for row in self.findings.get(verdict["station"], ()):
                checks.setdefault(row["check"], []).append(row)
        worst = [(max(rows, key=lambda row: rank(row["severity"])), rows) for rows in checks.values()]
        worst.sort(key=lambda item: (-rank(item[0]["severity"]), -len(item[1]), item[0]["check"]))
        for row, rows in worst[:MAX_FINDINGS]:
            chargers = len({row["station"] for row in rows})
            of = f"{plural(chargers, 'charger')}, such as {clip(named(row['station']), NAME_LENGTH // 2)}: "
            yield from self._finding(row, of, f"{number(sum(row['count'] or 1 for row in rows))}x")
        if len(worst) > MAX_FINDINGS:
            yield _text((f"  and {plural(len(worst) - MAX_FINDINGS, 'check')} more with findings", "dim"))
        if worst:
            yield _text("")

    def _wrapped(self, head: Text, body: Text) -> Iterator[Text]:
        """The body in the columns right of its head, its later lines indented as far."""
        from rich.console import Console

        indent = head.cell_len
        body.plain = _BEFORE_UNIT.sub(_GLUE, body.plain)
        lines = body.wrap(Console(width=self.width), self.width - indent)
        for place, line in enumerate(lines or [_text("")]):
            line.plain = line.plain.replace(_GLUE, " ")
            line.rstrip()
            yield _text(head if place == 0 else " " * indent, line)

    def _tailed(self, head: Text, body: Text, tail: str) -> Iterator[Text]:
        """The body with a few words at the right of its last line, or below it where there is no room."""
        *before, last = self._wrapped(head, body)
        yield from before
        words = _text((tail, "dim"))
        room = self.width - last.cell_len - words.cell_len
        if not tail or room >= 3:
            yield _text(last, " " * room, words)
        else:
            yield last
            yield from self._wrapped(_text(" " * head.cell_len), words)


def _text(*parts: str | tuple[str, str] | Text) -> Text:
    """A text of styled parts: never parsed as markup, whatever they hold."""
    from rich.text import Text

    return Text.assemble(*parts)


def _alike(lines: Iterable[Row]) -> Iterator[tuple[str, str, str]]:
    """Names, status and what is wrong: neighbours that passed alone, others together where the same is wrong."""
    for (status, detail), rows in groupby(lines, key=lambda row: (safe(row["status"]), safe(row["detail"] or ""))):
        names = [safe(row["line"]) for row in rows]
        if status == "PASS":
            yield from ((name, status, "") for name in names)
        else:
            yield names[0] if len(names) == 1 else f"{names[0]}-{names[-1]}", status, detail


def _rest(rows: Sequence[Row]) -> str:
    counts = {name: sum(row["severity"] == name for row in rows) for name in ("critical", "error", "warning")}
    told = [
        f"{count} with {'an ' if name == 'error' else 'a '}{name} at worst" for name, count in counts.items() if count
    ]
    unknown = sum(row["severity"] == UNKNOWN for row in rows)
    fine = len(rows) - sum(counts.values()) - unknown
    told += [f"{unknown} that could not be judged"] if unknown else []
    told += [f"{fine} with nothing wrong"] if fine else []
    return f"And {plural(len(rows), 'more charger')}: {', '.join(told)}."
