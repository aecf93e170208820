"""What a log format says of each line, before it becomes tables."""

from __future__ import annotations

from typing import NamedTuple


class Line(NamedTuple):
    """One line of a text input: its number from 1, its text without the line end, and the time that its envelope told."""

    number: int
    text: str
    stamp: str = ""


class Message(NamedTuple):
    """An OCPP-J message, or what stands in its place, as text.

    `direction` is `up` or `down` where the line tells it, else None: then the action and the order decide.
    `ts` is in microseconds since the epoch, None where the line has no time. `lines` is how many lines it took. Here and
    below `beside` names another connection of the station, which lives beside its first.
    """

    ts: int | None
    station: str
    direction: str | None
    text: str
    origin: int
    lines: int = 1
    beside: str = ""


class Connected(NamedTuple):
    """A charger's connection was established. Attributes are columns of the table `connections`."""

    ts: int | None
    station: str
    origin: int
    attributes: dict[str, object] = {}  # noqa: RUF012 - never changed, and a NamedTuple has no factories
    beside: str = ""


class Refused(NamedTuple):
    """A charger's upgrade was answered with another status than 101."""

    ts: int | None
    station: str
    origin: int
    http_status: int
    attributes: dict[str, object] = {}  # noqa: RUF012 - as above


class Disconnected(NamedTuple):
    """A charger's connection ended: how (`end_kind`) and by whom (`station`, `csms`, `middle`), where it is told."""

    ts: int | None
    station: str
    origin: int
    end_kind: str = "lost"
    end_side: str | None = None
    close_code: int | None = None
    close_reason: str | None = None
    beside: str = ""


class Control(NamedTuple):
    """A ping or a pong."""

    ts: int | None
    station: str
    direction: str
    kind: str
    origin: int
    detail: str | None = None
    beside: str = ""


class Noted(NamedTuple):
    """Something that the transport told: a row of `transport`, `lookups`, `certificates`, `tls_records` or `issues`."""

    ts: int | None
    station: str
    origin: int
    table: str
    columns: dict[str, object]
    beside: str = ""


class Failed(NamedTuple):
    """An attempt to connect that came to nothing before HTTP: how (`end_kind`), and columns of `connections`."""

    ts: int | None
    station: str
    origin: int
    end_kind: str
    attributes: dict[str, object]


class Ignored(NamedTuple):
    """A line that is understood and tells nothing of a charger: another program's, a banner, a blank, an echo."""

    origin: int


class Trouble(NamedTuple):
    """A line that is understood and tells of a fault, or one that is not understood (`kind` = `not_understood`).

    `accounted` is true where another event accounts for the line.
    """

    origin: int
    kind: str
    detail: str
    ts: int | None = None
    station: str | None = None
    damage: bool = False
    times: int = 1
    accounted: bool = False


Placed = Message | Connected | Disconnected | Control | Noted
"""What belongs to a connection that is open, or was just now."""
Event = Message | Connected | Refused | Disconnected | Control | Noted | Failed | Ignored | Trouble
