from __future__ import annotations

import random

import pytest

from analyzer import schema
from analyzer.checks.websocket.idle_cutoff import idle_cutoff
from tests.manuals import findings, workspace

LIFE = """
08:00:00x{n}/{step}s CP1 + ocpp1.6
08:00:01x{n}/{step}s CP1 > Heartbeat#a$(i)
08:00:01.1x{n}/{step}s CP1 < =#a$(i) {{"currentTime": "$(now)"}}
08:00:31x{n}/{step}s CP1 > Heartbeat#b$(i)
08:00:31.1x{n}/{step}s CP1 < =#b$(i) {{"currentTime": "$(now)"}}
{end}
"""


def lives(end: str, n: int = 6, step: int = 300) -> str:
    return LIFE.format(n=n, step=step, end=end.format(n=n, step=step))


def clock(seconds: float) -> str:
    return f"{8 + int(seconds) // 3600:02d}:{int(seconds) // 60 % 60:02d}:{seconds % 60:06.3f}"


@pytest.mark.parametrize("how", ["fin by csms", "rst", "1000 by csms", "1006 by csms", "fin", "1011 by csms"])
def test_every_explicit_end_that_is_not_the_chargers_can_be_a_cut_off(how: str) -> None:
    (found,) = findings(idle_cutoff, lives("08:01:31.1x{n}/{step}s CP1 - " + how))
    assert found["value"] == pytest.approx(60.0)
    assert "nginx" in str(found["summary"])


@pytest.mark.parametrize("how", ["1001 by station", "fin by station", "1008 by csms", "1012 by csms"])
def test_an_end_by_the_charger_or_with_another_reason_is_none(how: str) -> None:
    assert findings(idle_cutoff, lives("08:01:31.1x{n}/{step}s CP1 - " + how)) == []


@pytest.mark.parametrize(("n", "count"), [(5, 0), (6, 1)])
def test_it_takes_five_ends_of_which_the_outage_was_seen(n: int, count: int) -> None:
    assert len(findings(idle_cutoff, lives("08:01:31.1x{n}/{step}s CP1 - fin by csms", n=n))) == count


def test_a_beat_that_survives_as_long_speaks_against_it() -> None:
    survived = "08:01:32x{n}/{step}s CP1 > Heartbeat#c$(i)\n08:01:32.1x{n}/{step}s CP1 < =#c$(i) {{}}\n"
    assert findings(idle_cutoff, lives(survived + "08:02:32.1x{n}/{step}s CP1 - fin by csms")) == []


def test_the_known_device_is_named() -> None:
    (found,) = findings(idle_cutoff, lives("08:02:11.1x{n}/{step}s CP1 - rst"))
    assert "Cloudflare" in str(found["summary"])


def race(deadline: float, interval: float, hours: float, seed: int) -> str:
    """A charger that beats with some jitter against a server that waits for its frames for so long."""
    chance, lines, now, number = random.Random(seed), [], 1.0, 0
    while now < hours * 3600:
        lines.append((now, "CP1 + ocpp1.6"))
        last = now
        while now < hours * 3600:
            lines.append((now, f"CP1 > Heartbeat#{number}"))
            lines.append((now + chance.uniform(0.05, 0.15), f'CP1 < =#{number} {{"currentTime": "$(now)"}}'))
            last, number = now, number + 1
            now += interval + chance.gauss(0, 0.3)
            if now > last + deadline:
                now = last + deadline
                lines.append((now, "CP1 - fin by csms"))
                break
        now += chance.uniform(5, 25)
    return "\n".join(f"{clock(at)} {what}" for at, what in sorted(lines))


@pytest.mark.parametrize("interval", [59.7, 60.0, 60.3])
def test_a_deadline_that_equals_the_interval_is_found_although_beats_sometimes_win(interval: float) -> None:
    (found,) = findings(idle_cutoff, race(60.0, interval, 6, seed=1))
    assert found["value"] == pytest.approx(60.0, abs=0.01)
    assert "after the charger's last message" in str(found["summary"])
    assert "any delay loses the race" in str(found["summary"])


def test_a_proxy_in_the_path_for_some_hours_is_found() -> None:
    chance, lines, now, number = random.Random(7), [], 1.0, 0
    while now < 12 * 3600:
        lines.append((now, "CP1 + ocpp1.6"))
        while now < 12 * 3600:
            lines.append((now, f"CP1 > Heartbeat#{number}"))
            lines.append((now + 0.1, f"CP1 < =#{number} {{}}"))
            number += 1
            quiet = 90.0 if chance.random() < 0.4 else chance.uniform(1, 59)
            cut = quiet > 60.1 and 6 * 3600 < now < 8 * 3600
            now += 60.1 if cut else quiet
            if cut:
                lines.append((now, "CP1 - rst"))
                break
        now += chance.uniform(5, 25)
    text = "\n".join(f"{clock(at)} {what}" for at, what in sorted(lines))
    (found,) = findings(idle_cutoff, text)
    assert found["value"] == pytest.approx(60.0, abs=0.2)
    assert "14:" <= str(found["start"])[11:14] <= str(found["end"])[11:14] <= "16:"


@pytest.mark.parametrize("noticed", [True, False])
def test_random_ends_are_no_cut_off_though_they_are_noticed_at_the_next_beat(noticed: bool) -> None:
    chance, lines = random.Random(3), []
    for station in range(20):
        now, number = chance.uniform(0, 60), 0
        while now < 12 * 3600:
            dies = now + chance.expovariate(1 / 3600)
            lines.append((now, f"CP{station} + ocpp1.6"))
            while now < dies:
                lines.append((now, f"CP{station} > Heartbeat#{number}"))
                lines.append((now + 0.1, f"CP{station} < =#{number} {{}}"))
                now, number = now + 300 + chance.gauss(0, 0.2), number + 1
            lines.append((now if noticed else dies, f"CP{station} - 1006 by csms"))
            now = max(now, dies) + 20
    text = "\n".join(f"{clock(at)} {what}" for at, what in sorted(lines) if at < 15 * 3600)
    assert findings(idle_cutoff, text) == []


def test_a_log_of_messages_alone_is_not_judged() -> None:
    rows = idle_cutoff(*workspace("08:00:00 CP1 > Heartbeat").tables(idle_cutoff.needs)).to_pylist()
    assert [row["severity"] for row in rows] == ["unknown"]


def unjudged(text: str) -> list[str]:
    rows = idle_cutoff(*workspace(text).tables(idle_cutoff.needs)).to_pylist()
    return [row["summary"] for row in rows if row["severity"] == "unknown"]


def test_fewer_ends_than_a_pattern_takes_are_not_judged_and_none_are() -> None:
    assert unjudged(lives("08:01:31.1x{n}/{step}s CP1 - fin by csms", n=5)) == [
        "4 outages of the 5 that a pattern takes"
    ]
    assert unjudged(lives("", n=1) + "\n08:10:00 CP1 > Heartbeat") == []


def test_reboots_are_no_ends_of_a_pattern() -> None:
    boots = '\n08:00:00.5x3/300s CP1 > BootNotification#p$(i) {"reason": "Watchdog"}'
    assert unjudged(lives("08:01:31.1x{n}/{step}s CP1 - fin by csms", n=3) + boots) == []


@pytest.mark.parametrize(("until", "judged"), [("08:04:59", False), ("08:05:00", True)])
def test_a_connection_must_be_watched_for_five_minutes(until: str, judged: bool) -> None:
    assert (unjudged(f"08:00:00 CP1 + ocpp1.6\n{until} CP1 > Heartbeat") == []) == judged


def test_a_connection_without_any_time_was_not_watched() -> None:
    connections, outages, patterns = workspace("08:00:00 CP1 + ocpp1.6").tables(idle_cutoff.needs)
    rows = [{**row, "ts": None, "upgraded": None, "scheme": "wss"} for row in connections.to_pylist()]
    found = idle_cutoff(schema.from_rows("connections", rows), outages, patterns)
    assert found["summary"].to_pylist() == ["its connections were watched for 0 s only"]
