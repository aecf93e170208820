"""Reads how a connection ended, in the words of Python's `websockets`."""

from __future__ import annotations

import re
from typing import NamedTuple

ABNORMAL = 1006
"""RFC 6455 7.1.5: no close frame was received."""
OTHER = {"station": "csms", "csms": "station"}
_CLOSE = r"(?P<code>\d{4}) \([^)]{1,40}\)(?: (?P<reason>.*))?"
_FIRST = re.compile(
    rf"(?P<how>received|sent) {_CLOSE}; (?:then (?:sent|received) .*|no close frame (?:received|sent))", re.DOTALL
)
_LEGACY = re.compile(r"code = (?P<code>\d{4}) \([^)]{1,60}\), (?:reason = (?P<reason>.*)|no reason)", re.DOTALL)
_NONE = "no close frame received or sent"


class Closing(NamedTuple):
    """How a connection ended, as columns of `connections`."""

    end_kind: str
    end_side: str | None = None
    close_code: int | None = None
    close_reason: str | None = None


def closing(text: str, here: str = "csms") -> Closing | None:
    """How a connection ended, by the text of an exception; `here` is whose log it is. None where it tells nothing.

    >>> closing("sent 1011 (internal error) keepalive ping timeout; no close frame received")
    Closing(end_kind='close', end_side='csms', close_code=1011, close_reason='keepalive ping timeout')
    >>> closing("received 1000 (OK); then sent 1000 (OK)").end_side
    'station'
    >>> closing("no close frame received or sent")
    Closing(end_kind='lost', end_side=None, close_code=1006, close_reason=None)
    """
    text = text.strip()
    if text == _NONE:
        return Closing("lost", None, ABNORMAL)
    match = _FIRST.fullmatch(text)
    if match is not None:
        side = here if match["how"] == "sent" else OTHER[here]
        return Closing("close", side, int(match["code"]), match["reason"])
    match = _LEGACY.fullmatch(text)
    if match is None:
        return None
    code = int(match["code"])
    return Closing("lost" if code == ABNORMAL else "close", None, code, match["reason"])
