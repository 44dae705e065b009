"""What a law of a noisy chain over time says it is off by, against matrices, Gaussian recursions, exact moments and other resolutions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from pmmtheory.divergences import tv
from pmmtheory.dynamics import ReverseDiffusion
from pmmtheory.errors import InvalidParameter
from pmmtheory.laws import transient_law, transient_laws
from pmmtheory.laws.line.loss import Loss
from pmmtheory.laws.line.shown import line_law
from pmmtheory.particles import simulate
from pmmtheory.schedulers import DDIM, DDPM, ExactPredictor, NoiseSchedule, PoissonMidpointScheduler
from pmmtheory.schemes import EulerMaruyama, Scheme
from pmmtheory.targets import Gaussian, GaussianMixture

SCHEDULE = NoiseSchedule.linear()
DATA = GaussianMixture([0.4, 0.6], [-1.5, 1.0], [0.1, 0.3])


def by_matrices(scheme: Scheme, start: Gaussian | GaussianMixture, steps: int, x: np.ndarray) -> np.ndarray:
    """Steps as dense matrices: p'(y) = sum_x p(x) N(y; c(x), s^2) dx."""
    points = torch.as_tensor(x)
    density = start.density(points)
    for k in range(steps):
        mean, factor = scheme.step(points, k * scheme.step_size, {})
        kernel = torch.exp(-(((points - mean[:, None]) / factor) ** 2) / 2) / (factor * math.sqrt(2 * math.pi))
        density = (density @ kernel) * (x[1] - x[0])
    return density.numpy()


@pytest.mark.slow
@pytest.mark.parametrize("start", ["own", "narrow", "wide"])
@pytest.mark.parametrize("data", ["near", "modes"])
@pytest.mark.parametrize("steps", [1, 3])
def test_noisy_chains(data: str, start: str, steps: int) -> None:
    mixture = DATA if data == "near" else GaussianMixture([0.4, 0.6], [-5, 5], [0.2, 0.2])
    system = ReverseDiffusion(mixture, 2.0, 0.1)
    first = {"own": system.marginal(2.0), "narrow": Gaussian(0.3, 4e-3), "wide": Gaussian(0.0, 4.0)}[start]
    scheme = EulerMaruyama(system, system.duration / steps)
    law = transient_law(scheme, first, steps)
    x = np.linspace(-28, 28, 1601)
    gap = np.abs(law.density(x).numpy() - by_matrices(scheme, first, steps, x)).sum() * (x[1] - x[0]) / 2
    assert gap <= law.numerical_error + 1e-11


def test_a_law_narrower_than_the_process_is_resolved() -> None:
    """DDPM steps of little noise, of a law that has not spread yet: a Gaussian recursion."""
    data = GaussianMixture([1.0], [0.0], [1.0])
    scheme = DDPM(SCHEDULE, 100, "V2", end=100).scheme(ExactPredictor(data, SCHEDULE))
    mean, variance, x = 0.3, 1e-6, torch.tensor([0.0, 1.0], dtype=torch.float64)
    for k in range(3):
        moved, factor = scheme.step(x, k, {})
        mean, variance = float(moved[0] + (moved[1] - moved[0]) * mean), float(moved[1] - moved[0]) ** 2 * variance + float(factor) ** 2
    law = transient_law(scheme, Gaussian(0.3, 1e-6), 3)
    exact = Gaussian(mean, variance)
    assert float(torch.abs(law.values - exact.density(law.grid)).sum()) * law.spacing / 2 <= law.numerical_error
    assert law.mean == pytest.approx(mean, abs=1e-9) and law.covariance == pytest.approx(variance, rel=1e-7)


def test_the_error_of_the_start_is_added() -> None:
    system = ReverseDiffusion(DATA, 1.0, 0.3)
    scheme = EulerMaruyama(system, system.duration / 6)
    first = transient_law(scheme, system.marginal(1.0), 2, rtol=1e-4)
    still, later = transient_laws(scheme, first, [0, 2], rtol=1e-7)
    assert still.numerical_error == first.numerical_error and still is not first
    assert later.errors["start"] == first.numerical_error <= later.numerical_error
    assert "start" not in first.errors


class Fading(Scheme):
    """Without noise at the origin only."""

    drift_calls = 1

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        return 0.5 * x, 0.1 * torch.abs(x)


def test_noise_that_vanishes_at_a_point_is_no_step_without_noise() -> None:
    system = ReverseDiffusion(Gaussian(), 1.0, 0.1)
    with pytest.raises(InvalidParameter, match="does not depend on the state"):
        transient_law(Fading(system, 0.1), Gaussian(), 1, engine="inhomogeneous")


@pytest.mark.parametrize("what", ["law", "particles"])
@pytest.mark.parametrize("kind", ["reverse", "scheduler"])
def test_nothing_goes_beyond_the_end(what: str, kind: str) -> None:
    system = ReverseDiffusion(DATA, 2.0, 0.02)
    scheme: Scheme = EulerMaruyama(system, system.duration / 64)
    most = 64
    if kind == "scheduler":
        scheme, most = DDIM(SCHEDULE, 7).scheme(ExactPredictor(DATA, SCHEDULE)), 7
    with pytest.raises(InvalidParameter, match=f"steps = {most + 1} is not allowed: at most {most} of size"):
        if what == "law":
            transient_law(scheme, Gaussian(), most + 1)
        else:
            simulate(scheme, 10, most + 1)
    assert simulate(scheme, 10, most).shape == (10,)


def test_distances_to_the_process_do_not_depend_on_the_level() -> None:
    """A law and its coarser resolution are as far from the target, to what they say."""
    system = ReverseDiffusion(DATA, 1.0, 0.3)
    law = transient_law(EulerMaruyama(system, system.duration / 5), system.marginal(1.0), 5)
    assert law.coarse is not None
    one, two = float(tv(law, system.marginal(0.3))), float(tv(law.coarse, system.marginal(0.3)))
    assert abs(one - two) <= law.errors["resolution"] + 1e-9


@pytest.mark.slow
@pytest.mark.parametrize("rtol", [1e-4, 1e-6])
@pytest.mark.parametrize(("variant", "midpoints"), [("V2", "single"), ("V2", "interior"), ("V3", "single")])
def test_moments_where_midpoints_throw_far(variant: str, midpoints: str, rtol: float) -> None:
    """Few steps, whose midpoints widen a law to several times the data: what is left out of a step is thrown far by the next."""
    data, schedule = Gaussian(-0.359375, 0.625), NoiseSchedule.cosine(100)
    scheme = PoissonMidpointScheduler(schedule, 10, substeps=5, variant=variant, midpoints=midpoints, end=5).scheme(ExactPredictor(data, schedule))
    start = schedule.marginal(data, 100)
    exact = transient_law(scheme, start, 10, rtol=1e-10, engine="gaussian")
    law = transient_law(scheme, start, 10, rtol=rtol, engine="inhomogeneous")
    for k, value in ((1, float(exact.mean)), (2, float(exact.covariance) + float(exact.mean) ** 2)):
        assert abs(law.moment(k).value - value) < law.moment(k).error < 0.3 * rtol


def test_lost_mass_is_where_steps_threw_it() -> None:
    """A map x -> 3 x takes the mass that lay beyond a grid three times as far from the mean."""
    start = line_law(
        torch.linspace(-6, 8, 401, dtype=torch.float64), torch.exp(-((torch.linspace(-6, 8, 401, dtype=torch.float64) - 1) ** 2) / 2), Gaussian(1.0), Loss(1e-6)
    )
    assert start.moment(2).parts["ends"] == pytest.approx(64e-6)
    start.accuracy = replace(start.accuracy, reach=30.0)
    assert start.moment(2).parts["ends"] == pytest.approx(31**2 * 1e-6)
    assert start.moment(4).parts["ends"] == pytest.approx(3 * 31**4 * 1e-6)
