"""One step as a sum of Gaussians: moments, characteristic functions by another route, and what is refused."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pytest
import torch
from torch import Tensor

from pmmtheory.dynamics import ReverseDiffusion
from pmmtheory.errors import InvalidParameter
from pmmtheory.laws import transient_law
from pmmtheory.laws.inhomogeneous import step as moving_step
from pmmtheory.laws.step.characteristic import centre, characteristic, one_step_moments
from pmmtheory.laws.step.cubature import enumerable
from pmmtheory.laws.step.parts import step_parts
from pmmtheory.particles import simulate
from pmmtheory.schedulers import ExactPredictor, NoiseSchedule, PoissonMidpointScheduler
from pmmtheory.schemes import EulerMaruyama, Normal, PoissonMidpoint, RandomizedMidpoint, Scheme, Uniform
from pmmtheory.targets import GaussianMixture

DATA = GaussianMixture([0.4, 0.6], [-1.5, 1.0], [0.1, 0.3])
MILD = ReverseDiffusion(DATA, 1.0, 0.3)
STARTS = torch.linspace(-2.5, 2.5, 21, dtype=torch.float64)
SCHEDULE = NoiseSchedule.linear(1000)


class OwnMidpoint(RandomizedMidpoint):
    """A user's copy: no step of PoissonMidpoint."""


def scheme(name: str, steps: int = 6) -> Scheme:
    step = MILD.duration / steps
    if name == "euler":
        return EulerMaruyama(MILD, step)
    if name == "rmm":
        return OwnMidpoint(MILD, step)
    kind, substeps = name.split()
    return PoissonMidpoint(MILD, step, math.inf if substeps == "inf" else int(substeps), kind)


@pytest.mark.parametrize("name", ["euler", "rmm", "single 7", "interior 7", "single inf"])
@pytest.mark.parametrize("t", [0.0, 0.35])
def test_parts_have_the_moments_and_waves_of_a_step(name: str, t: float) -> None:
    chain = scheme(name)
    parts = step_parts(chain, STARTS, t, 12.0, 8.0, 3)
    offset = parts.mean - centre(chain, STARTS, t)[:, None]
    first, second = one_step_moments(chain, STARTS, t, level=3)
    assert float(parts.weight.sum()) == pytest.approx(1, abs=1e-13)
    assert torch.allclose((parts.weight[:, None] * offset).sum((0, 2)), first, rtol=0, atol=1e-10)
    assert torch.allclose((parts.weight[:, None] * (offset**2 + parts.deviation[:, None, None] ** 2)).sum((0, 2)), second, rtol=0, atol=1e-10)
    waves = torch.arange(13, dtype=torch.float64)
    damped = torch.exp(-((waves[:, None] * parts.deviation) ** 2) / 2)
    seen = torch.einsum("gq,kg,gnqk->nk", parts.weight.to(torch.complex128), damped.to(torch.complex128), torch.exp(1j * offset[..., None] * waves))
    if chain.draws:
        assert float((seen - characteristic(chain, STARTS, t, 1.0, 13, 3)).abs().max()) < 1e-9


@pytest.mark.parametrize(("kind", "substeps"), [("single", 50), ("interior", 50), ("interior", 7)])
def test_a_scheduler_has_midpoints_at_its_own_times_only(kind: str, substeps: int) -> None:
    chain = PoissonMidpointScheduler(SCHEDULE, 20, substeps, midpoints=kind).scheme(ExactPredictor(DATA, SCHEDULE))
    assert isinstance(chain, PoissonMidpoint)
    times, weights = chain.midpoints.one(0)
    assert len(times) == substeps - (kind == "interior")
    assert times * substeps == pytest.approx((times * substeps).round(), abs=1e-12) and weights.sum() == pytest.approx(1)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["single 5", "interior 5"])
def test_the_route_by_frequencies_agrees(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same law by the characteristic functions of the midpoint functional."""
    chain, start = scheme(name), MILD.marginal(1.0)
    law = transient_law(chain, start, 6, rtol=1e-7)
    monkeypatch.setattr(moving_step, "enumerable", lambda _: False)
    other = transient_law(chain, start, 6, rtol=1e-7)
    gap = torch.abs(law.values - other.density(law.grid)).sum() * law.spacing / 2
    assert float(gap) < 5 * (law.numerical_error + other.numerical_error)


@pytest.mark.slow
def test_midpoints_that_fold_the_line_have_the_law_of_particles() -> None:
    """20 steps of 50 substeps down to the data, where the midpoints of the first steps throw particles over."""
    sampler = PoissonMidpointScheduler(SCHEDULE, 20, 50, "V2", "interior")
    chain, start = sampler.scheme(ExactPredictor(DATA, SCHEDULE)), SCHEDULE.marginal(DATA, 1000)
    law = transient_law(chain, start, 3, rtol=1e-4)
    n = 100_000
    x = simulate(chain, particles=n, steps=3, seed=5, dtype=torch.float64, initial=start)
    for place in torch.linspace(-2.5, 2.5, 7, dtype=torch.float64):
        exact = float(law.cdf(place))
        assert abs(float((x <= place).double().mean()) - exact) < 5 * math.sqrt(exact * (1 - exact) / n) + law.numerical_error


@pytest.mark.slow
def test_rows_widen_where_bernoulli_midpoints_throw_far() -> None:
    """The first of 10 steps to the data: a midpoint turns a deviation by 1 - 3.2, two by more."""
    chain, start = PoissonMidpointScheduler(SCHEDULE, 10, 5).scheme(ExactPredictor(DATA, SCHEDULE)), SCHEDULE.marginal(DATA, 1000)
    law = transient_law(chain, start, 1, rtol=1e-5)
    n = 100_000
    x = simulate(chain, particles=n, steps=1, seed=2, dtype=torch.float64, initial=start)
    for place in (-12.0, -6.0, -2.0, 0.5, 3.0, 8.0):
        exact = float(law.cdf(place))
        assert abs(float((x <= place).double().mean()) - exact) < 5 * math.sqrt(exact * (1 - exact) / n) + 1e-4


def test_only_bernoulli_midpoints_cannot_be_listed() -> None:
    assert [enumerable(scheme(name)) for name in ("euler", "rmm", "single 5", "interior 5", "bernoulli 5")] == [True, True, True, True, False]


class Uneven(Scheme):
    """A factor that depends on the state."""

    draws = {"u": Uniform(), "z": Normal()}
    drift_calls = 1

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        return x + 0 * draws["u"] + 0.1 * draws["z"], 0.1 + 0.01 * torch.abs(x + 0 * draws["u"])


def test_a_factor_that_depends_on_the_state_is_refused() -> None:
    with pytest.raises(InvalidParameter, match="scheme = 'Uneven' .* does not depend on the state"):
        transient_law(Uneven(MILD, 0.1), MILD.marginal(1.0), 2)
