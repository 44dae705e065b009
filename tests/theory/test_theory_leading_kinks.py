"""Leading constants where the curvature of the target jumps: by hand, from known distances, and by the defect of one step."""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pytest
import torch
from scipy.special import ndtr

from pmmtheory.divergences import kl, tv, w2
from pmmtheory.schemes import EulerMaruyama, PoissonMidpoint, RandomizedMidpoint, Scheme
from pmmtheory.targets import Potential
from pmmtheory.theory import leading_term

DISTANCES = {"kl": kl, "tv": tv, "w2": w2}

HUBER = Potential(lambda y: torch.where(y.abs() < 1, y**2 / 2, y.abs() - 0.5), name="huber")


class TestWhereTheCurvatureJumps:
    """F = y^2/2 within [-1, 1], linear outside: phi jumps with F''."""

    @pytest.mark.slow
    def test_the_constants_by_hand(self) -> None:
        """LMC: phi is y^2/4 - 1/2 inside and 1/4 outside, less its mean m."""
        term = leading_term(EulerMaruyama, HUBER)
        with mp.workdps(30):
            inside, tail = mp.sqrt(2 * mp.pi) * mp.erf(1 / mp.sqrt(2)), 2 * mp.exp(-mp.mpf(1) / 2)
            moments = [mp.quad(lambda y, k=k: y**k * mp.exp(-(y**2) / 2), [-1, 0, 1]) / (inside + tail) for k in (0, 2, 4)]
            outer = tail / (inside + tail)
            m = moments[1] / 4 - moments[0] / 2 + outer / 4
            square = moments[2] / 16 - moments[1] / 4 + moments[0] / 4 + outer / 16
            absolute = 2 * outer * (mp.mpf(1) / 4 - m)  # phi is positive only outside
            assert y_of(m) > 1
            assert abs(term.kl - (square - m**2) / 2) <= term.kl.error
            assert abs(term.tv - absolute / 2) <= term.tv.error

    @pytest.mark.slow
    def test_kl_of_lmc_tends_to_it(self) -> None:
        """Values computed to nine digits: over step^2 they go to the constant like the root of the step."""
        steps = [0.1 / 2**k for k in range(6)]
        values = [5.420469081e-4, 1.364841883e-4, 3.442454903e-5, 8.678418223e-6, 2.184921146e-6, 5.492795330e-7]
        scaled = [value / step**2 for step, value in zip(steps, values, strict=True)]
        halves = [(math.sqrt(2) * b - a) / (math.sqrt(2) - 1) for a, b in zip(scaled, scaled[1:], strict=False)]
        whole = [2 * b - a for a, b in zip(halves, halves[1:], strict=False)]
        assert float(leading_term(EulerMaruyama, HUBER).kl) == pytest.approx(whole[-1], rel=5e-4)

    @pytest.mark.slow
    @pytest.mark.parametrize("scheme", [RandomizedMidpoint, PoissonMidpoint])
    def test_the_defect_of_one_step(self, scheme: type[Scheme]) -> None:
        """E_pi (P f - f)/step^3 for f = y^2 goes to -E_pi phi Lf, like the root of the step; the law of one step by Gaussian integrals."""
        phi = leading_term(scheme, HUBER).phi
        weight = HUBER.density
        exact = -float(simpson(lambda y: weight(y) * phi(y) * (2 - 2 * y * y.clamp(-1, 1))))
        # one midpoint, and for a Poisson process the variance of what several add: (2/3) E F''^2
        extra = 2 / 3 * float(simpson(lambda y: weight(y) * (y.abs() < 1).double())) if scheme is PoissonMidpoint else 0.0
        found = [defect(step) + extra for step in (0.02, 0.005, 0.00125)]
        roots = [2 * b - a for a, b in zip(found, found[1:], strict=False)]
        assert (4 * roots[1] - roots[0]) / 3 == pytest.approx(exact, rel=3e-3)

    @pytest.mark.slow
    def test_named_kinks_change_nothing(self) -> None:
        class Named(Potential):
            kinks = (-1.0, 1.0)

        other = Named(lambda y: torch.where(y.abs() < 1, y**2 / 2, y.abs() - 0.5))
        for scheme in (EulerMaruyama, RandomizedMidpoint, PoissonMidpoint):
            one, two = leading_term(scheme, HUBER), leading_term(scheme, other)
            for name in DISTANCES:
                a, b = getattr(one, name), getattr(two, name)
                assert abs(a - b) <= a.error + b.error


def y_of(mean: mp.mpf) -> mp.mpf:
    """Where y^2/4 - 1/2 is this mean."""
    return mp.sqrt(4 * mean + 2)


def simpson(f) -> torch.Tensor:  # type: ignore[no-untyped-def]
    """Over [-40, 40] with a node at every kink."""
    parts = [torch.linspace(a, b, 2001, dtype=torch.float64) for a, b in ((-40.0, -1.0 - 1e-12), (-1.0 + 1e-12, 1.0 - 1e-12), (1.0 + 1e-12, 40.0))]
    weights = torch.ones(2001, dtype=torch.float64)
    weights[1:-1:2], weights[2:-1:2] = 4.0, 2.0
    return sum((f(y) * weights).sum() * (y[1] - y[0]) / 3 for y in parts)  # type: ignore[return-value]


def defect(step: float) -> float:
    """E_pi (E X'^2 - x^2)/step^3 for one step of the randomized midpoint on HUBER: E b(Y), E b(Y)^2 and E b'(Y) of Gaussian Y, over x and u."""
    near = 1 + math.sqrt(step) / 3 * np.arange(-int(2.9 / math.sqrt(step)), 31)
    edges = np.concatenate([[0.0], near[near > 0.02], np.arange(near[-1] + 1, 45, 1.0)])
    nodes, shares = np.polynomial.legendre.leggauss(20)
    x = ((edges[:-1] + edges[1:])[:, None] / 2 + np.diff(edges)[:, None] / 2 * nodes).ravel()
    mass = (np.diff(edges)[:, None] / 2 * shares).ravel() * np.exp(-np.where(x < 1, x**2 / 2, x - 0.5))
    mass /= mass.sum()
    total = 2 * step
    for root, share in zip((nodes + 1) / 2, shares / 2, strict=True):
        u = root**2
        m, s = x - u * step * np.clip(x, -1, 1), math.sqrt(2 * step * u)
        low, high = (-1 - m) / s, (1 - m) / s
        bell_low, bell_high = (np.exp(-z * z / 2) / math.sqrt(2 * math.pi) for z in (low, high))
        inside, below, above = ndtr(high) - ndtr(low), ndtr(low), ndtr(-high)
        first = m * inside + s * (bell_low - bell_high)
        second = (m**2 + s**2) * inside + 2 * m * s * (bell_low - bell_high) + s**2 * (low * bell_low - high * bell_high)
        drift, square = -(first + above - below), second + below + above
        total += share * 2 * root * float((mass * (2 * x * step * drift + step**2 * square - 4 * u * step**2 * inside)).sum())
    return total / step**3
