"""Step by step against the schedulers of diffusers: the same inputs, predicted noises and random numbers, in float64.

diffusers computes in float32; here its modules see float64 under that name. Differences in conventions that remain:

- A time t here is t - 1 there: their alphas_cumprod[0] is alpha(1)^2, and their time -1 (`set_alpha_to_one`) is t = 0, the data.
- The grids agree for end = 0 with timestep_spacing "trailing"; multistep solvers that stop at final_sigmas_type "sigma_min", which is
  t = 1, agree for end = 1 with "linspace" ("trailing" there ends ... 100, 1 with a short last interval), up to the rounding of halves:
  832.5 is rounded to the even 832 there, and 833.5 to the even 834 here.
- DDIMScheduler steps by N // n whatever its grid says, so the last levels are off where n does not divide N: it is compared where it does.
- DDPMScheduler's "fixed_small" is V2, and "fixed_large" has V2's mean with V1b's noise. There is no V1, and no V3-literal;
  V3 is their DDIM with eta = sqrt(1 - alphas_cumprod), another at every step. "fixed_small" is never below
  1e-20, which only the noiseless last step would meet.
- DPMSolverMultistepScheduler lowers the last orders in runs of fewer than 15 steps, also where these stop short of the data; here only
  on the way to the data (`lower_order_final`). To the data (final_sigmas_type "zero") both end with a step of order 1; algorithm
  "dpmsolver" refuses that there.
- Its order 3 gives the second difference half its weight: `second_difference="reference"` here.
- algorithm_type "dpmsolver" is deprecated there, and warns.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from pmmtheory.noise.coefficients import VARIANTS
from pmmtheory.schedulers import DDIM, DDPM, DPMSolverMultistep, DPMSolverPlusPlus2M, ExactPredictor, NoiseSchedule, Scheduler
from pmmtheory.targets import GaussianMixture

pytest.importorskip("diffusers")

SCHEDULE = NoiseSchedule.linear()
EPS = ExactPredictor(GaussianMixture([0.4, 0.6], [[-1.5, 0.0], [1.0, 0.5]], [0.1, 0.3]), SCHEDULE)
CLOSE = {"rtol": 1e-9, "atol": 1e-9}


def start() -> torch.Tensor:
    return torch.randn(5, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def compare(ours: Scheduler, other: Any, **options: Any) -> None:
    """Both run from one state with the same random numbers; after every step they agree. An option may be a function of their time."""
    scheme, noisy = ours.scheme(EPS), isinstance(ours, DDPM | DDIM)
    assert [int(t) for t in other.timesteps] == [int(t) - 1 for t in ours.times[:-1]]
    x = start()
    state = scheme.dynamics.lift(x, torch.Generator())
    for k, t in enumerate(other.timesteps):
        eps = EPS(x, float(t) + 1)
        random = {"generator": torch.Generator().manual_seed(k)} if noisy else {}
        own = {name: value(int(t)) if callable(value) else value for name, value in options.items()}
        x = other.step(eps, t, x, **random, **own).prev_sample
        mean, factor = scheme.step(state, float(k), {})
        state = mean + factor * torch.randn(mean.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(k))
        torch.testing.assert_close(scheme.dynamics.position(state), x, **CLOSE)


@pytest.mark.slow
@pytest.mark.parametrize("steps", [10, 37, 250])
def test_ddpm_with_the_posterior_variance_is_theirs(theirs: Any, steps: int) -> None:
    compare(DDPM(SCHEDULE, steps, "V2"), theirs("scheduling_ddpm", "DDPMScheduler", steps, clip_sample=False, timestep_spacing="trailing"))


def test_the_other_variances_from_theirs(theirs: Any) -> None:
    other = theirs("scheduling_ddpm", "DDPMScheduler", 50, clip_sample=False, timestep_spacing="trailing")
    times = DDPM(SCHEDULE, 50).times
    for t, s in zip(times[:-2], times[1:-1], strict=True):
        before, after = SCHEDULE.levels(t), SCHEDULE.levels(s)
        small, large = (float(other._get_variance(torch.tensor(int(t) - 1), variance_type=kind)) for kind in ("fixed_small", "fixed_large"))
        noises = {name: float(VARIANTS[name](before, after).noise) ** 2 for name in ("V2", "V3-literal", "V1b")}
        np.testing.assert_allclose(
            [noises["V2"], noises["V3-literal"], noises["V1b"]], [small, small * (1 - float(other.alphas_cumprod[int(t) - 1])), large], rtol=1e-8
        )
        assert VARIANTS["V3-literal"](before, after)[:2] == VARIANTS["V2"](before, after)[:2]


@pytest.mark.parametrize("steps", [8, 50])
@pytest.mark.parametrize("eta", [0.0, 0.4, 1.0])
def test_ddim_is_theirs(theirs: Any, steps: int, eta: float) -> None:
    other = theirs("scheduling_ddim", "DDIMScheduler", steps, clip_sample=False, set_alpha_to_one=True, timestep_spacing="trailing")
    compare(DDIM(SCHEDULE, steps, eta), other, eta=eta)


@pytest.mark.parametrize("steps", [8, 50])
def test_v3_is_their_ddim_with_eta_of_the_noise_level(theirs: Any, steps: int) -> None:
    other = theirs("scheduling_ddim", "DDIMScheduler", steps, clip_sample=False, set_alpha_to_one=True, timestep_spacing="trailing")
    compare(DDPM(SCHEDULE, steps, "V3"), other, eta=lambda t: math.sqrt(1 - float(other.alphas_cumprod[t])))


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("steps", [9, 27])
def test_multistep_solvers_are_theirs(theirs: Any, order: int, steps: int) -> None:
    options = {
        "algorithm_type": "dpmsolver",
        "solver_order": order,
        "final_sigmas_type": "sigma_min",
        "timestep_spacing": "linspace",
        "lower_order_final": False,
    }
    compare(DPMSolverMultistep(SCHEDULE, steps, order, end=1), theirs("scheduling_dpmsolver_multistep", "DPMSolverMultistepScheduler", steps, **options))


@pytest.mark.parametrize("steps", [9, 27])
@pytest.mark.parametrize("end", [0, 1])
def test_plus_plus_is_theirs(theirs: Any, steps: int, end: int) -> None:
    options = {"algorithm_type": "dpmsolver++", "solver_order": 2, "lower_order_final": False}
    options |= {"final_sigmas_type": "sigma_min", "timestep_spacing": "linspace"} if end else {"final_sigmas_type": "zero", "timestep_spacing": "trailing"}
    compare(DPMSolverPlusPlus2M(SCHEDULE, steps, end=end), theirs("scheduling_dpmsolver_multistep", "DPMSolverMultistepScheduler", steps, **options))


@pytest.mark.parametrize(("ours", "option"), [(NoiseSchedule.linear(), "linear"), (NoiseSchedule.scaled_linear(), "scaled_linear")])
def test_schedules_are_theirs(ours: NoiseSchedule, option: str) -> None:
    from diffusers import DDPMScheduler

    ends = {"linear": (0.0001, 0.02), "scaled_linear": (0.00085, 0.012)}[option]
    other = DDPMScheduler(beta_schedule=option, beta_start=ends[0], beta_end=ends[1])
    np.testing.assert_allclose(ours.betas, other.betas, rtol=1e-5)
    np.testing.assert_allclose(NoiseSchedule.cosine().betas, DDPMScheduler(beta_schedule="squaredcos_cap_v2").betas, rtol=1e-5)
