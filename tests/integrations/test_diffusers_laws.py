"""What the scheduler for the diffusers library generates has the law that is computed for our own sampler."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
import torch

from pmmtheory.laws import transient_law
from pmmtheory.schedulers import ExactPredictor, NoiseSchedule
from pmmtheory.schedulers import PoissonMidpointScheduler as Own
from pmmtheory.targets import Gaussian, GaussianMixture

pytest.importorskip("diffusers", reason="needs the diffusers library, extra `diffusion`")

from pmmtheory.integrations.diffusers import PoissonMidpointScheduler  # noqa: E402

SCHEDULE = NoiseSchedule.linear(1000, 1e-4, 0.02)
DATA = GaussianMixture([0.4, 0.6], [-1.5, 1.0], [0.1, 0.3])
STEPS, RUNS, BATCH = 20, 60, 1000


def moments(base: str) -> torch.Tensor:
    """The first three moments of every run, (runs, 3): midpoints are shared by a batch, so that runs alone are independent."""
    scheduler, generator = PoissonMidpointScheduler(timestep_spacing="trailing", base=base), torch.Generator().manual_seed(17)
    exact, found = ExactPredictor(DATA, SCHEDULE), []
    for _ in range(RUNS):
        scheduler.set_timesteps(2 * STEPS, generator=generator)
        x = torch.randn(BATCH, dtype=torch.float64, generator=generator)
        for t in scheduler.timesteps:
            x = scheduler.step(exact(x, float(t) + 1), t, x, generator=generator).prev_sample
        found.append(torch.stack([(x**k).mean() for k in (1, 2, 3)]))
    return torch.stack(found)


@cache
def exact_law(base: str) -> Any:
    sampler = Own(SCHEDULE, steps=STEPS, substeps=1000 // STEPS, variant=base, midpoints="interior")
    return transient_law(sampler.chain(ExactPredictor(DATA, SCHEDULE), Gaussian()), rtol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("base", ["V1", "V3"])
def test_moments_are_those_of_the_exact_law(base: str) -> None:
    law, seen = exact_law(base), moments(base)
    for k, (mean, error) in enumerate(zip(seen.mean(0), seen.std(0) / RUNS**0.5, strict=True), 1):
        exact = law.moment(k)
        assert abs(float(mean) - exact.value) <= 4.5 * float(error) + exact.error


@pytest.mark.slow
def test_another_base_is_told_apart() -> None:
    """Without the noise of V1 the second moment is off by more than chance."""
    seen = moments("V3-literal")[:, 1]
    assert abs(float(seen.mean()) - exact_law("V1").moment(2).value) > 6 * float(seen.std()) / RUNS**0.5
