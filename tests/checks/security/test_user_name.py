from __future__ import annotations

from analyzer.checks.security.user_name import user_name
from tests.checks.outcomes import outcomes, reason
from tests.manuals import findings


def test_another_name_is_told_with_what_became_of_it() -> None:
    trace = """
    08:00:00x3/60s CP1 x 401 path=/ocpp/CP1 authorization=basic user=~0123456789ab
    08:10:00 CP1 x 404 path=/ocpp/CP1 authorization=basic user=~ba9876543210
    09:00:00 CP1 + ocpp1.6 path=/ocpp/CP1 authorization=basic user=CP1
    """
    (found,) = findings(user_name, trace)
    assert found["count"] == 4
    assert found["summary"] == (
        "The charger authorizes itself as ~0123456789ab and 1 other name, not by its identity, in 4 of 5 requests; 3 refused"
    )


def test_a_name_that_works_all_the_same_is_told_too() -> None:
    (found,) = findings(user_name, "08:00:00 CP1 + ocpp1.6 path=/ocpp/CP1 authorization=basic user=cp1")
    assert found["severity"] == "error"
    assert "refused" not in found["summary"]


def test_names_are_compared_for_each_station() -> None:
    trace = """
    08:00:00 CP1 + ocpp1.6 path=/ocpp/CP1 authorization=basic user=CP2
    08:00:00 CP2 + ocpp1.6 path=/ocpp/CP2 authorization=basic user=CP2
    08:00:00 CP3 + ocpp1.6 path=/ocpp/CP3 authorization=none
    """
    assert outcomes(user_name, trace) == [("CP1", "error"), ("CP3", "unknown")]


def test_without_a_user_or_a_url_nothing_is_judged() -> None:
    for attributes in ("", "path=/ocpp/CP1", "user=x authorization=basic", "path=/ocpp/CP1 authorization=bearer"):
        assert "user name" in reason(user_name, f"08:00:00 CP1 + ocpp1.6 {attributes}")


def test_a_hostile_name_is_cut() -> None:
    (found,) = findings(user_name, f"08:00:00 CP1 x 401 path=/CP1 authorization=basic user={'%1B' * 900}")
    assert len(found["summary"]) < 200
