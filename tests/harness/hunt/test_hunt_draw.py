"""Cases depend on their seed, relation and number alone, and are drawn again from their numbers."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmmtheory.errors import InvalidParameter, NotConverged
from pmmtheory.estimate import Estimate
from pmmtheory.harness.hunt.case import as_json, numbers_of, relations, short_reason
from pmmtheory.harness.hunt.compared import Compared, Lopsided, both, compare
from pmmtheory.harness.hunt.draw import Draw, replay


@pytest.mark.parametrize("name", relations())
def test_a_case_is_drawn_again_from_its_numbers(name: str) -> None:
    for number in range(20):
        draw = numbers_of(5, name, number)
        parameters = relations()[name].draw(draw)
        again = relations()[name].draw(replay(draw.taken))
        assert as_json(parameters) == as_json(again)
        assert as_json(relations()[name].draw(numbers_of(5, name, number))) == as_json(parameters)


@pytest.mark.parametrize("name", relations())
def test_cases_differ_and_the_plainest_can_be_drawn(name: str) -> None:
    assert len({as_json(relations()[name].draw(numbers_of(0, name, k))) for k in range(30)}) > 20
    assert relations()[name].draw(replay([])) is not None


@given(st.floats(0, 1, exclude_max=True), st.integers(-5, 5), st.integers(-5, 5))
def test_values_lie_between_their_ends(u: float, a: int, b: int) -> None:
    def draw() -> Draw:
        return Draw(lambda: u)

    assert min(a, b) <= draw().whole(a, b) <= max(a, b)
    assert 0.1 <= draw().log(10.0, 0.1) <= 10.0
    place = draw().place(3.0)
    assert abs(place) <= 3 and place * 64 == int(place * 64)
    assert draw().one_of("abc") in "abc"


def test_a_difference_is_held_against_the_sum_of_the_errors() -> None:
    one, other = Estimate(1.0, 0.25, ""), Estimate(2.0, 0.5, "")
    assert not compare("x", one, other).holds
    assert compare("x", one, other, extra=0.25).holds
    assert compare("x", math.inf, math.inf).holds and not compare("x", one, math.inf).holds and not compare("x", one, math.nan).holds
    assert Compared("x", 1.0, 1.0, 0.0).excess == 0.0


def test_a_verdict_on_one_form_only_is_a_fault_and_a_tolerance_out_of_reach_is_none() -> None:
    def invalid() -> float:
        raise InvalidParameter("x", 1, "2")

    def slow() -> float:
        raise NotConverged("x", 1.0, 0.1)

    assert both(lambda: 1, lambda: 2) == (1, 2)
    with pytest.raises(Lopsided, match="only one of two forms"):
        both(invalid, lambda: 1.0)
    with pytest.raises(NotConverged):
        both(lambda: 1.0, slow)
    with pytest.raises(InvalidParameter):
        both(invalid, invalid)


def test_like_reasons_are_counted_together() -> None:
    one, other = (short_reason(f"NotConverged: the law of PMM(K={k}) reached {k}e-3, not the 1e-{k} asked for") for k in (3, 8))
    assert one == other and "law" in one
