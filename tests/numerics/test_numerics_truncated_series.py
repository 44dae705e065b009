"""Truncated power series in two variables, and Mehler's formula on Gauss-Hermite nodes."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.polynomial.hermite_e import hermeval

from pmmtheory.numerics.mehler import hermite_coefficients, mehler
from pmmtheory.numerics.rules import gauss_hermite
from pmmtheory.numerics.truncated_series import exponential, exponents, logarithm, multiply_wave, place, times_gaussian, wave

NUMBERS = st.floats(-1.5, 1.5)


def value(series: torch.Tensor, at: tuple[float, float], degree: int) -> float:
    return sum(float(c) * at[0] ** i * at[1] ** j for c, (i, j) in zip(series, exponents(degree), strict=True))


@given(st.integers(0, 9))
def test_places(degree: int) -> None:
    each = exponents(degree)
    assert len(each) == (degree + 1) * (degree + 2) // 2 == place(0, degree + 1)
    assert [place(i, j) for i, j in each] == list(range(len(each)))


@given(first=st.tuples(NUMBERS, NUMBERS), second=st.tuples(NUMBERS, NUMBERS))
def test_a_product_of_waves_is_the_wave_of_the_sum(first: tuple[float, float], second: tuple[float, float]) -> None:
    """exp(d . y) exp(e . y) = exp((d + e) . y), term by term up to the highest degree."""
    degree = 9
    taylor = np.array([1 / math.factorial(k) for k in range(degree + 1)])
    d, e = (torch.tensor(one, dtype=torch.float64) for one in (first, second))
    np.testing.assert_allclose(multiply_wave(wave(taylor, d), taylor, e), wave(taylor, d + e), rtol=1e-12, atol=1e-14)


@given(st.tuples(NUMBERS, NUMBERS))
def test_a_wave_is_its_function(direction: tuple[float, float]) -> None:
    degree, at = 24, (0.2, -0.1)
    taylor = exponential(np.array([0.0, *(0.5 / math.factorial(k) for k in range(1, degree + 1))]))
    expected = math.exp(0.5 * (math.exp(direction[0] * at[0] + direction[1] * at[1]) - 1))
    assert value(wave(taylor, torch.tensor(direction, dtype=torch.float64)), at, degree) == pytest.approx(expected, abs=1e-13)


def test_logarithms_undo_exponentials() -> None:
    log = np.array([0.0, 0.4, -0.3, 0.2, 0.1])
    np.testing.assert_allclose(logarithm(exponential(log)), log, rtol=0, atol=1e-15)


@given(NUMBERS, NUMBERS)
def test_times_a_gaussian(a: float, b: float) -> None:
    degree, at = 30, (0.4, 0.3)
    one = torch.zeros((len(exponents(degree)), 2), dtype=torch.float64)
    one[place(1, 2)] = 1.0
    found = times_gaussian(one, *torch.tensor([[a, b], [b, a]], dtype=torch.float64))
    for first, second, series in ((a, b, found[:, 0]), (b, a, found[:, 1])):
        assert value(series, at, degree) == pytest.approx(at[0] * at[1] ** 2 * math.exp(first * at[0] ** 2 + second * at[1] ** 2), abs=1e-13)


@given(kept=st.floats(0, 1), coefficients=st.lists(NUMBERS, min_size=1, max_size=9))
def test_mehler_carries_hermite_polynomials(kept: float, coefficients: list[float]) -> None:
    nodes, _ = gauss_hermite(9)
    values, carried = hermeval(nodes, coefficients), hermeval(nodes, np.array(coefficients) * kept ** (np.arange(len(coefficients)) / 2))
    np.testing.assert_allclose(mehler(9, kept) @ values, carried, rtol=0, atol=1e-9)
    np.testing.assert_allclose((hermite_coefficients(9) @ values)[: len(coefficients)], coefficients, rtol=0, atol=1e-9)
