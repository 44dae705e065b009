"""Distances of a law that is known on a grid only, whose reference has mass beyond it."""

from __future__ import annotations

import math
from functools import lru_cache

import pytest
import torch

from pmmtheory.divergences import kl, reverse_kl, w2
from pmmtheory.dynamics import Overdamped
from pmmtheory.errors import InvalidParameter
from pmmtheory.laws import LineLaw, transient_law
from pmmtheory.noise import NoiseSchedule
from pmmtheory.schedulers import DDIM, DDPM, ExactPredictor
from pmmtheory.schemes import EulerMaruyama
from pmmtheory.targets import Gaussian, GaussianMixture

LINEAR, COSINE = NoiseSchedule.linear(1000), NoiseSchedule.cosine(1000)
SAMPLERS = {
    "far": (DDPM(COSINE, steps=2, variant="V3"), Gaussian(31.56, 1.0)),
    "narrow": (DDIM(COSINE, steps=1, eta=0.5, end=1), Gaussian(-7.181, 0.3307)),
    "no noise": (DDIM(LINEAR, steps=5, eta=0.0), Gaussian(101.3, 1.0)),
}


@lru_cache
def known(name: str, rtol: float) -> tuple[LineLaw, Gaussian]:
    """The law on a grid, and what it is."""
    sampler, data = SAMPLERS[name]
    chain = sampler.chain(ExactPredictor(data, sampler.schedule))
    exact = transient_law(chain, engine="gaussian")
    return transient_law(chain, rtol=rtol, engine="inhomogeneous"), Gaussian(float(exact.mean), float(exact.covariance))


def quadrature(one: Gaussian | GaussianMixture, other: Gaussian | GaussianMixture, middle: float, width: float) -> float:
    """int p log(p/q) of two targets, over 100 widths about a point on either side."""
    x = middle + width * torch.linspace(-100, 100, 800_001, dtype=torch.float64)
    log_p = one.log_density(x)
    return float((torch.exp(log_p) * (log_p - other.log_density(x))).sum() * (x[1] - x[0]))


@pytest.mark.parametrize("name", SAMPLERS)
@pytest.mark.parametrize("rtol", [1e-2, 1e-4, 1e-6])
@pytest.mark.parametrize(("weight", "place", "wide"), [(0.0, 1.0, 1.0), (1e-6, 60.0, 1.0), (1e-10, 20.0, 0.7), (2e-6, 8.0, 9.0)])
@pytest.mark.parametrize("way", [kl, reverse_kl])
def test_errors_hold(name: str, rtol: float, weight: float, place: float, wide: float, way) -> None:  # type: ignore[no-untyped-def]
    law, exact = known(name, rtol)
    mean, variance = float(exact.mean), float(exact.covariance)
    width = variance**0.5
    reference = (
        GaussianMixture([1 - weight, weight], [mean, mean + place * width], [2.25 * variance, wide**2 * variance])
        if weight
        else Gaussian(mean, 2.25 * variance)
    )
    right = quadrature(*((exact, reference) if way is kl else (reference, exact)), mean, width)
    try:
        found = way(law, reference)
    except InvalidParameter as refused:
        assert way is reverse_kl and "not known well enough" in str(refused)
        return
    assert abs(found.value - right) <= found.error + 1e-10 * right
    if way is kl:
        assert found.error < 1e-3 * right


@pytest.mark.parametrize("name", SAMPLERS)
@pytest.mark.parametrize("rtol", [1e-3, 1e-6, 1e-8])
@pytest.mark.parametrize("weight", [1e-6, 1e-8, 1e-10])
def test_kl_from_the_law_itself_and_a_far_mode(name: str, rtol: float, weight: float) -> None:
    """It is -log(1 - weight), however little of the law is known to lie beyond its grid."""
    law, exact = known(name, rtol)
    mean, variance = float(exact.mean), float(exact.covariance)
    found = kl(law, GaussianMixture([1 - weight, weight], [mean, mean + 20 * variance**0.5], [variance, 4 * variance]))
    assert abs(found.value + math.log1p(-weight)) <= found.error + 3e-16


@pytest.mark.parametrize(
    ("weight", "place", "right"), [(1e-14, 1000.0, 0.0861155843677236), (1e-12, 1000.0, 0.0861212502995979), (1e-13, 200.0, 0.086115548729477)]
)
def test_w2_to_a_mode_that_rounding_of_the_masses_tells(weight: float, place: float, right: float) -> None:
    """Against an integral of quantiles in 40 digits."""
    start = GaussianMixture([0.6, 0.4], [-0.5, 0.5], [1.0, 0.81])
    law = transient_law(EulerMaruyama(Overdamped(Gaussian()), 0.2), start, 1)
    found = w2(law, GaussianMixture([1 - weight, weight], [0.0, place], [1.21, 1.0]))
    assert abs(found.value - right) <= found.error and found.error < 1e-6 * place * right
