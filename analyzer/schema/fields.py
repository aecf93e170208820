"""The kinds of columns, and those that several tables share."""

from __future__ import annotations

from typing import Literal, NamedTuple

import pyarrow as pa

TIME = pa.timestamp("us", tz="UTC")
NAME = pa.dictionary(pa.int32(), pa.string())
TEXT = pa.string()
WHOLE = pa.int64()
REAL = pa.float64()
FLAG = pa.bool_()
EVIDENCE = pa.list_(pa.struct([("source", pa.string()), ("origin", pa.int64()), ("ts", TIME)]))

Kind = Literal["base", "derived", "outcome"]


class Field(NamedTuple):
    """A column: its name, Arrow type, unit (empty where it has none) and one sentence about it."""

    name: str
    type: pa.DataType
    unit: str
    about: str


class TableSchema(NamedTuple):
    """A declared table: its name, kind, one sentence about it, and its fields in order."""

    name: str
    kind: Kind
    about: str
    fields: tuple[Field, ...]

    @property
    def arrow(self) -> pa.Schema:
        """The Arrow schema, with unit and sentence as field metadata."""
        return pa.schema([pa.field(f.name, f.type, metadata={"unit": f.unit, "about": f.about}) for f in self.fields])


STATION = Field("station", NAME, "", "The charger's identity as it gives it to the CSMS.")
CONNECTION = Field("connection", NAME, "", "The WebSocket connection, unique within what was read.")
SOURCE = Field("source", NAME, "", "The input that the row comes from, as it was named.")
ORIGIN = Field("origin", WHOLE, "", "Packet number of a capture or line number of a log, from 1.")
DIRECTION = Field("direction", NAME, "", "`up` from charger to CSMS, `down` from CSMS to charger.")
EVSE = Field("evse", WHOLE, "", "EVSE number (2.x); null in 1.6.")
CONNECTOR = Field("connector", WHOLE, "", "Connector number; 0 is the whole station.")
TRANSACTION = Field("transaction", TEXT, "", "The transaction's identity as text, whichever side gave it.")
ACTION = Field("action", NAME, "", "The OCPP action; of an answer, that of its call where it is known.")
ERROR_CODE = Field("error_code", NAME, "", "Error code of a CALLERROR or CALLRESULTERROR, or of a StatusNotification.")
START = Field("start", TIME, "", "When what the row describes began.")
END = Field("end", TIME, "", "When what the row describes ended; null while it goes on.")
REASON = Field("reason", NAME, "", "The reason that the charger gave: of a boot (2.x) or for the end of a transaction.")


def at(about: str) -> Field:
    """The column of the time at which something was seen."""
    return Field("ts", TIME, "", about)
