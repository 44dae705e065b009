"""Renyi divergences of orders next to 1, where powers differ too little to be subtracted, and weak errors of narrow functions."""

from __future__ import annotations

import math

import mpmath
import pytest
import torch
from torch import Tensor

from pmmtheory.divergences import kl, renyi, weak
from pmmtheory.dynamics import Overdamped
from pmmtheory.laws import stationary_law, transient_law
from pmmtheory.schemes import EulerMaruyama
from pmmtheory.targets import Gaussian, GaussianMixture

MIXTURE = GaussianMixture(weights=[0.3, 0.7], means=[-1.0, 1.5], variances=[0.5, 1.0])


@pytest.mark.parametrize("order", [0.9, 0.95, 1 - 1e-6, 1 + 1e-12, 1 + 1e-9, 1.05, 1.1])
def test_quadrature_in_many_digits(order: float) -> None:
    law = transient_law(EulerMaruyama(Overdamped(Gaussian()), 0.1), 0.5, 5, rtol=1e-9)
    with mpmath.workdps(30):
        kept, more = 1 - mpmath.mpf(0.1), mpmath.mpf(order) - 1
        mean, variance = kept**5 / 2, 2 * mpmath.mpf(0.1) * (1 - kept**10) / (1 - kept**2)

        def normal(x: mpmath.mpf, m: float, v: float) -> mpmath.mpf:
            return mpmath.exp(-((x - m) ** 2) / 2 / v) / mpmath.sqrt(2 * mpmath.pi * v)

        def term(x: mpmath.mpf) -> mpmath.mpf:
            p, q = normal(x, mean, variance), mpmath.mpf(0.3) * normal(x, -1, mpmath.mpf(0.5)) + mpmath.mpf(0.7) * normal(x, mpmath.mpf(1.5), 1)
            return p * mpmath.expm1(more * mpmath.log(p / q))

        truth = float(mpmath.log1p(mpmath.quad(term, [-16, -4, -2, -1, 0, 1, 2, 4, 16])) / more)
    found = renyi(law, MIXTURE, order)
    assert abs(found.value - truth) <= found.error + 1e-15 and found.error < 1e-12


def test_near_laws_have_the_divergence_of_order_one() -> None:
    law = stationary_law(EulerMaruyama(Overdamped(MIXTURE), 1e-3), rtol=1e-9)
    assert float(renyi(law, MIXTURE, 1 + 1e-9)) == pytest.approx(float(kl(law, MIXTURE)), rel=1e-7)


@pytest.mark.parametrize("width", [1e-2, 1e-3])
@pytest.mark.parametrize("centre", [0.1, 1.9])
def test_a_narrow_interval_is_seen(centre: float, width: float) -> None:
    law, deviation = stationary_law(EulerMaruyama(Overdamped(Gaussian()), 0.5)), math.sqrt(1 / 0.75)

    def inside(x: Tensor) -> Tensor:
        return (torch.abs(x - centre) < width / 2).to(x.dtype)

    def mass(scale: float) -> float:
        return (math.erf((centre + width / 2) / scale / math.sqrt(2)) - math.erf((centre - width / 2) / scale / math.sqrt(2))) / 2

    found = weak(law, Gaussian(), inside)
    assert abs(found.value - abs(mass(deviation) - mass(1.0))) <= found.error + 1e-15 and found.error < 1e-11
