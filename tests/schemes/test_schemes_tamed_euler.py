"""The tamed Euler scheme: its law by another quadrature, its order and constants by exact laws, and where there is none."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.optimize import brentq
from torch import Tensor

from pmmtheory.divergences import kl, tv, w2
from pmmtheory.dynamics import Overdamped, ReverseDiffusion, Underdamped
from pmmtheory.errors import InvalidParameter, UnstableStep
from pmmtheory.laws import stationary_law, transient_law
from pmmtheory.laws.line import grids
from pmmtheory.particles import simulate
from pmmtheory.rates import fit_rate
from pmmtheory.schemes import EulerMaruyama, TamedEuler
from pmmtheory.targets import Cosine, DoubleWell, Gaussian, GaussianMixture, Product
from pmmtheory.targets.line import LineTarget
from pmmtheory.testing import check_scheme
from pmmtheory.theory import leading_term

BIMODAL = GaussianMixture([0.5, 0.5], [-1.5, 1.5], [1.0, 1.0])
SKEWED = GaussianMixture([0.3, 0.7], [-1.2, 1.0], [0.7, 1.1])
RIPPLE = Cosine(0.6, 1.0, 1.0)
WELL = DoubleWell(1.0)
DISTANCES = {"tv": (tv, 1), "kl": (kl, 2), "w2": (w2, 1)}


def by_panels(target: LineTarget, h: float, at: np.ndarray, panels: int = 60) -> np.ndarray:
    """The stationary density at points: Gauss-Legendre panels that end where the force changes its sign, and one linear solve."""
    low, high = target.quadrature.low, target.quadrature.high
    low, high = low - 0.6 * (high - low), high + 0.6 * (high - low)

    def force(y: float) -> float:
        return float(target.drift(torch.tensor(y, dtype=torch.float64)))

    grid = np.linspace(low, high, 1501) + 1e-7
    values = [force(float(y)) for y in grid]
    roots = [brentq(force, a, b, xtol=1e-15) for a, b, p, q in zip(grid, grid[1:], values, values[1:], strict=False) if p * q < 0]
    edges = np.unique([*np.linspace(low, high, panels + 1), *roots])
    edges = edges[np.concatenate([[True], np.diff(edges) > 1e-9])]
    nodes, weights = np.polynomial.legendre.leggauss(16)
    half = np.diff(edges)[:, None] / 2
    x, w = ((edges[:-1, None] + half) + half * nodes).ravel(), (half * weights).ravel()
    b = target.drift(torch.tensor(x)).numpy()
    mean = x + h * b / (1 + h * np.abs(b))
    steps = np.exp(-((x - mean[:, None]) ** 2) / (4 * h)) * w
    system = (steps / steps.sum(1, keepdims=True)).T - np.eye(len(x))
    system[len(x) // 2], right = 1.0, np.eye(len(x))[len(x) // 2]
    masses = np.linalg.solve(system, right)
    seen: np.ndarray = np.exp(-((at[:, None] - mean) ** 2) / (4 * h)) @ masses / math.sqrt(4 * math.pi * h)
    return seen


@pytest.mark.slow
@pytest.mark.parametrize("target", [BIMODAL, SKEWED, RIPPLE, WELL], ids=lambda target: target.name)
@pytest.mark.parametrize("step", [0.1, 0.04])
def test_its_law_is_that_of_another_quadrature(target: LineTarget, step: float) -> None:
    """On a super-linear drift too, on the whole line: its stated error holds."""
    law = stationary_law(TamedEuler(Overdamped(target), step), rtol=1e-6)
    y = np.linspace(target.quadrature.low, target.quadrature.high, 501)
    off = np.abs(law.density(torch.tensor(y)).numpy() - by_panels(target, step, y)).sum() * (y[1] - y[0]) / 2
    assert not law.truncated and off < law.numerical_error + 1e-13


@pytest.mark.slow
@pytest.mark.parametrize("target", [BIMODAL, SKEWED], ids=lambda target: target.name)
def test_without_its_kinks_the_stated_error_is_false(target: LineTarget, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: what a scheme says of its kinks is needed, where its step is not followed."""
    monkeypatch.setattr(TamedEuler, "kinks", ())
    monkeypatch.setattr(grids, "_followed", lambda *arguments: lambda edges: torch.ones(len(edges) - 1, dtype=torch.bool))
    worst = 0.0
    y = np.linspace(target.quadrature.low, target.quadrature.high, 501)
    for rtol in (1e-6, 1e-7):
        law = stationary_law(TamedEuler(Overdamped(target), 0.16), rtol=rtol)
        off = np.abs(law.density(torch.tensor(y)).numpy() - by_panels(target, 0.16, y)).sum() * (y[1] - y[0]) / 2
        worst = max(worst, off / law.numerical_error)
    assert worst > 2


def taming(target: LineTarget, x: Tensor) -> Tensor:
    """What taming adds to phi: int F' |F'|, of the drift -step |b| b, by the trapezium rule from the first point."""
    force = target.drift(x)
    square = force * force.abs()
    return torch.cat([torch.zeros(1, dtype=x.dtype), torch.cumsum(-(square[1:] + square[:-1]) * x.diff() / 2, 0)])


@pytest.mark.slow
@pytest.mark.parametrize("target", [BIMODAL, RIPPLE], ids=lambda target: target.name)
def test_order_and_constants(target: LineTarget) -> None:
    term, lmc, steps = leading_term(TamedEuler, target), leading_term(EulerMaruyama, target), [0.08 / 2**k for k in range(6)]
    x = torch.linspace(-2, 2, 4001, dtype=torch.float64)
    more = term.phi(x) - lmc.phi(x)
    assert torch.allclose(more - more[0], taming(target, x), rtol=0, atol=1e-5)
    laws = [stationary_law(TamedEuler(Overdamped(target), step), rtol=1e-9) for step in steps]
    for name, (distance, factor) in DISTANCES.items():
        errors = [distance(law, target) for law in laws]
        fit = fit_rate(steps, errors, TamedEuler(Overdamped(target), 0.1).rate(name))
        assert fit.verdict == "pass"
        assert fit.constant_interval[0] < getattr(term, name) < fit.constant_interval[1]
        assert not fit.constant_interval[0] < getattr(lmc, name) < fit.constant_interval[1], "nor is it LMC's"
        assert fit_rate(steps, errors, 2 * factor).verdict == "fail"


@pytest.mark.slow
def test_order_on_a_super_linear_drift_where_lmc_has_no_law_on_the_line() -> None:
    steps = [0.02 / 2**k for k in range(5)]
    laws = [stationary_law(TamedEuler(Overdamped(WELL), step), rtol=1e-8) for step in steps]
    assert not any(law.truncated for law in laws) and stationary_law(EulerMaruyama(Overdamped(WELL), steps[0])).truncated
    assert fit_rate(steps, [tv(law, WELL) for law in laws], 1).verdict == "pass"


@pytest.mark.slow
def test_particles_do_not_explode_and_have_the_law() -> None:
    scheme = TamedEuler(Overdamped(WELL), 0.1)
    start = Gaussian(1.2, 0.5)
    law = transient_law(scheme, start, 8, rtol=1e-3)
    n = 100_000
    x = simulate(scheme, n, 8, seed=3, dtype=torch.float64, initial=start)
    for place in (-1.0, 0.3, 0.9, 1.4):
        exact = float(law.cdf(place))
        assert abs(float((x <= place).double().mean()) - exact) < 4 * math.sqrt(exact * (1 - exact) / n) + law.numerical_error


def test_the_norm_is_that_of_the_whole_force() -> None:
    target = Gaussian(0.0, [1.0, 0.5, 2.0])
    x = torch.tensor([[3.0, -1.0, 2.0]], dtype=torch.float64)
    mean, _ = TamedEuler(Overdamped(target), 0.2).step(x, 0.0, {})
    b = torch.tensor([-3.0, 2.0, -1.0], dtype=torch.float64)
    assert torch.allclose(mean[0], x[0] + 0.2 * b / (1 + 0.2 * math.sqrt(14)), rtol=1e-15)


@pytest.mark.parametrize(
    "dynamics",
    [
        Overdamped(Gaussian(dim=3)),
        Overdamped(Product([RIPPLE] * 3)),
        Overdamped(GaussianMixture([0.5, 0.5], [[-1.0, 0.0], [1.0, 0.0]], [1.0, 0.5])),
        Underdamped(BIMODAL, 2.0),
        ReverseDiffusion(BIMODAL, 1.0, 0.1),
    ],
)
def test_laws_that_would_not_be_right_are_refused(dynamics: Overdamped) -> None:
    scheme = TamedEuler(dynamics, 0.1)
    for compute in (lambda: stationary_law(scheme), lambda: transient_law(scheme, dynamics.law_at(0.0), 2)):
        with pytest.raises((InvalidParameter, UnstableStep)):
            compute()


@pytest.mark.slow
@pytest.mark.parametrize("friction", [None, 2.0])
def test_laws_of_sampling(friction: float | None) -> None:
    dynamics = Overdamped if friction is None else lambda target: Underdamped(target, friction)
    checked = check_scheme(TamedEuler, dynamics=dynamics)
    assert {"affine semigroup", "small steps"} <= set(checked)
    assert friction is not None or {"law and particles", "weak order"} <= set(checked)
