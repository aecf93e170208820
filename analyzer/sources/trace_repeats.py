"""Repeated lines and computed values of the trace notation, so that an hour of traffic is a line in a manual."""

from __future__ import annotations

import ast
import heapq
import operator
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_REPEATS = 500_000
"""Lines that the repeats of one input may make; one of many characters counts as several."""
WEIGHED = 256
"""Characters of a line that count as one more."""
MAX_SPAN = 366 * 86_400
"""Seconds from the first repeat of a line to the last: more is no example, and soon outside the calendar."""
_COMPUTED = re.compile(r"\$\(([^()$]{1,60}(?:\([^()$]{1,40}\)[^()$]{0,40})?)\)")
_ARITHMETIC = re.compile(r"[0-9eE_.i+*/%() -]+")
_OPERATORS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}


class Timed(NamedTuple):
    """A line: its time in µs, how often it stands for itself, the seconds between, its number, and the rest of it."""

    ts: int
    repeats: int
    step: float
    number: int
    rest: str


class Repeated(NamedTuple):
    """The next repeat of a line, ordered by its time; of several at one time the earlier line comes first."""

    moment: int
    order: int
    repeat: int
    line: Timed


class Repeats:
    """The repeats of one input; afterwards, what was left out of them."""

    def __init__(self) -> None:
        self._room = MAX_REPEATS
        self._left_out: dict[str, tuple[int, int]] = {}

    def unrolled(self, lines: Iterable[Timed]) -> Iterator[tuple[int, int, str]]:
        """Time, line number and rest of all lines, repeats unrolled, in the order of their times."""
        waiting: list[Repeated] = []
        for order, line in enumerate(lines):
            yield from self._until(line.ts, waiting)
            if line.repeats <= 1:
                yield line.ts, line.number, compute(line.rest, line.ts, 0)
            else:
                heapq.heappush(waiting, Repeated(line.ts, order, 0, line))
        yield from self._until(None, waiting)

    def left_out(self) -> Iterator[tuple[int, str, int]]:
        """The first line of which repeats were left out, why they were, and how many; for each reason."""
        for why, (number, count) in self._left_out.items():
            yield number, f"{count} repeats that lines ask for, from line {number} on, are left out: {why}", count

    def _until(self, ts: int | None, waiting: list[Repeated]) -> Iterator[tuple[int, int, str]]:
        """The repeats up to a time, None being the end."""
        while waiting and (ts is None or waiting[0].moment <= ts):
            moment, order, index, line = waiting[0]
            self._room -= 1 + len(line.rest) // WEIGHED
            if self._room < 0:
                self._leave_out(f"all repeats of an input may make {MAX_REPEATS} lines, long ones fewer", line, index)
                heapq.heappop(waiting)
                continue
            yield moment, line.number, compute(line.rest, moment, index)
            index += 1
            if index == line.repeats:
                heapq.heappop(waiting)
            elif index * line.step > MAX_SPAN:
                self._leave_out(f"they would be more than {MAX_SPAN // 86_400} days after the first", line, index)
                heapq.heappop(waiting)
            else:
                following = line.ts + round(index * line.step * 1e6)
                heapq.heapreplace(waiting, Repeated(following, order, index, line))

    def _leave_out(self, why: str, line: Timed, index: int) -> None:
        number, count = self._left_out.get(why, (line.number, 0))
        self._left_out[why] = number, count + line.repeats - index


def compute(text: str, ts: int, index: int) -> str:
    """The text with `$(...)` computed from `i`, the number of the repeat, and `now`, the time of the line.

    >>> compute('{"value":"$(100+50*i)"}', 0, 3)
    '{"value":"250"}'
    >>> compute("$(now+3600) $(local-1)", 0, 0)
    '1970-01-01T01:00:00.000Z 1969-12-31T23:59:59'
    """
    return _COMPUTED.sub(lambda match: _value(match[1], ts, index, match[0]), text) if "$(" in text else text


def _value(expression: str, ts: int, index: int, fallback: str) -> str:
    zoned, local = expression.startswith("now"), expression.startswith("local")
    try:
        if zoned or local:
            shift = expression.removeprefix("now").removeprefix("local")
            moment = datetime.fromtimestamp(ts / 1e6 + (_number(f"0{shift}", index) if shift else 0), UTC)
            return moment.strftime("%Y-%m-%dT%H:%M:%S") + (f".{moment.microsecond // 1000:03d}Z" if zoned else "")
        return f"{_number(expression, index):g}" if "." in expression else str(_number(expression, index))
    except (SyntaxError, ValueError, ZeroDivisionError, OverflowError, OSError):
        return fallback


def _number(expression: str, index: int) -> float:
    if not _ARITHMETIC.fullmatch(expression):  # Python warns of some of what is none, such as `1if 1`
        raise ValueError("only numbers, i, + - * // and %")
    return _evaluate(ast.parse(expression, mode="eval").body, index)


def _evaluate(node: ast.expr, index: int) -> float:
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return node.value
    if isinstance(node, ast.Name) and node.id == "i":
        return index
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        return float_or_int(_OPERATORS[type(node.op)](_evaluate(node.left, index), _evaluate(node.right, index)))
    raise ValueError("only numbers, i, + - * // and %")


def float_or_int(value: object) -> float:
    """The value of an operator as the number that it is."""
    return value if isinstance(value, (int, float)) else 0
