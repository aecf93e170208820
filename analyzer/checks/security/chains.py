"""What the checks of certificates share: which certificates each station showed and was shown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from analyzer.kernels.columns import records, same, wholes

if TYPE_CHECKING:
    from analyzer.kernels.columns import Ints

LONGEST = 80
"""Characters of a name that a stranger wrote which are told."""
_TEXTS = ("station", "direction", "subject", "issuer", "names", "key", "signature")
VALIDITY = ("start", "end")
_PART = re.compile(r"(?:\\.|[^\\,+])+", re.DOTALL)
"""One attribute of a distinguished name; what a backslash stands before ends none (RFC 4514 2.4)."""
_ESCAPED = re.compile(rb"\\([0-9A-Fa-f]{2})|\\(.)", re.DOTALL)


class Certificate(NamedTuple):
    """A certificate that a side showed, once or more often. Its times are microseconds, None where they are unknown.

    `rows` are those of the table `certificates` that tell of it.
    """

    station: str
    direction: str
    position: int
    subject: str | None
    issuer: str | None
    names: str | None
    key: str | None
    signature: str | None
    start: int | None
    end: int | None
    rows: Ints

    @property
    def own_issuer(self) -> bool:
        """Whether it names itself as its issuer, as roots do."""
        return self.subject is not None and self.subject == self.issuer

    @property
    def whose(self) -> str:
        """Whose certificate it is, in words."""
        side = "CSMS" if self.direction == "down" else "charger"
        if self.position:
            return f"A certificate further up in the {side}'s chain, {self.title},"
        return f"The {side}'s certificate {self.title}"

    @property
    def title(self) -> str:
        """The common name of its subject, else the subject as it stands."""
        return common_name(self.subject)[:LONGEST] or (self.subject or "without a subject")[:LONGEST]


def shown(certificates: pa.Table, *, renewed: bool = False) -> dict[str, list[Certificate]]:
    """The distinct certificates of each station, in the order in which they were first seen.

    Where it does not matter that they were `renewed`, those which differ in their validity alone are one, without it.
    """
    told = certificates.filter(pa.array(same(certificates["direction"], "up", "down")))
    columns = {name: told[name].cast(pa.string()) for name in _TEXTS}
    validity = [pa.nulls(told.num_rows, pa.int64()) if renewed else told[name].cast(pa.int64()) for name in VALIDITY]
    columns |= dict(zip(VALIDITY, validity, strict=True))
    columns["position"] = pa.array(wholes(told["position"], 0))
    columns["row"] = pa.array(np.flatnonzero(same(certificates["direction"], "up", "down")))
    keys = [name for name in columns if name != "row"]
    groups = pa.table(columns).group_by(keys, use_threads=False).aggregate([("row", "list")])
    found: dict[str, list[Certificate]] = {}
    for each in records(groups):
        rows = np.sort(np.array(each.pop("row_list"), dtype=np.int64))
        if each["station"] is not None:
            found.setdefault(each["station"], []).append(Certificate(**each, rows=rows))
    return found


def common_name(subject: str | None) -> str:
    r"""The common name in a distinguished name as RFC 4514 writes it, empty where there is none.

    >>> common_name("CN=csms.example,O=Example\\, Inc."), common_name("O=Example"), common_name("O=a+CN=b\\C3\\A9")
    ('csms.example', '', 'bé')
    """
    for part in _PART.findall(subject or ""):
        kind, _, value = part.partition("=")
        if kind.strip().upper() == "CN":
            text = value.strip().encode("utf-8", "replace")
            return _ESCAPED.sub(_unescaped, text).decode("utf-8", "replace")
    return ""


def _unescaped(match: re.Match[bytes]) -> bytes:
    return bytes.fromhex(match[1].decode()) if match[1] else match[2]
