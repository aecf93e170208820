"""Takes off what carried a line: docker, journald, syslog, Kubernetes, a cloud's JSON, a quote, colours.

The format below sees the line as its program wrote it. A line without an envelope comes back as it is.
"""

from __future__ import annotations

import json
import re
from typing import NamedTuple

MAX_DEPTH = 6
"""Envelopes in one another: a quoted journal of docker compose with time stamps has four."""
MAX_WRAPPED = 1 << 20
"""Characters of a JSON envelope that is opened. Docker cuts the lines that it wraps at 16 KiB."""

_ISO = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?"
_ZONE = r"(?:Z|[+-]\d\d:?\d\d)"
_LEVEL = r"(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|FATAL|CRITICAL)\b"
_QUOTE = r"(?:> )+|>$"
_COMPOSE = rf"(?!{_LEVEL})[A-Za-z][\w.-]{{0,127}} {{0,64}}\|(?: |$)"
"""`name  | `. A level before a bar is a format's own, and no container's name."""
_SYSLOG = (
    r"(?:<\d{1,3}>)?(?P<syslog>[A-Z][a-z]{2} [ \d]?\d \d\d:\d\d:\d\d(?:\.\d{1,6})?) "
    rf"(?!{_LEVEL})[^\s:]{{1,255}} (?:[a-z]{{3,8}}\d?\.[a-z]{{3,7}} )?[^\s:\[]{{1,128}}(?:\[\d{{1,10}}\])?:(?: |$)"
)
"""RFC 3164, journald's short forms, OpenWrt's with its facility. A format's own time is followed by a level, no host."""
_ISO_SYSLOG = (
    rf"(?:<\d{{1,3}}>)?(?:[A-Z][a-z]{{2}} )?(?P<iso>{_ISO}(?:{_ZONE}| [A-Z]{{2,5}})) "
    r"[^\s:\[\]]{1,255} [^\s:\[]{1,128}\[\d{1,10}\]:(?: |$)"
)
"""rsyslog's and journald's ISO forms. Without a process id they would look like a format's own time."""
_RFC5424 = (
    r"<\d{1,3}>1 (?P<rfc5424>\S{1,40}) \S{1,255} \S{1,48} \S{1,128} \S{1,32} "
    r'(?:-|(?:\[(?:[^\]\\"]|"(?:[^"\\]|\\.)*")*\])+)(?: \ufeff?|$)'
)
"""Priority, version, time, host, program, process, message id, structured data."""
_CONTAINER = rf"(?P<container>\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{{9}}{_ZONE}) (?:(?:stdout|stderr) [FP](?: |$))?"
"""Kubernetes and docker write nine digits always; the files of a container runtime add stream and tag."""
_PROCESS = r"[A-Za-z][\w@.-]{0,127}\[\d{1,10}\]: "
_ENVELOPE = re.compile(f"{_QUOTE}|{_COMPOSE}|{_SYSLOG}|{_ISO_SYSLOG}|{_RFC5424}|{_CONTAINER}|{_PROCESS}")
_COLOUR = re.compile(r"(?:\x1b|#033)(?:\[[0-9;?]{0,32}[ -/]?[@-~]|\][^\x07\x1b]{0,256}(?:\x07|\x1b\\))")
"""ECMA-48 control sequences, also as rsyslog escapes them."""
_TEXTS = ("log", "textPayload", "MESSAGE", "message")
"""Where the line is in the JSON of Docker, Google, journald, and of Elastic and CloudWatch."""
_STAMPS = ("time", "timestamp", "@timestamp", "__REALTIME_TIMESTAMP")


class Unwrapped(NamedTuple):
    """A line without its envelopes, and the time that the innermost one told, as it was written (else empty)."""

    text: str
    stamp: str


def strip(line: str) -> str:
    """The line as its program wrote it."""
    return unwrap(line).text


def unwrap(line: str) -> Unwrapped:
    """The line as its program wrote it, and when its envelope says it came."""
    stamp = ""
    if "\x1b" in line or "#033" in line:
        line = _COLOUR.sub("", line)
    for _ in range(MAX_DEPTH):
        if line.startswith("{"):
            opened = _open(line)
            if opened is None:
                break
            line, stamp = opened.text, opened.stamp or stamp
            continue
        match = _ENVELOPE.match(line)
        if match is None:
            break
        line = line[match.end() :]
        if match.lastgroup:
            stamp = match[match.lastgroup]
    return Unwrapped(line, stamp)


def _open(line: str) -> Unwrapped | None:
    """What a JSON envelope holds; None where it is none: a format of its own, or a piece of a payload."""
    if len(line) > MAX_WRAPPED or not any(f'"{key}"' in line for key in _TEXTS):
        return None
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        return None
    text = next((fields[key] for key in _TEXTS if isinstance(fields.get(key), str)), None)
    stamp = next((str(fields[key]) for key in _STAMPS if key in fields), "")
    known = "log" in fields or "textPayload" in fields or "MESSAGE" in fields or "@timestamp" in fields
    if text is None or not (known or "ingestionTime" in fields):
        return None
    return Unwrapped(_COLOUR.sub("", text).rstrip("\r\n"), stamp)
