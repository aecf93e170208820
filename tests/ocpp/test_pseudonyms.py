from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, strategies as st

from analyzer.ocpp import pseudonyms
from analyzer.ocpp.pseudonyms import SHORTEST, pseudonym, pseudonymous_number

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "SECRET-7F3A9C"  # noqa: S105 - made up


@pytest.fixture
def keyed(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    pseudonyms._key.cache_clear()
    yield monkeypatch
    monkeypatch.undo()
    pseudonyms._key.cache_clear()


def under(key: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("OCPP_ANALYZER_KEY", key)
    pseudonyms._key.cache_clear()
    return pseudonym(SECRET)


def test_a_key_decides_the_pseudonym(keyed: pytest.MonkeyPatch) -> None:
    first = under("one", keyed)
    assert under("two", keyed) != first
    assert under("one", keyed) == first


def test_without_a_key_another_process_gives_other_pseudonyms(keyed: pytest.MonkeyPatch) -> None:
    keyed.delenv("OCPP_ANALYZER_KEY", raising=False)
    first = pseudonym(SECRET)
    pseudonyms._key.cache_clear()
    assert pseudonym(SECRET) != first


@given(st.text(min_size=1, max_size=200))
def test_a_pseudonym_is_as_long_as_its_secret_and_tells_nothing_of_it(secret: str) -> None:
    stand_in = pseudonym(secret)
    assert len(stand_in) == max(SHORTEST, len(secret))
    assert stand_in == pseudonym(secret)
    assert stand_in != secret


def test_nothing_has_no_pseudonym() -> None:
    assert pseudonym("") == ""


@given(st.text(min_size=1), st.text(min_size=1))
def test_two_secrets_have_two_pseudonyms(first: str, second: str) -> None:
    assert (pseudonym(first) == pseudonym(second)) is (first == second)


@given(st.text())
def test_a_stand_in_stays_as_it_is(secret: str) -> None:
    assert pseudonym(pseudonym(secret)) == pseudonym(secret)


@given(st.integers(0, 10**30).map(str))
def test_a_number_is_replaced_by_a_negative_one_which_stays_as_it_is(digits: str) -> None:
    stand_in = pseudonymous_number(digits)
    assert int(stand_in) < 0
    assert digits not in {stand_in, stand_in[1:]}
    assert pseudonymous_number(stand_in) == stand_in
