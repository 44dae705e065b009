"""Arithmetic with errors: the true number, an exact rational, never leaves the interval; and what is printed is true."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from pmmtheory.errors import InvalidParameter
from pmmtheory.estimate import Estimate
from pmmtheory.theory.constant import LeadingConstant

SIZES = st.one_of(st.floats(-1e3, 1e3), st.floats(-1e-150, 1e-150), st.floats(-1e100, 1e100))
ERRORS = st.one_of(st.just(0.0), st.floats(0, 1e3), st.floats(0, 1e-12), st.floats(0, 1e-200))
PLACES = st.one_of(st.sampled_from([-1, 0, 1]), st.fractions(-1, 1, max_denominator=1000))
KNOWN = st.tuples(SIZES, ERRORS, PLACES).map(lambda drawn: (Estimate(drawn[0], drawn[1], "given"), Fraction(drawn[0]) + Fraction(drawn[1]) * drawn[2]))
OPERATORS = {op.__name__: op for op in (operator.add, operator.sub, operator.mul, operator.truediv)}


def holds(found: Estimate, true: Fraction) -> bool:
    return abs(true - Fraction(found.value)) <= Fraction(found.error) and math.isclose(sum(found.parts.values()), found.error, rel_tol=1e-12)


@pytest.mark.parametrize("name", OPERATORS)
@given(one=KNOWN, two=KNOWN)
def test_the_truth_stays_inside(name: str, one: tuple[Estimate, Fraction], two: tuple[Estimate, Fraction]) -> None:
    (a, x), (b, y), op = one, two, OPERATORS[name]
    assume(name != "truediv" or abs(b.value) > b.error)
    try:
        found = op(a, b)
    except InvalidParameter:
        assert abs(a.value / b.value if name == "truediv" else a.value * b.value) > 1e190 or abs(b.value) - b.error < 1e-100
        return
    assert holds(found, op(x, y))
    assert holds(op(a, b.value), op(x, Fraction(b.value))) and holds(op(a.value, b), op(Fraction(a.value), y))


@given(one=KNOWN, power=st.integers(-4, 5))
def test_the_truth_stays_inside_whole_powers(one: tuple[Estimate, Fraction], power: int) -> None:
    a, x = one
    assume((power >= 0 or abs(a.value) > a.error) and abs(a.value) < 1e50 and (power >= 0 or abs(a.value) > 1e-50))
    assert holds(a**power, x**power)


@given(one=KNOWN, name=st.sampled_from(["sqrt", "log", "exp", "cube root"]))
def test_the_truth_stays_inside_functions(one: tuple[Estimate, Fraction], name: str) -> None:
    a, x = one
    assume({"exp": abs(a.value) + a.error < 600, "log": a.value > a.error}.get(name, x >= 0))
    found = a ** (1 / 3) if name == "cube root" else getattr(a, name)()
    with mpmath.workdps(420):
        number = mpmath.mpf(x.numerator) / x.denominator
        true = number ** mpmath.mpf(1 / 3) if name == "cube root" else getattr(mpmath, name)(number)
        assert abs(true - found.value) <= found.error


@given(one=KNOWN, two=KNOWN)
def test_what_it_says_of_order_holds(one: tuple[Estimate, Fraction], two: tuple[Estimate, Fraction]) -> None:
    (a, x), (b, y) = one, two
    for op in (operator.lt, operator.le, operator.gt, operator.ge):
        assert not op(a, b) or op(x, y)
    assert (a < b) + (a > b) + a.agrees(b) == 1
    assert (a <= b) >= (a < b)


@pytest.mark.parametrize("spec", ["", ".3g", ".2e", ".6f", ".1%", "12.4g", ",.2f", "+"])
@given(one=st.tuples(st.floats(-1e9, 1e9), ERRORS, st.sampled_from([-1, 0, 1])))
def test_what_is_printed_holds(spec: str, one: tuple[float, float, int]) -> None:
    value, error, place = one
    text = format(Estimate(value, error, "given"), spec)
    number, off = (Fraction(part.strip().replace(",", "").rstrip("%")) / (100 if "%" in part else 1) for part in text.split(" +- "))
    rounding = Fraction(math.ulp(value)) + Fraction(math.ulp(error))  # of the decimals that name floats
    assert abs(Fraction(value) + place * Fraction(error) - number) <= off + rounding
    assert off <= 2 * (Fraction(error) + abs(number - Fraction(value)) + rounding)


def test_digits_are_sensible() -> None:
    assert str(Estimate(1.23456789, 1.234e-5, "")) == "1.234568 +- 1.3e-05"
    assert f"{Estimate(1.23456789, 1e-12, ''):.3g}" == "1.23 +- 0.0046"
    assert str(Estimate(0.1, 0.0, "")) == "0.1 +- 0"
    assert f"{Estimate(0.5, 0.01, ''):.1%}" == "50.0% +- 1%"
    with pytest.raises(InvalidParameter, match="spec = 'd'"):
        format(Estimate(1.0, 0.1, ""), "d")


def test_a_difference_from_itself_is_not_sharp() -> None:
    """What two numbers have in common is not known: the errors add."""
    a = Estimate.of(1.0, "quadrature", ends=0.25)
    assert (a - a).value == 0 and 0.5 <= (a - a).error < 0.5 + 1e-12
    assert 0.5625 <= (a * a).error < 0.5626 and {"ends", "product"} <= set((a * a).parts)


def test_what_the_result_says_of_itself() -> None:
    a, b = Estimate.of(3.0, "quadrature", ends=0.5, rounding=0.25), Estimate(2.0, 0.125, "samples")
    found = a + 2 * b
    assert found.method == "quadrature + samples" and (a + a).method == "quadrature"
    assert {name: round(part, 9) for name, part in found.parts.items()} == {"ends": 0.5, "rounding": 0.25, "unnamed": 0.25}


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: 1 / Estimate(0.5, 0.5, ""), "divisor = '0.5 .*further from 0"),
        (lambda: Estimate(-1.0, 0.5, "").sqrt(), "estimate = .*at least 0 within its error"),
        (lambda: Estimate(1.0, 1.0, "").log(), "estimate = .*above 0"),
        (lambda: Estimate(1e300, 0.0, "") * 1e300, "value = inf"),
        (lambda: Estimate(1e300, 0.0, "") ** 2, "value = inf"),
        (lambda: Estimate(800.0, 0.0, "").exp(), "value = inf"),
        (lambda: Estimate(1.0, 0.0, "") + math.nan, "value = nan"),
        (lambda: Estimate(2.0, 0.0, "") ** math.nan, "power = nan"),
        (lambda: Estimate(None, 0.0, ""), "value = None"),
        (lambda: Estimate(1.0, "0", ""), "error = '0'"),
        (lambda: Estimate(1.0, 0.0, "").agrees(None), "other = None"),
    ],
)
def test_what_is_refused(call: Callable[[], Any], said: str) -> None:
    with pytest.raises(InvalidParameter, match=said):
        call()


def test_other_kinds_of_operands_are_left_to_python() -> None:
    a = Estimate(1.0, 0.0, "")
    for call in (lambda: a + "1", lambda: a < None, lambda: a**a, lambda: [] * a, lambda: np.sin(a)):
        with pytest.raises(TypeError):
            call()


def test_in_arrays() -> None:
    a, b = Estimate(2.0, 0.25, "x"), Estimate(3, 0.5, "x")
    assert np.asarray([a, b]).dtype == np.float64 and np.asarray(b) == 3.0 and float(b) == 3.0
    assert torch.tensor([a, b], dtype=torch.float64).tolist() == [2.0, 3.0] == torch.as_tensor(np.asarray([a, b])).tolist()
    for found in (np.sqrt(a), np.float64(2) * a, np.array([2.0]) * a, a / np.float32(2), np.log(a), np.exp(a), np.abs(a), np.square(a)):
        each = np.atleast_1d(np.asarray(found, dtype=object))[0] if isinstance(found, np.ndarray) else found
        assert type(each) is Estimate and each.error > 0.09


def test_a_leading_constant_counts_with_its_error_and_stays_a_float() -> None:
    constant, a = LeadingConstant.of(0.25, "symbols", rounding=0.125), Estimate(1.0, 0.5, "x")
    for found in (a - constant, constant - a, constant * a, a * constant, a / (1 + a) * constant):
        assert type(found) is Estimate and "symbols" in found.method
    assert abs((a - constant).error - 0.625) < 1e-12
    assert str(constant) == f"{constant}" == "0.25" and type(constant / 2) is float and constant < 0.3 and type(np.sqrt(constant)) is not Estimate


def test_a_false_error_is_seen() -> None:
    """The check of these tests, on a product without its cross term."""
    a, x = Estimate(1.0, 0.5, ""), Fraction(3, 2)
    without = Estimate(a.value * a.value, 2 * a.error, "", {"first": 2 * a.error})
    assert not holds(without, x * x) and holds(a * a, x * x)
    assert re.fullmatch(r"1\.0* \+- .*", f"{a:.3f}")
