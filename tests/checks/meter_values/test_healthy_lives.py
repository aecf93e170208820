"""A healthy charger gives nothing, whatever its interval, meter, clock, outages and version are."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from random import Random
from typing import NamedTuple

from hypothesis import HealthCheck, given, settings, strategies as st

from analyzer.checks import checks
from tests.manuals import findings

METER_VALUES = tuple(check for check in checks() if check.id.startswith("MV"))
DAY = datetime(2026, 1, 1, 1, tzinfo=UTC)


class Life(NamedTuple):
    """What one charger is like."""

    version: str
    interval: int
    resolution: int
    watts: int
    ahead: int
    jitter: float
    aligned: bool
    phases: bool
    told: bool
    outages: int
    seed: int


LIVES = st.builds(
    Life,
    st.sampled_from(["1.6", "2.0.1", "2.1"]),
    st.sampled_from([10, 60, 300, 900]),
    st.sampled_from([1, 10, 100, 1000]),
    st.sampled_from([0, 1400, 7400, 22_000, 300_000]),
    st.sampled_from([0, -40, 3600, -7200]),
    st.floats(0, 2),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.integers(0, 2),
    st.integers(0, 2**32),
)


class Charger:
    """Lives through some transactions, and queues what it measures while it is offline (OCPP 1.6 3.7)."""

    def __init__(self, life: Life) -> None:
        self.life, self.chance = life, Random(life.seed)
        self.lines: list[tuple[float, str]] = []
        self.register, self.number, self.now = float(self.chance.randrange(10**7)), 0, 0.0
        self.outages = sorted(
            (a := self.chance.uniform(600, 9000), a + self.chance.uniform(30, 900)) for _ in range(life.outages)
        )

    def say(self, text: str, at: float) -> None:
        self.lines.append((at, text))

    def stamp(self, at: float) -> str:
        return (DAY + timedelta(seconds=at + self.life.ahead)).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"

    def send(self, action: str, payload: dict[str, object], at: float, answer: dict[str, object]) -> None:
        """A message of a transaction: at once, or after the outage that it falls into, in the order of its making."""
        sent = at
        for begin, end in self.outages:
            if begin - 1 <= sent <= end + 1:
                sent = end + 1 + self.number / 1000
        self.number += 1
        self.say(f"> {action}#{self.number} {json.dumps(payload)}", sent)
        self.say(f"< =#{self.number} {json.dumps(answer)}", sent + 0.0004)

    def values(self, at: float, context: str) -> list[dict[str, object]]:
        old = self.life.version == "1.6"
        shown = self.register // self.life.resolution * self.life.resolution
        total, power = (str(round(shown)), str(self.life.watts)) if old else (round(shown), self.life.watts)
        found: list[dict[str, object]] = [{"value": total, "context": context}]
        if context == "Sample.Periodic":
            found.append({"value": power, "measurand": "Power.Active.Import", "context": context})
            if self.life.phases:
                found.extend({"value": total, "phase": phase, "context": context} for phase in ("L1", "L2", "L3"))
        return [{"timestamp": self.stamp(at), "sampledValue": found}]

    def flow(self, seconds: float) -> None:
        self.register += self.life.watts * seconds / 3600

    def charge(self, begin: float, samples: int, identity: int) -> float:
        old, end = self.life.version == "1.6", begin + samples * self.life.interval + self.life.interval / 3
        start = round(self.register // self.life.resolution * self.life.resolution)
        if old:
            self.send(
                "StartTransaction",
                {"connectorId": 1, "idTag": "T", "meterStart": start, "timestamp": self.stamp(begin)},
                begin,
                {"transactionId": identity},
            )
        else:
            self.event("Started", begin, identity, 0, self.values(begin, "Transaction.Begin"))
        at = begin
        for number in range(1, samples + 1):
            moment = begin + number * self.life.interval + self.chance.uniform(0, self.life.jitter)
            self.flow(moment - at)
            at = moment
            values = self.values(at, "Sample.Periodic")
            if old:
                self.send("MeterValues", {"connectorId": 1, "transactionId": identity, "meterValue": values}, at, {})
            else:
                self.event("Updated", at, identity, number, values)
            if self.life.aligned and old:
                # It carries the start of its interval (OCPP 1.6 9.1.5), and no transaction.
                before = self.values(at - 0.7 * self.life.interval, "Sample.Clock")
                self.send("MeterValues", {"connectorId": 1, "meterValue": before}, at + 0.1, {})
        self.flow(end - at)
        stop = round(self.register // self.life.resolution * self.life.resolution)
        if old:
            self.send(
                "StopTransaction", {"transactionId": identity, "meterStop": stop, "timestamp": self.stamp(end)}, end, {}
            )
        else:
            self.event("Ended", end, identity, samples + 1, self.values(end, "Transaction.End"))
        return end

    def event(self, kind: str, at: float, identity: int, number: int, values: list[dict[str, object]]) -> None:
        payload = {
            "eventType": kind,
            "seqNo": number,
            "timestamp": self.stamp(at),
            "triggerReason": "MeterValuePeriodic",
        }
        payload |= {"transactionInfo": {"transactionId": f"tx-{identity}"}, "meterValue": values}
        if kind == "Started":
            payload["evse"] = {"id": 1, "connectorId": 1}
        self.send("TransactionEvent", payload, at, {})

    def trace(self) -> str:
        self.say(f"+ ocpp{self.life.version}", -60)
        if self.life.told and self.life.version == "1.6":
            setting = {"key": "MeterValueSampleInterval", "readonly": False, "value": str(self.life.interval)}
            self.say('< GetConfiguration#g {"key": ["MeterValueSampleInterval"]}', -50)
            self.say(f"> =#g {json.dumps({'configurationKey': [setting]})}", -49)
        at = 0.0
        for identity in range(1, 5):
            at = self.charge(at + self.chance.uniform(20, 300), self.chance.randrange(1, 30), identity)
        last = 0.0
        for begin, end in self.outages:
            if begin > last + 5:
                self.say("- 1006", begin)
                self.say(f"+ ocpp{self.life.version}", end)
            last = end
        for beat in range(0, int(at), 240):
            if not any(begin - 1 <= beat <= end + 1 for begin, end in self.outages):
                self.say(f"> Heartbeat#h{beat} {{}}", beat)
        ordered = sorted(self.lines, key=lambda line: line[0])
        return "\n".join(
            f"{(DAY + timedelta(seconds=at)).strftime('%Y-%m-%d %H:%M:%S.%f')} CP1 {text}" for at, text in ordered
        )


@given(LIVES)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_healthy_life_gives_nothing(life: Life) -> None:
    text = Charger(life).trace()
    for check in METER_VALUES:
        assert findings(check, text) == []
