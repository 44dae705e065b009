"""Ozaki's discretisation: exact on Gaussians, its order and constants elsewhere, and its law by another quadrature."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from pmmtheory.divergences import kl, tv, w2
from pmmtheory.dynamics import Overdamped, Underdamped
from pmmtheory.errors import InvalidParameter
from pmmtheory.laws import stationary_law
from pmmtheory.rates import fit_rate
from pmmtheory.schemes import EulerMaruyama, Ozaki
from pmmtheory.targets import Cosine, DoubleWell, Gaussian, GaussianMixture, LogCosh
from pmmtheory.targets.line import LineTarget
from pmmtheory.testing import check_scheme
from pmmtheory.testing.check_scheme import LAWS
from pmmtheory.theory import leading_term

BIMODAL = GaussianMixture([0.5, 0.5], [-1.5, 1.5], [1.0, 1.0])
RIPPLE = Cosine(0.6, 1.0, 1.0)
DISTANCES = {"tv": tv, "kl": kl, "w2": w2}


def by_panels(target: LineTarget, h: float, at: np.ndarray, panels: int = 60) -> np.ndarray:
    """The stationary density at points, by Gauss-Legendre panels and a linear solve, with the variance in plain numpy."""
    low, high, reach = target.quadrature.low, target.quadrature.high, 6.0
    edges = np.linspace(low - reach, high + reach, panels + 1)
    nodes, weights = np.polynomial.legendre.leggauss(16)
    half = np.diff(edges)[:, None] / 2
    x, w = ((edges[:-1, None] + half) + half * nodes).ravel(), (half * weights).ravel()
    points = torch.tensor(x)
    b, slope = target.drift(points).numpy(), -target.curvature(points).numpy()
    slope = np.where(np.abs(slope) < 1e-9, 1e-9, slope)
    mean, variance = x + b * np.expm1(slope * h) / slope, np.expm1(2 * slope * h) / slope

    def kernel(y: np.ndarray) -> np.ndarray:
        density: np.ndarray = np.exp(-((y - mean[:, None]) ** 2) / (2 * variance[:, None])) / np.sqrt(2 * math.pi * variance[:, None])
        return density

    steps = kernel(x) * w
    system = (steps / steps.sum(1, keepdims=True)).T - np.eye(len(x))
    system[len(x) // 2], right = 1.0, np.eye(len(x))[len(x) // 2]
    seen: np.ndarray = np.linalg.solve(system, right) @ kernel(at)
    return seen


@pytest.mark.slow
@pytest.mark.parametrize("target", [BIMODAL, RIPPLE, LogCosh(), DoubleWell(1.0)], ids=lambda target: target.name)
@pytest.mark.parametrize("step", [0.16, 0.04])
def test_its_law_is_that_of_another_quadrature(target: LineTarget, step: float) -> None:
    law = stationary_law(Ozaki(Overdamped(target), step), rtol=1e-7)
    y = np.linspace(target.quadrature.low, target.quadrature.high, 501)
    off = np.abs(law.density(torch.tensor(y)).numpy() - by_panels(target, step, y)).sum() * (y[1] - y[0]) / 2
    assert not law.truncated and off < law.numerical_error + 1e-12


@pytest.mark.parametrize(("engine", "step"), [("line", 0.1), ("line", 1.0), ("gaussian", 0.1), ("gaussian", 5.0)])
def test_gaussians_are_kept(engine: str, step: float) -> None:
    """At any step."""
    law = stationary_law(Ozaki(Overdamped(Gaussian(0.4, 0.8)), step), engine=engine)
    assert float(law.covariance) == pytest.approx(0.8, rel=1e-11) and float(law.mean) == pytest.approx(0.4, rel=1e-11)
    assert Ozaki(Overdamped(Gaussian()), 0.1).rate("kl") == math.inf


@pytest.mark.slow
@pytest.mark.parametrize("target", [BIMODAL, RIPPLE], ids=lambda target: target.name)
def test_order_and_constants(target: LineTarget) -> None:
    """phi = (F'' - E F'')/2: the term that the mean lacks acts like a drift -step b''/2 = step F'''/2, and phi' = F'''/2."""
    term, lmc, steps = leading_term(Ozaki, target), leading_term(EulerMaruyama, target), [0.08 / 2**k for k in range(6)]
    x = torch.linspace(-2, 2, 9, dtype=torch.float64)
    assert torch.allclose(term.phi(x) - term.phi(x[0]), (target.curvature(x) - target.curvature(x[0])) / 2, rtol=0, atol=1e-9)
    laws = [stationary_law(Ozaki(Overdamped(target), step), rtol=1e-8) for step in steps]
    for name, distance in DISTANCES.items():
        errors = [distance(law, target) for law in laws]
        fit = fit_rate(steps, errors, Ozaki(Overdamped(target), 0.1).rate(name))
        assert fit.verdict == "pass"
        assert fit.constant_interval[0] < getattr(term, name) < fit.constant_interval[1]
        assert not fit.constant_interval[0] < getattr(lmc, name) < fit.constant_interval[1], "nor is it LMC's"
        assert fit_rate(steps, errors, 2 * fit.rate).verdict == "fail"


@pytest.mark.slow
def test_order_on_a_super_linear_drift() -> None:
    target, steps = DoubleWell(1.0), [0.04 / 2**k for k in range(5)]
    errors = [tv(stationary_law(Ozaki(Overdamped(target), step), rtol=1e-8), target) for step in steps]
    assert fit_rate(steps, errors, 1).verdict == "pass"


@pytest.mark.slow
def test_every_law_of_sampling_holds() -> None:
    assert set(check_scheme(Ozaki, stationary_variance=lambda x: 1.0)) == set(LAWS)


@pytest.mark.parametrize("dynamics", [Overdamped(Gaussian(dim=2)), Underdamped(Gaussian(), 1.0)])
def test_off_the_line_it_is_refused(dynamics: Overdamped) -> None:
    with pytest.raises(InvalidParameter, match="dynamics = "):
        Ozaki(dynamics, 0.1)
