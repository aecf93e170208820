from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from analyzer.checks.security.chains import common_name, shown
from tests.manuals import tables

TRACE = """
08:00:00x2/60s CP1 + ocpp1.6 scheme=wss
08:00:00x2/60s CP1 * certificate by csms position=0 subject=CN%3Da issuer=CN%3DCA
08:00:00x2/60s CP1 * certificate by csms position=1 subject=CN%3DCA issuer=CN%3DCA
08:00:00 CP1 * certificate subject=CN%3Dnobody
08:00:00 CP2 * certificate by station subject=O%3DExample
"""


def test_certificates_are_told_once_a_station_with_all_their_rows() -> None:
    known = shown(tables(TRACE)["certificates"])
    assert {station: [(each.title, len(each.rows)) for each in own] for station, own in known.items()} == {
        "CP1": [("a", 2), ("CA", 2)],
        "CP2": [("O=Example", 1)],
    }
    assert [each.own_issuer for each in known["CP1"]] == [False, True]


def test_certificates_that_were_renewed_are_one_where_their_validity_does_not_matter() -> None:
    renewed = "08:00:00 CP1 * certificate by csms subject=CN%3Da end={}\n"
    table = tables("".join(renewed.format(year) for year in ("2026-01-01", "2027-01-01")))["certificates"]
    assert [len(shown(table)["CP1"]), len(shown(table, renewed=True)["CP1"])] == [2, 1]


def test_the_rows_are_those_of_the_table() -> None:
    table = tables(TRACE)["certificates"]
    for own in shown(table).values():
        for each in own:
            subjects = table["subject"].take(each.rows).to_pylist()
            assert set(subjects) == {each.subject}


@pytest.mark.parametrize(
    ("subject", "name"),
    [
        ("CN=a", "a"), ("O=x,CN=a,C=DE", "a"), ("O=x + CN=a", "a"), ("cn = a", "a"), ("O=CN=b", ""), (None, ""), ("", ""),
        ("CN=a\\+b", "a+b"), ("O=x\\,CN=b", ""), ("CN=", ""), ("CN=\\", ""), ("OCN=a", ""), ("CN=\\C3", "\ufffd"),
    ],
)  # fmt: skip
def test_the_common_name_is_read_from_the_subject(subject: str | None, name: str) -> None:
    assert common_name(subject) == name


@given(st.text(alphabet="CN=,+\\ aé\x00\n\ud800"))
def test_hostile_subjects_are_read(subject: str) -> None:
    assert isinstance(common_name(subject), str)


@given(st.text(min_size=1).filter(lambda name: name == name.strip()))
def test_what_rfc_4514_escapes_is_read_back(name: str) -> None:
    escaped = "".join(f"\\{letter}" if letter in ',+"\\<>;#= ' else letter for letter in name)
    assert common_name(f"O=x,CN={escaped},C=DE") == name.encode("utf-8", "replace").decode()
