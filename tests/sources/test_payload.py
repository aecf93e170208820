from __future__ import annotations

import json

from hypothesis import given, strategies as st

from analyzer.sources import payload
from analyzer.sources.events import Line

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


def joined(text: str) -> list[tuple[int, str, int]]:
    lines = (Line(number, line) for number, line in enumerate(text.split("\n"), 1))
    return [(line.number, line.text, extent) for line, extent in payload.joined(lines, lambda line: line[:1] == ">")]


def test_a_message_ends_where_its_json_ends() -> None:
    found = payload.find('recv [2,"1","DataTransfer",{"data":"]}"}] (took 3 ms)')
    assert found == payload.Payload("recv ", '[2,"1","DataTransfer",{"data":"]}"}]', " (took 3 ms)", whole=True)


def test_brackets_without_a_message_type_are_no_message() -> None:
    assert payload.find("[ocpp  ] currents: [10 9 8]A [7,8]") is None


def test_a_message_that_no_decoder_takes_goes_on_to_the_end_of_its_line() -> None:
    found = payload.find('recv [2,"1","Heartbeat",{} (and more)')
    assert found is not None
    assert (found.text, found.whole) == ('[2,"1","Heartbeat",{} (and more)', False)


def test_nesting_without_end_is_no_error() -> None:
    found = payload.find("[2," + "[" * 200_000)
    assert found is not None
    assert not found.whole


def test_a_number_of_many_digits_is_no_error() -> None:
    assert payload.find('[3,"1",{"a":' + "9" * 10_000 + "}]") is not None


def test_a_message_over_several_lines_becomes_one_line() -> None:
    assert joined('> [2,"1",\n  "Heartbeat",\n  {}]\n> next') == [
        (1, '> [2,"1",  "Heartbeat",  {}]', 3),
        (4, "> next", 1),
    ]


def test_what_follows_a_message_over_several_lines_stays_on_lines_of_its_own() -> None:
    assert joined('> [2,"1",\n"Heartbeat",{}]\nat java.lang\n> next') == [
        (1, '> [2,"1","Heartbeat",{}]', 2),
        (3, "at java.lang", 1),
        (4, "> next", 1),
    ]


def test_a_message_that_is_cut_takes_nothing_of_the_next_entry() -> None:
    text = '> [2,"1","Heart\n> [2,"2","Heartbeat",{}]\n> [3,"1",{'
    assert [number for number, _, extent in joined(text) if extent == 1] == [1, 2, 3]


def test_lines_after_a_message_that_never_ends_come_back_one_by_one() -> None:
    text = '> [2,"1","Heart\n' + "\n".join("x" for _ in range(5_000))
    assert [number for number, _, _ in joined(text)] == list(range(1, 5_002))


@given(JSON, st.text(st.characters(exclude_characters="["), max_size=9), st.integers(1, 40))
def test_a_message_wrapped_at_any_width_is_found_whole(body: object, before: str, width: int) -> None:
    message = json.dumps([2, "1", "DataTransfer", body])
    line = ">" + before.replace("\n", "").replace("\r", "") + message
    pieces = [line[: len(line) - len(message) + 3], *(message[at : at + width] for at in range(3, len(message), width))]
    if any(piece[:1] == ">" for piece in pieces[1:]):
        return
    (only,) = joined("\n".join(pieces))
    found = payload.find(only[1])
    assert found is not None
    assert (found.text, only[2]) == (message, len(pieces))
