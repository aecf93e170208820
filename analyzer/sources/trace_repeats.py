"""Repeated lines and computed values of the trace notation, so that an hour of traffic is a line in a manual."""

from __future__ import annotations

import ast
import heapq
import operator
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_REPEATS = 100_000
MAX_SPAN = 366 * 86_400
"""Seconds from the first repeat of a line to the last: more is no example, and soon outside the calendar."""
_COMPUTED = re.compile(r"\$\(([^()$]{1,60}(?:\([^()$]{1,40}\)[^()$]{0,40})?)\)")
_OPERATORS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}


def unroll(lines: Iterable[tuple[int, int, float, int, str]]) -> Iterator[tuple[int, int, str]]:
    """Lines (time in µs, times to repeat, seconds between, line number, rest) in order of time, repeats unrolled."""
    waiting: list[tuple[int, int, int, str]] = []
    order = 0
    for ts, repeats, step, number, rest in lines:
        while waiting and waiting[0][0] <= ts:
            yield _taken(heapq.heappop(waiting))
        if repeats <= 1:
            yield ts, number, compute(rest, ts, 0)
            continue
        for index in range(min(repeats, MAX_REPEATS)):
            if index * step > MAX_SPAN:
                break
            moment = ts + round(index * step * 1e6)
            heapq.heappush(waiting, (moment, order, number, compute(rest, moment, index)))
            order += 1
    while waiting:
        yield _taken(heapq.heappop(waiting))


def compute(text: str, ts: int, index: int) -> str:
    """The text with `$(...)` computed from `i`, the number of the repeat, and `now`, the time of the line.

    >>> compute('{"value":"$(100+50*i)"}', 0, 3)
    '{"value":"250"}'
    >>> compute("$(now+3600) $(local-1)", 0, 0)
    '1970-01-01T01:00:00.000Z 1969-12-31T23:59:59'
    """
    return _COMPUTED.sub(lambda match: _value(match[1], ts, index, match[0]), text) if "$(" in text else text


def _taken(item: tuple[int, int, int, str]) -> tuple[int, int, str]:
    ts, _, number, rest = item
    return ts, number, rest


def _value(expression: str, ts: int, index: int, fallback: str) -> str:
    zoned, local = expression.startswith("now"), expression.startswith("local")
    try:
        if zoned or local:
            shift = expression.removeprefix("now").removeprefix("local")
            moment = datetime.fromtimestamp(ts / 1e6 + (_number(f"0{shift}", index) if shift else 0), UTC)
            return moment.strftime("%Y-%m-%dT%H:%M:%S") + (f".{moment.microsecond // 1000:03d}Z" if zoned else "")
        return f"{_number(expression, index):g}" if "." in expression else str(_number(expression, index))
    except (SyntaxError, ValueError, ZeroDivisionError, OverflowError):
        return fallback


def _number(expression: str, index: int) -> float:
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
