"""The user's choices: which checks run, with which thresholds."""

from __future__ import annotations

import difflib
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from analyzer.plan import Check, Threshold


class ConfigError(ValueError):
    """A choice that cannot be followed; its text is one line with a hint."""


@dataclass(frozen=True)
class Config:
    """Checks to run and thresholds to run them with."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    thresholds: Mapping[str, Mapping[str, Threshold]] = field(default_factory=dict)

    def chooses(self, check: Check) -> bool:
        """Whether a check runs: a selection names checks or families by the beginning of their id."""
        selected = not self.select or check.id.startswith(self.select)
        return selected and not (self.ignore and check.id.startswith(self.ignore))


def resolve(
    checks: Sequence[Check], *, select: Iterable[str] = (), ignore: Iterable[str] = (), settings: Iterable[str] = ()
) -> Config:
    """The choices of a command line, validated against the checks that exist.

    Selections may be comma-separated; settings read `HB01.warn_factor=2`.
    """
    config = Config(_prefixes(checks, select), _prefixes(checks, ignore), _thresholds(checks, settings))
    if not any(config.chooses(check) for check in checks):
        raise ConfigError("the selection leaves no check to run; see `ocpp-analyzer explain` for the list")
    return config


def _prefixes(checks: Sequence[Check], given: Iterable[str]) -> tuple[str, ...]:
    texts = list(given)
    prefixes = tuple(part.strip().upper() for text in texts for part in text.split(",") if part.strip())
    if texts and not prefixes:
        raise ConfigError("an empty selection names no check; see `ocpp-analyzer explain` for the list")
    for prefix in prefixes:
        if not any(check.id.startswith(prefix) for check in checks):
            raise ConfigError(f"no check is called {prefix}{_hint(prefix, [check.id for check in checks])}")
    return prefixes


def _thresholds(checks: Sequence[Check], settings: Iterable[str]) -> dict[str, dict[str, Threshold]]:
    chosen: dict[str, dict[str, Threshold]] = {}
    known = {check.id: check for check in checks}
    for setting in settings:
        target, equals, value = setting.partition("=")
        identity, dot, name = target.strip().partition(".")
        if not (equals and dot):
            raise ConfigError(f"--set wants CHECK.threshold=value, such as HB01.warn_factor=2, not {setting}")
        check = known.get(identity.upper())
        if check is None:
            raise ConfigError(f"no check is called {identity}{_hint(identity.upper(), list(known))}")
        if name not in check.thresholds:
            names = ", ".join(check.thresholds) or "none"
            raise ConfigError(f"{check.id} has no threshold {name}; it has: {names}")
        chosen.setdefault(check.id, {})[name] = _convert(setting, value.strip(), check.thresholds[name])
    return chosen


def _convert(setting: str, value: str, default: Threshold) -> Threshold:
    try:
        converted = type(default)(value)
    except ValueError:
        raise ConfigError(f"--set {setting}: {value} is no {type(default).__name__}") from None
    if isinstance(converted, (int, float)) and not 0 <= converted < math.inf:
        raise ConfigError(f"--set {setting}: a threshold is a number from 0 on")
    return converted


def _hint(name: str, names: list[str]) -> str:
    close = difflib.get_close_matches(name, names, n=1)
    return f"; did you mean {close[0]}?" if close else "; see `ocpp-analyzer explain` for the list"
