from __future__ import annotations

from hypothesis import given, strategies as st

from analyzer.sources.open_calls import OpenCalls


@given(st.lists(st.tuples(st.sampled_from(["ask", "answer", "oldest"]), st.sampled_from("abc")), max_size=40))
def test_an_answer_takes_the_first_call_of_its_id_and_one_without_an_id_the_oldest(
    steps: list[tuple[str, str]],
) -> None:
    calls, waiting = OpenCalls(), list[str]()
    for what, identity in steps:
        if what == "ask":
            calls.ask(identity)
            waiting.append(identity)
            continue
        expected = identity if what == "answer" else next(iter(waiting), None)
        assert calls.answer(identity if what == "answer" else None) == expected
        if expected in waiting:
            waiting.remove(expected)


def test_an_answer_to_no_call_tells_its_id_all_the_same() -> None:
    calls = OpenCalls()
    assert (calls.answer("a"), calls.answer(None)) == ("a", None)
