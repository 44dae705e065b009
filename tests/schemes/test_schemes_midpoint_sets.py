"""Sets of midpoints with weights: their moments against exact ones, and what they say of a step against its own recursion."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from pmmtheory.dynamics import Overdamped, Underdamped
from pmmtheory.laws.step.axes import OnAxes
from pmmtheory.schemes import Midpoints, PoissonMidpoint
from pmmtheory.schemes.midpoint_sets import simplex_rule
from pmmtheory.targets import Gaussian
from tests.oracles.gaussian_chain import midpoint_sums

NUMBERS = (1, 2, 3, 5, 12, 13, 20, 60, math.inf)
every = pytest.mark.parametrize("substeps", NUMBERS)
kinds = pytest.mark.parametrize("kind", ["bernoulli", "single"])
LISTED = 12
"""Up to this K, and for single midpoints, sums are exact; beyond they are Gauss rules."""


def accuracy(substeps: float, kind: str, level: int) -> float:
    return 1e-14 if kind == "single" or substeps <= LISTED else (3e-6, 3e-7, 5e-8)[level]


def sums(substeps: float, kind: str, level: int, *functions: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """The weights and, for every function f, sum over midpoints of f(time): (functions + 1, sets)."""
    (times, marks), weights = Midpoints(substeps, kind).rule(level)
    assert times.shape == marks.shape and weights.shape == times.shape[1:]
    assert bool(((times >= 0) & (times < 1)).all())
    return np.stack([weights, *(np.where(marks, f(times), 0.0).sum(0) for f in functions)])


@kinds
@every
@pytest.mark.parametrize("level", [0, 1, 2])
def test_weights_sum_to_one(substeps: float, kind: str, level: int) -> None:
    assert Midpoints(substeps, kind).rule(level)[1].sum() == pytest.approx(1, abs=1e-14 if substeps <= LISTED or kind == "single" else 1e-12)


@pytest.mark.parametrize("substeps", [13, 20, 60])
def test_two_levels_show_what_interpolation_costs(substeps: int) -> None:
    """E 2^n of n independent midpoints is (1 + 1/K)^(K-1): the change between levels is larger than the error of the finer one."""
    exact = (1 + 1 / substeps) ** (substeps - 1)
    low, high = (sum(w * 2.0 ** marks.sum(0)) for (_, marks), w in (Midpoints(substeps, "bernoulli").rule(level) for level in (0, 1)))
    assert abs(high - exact) < abs(high - low) / 5 and abs(high - exact) < 1e-7


@kinds
@every
@pytest.mark.parametrize("level", [0, 1, 2])
def test_first_and_second_moments(substeps: float, kind: str, level: int) -> None:
    """E sum s, E (sum s)^2 and E sum min(s_i, s_j), against exact fractions; at substep 0 a midpoint changes none of them."""
    w, one = sums(substeps, kind, level, lambda s: s)
    (times, marks), _ = Midpoints(substeps, kind).rule(level)
    number = marks.sum(0)
    smaller = np.where(marks, (2 * (number - np.cumsum(marks, 0)) + 1) * times, 0.0).sum(0)  # times ascend
    exact = midpoint_sums(None if substeps == math.inf else int(substeps), kind)
    tolerance = accuracy(substeps, kind, level)
    for seen, told in zip((w @ one, w @ one**2, w @ smaller), exact, strict=True):
        assert seen == pytest.approx(float(told), abs=tolerance)


@kinds
@every
@settings(max_examples=10)
@given(size=st.floats(-0.5, 0.5), rate=st.floats(-1, 1))
def test_products(substeps: float, kind: str, size: float, rate: float) -> None:
    """E prod (1 + f(s)): prod_i (1 + f(i/K)/K) for independent midpoints, exp(int f) for infinitely many, 1 + E f(s) for one.

    f vanishes at 0, where sets for independent midpoints have none.
    """

    def f(s: np.ndarray) -> np.ndarray:
        return size * np.expm1(rate * s)

    grid = np.arange(substeps) / substeps if substeps < math.inf else None
    mean = quad(f, 0, 1, epsabs=1e-14)[0] if grid is None else float(f(grid).mean())
    exact = 1 + mean if kind == "single" else math.exp(mean) if grid is None else float(np.prod(1 + f(grid) / substeps))
    w, log = sums(substeps, kind, 2, lambda s: np.log1p(f(s)))
    assert w @ np.exp(log) == pytest.approx(exact, abs=accuracy(substeps, kind, 2))


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_the_rule_on_the_simplex(n: int) -> None:
    """E s_k^m of the k-th of n ordered uniform times is that of a beta(k, n + 1 - k) variable; all times ascend."""
    times, weights = simplex_rule(n, 4)
    assert bool((np.diff(times, axis=1) > 0).all()) and weights.sum() == pytest.approx(1, abs=1e-14)
    for k, m in product(range(1, n + 1), range(5)):
        exact = math.prod((k + i) / (n + 1 + i) for i in range(m))
        assert weights @ times[:, k - 1] ** m == pytest.approx(exact, rel=1e-13)


@pytest.mark.slow
@pytest.mark.parametrize("x", [0.1, 0.4])
@pytest.mark.parametrize(("substeps", "friction"), [*((k, f) for k in (2, 3, 8, 12) for f in (None, 1.3)), (20, None), (math.inf, None), (math.inf, 1.3)])
def test_two_routes_to_the_moments_of_a_step(substeps: float, friction: float | None, x: float) -> None:
    """E R, E R (x) R and E Q by the sets one by one, against the recursion over the substeps."""
    variances = torch.tensor([0.6, 1.4], dtype=torch.float64)
    target = Gaussian(0.0, variances)
    chain = PoissonMidpoint(Overdamped(target) if friction is None else Underdamped(target, friction), x, substeps=substeps)
    on = OnAxes(chain, variances)
    steps, moments = on.steps(1), on.moments(1)
    square = torch.einsum("q,qaik,qajl->aijkl", steps.weights, steps.matrix, steps.matrix)
    mean, noise = (torch.einsum("q,qaij->aij", steps.weights, part) for part in (steps.matrix, steps.noise))
    tolerance = max(1e-13, accuracy(substeps, "bernoulli", 1) * x**3)
    for seen, told in ((square.reshape(moments.square.shape), moments.square), (noise, moments.noise), (mean, moments.mean)):
        assert torch.allclose(seen, told, rtol=tolerance, atol=tolerance)
