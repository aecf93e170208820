"""Values that are no numbers."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.checks.rows import by_station, evidence, plural
from analyzer.findings import MAX_EVIDENCE, Finding, table
from analyzer.kernels.columns import micros
from analyzer.plan import check

KINDS = (
    ("nothing", re.compile(r"\s*")),
    ("NaN or infinity", re.compile(r"\s*[+-]?(?:nan|inf(?:inity)?)\s*", re.IGNORECASE)),
    ("a decimal comma", re.compile(r"\s*[+-]?\d+,\d+\s*")),
    ("separated thousands", re.compile(r"\s*[+-]?\d{1,3}(?:[', .]\d{3})+(?:[.,]\d+)?\s*")),
    ("a unit inside", re.compile(r"\s*[+-]?\d+(?:[.,]\d+)?\s*[A-Za-z%]{1,10}\s*")),
    ("a number too great", re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*", re.ASCII)),
    ("hexadecimal", re.compile(r"\s*(?:0[xX])?[0-9A-Fa-f]+\s*")),
)
"""What stands in place of a number; the first that fits."""
SHOWN = 24
"""Characters of a value that are shown."""


@check("MV01", "Value is not a number", severity="error", needs_time=False)
def not_a_number(readings: pa.Table) -> pa.Table:
    """A sampled value is not a decimal number, though it is not said to be signed data.

    Why it matters: a CSMS that reads it as a number fails, drops the message or takes it for 0, and energy, cost and
        load management are wrong without a trace.
    Fires on:
        08:00:00 CP1 + ocpp1.6
        08:01:00 CP1 > MeterValues {"connectorId": 1, "meterValue": [{"timestamp": "$(now)", "sampledValue": [
            {"value": "7,4", "measurand": "Power.Active.Import", "unit": "kW"},
            {"value": "NaN", "measurand": "Voltage"}]}]}
    Near miss:
        08:00:00 CP1 + ocpp1.6
        08:01:00 CP1 > MeterValues {"connectorId": 1, "meterValue": [{"timestamp": "$(now)", "sampledValue": [
            {"value": " 7.4 ", "measurand": "Power.Active.Import", "unit": "kW"},
            {"value": "-1.5e3", "measurand": "Power.Reactive.Import"}, {"value": "0"}]}]}
        08:00:00 CP2 + ocpp2.0.1
        08:01:00 CP2 > MeterValues {"evseId": 1, "meterValue": [{"timestamp": "$(now)", "sampledValue": [{"value": 7.4}]}]}
    Confounder:
        # signed data is no number, and need not be one
        08:00:00 CP1 + ocpp1.6
        08:01:00 CP1 > MeterValues {"connectorId": 1, "meterValue": [{"timestamp": "$(now)", "sampledValue": [
            {"value": "4f434d467c7b", "format": "SignedData"}]}]}
    Not a fault when: `format` is SignedData, or there is no value at all: that is the schema's finding. A number where
        1.6 wants text is another finding too.
    Likely causes: number formatting of a locale; a sensor that fails; a meter that was not read yet.
    What to do: mend the firmware; until then let the CSMS refuse the value, not the message, and never take it for 0.
    Source: OCPP 1.6 7.43 (Raw is an integer or decimal); 2.0.1 SampledValueType.
    """
    signed = pc.equal(pc.utf8_lower(pc.fill_null(readings["format"].cast(pa.string()), "")), "signeddata")
    wrong = pc.and_(pc.and_(readings["raw_value"].is_valid(), readings["value"].is_null()), pc.invert(signed))
    chosen = np.asarray(wrong, dtype=bool)
    moments = micros(readings["ts"])
    findings = []
    for station, rows in by_station(readings):
        own = rows[chosen[rows]]
        if not len(own):
            continue
        told = readings.take(pa.array(own))
        kinds = Counter(_kind(text) for text in told["raw_value"].to_pylist())
        measurands = Counter(told["measurand"].to_pylist())
        said = ", ".join(f"{kind} ({count}x)" for kind, count in kinds.most_common(3))
        findings.append(
            Finding(
                station,
                f"{plural(len(own), 'value')} of {len(rows)} cannot be read as a number: {said}, such as "
                f"{told['raw_value'][0].as_py()[:SHOWN]!r} for {measurands.most_common(1)[0][0]}",
                start=int(moments[own].min()) if told["ts"].null_count == 0 else None,
                end=int(moments[own].max()) if told["ts"].null_count == 0 else None,
                value=100 * len(own) / len(rows),
                limit=0.0,
                unit="Percent",
                count=len(own),
                evidence=evidence(readings, own[:MAX_EVIDENCE]),
            )
        )
    return table(findings)


def _kind(raw: str) -> str:
    return next((kind for kind, shape in KINDS if shape.fullmatch(raw)), "other text")
