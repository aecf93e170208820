"""The tables that everything above the wire reads and makes, declared once.

Each table is a tuple of fields with a type, a unit and a sentence. A field name has one type everywhere, so tables join
without surprises. Times are microseconds in UTC. Strings with few distinct values are dictionaries. `source` and
`origin` lead from any row back to the input: `origin` is the packet number of a capture (as Wireshark shows it) or the
line number of a log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import pyarrow as pa
import pyarrow.compute

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

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


def _at(about: str) -> Field:
    return Field("ts", TIME, "", about)


_BASE = (
    TableSchema(
        "sources",
        "base",
        "One row per input that was read, with an account of what was understood.",
        (
            SOURCE,
            Field("kind", NAME, "", "The format that it was taken for."),
            START,
            END,
            Field("bytes", WHOLE, "B", "Size of what was read, or of a whole message."),
            Field("records", WHOLE, "", "Packets of a capture, lines or rows of a log."),
            Field("messages", WHOLE, "", "OCPP messages found."),
            Field("lifecycle", WHOLE, "", "Records that told of connections, pings, closes and errors."),
            Field("ignored", WHOLE, "", "Records that carry no OCPP and are known not to."),
            Field("unknown", WHOLE, "", "Records that were not understood."),
            Field("damaged", FLAG, "", "True where a part of the input was lost or unreadable."),
            Field("zone", NAME, "", "The time zone that its times were read in, and where that came from."),
        ),
    ),
    TableSchema(
        "connections",
        "base",
        "One row per attempt of a charger to connect, and how it ended.",
        (
            STATION,
            _at("First sight of the attempt: SYN, upgrade, log line or first message."),
            CONNECTION,
            Field("upgraded", TIME, "", "When the upgrade was answered with 101; null where it was not seen."),
            END,
            Field("end_kind", NAME, "", "close, fin, rst, timeout, replaced, refused, lost (how is unknown) or open."),
            Field("end_side", NAME, "", "Who ended it: station, csms, middle; null where unknown."),
            Field("close_code", WHOLE, "", "Status code of the first close frame (RFC 6455 7.4)."),
            Field("close_reason", TEXT, "", "Reason text of the first close frame."),
            Field("http_status", WHOLE, "", "HTTP status of the answer to the upgrade."),
            Field("path", TEXT, "", "Path of the upgrade request."),
            Field("host", NAME, "", "Host header, or the TLS server name."),
            Field("scheme", NAME, "", "ws or wss; null where unknown."),
            Field("agent", NAME, "", "User-Agent header."),
            Field("offered", NAME, "", "Subprotocols offered by the charger; empty where none was, null where unseen."),
            Field("subprotocol", NAME, "", "Subprotocol chosen by the server."),
            Field("version", NAME, "", "OCPP version 1.6, 2.0.1 or 2.1; null where it cannot be told."),
            Field("extensions", NAME, "", "WebSocket extensions in force."),
            Field("authorization", NAME, "", "none, basic or another scheme; null where the request was not seen."),
            Field("user", TEXT, "", "User name of the basic authorization, as a pseudonym unless it is the station."),
            Field("client", NAME, "", "Address of the charger's side."),
            Field("client_port", WHOLE, "", "Port of the charger's side."),
            Field("server", NAME, "", "Address of the server's side."),
            Field("server_port", WHOLE, "", "Port of the server's side."),
            Field("start_observed", FLAG, "", "True where the beginning was seen."),
            Field("end_observed", FLAG, "", "True where the end was seen."),
            Field("end_origin", WHOLE, "", "Packet or line at which the end was seen; null where it was not."),
            Field("inferred", FLAG, "", "True where no line or packet told of the connection itself."),
            Field("last_up", TIME, "", "Last message or control frame from the charger."),
            Field("last_down", TIME, "", "Last message or control frame from the CSMS."),
            Field("retransmissions", WHOLE, "", "TCP segments that were sent again."),
            Field("lost_bytes", WHOLE, "B", "Bytes of the stream that were never seen."),
            SOURCE,
            Field("origin", WHOLE, "", "Packet of the upgrade request, else of the first sight; or line number."),
        ),
    ),
    TableSchema(
        "transport",
        "base",
        "What the transport told of a connection: a sparse table of TCP and TLS events.",
        (
            STATION,
            _at("When the packet was seen."),
            CONNECTION,
            Field(
                "kind",
                NAME,
                "",
                "syn, syn_ack, fin, rst, retransmission, duplicate, keep_alive, zero_window, hole or tls.",
            ),
            DIRECTION,
            Field("bytes", WHOLE, "B", "Size of what was read, or of a whole message."),
            Field("detail", TEXT, "", "More about it, in words."),
            SOURCE,
            ORIGIN,
        ),
    ),
    TableSchema(
        "controls",
        "base",
        "One row per WebSocket control frame (RFC 6455 5.5).",
        (
            STATION,
            _at("When the frame was complete."),
            CONNECTION,
            DIRECTION,
            Field("kind", NAME, "", "ping, pong or close."),
            Field("detail", TEXT, "", "More about it, in words."),
            Field("close_code", WHOLE, "", "Status code of the first close frame (RFC 6455 7.4)."),
            Field("close_reason", TEXT, "", "Reason text of the first close frame."),
            SOURCE,
            ORIGIN,
        ),
    ),
    TableSchema(
        "messages",
        "base",
        "One row per OCPP-J message on the wire.",
        (
            STATION,
            _at("When its last byte was seen, or the time of its log line."),
            DIRECTION,
            Field("type", NAME, "", "call, result, error, result_error or send."),
            Field("id", TEXT, "", "Message id, that joins an answer with its call."),
            ACTION,
            Field("payload", TEXT, "", "The payload's JSON text, secrets replaced; of an error, its details."),
            ERROR_CODE,
            Field("error_description", TEXT, "", "Description of an error."),
            Field("bytes", WHOLE, "B", "Size of what was read, or of a whole message."),
            CONNECTION,
            SOURCE,
            ORIGIN,
        ),
    ),
    TableSchema(
        "issues",
        "base",
        "What was wrong with the input: nothing is dropped in silence.",
        (
            SOURCE,
            ORIGIN,
            _at("When, where it is known."),
            STATION,
            CONNECTION,
            DIRECTION,
            Field("kind", NAME, "", "What sort of trouble it is, in one word."),
            Field("count", WHOLE, "", "How many times."),
            Field("damage", FLAG, "", "True where a part of the input was lost by it."),
            Field("detail", TEXT, "", "More about it, in words."),
        ),
    ),
)

_DERIVED = (
    TableSchema(
        "calls",
        "derived",
        "One row per request, joined with its answer on the same connection.",
        (
            STATION,
            _at("When the request was seen."),
            DIRECTION,
            Field("id", TEXT, "", "Message id, that joins an answer with its call."),
            ACTION,
            Field("payload", TEXT, "", "The payload's JSON text, secrets replaced; of an error, its details."),
            Field(
                "status",
                NAME,
                "",
                "answered, error, unanswered, interrupted (the connection ended first), pending (the input ended first) or send.",
            ),
            Field("answered", TIME, "", "When the answer was seen."),
            Field("latency", REAL, "s", "From request to answer."),
            Field("answer", TEXT, "", "Payload of the answer, as JSON text."),
            ERROR_CODE,
            Field("error_description", TEXT, "", "Description of an error."),
            Field("version", NAME, "", "OCPP version 1.6, 2.0.1 or 2.1; null where it cannot be told."),
            Field("open", REAL, "s", "How long the connection was still watched after the request."),
            CONNECTION,
            SOURCE,
            ORIGIN,
        ),
    ),
    TableSchema(
        "settings",
        "derived",
        "What was configured, as of when, and where that is known from.",
        (
            STATION,
            _at("When it was said."),
            Field("key", NAME, "", "The 1.6 configuration key, or `Component.Variable` where 1.6 has none."),
            Field("text", TEXT, "", "The value as text."),
            Field("number", REAL, "", "The value as a number, where it is one."),
            Field("operation", NAME, "", "boot, set, get, report, file or inferred."),
            Field(
                "status",
                NAME,
                "",
                "What the other side answered: Accepted, Rejected, RebootRequired, NotSupported and so on.",
            ),
            Field("effective", FLAG, "", "True where it is in force from then on."),
            CONNECTION,
            SOURCE,
            ORIGIN,
        ),
    ),
    TableSchema(
        "heartbeats",
        "derived",
        "One row per Heartbeat request.",
        (
            STATION,
            _at("When the request was seen."),
            CONNECTION,
            Field("status", NAME, "", "answered, error, unanswered, interrupted or pending."),
            Field("latency", REAL, "s", "From request to answer."),
            Field("gap", REAL, "s", "Since the Heartbeat before it on the same connection; null for the first."),
            Field("quiet", FLAG, "", "True where the charger sent no other request in that gap."),
            Field("interval", REAL, "s", "The heartbeat interval in force; null where it is not known."),
            Field(
                "interval_from", NAME, "", "Where the interval is known from: boot, set, get, report, file, inferred."
            ),
            Field("csms_time", TIME, "", "currentTime of the answer."),
            SOURCE,
            ORIGIN,
        ),
    ),
    TableSchema(
        "readings",
        "derived",
        "One row per sampled value, in canonical units.",
        (
            STATION,
            _at("When the message was seen."),
            Field("measured", TIME, "", "The timestamp that the charger gave; read as UTC where it has no zone."),
            Field("zoned", FLAG, "", "True where that timestamp has a zone."),
            ACTION,
            EVSE,
            CONNECTOR,
            TRANSACTION,
            Field("context", NAME, "", "Reading context, the default applied."),
            Field("measurand", NAME, "", "Measurand, the default applied."),
            Field("phase", NAME, "", "Phase; null for the overall value."),
            Field("location", NAME, "", "Location, the default applied."),
            Field("value", REAL, "see unit", "The value in the canonical unit; null where it is not a number."),
            Field("unit", NAME, "", "Canonical unit (Wh, W, A, V, var, varh, VA, VAh, Celsius, Percent, Hertz, RPM)."),
            Field("raw_value", TEXT, "", "The value as it was sent."),
            Field("raw_unit", NAME, "", "The unit as it was sent; null where it was left out."),
            Field("format", NAME, "", "Raw or SignedData."),
            CONNECTION,
            SOURCE,
            ORIGIN,
        ),
    ),
    TableSchema(
        "transactions",
        "derived",
        "One row per transaction, with what the charger and the CSMS said of its ends.",
        (
            STATION,
            _at("When the first message about it was seen."),
            TRANSACTION,
            EVSE,
            CONNECTOR,
            START,
            END,
            Field("started", TIME, "", "When the message that starts it was seen; of several, the answered one."),
            Field("stopped", TIME, "", "When the message that ends it was seen."),
            Field("meter_start", REAL, "Wh", "Register at the start."),
            Field("meter_stop", REAL, "Wh", "Register at the end."),
            REASON,
            Field("energy", REAL, "Wh", "meter_stop less meter_start, past the last digit of a register that ran out."),
            Field("refused", FLAG, "", "True where the CSMS refused the id tag of its StartTransaction (1.6)."),
            Field("samples", WHOLE, "", "Distinct times at which it was sampled periodically."),
            Field("stop_connection", NAME, "", "The connection on which the end was reported."),
            CONNECTION,
            SOURCE,
            ORIGIN,
        ),
    ),
    TableSchema(
        "boots",
        "derived",
        "One row per BootNotification, and whether the charger had rebooted.",
        (
            STATION,
            _at("When the request was seen."),
            CONNECTION,
            Field("answered", TIME, "", "When the answer was seen."),
            Field("status", NAME, "", "Accepted, Pending or Rejected; null where no answer was seen."),
            Field("interval", REAL, "s", "The heartbeat interval in force; null where it is not known."),
            REASON,
            Field("vendor", NAME, "", "Vendor of the charger."),
            Field("model", NAME, "", "Model of the charger."),
            Field("firmware", NAME, "", "Firmware version."),
            Field("kind", NAME, "", "reboot, reconnect (a habit, no reboot), triggered or unknown."),
            Field("detail", TEXT, "", "The evidence for the kind."),
            Field("downtime", REAL, "s", "Since the charger's last message before it; null where there is none."),
            SOURCE,
            ORIGIN,
        ),
    ),
    TableSchema(
        "statuses",
        "derived",
        "One row per StatusNotification.",
        (
            STATION,
            _at("When the request was seen."),
            EVSE,
            CONNECTOR,
            Field("status", NAME, "", "Connector status as the charger reported it."),
            ERROR_CODE,
            Field("measured", TIME, "", "The timestamp that the charger gave; read as UTC where it has no zone."),
            Field("detail", TEXT, "", "More about it, in words."),
            CONNECTION,
            SOURCE,
            ORIGIN,
        ),
    ),
    TableSchema(
        "clock",
        "derived",
        "One row per station and hour: how far the charger's clock stands ahead.",
        (
            STATION,
            _at("The message that shows it."),
            Field("offset", REAL, "s", "Payload time less arrival time that the hour's live messages agree on."),
            Field("held", REAL, "s", "From the first to the last message of the hour that agree on that offset."),
            Field("samples", WHOLE, "", "Timestamps that were compared."),
            Field("unzoned", WHOLE, "", "How many of these timestamps had no zone."),
            SOURCE,
            ORIGIN,
        ),
    ),
    TableSchema(
        "outages",
        "derived",
        "One row per time between the end of one connection and the next that was established.",
        (
            STATION,
            START,
            END,
            Field("duration", REAL, "s", "Length of the outage; null where its end was not seen."),
            CONNECTION,
            Field("next_connection", NAME, "", "The connection that ended the outage."),
            Field("end_kind", NAME, "", "close, fin, rst, timeout, replaced, refused, lost (how is unknown) or open."),
            Field("end_side", NAME, "", "Who ended it: station, csms, middle; null where unknown."),
            Field("close_code", WHOLE, "", "Status code of the first close frame (RFC 6455 7.4)."),
            Field(
                "noticed",
                TIME,
                "",
                "When the end of the connection was seen; the outage starts at the last sign of life.",
            ),
            Field("idle_any", REAL, "s", "From the last message or ping of either side to the end of the connection."),
            Field("idle_up", REAL, "s", "From the charger's last message or ping to the end of the connection."),
            Field("idle_down", REAL, "s", "From the CSMS's last message or ping to the end of the connection."),
            Field("lifetime", REAL, "s", "Age of the connection at its end."),
            Field("attempts", WHOLE, "", "Refused attempts to connect during the outage."),
            Field(
                "boot",
                NAME,
                "",
                "Kind of the boot that followed: reboot, reconnect, triggered or unknown; null if none.",
            ),
            Field("in_transaction", FLAG, "", "True where a transaction was open."),
            SOURCE,
            ORIGIN,
        ),
    ),
    TableSchema(
        "idle_patterns",
        "derived",
        "One row per station whose connections end after the same quiet time: an idle cut-off.",
        (
            STATION,
            Field("kind", NAME, "", "hard (something ends the connection) or silent (it is dead, and nobody says so)."),
            Field("clock", NAME, "", "What the quiet is of: any message, up (the charger's) or down (the CSMS's)."),
            Field("seconds", REAL, "s", "Median quiet time at the ends that fit the pattern."),
            Field("count", WHOLE, "", "How many ends fit the pattern."),
            Field("ends", WHOLE, "", "How many ends were looked at."),
            Field("share", REAL, "", "Share, 0 to 1."),
            Field("youden", REAL, "", "Youden's J of fatal against survived quiet times, 0 to 1."),
            Field("survived", REAL, "s", "Longest quiet time below the cut that a connection survived."),
            Field("fatal", REAL, "s", "Shortest quiet time at or above the cut that ended a connection."),
            Field("interval", REAL, "s", "The heartbeat interval in force; null where it is not known."),
            START,
            END,
            SOURCE,
            ORIGIN,
        ),
    ),
)

_OUTCOME = (
    TableSchema(
        "findings",
        "outcome",
        "One row per thing that is wrong: what was measured, what was allowed, where.",
        (
            Field("check", NAME, "", "Identity of the check."),
            Field("severity", NAME, "", "info, warning, error or critical."),
            STATION,
            CONNECTION,
            START,
            END,
            Field("value", REAL, "see unit", "The value in the canonical unit; null where it is not a number."),
            Field("limit", REAL, "see unit", "What was allowed or expected, in the same unit."),
            Field("unit", NAME, "", "Canonical unit (Wh, W, A, V, var, varh, VA, VAh, Celsius, Percent, Hertz, RPM)."),
            Field("count", WHOLE, "", "How many times."),
            Field("summary", TEXT, "", "One sentence with the figures."),
            Field("evidence", EVIDENCE, "", "The rows that prove it: source, packet or line, time."),
            Field("fingerprint", TEXT, "", "Stable identity of the finding from one run to the next."),
        ),
    ),
    TableSchema(
        "runs",
        "outcome",
        "One row per check, and one per station that it could not judge: ran, skipped or failed, and why.",
        (
            Field("check", NAME, "", "Identity of the check, or the name of a cause that failed."),
            Field("station", NAME, "", "The station that could not be judged; null for the run as a whole."),
            Field("outcome", NAME, "", "ran, skipped or failed."),
            Field("why", TEXT, "", "Why it was skipped or failed."),
            Field("seconds", REAL, "s", "Time that it took."),
            Field("rows", WHOLE, "", "Findings that it made."),
        ),
    ),
    TableSchema(
        "causes",
        "outcome",
        "One row per outage and cause that the evidence speaks for, best first.",
        (
            STATION,
            START,
            END,
            CONNECTION,
            Field("rank", WHOLE, "", "1 for the likeliest cause of the outage."),
            Field("cause", NAME, "", "Name of the cause."),
            Field("score", REAL, "", "Sum of the evidence's weights, as log odds."),
            Field("share", REAL, "", "Share of the cause among all that were considered, 0 to 1."),
            Field("confidence", NAME, "", "high, medium or low."),
            Field("owner", NAME, "", "Who can mend it: charger, CSMS, network, site or configuration."),
            Field("evidence_for", TEXT, "", "What speaks for it."),
            Field("evidence_against", TEXT, "", "What speaks against it."),
            Field("missing", TEXT, "", "What would settle it."),
            Field("remedy", TEXT, "", "What to do."),
        ),
    ),
    TableSchema(
        "checklist",
        "outcome",
        "One row per station and line of the checklist.",
        (
            STATION,
            Field("line", NAME, "", "A1 to D3."),
            Field("title", NAME, "", "What the line asks."),
            Field("status", NAME, "", "PASS, WARN, FAIL or UNKNOWN."),
            Field("detail", TEXT, "", "More about it, in words."),
            Field("checks", TEXT, "", "The checks that decide it."),
        ),
    ),
    TableSchema(
        "verdict",
        "outcome",
        "One row per station: what is wrong with it, in words.",
        (
            STATION,
            Field("severity", NAME, "", "info, warning, error or critical."),
            Field("sentences", TEXT, "", "One to three sentences with the figures."),
            Field("remedy", TEXT, "", "What to do."),
            Field("owner", NAME, "", "Who can mend it: charger, CSMS, network, site or configuration."),
            Field("confidence", NAME, "", "high, medium or low."),
            Field("missing", TEXT, "", "What would settle it."),
        ),
    ),
)

TABLES: Mapping[str, TableSchema] = {table.name: table for table in (*_BASE, *_DERIVED, *_OUTCOME)}


def names(kind: Kind) -> tuple[str, ...]:
    """The names of all tables of one kind, in order of declaration."""
    return tuple(table.name for table in TABLES.values() if table.kind == kind)


def arrow(name: str) -> pa.Schema:
    """The Arrow schema of a declared table."""
    return TABLES[name].arrow


def empty(name: str) -> pa.Table:
    """A declared table without rows."""
    return arrow(name).empty_table()


def from_columns(name: str, columns: Mapping[str, Sequence[object] | pa.Array | pa.ChunkedArray]) -> pa.Table:
    """A declared table from columns; a column that is not given is null.

    >>> from_columns("runs", {"check": ["HB01"], "rows": [0]}).num_rows
    1
    """
    schema = arrow(name)
    unknown = set(columns) - set(schema.names)
    if unknown:
        raise KeyError(f"{name} has no column {', '.join(sorted(unknown))}")
    length = len(next(iter(columns.values()), ()))
    return pa.table(
        [
            _column(columns[field.name], field.type) if field.name in columns else pa.nulls(length, field.type)
            for field in schema
        ],
        schema=schema,
    )


def from_rows(name: str, rows: Iterable[Mapping[str, object]]) -> pa.Table:
    """A declared table from dictionaries; a key that is not given is null."""
    listed = list(rows)
    if not listed:
        return empty(name)
    keys = {key for row in listed for key in row}
    return from_columns(name, {key: [row.get(key) for row in listed] for key in keys})


def concat(name: str, tables: Iterable[pa.Table]) -> pa.Table:
    """Tables of one declared name, one after the other, with their dictionaries unified."""
    return pa.concat_tables([empty(name), *tables]).unify_dictionaries()


def sort(table: pa.Table) -> pa.Table:
    """The table sorted by (station, ts, origin), as every table of the project is."""
    keys = [(key, "ascending") for key in ("station", "ts", "start", "source", "origin") if key in table.column_names]
    decoded = [
        (key, table[key].cast(pa.string()) if pa.types.is_dictionary(table[key].type) else table[key])
        for key, _ in keys
    ]
    order = pa.compute.sort_indices(pa.table(dict(decoded)), sort_keys=keys) if keys else None
    return table if order is None else table.take(order)


def _column(values: Sequence[object] | pa.Array | pa.ChunkedArray, kind: pa.DataType) -> pa.Array | pa.ChunkedArray:
    if isinstance(values, (pa.Array, pa.ChunkedArray)):
        return values if values.type == kind else values.cast(kind)
    try:
        return (
            pa.array(values, pa.string()).dictionary_encode()
            if pa.types.is_dictionary(kind)
            else pa.array(values, kind)
        )
    except UnicodeEncodeError:
        # JSON may escape half a surrogate pair, which no UTF-8 holds (RFC 8259 8.2).
        whole = [
            value.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if isinstance(value, str) else value
            for value in values
        ]
        return _column(whole, kind)
