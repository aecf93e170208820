from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from analyzer import findings
from analyzer.config import Config, ConfigError, resolve
from analyzer.plan import check

if TYPE_CHECKING:
    import pyarrow as pa


@check("ZA01", "one", severity="error")
def one(messages: pa.Table, *, factor: float = 1.5, fewest: int = 3, word: str = "a") -> pa.Table:
    """Has thresholds of each type."""
    assert messages.num_rows >= 0
    assert factor or fewest or word
    return findings.table([])


@check("ZA02", "two", severity="error")
def two(messages: pa.Table) -> pa.Table:
    """Has none."""
    assert messages.num_rows >= 0
    return findings.table([])


@check("ZB01", "three", severity="error")
def three(messages: pa.Table) -> pa.Table:
    """Belongs to another family."""
    assert messages.num_rows >= 0
    return findings.table([])


ALL = (one, two, three)


def chosen(config: Config) -> list[str]:
    return [check.id for check in ALL if config.chooses(check)]


@pytest.mark.parametrize(
    ("select", "ignore", "ids"),
    [
        ([], [], ["ZA01", "ZA02", "ZB01"]),
        (["ZA"], [], ["ZA01", "ZA02"]),
        ([" za01 , ZB"], [], ["ZA01", "ZB01"]),
        (["ZA01", "ZB01"], [], ["ZA01", "ZB01"]),
        ([], ["ZA"], ["ZB01"]),
        (["ZA"], ["ZA02"], ["ZA01"]),
    ],
)
def test_checks_are_chosen_by_the_beginning_of_their_id(select: list[str], ignore: list[str], ids: list[str]) -> None:
    assert chosen(resolve(ALL, select=select, ignore=ignore)) == ids


@pytest.mark.parametrize(
    ("setting", "name", "value"),
    [
        ("ZA01.factor=2", "factor", 2.0),
        ("za01.fewest = 7", "fewest", 7),
        ("ZA01.word=a=b", "word", "a=b"),
        ("ZA01.factor=1e3", "factor", 1000.0),
    ],
)
def test_a_threshold_takes_the_type_of_its_default(setting: str, name: str, value: object) -> None:
    thresholds = resolve(ALL, settings=[setting]).thresholds
    assert thresholds == {"ZA01": {name: value}}
    assert type(thresholds["ZA01"][name]) is type(value)


def test_the_last_of_several_settings_of_a_threshold_counts() -> None:
    assert resolve(ALL, settings=["ZA01.fewest=4", "ZA01.fewest=5"]).thresholds == {"ZA01": {"fewest": 5}}


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({"select": ["ZA1"]}, "no check is called ZA1; did you mean ZA0"),
        ({"ignore": ["QQQQ"]}, "see `ocpp-analyzer explain`"),
        ({"settings": ["ZA01.fewest"]}, "--set wants CHECK.threshold=value"),
        ({"settings": ["fewest=3"]}, "--set wants CHECK.threshold=value"),
        ({"settings": ["ZA02.x=3"]}, "ZA02 has no threshold x; it has: none"),
        ({"settings": ["ZA01.fewest=2.5"]}, "2.5 is no int"),
        ({"settings": ["ZA01.factor=much"]}, "much is no float"),
        ({"settings": ["ZZ01.fewest=2"]}, "no check is called ZZ01"),
        ({"select": ["ZA"], "ignore": ["Z"]}, "leaves no check to run"),
        ({"select": [","]}, "empty selection"),
        ({"ignore": [""]}, "empty selection"),
        ({"settings": ["ZA01.factor=nan"]}, "from 0 on"),
        ({"settings": ["ZA01.fewest=-5"]}, "from 0 on"),
    ],
)
def test_a_choice_that_cannot_be_followed_is_one_line_with_a_hint(choices: dict[str, list[str]], words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        resolve(ALL, **choices)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
