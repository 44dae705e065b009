"""Laws of midpoint schemes on isotropic Gaussians after a number of steps, against every set of midpoints by hand, the line engine and the phase plane."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import gammaln, logsumexp

from pmmtheory.divergences import kl, tv, w2
from pmmtheory.dynamics import Overdamped, Underdamped
from pmmtheory.errors import InvalidParameter
from pmmtheory.laws import stationary_law, transient_law
from pmmtheory.laws.gaussian import transient_variance
from pmmtheory.schemes import EulerMaruyama, PoissonMidpoint, RandomizedMidpoint
from pmmtheory.targets import Gaussian

CURVATURE = 1.7


def one_step(step: float, substeps: int) -> np.ndarray:
    """R^2, Q and the probability of every set of midpoints, by the substeps as they are written, on coefficients of X_0 and the noises."""
    h, found = step / substeps, []
    for marks in itertools.product((0, 1), repeat=substeps):
        state = np.zeros(substeps + 1)
        state[0] = 1.0
        between, force = state.copy(), -CURVATURE * state
        for i, mark in enumerate(marks):
            noise = np.zeros(substeps + 1)
            noise[i + 1] = math.sqrt(2 * h)
            state = state + h * (force + substeps * mark * (-CURVATURE * between - force)) + noise
            between = between + h * force + noise
        found.append((state[0] ** 2, (state[1:] ** 2).sum(), math.prod(1 / substeps if mark else 1 - 1 / substeps for mark in marks)))
    return np.array(found)


def by_hand(dim: int, step: float, substeps: int, steps: int, variance: float) -> float:
    """KL of the mixture over all sets from LMC(step/K): int p log(p/q) - p + q over the logarithm of the radius."""
    square, noise, share = one_step(step, substeps).T
    values, weights, fine = np.array([variance]), np.ones(1), variance
    for _ in range(steps):
        values, weights = (square[:, None] * values + noise[:, None]).ravel(), np.outer(share, weights).ravel()
    for _ in range(steps * substeps):
        fine = (1 - CURVATURE * step / substeps) ** 2 * fine + 2 * step / substeps
    s = np.linspace(-40 / dim - 2, 3, 3001)
    squared = dim * fine * np.exp(2 * s)

    def density(v: np.ndarray) -> np.ndarray:
        return dim * np.log(squared[:, None]) / 2 - squared[:, None] / (2 * v) - dim / 2 * np.log(2 * v) - gammaln(dim / 2) + math.log(2)

    p, q = logsumexp(density(values) + np.log(weights), axis=1), density(np.array([fine]))[:, 0]
    return float((np.exp(p) * (p - q) + np.exp(q) - np.exp(p)).sum() * (s[1] - s[0]))


def pair(dim: int, step: float, substeps: int, steps: int, variance: float, engine: str = "gaussian") -> list:
    target, start = (Gaussian(0.0, v, dim=dim) for v in (1 / CURVATURE, variance))
    coarse = PoissonMidpoint(Overdamped(target), step, substeps, midpoints="bernoulli")
    fine = EulerMaruyama(Overdamped(target), step / substeps)
    return [transient_law(coarse, start, steps, engine=engine), transient_law(fine, start, steps * substeps, engine=engine)]


@pytest.mark.slow
@given(
    dim=st.integers(1, 100),
    step=st.floats(0.05, 0.5),
    shape=st.sampled_from([(2, 1), (2, 3), (3, 2)]),
    variance=st.floats(0.05, 4.0),
    listed=st.booleans(),
)
def test_kl_in_any_dimension(dim: int, step: float, shape: tuple[int, int], variance: float, listed: bool) -> None:
    """With every set as a node, and by the moments: no set is, where none are listed."""
    with pytest.MonkeyPatch.context() as patch:
        if not listed and shape != (2, 1):  # which has two values alone
            patch.setattr(transient_variance, "_FEW", 0)
        found = kl(*pair(dim, step, *shape, variance))
    told = by_hand(dim, step, *shape, variance)
    assert abs(found.value - told) <= 3 * found.error + 1e-10 * told + 1e-13


@pytest.mark.slow
@pytest.mark.parametrize(("substeps", "steps"), [(2, 3), (8, 6)])
def test_on_the_line(substeps: int, steps: int) -> None:
    ours, line = pair(1, 0.2, substeps, steps, 0.9), pair(1, 0.2, substeps, steps, 0.9, "line")
    for distance in (kl, tv, w2):
        assert distance(*ours).agrees(distance(*line))


@pytest.mark.slow
def test_of_positions_in_the_phase_plane() -> None:
    target, start = Gaussian(0.0, 1 / CURVATURE), Gaussian(0.0, 0.9)
    chains = [PoissonMidpoint(Underdamped(target, 2.0), 0.4, 2, midpoints="bernoulli"), EulerMaruyama(Underdamped(target, 2.0), 0.2)]
    ours = tv(*(transient_law(chain, start, n, engine="gaussian").position for chain, n in zip(chains, (4, 8), strict=True)))
    plane = tv(*(transient_law(chain, start, n, 1e-5, engine="phase_plane").position for chain, n in zip(chains, (4, 8), strict=True)))
    assert ours.agrees(plane) and ours.error < 1e-9 and plane.error < 0.01 * plane.value


@pytest.mark.slow
@pytest.mark.parametrize("friction", [None, 2.0])
def test_many_steps_are_stationary(friction: float | None) -> None:
    """The rule after 60 steps is that of the stationary law, up to what is left of the start, exp(-15) of it and less."""
    target = Gaussian(0.0, 1.0, dim=3)
    dynamics = Overdamped(target) if friction is None else Underdamped(target, friction)
    scheme = RandomizedMidpoint(dynamics, 0.5)
    after, end = (law.position for law in (transient_law(scheme, Gaussian(0.0, 1.3, dim=3), 60, engine="gaussian"), stationary_law(scheme, engine="gaussian")))
    for ours, theirs in zip(after.mixture(3), end.mixture(3), strict=True):
        assert np.allclose(ours, theirs, rtol=0, atol=1e-5)


def test_a_start_elsewhere_has_no_mixture() -> None:
    """Given the midpoints its mean is random too: the law is no scale mixture."""
    scheme = RandomizedMidpoint(Overdamped(Gaussian()), 0.2)
    law = transient_law(scheme, Gaussian(1.0, 0.5), 3, engine="gaussian")
    with pytest.raises(InvalidParameter, match="from an isotropic Gaussian of its mean"):
        law.mixture(3)
