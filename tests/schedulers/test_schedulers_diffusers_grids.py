"""The times that the schedulers of diffusers really step between, at numbers of steps that do and do not divide the 1000 training times.

Everything is compared in float64, as in test_schedulers_diffusers. With the times that they use, every step is ours; they differ in which these are:

- DDIMScheduler goes from t to t - 1000//n, whatever its next time is. With spacing "leading" that is the next one, for every n. With "trailing" it is
  where n divides 1000; elsewhere the network is asked at lower noise than the state has, and the last step may stop at training time 1 in place of
  the data. With "linspace", whose gaps are 999/(n - 1), it never is.
- DDPMScheduler goes to the next of its times, and to the data in the end: its grid is ours.
- DPMSolverMultistepScheduler goes from each of its times to the next, and in the end to training time 1 (final_sigmas_type "sigma_min") or to the
  data ("zero"). "leading" and "linspace" are n of n + 1 times there, the last of which, 0, is that end.
- HeunDiscreteScheduler keeps x/alpha. "leading" and "trailing" are whole times, and its grid is ours; "linspace" are real ones, and between training
  times it has sigma/alpha linear in t, where here log alpha is.
"""

from __future__ import annotations

from typing import Any

import pytest
import torch

from pmmtheory.schedulers import DDIM, DDPM, DPMSolverMultistep, DPMSolverPlusPlus2M, ExactPredictor, Heun, NoiseSchedule, Scheduler
from pmmtheory.targets import GaussianMixture

pytest.importorskip("diffusers", reason="needs the diffusers library, extra `diffusion`")

SCHEDULE = NoiseSchedule.linear()
EPS = ExactPredictor(GaussianMixture([0.4, 0.6], [[-1.5, 0.0], [1.0, 0.5]], [0.1, 0.3]), SCHEDULE)
CLOSE = {"rtol": 1e-9, "atol": 1e-9}
STEPS = [7, 10, 12, 30, 37, 60]
SPACINGS = ["leading", "trailing", "linspace"]
EVERY = [pytest.mark.parametrize("steps", STEPS), pytest.mark.parametrize("spacing", SPACINGS)]


def every(function: Any) -> Any:
    for mark in EVERY:
        function = mark(function)
    return function


def training(other: Any) -> list[float]:
    """The training times of their timesteps, each once."""
    return sorted({float(t) + 1 for t in other.timesteps}, reverse=True)


def start() -> torch.Tensor:
    return torch.randn(5, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def run(other: Any) -> list[torch.Tensor]:
    """Their states after every step."""
    x, found = start(), []
    for t in other.timesteps:
        x = other.step(EPS(x, float(t) + 1), t, x).prev_sample
        found.append(x)
    return found


def ours(sampler: Scheduler) -> list[torch.Tensor]:
    scheme = sampler.scheme(EPS)
    state, found = scheme.dynamics.lift(start(), torch.Generator()), []
    for k in range(sampler.steps):
        state = scheme.step(state, float(k), {})[0]
        found.append(scheme.dynamics.position(state))
    return found


def gap(one: list[torch.Tensor], other: list[torch.Tensor]) -> float:
    """The largest distance between states, step by step."""
    assert len(one) == len(other)
    return max(float((a - b).abs().max()) for a, b in zip(one, other, strict=True))


def ddim_goes_to(steps: int, time: float) -> float:
    """Where DDIMScheduler goes from a training time."""
    return max(0.0, time - 1000 // steps)


@every
def test_ddim_is_theirs_with_the_times_that_it_steps_between(theirs: Any, steps: int, spacing: str) -> None:
    other = theirs("scheduling_ddim", "DDIMScheduler", steps, clip_sample=False, timestep_spacing=spacing)
    x = start()
    for t, there in zip(training(other), run(other), strict=True):
        scheme = DDIM(SCHEDULE, times=[t, ddim_goes_to(steps, t)]).scheme(EPS)
        x = scheme.step(x, 0.0, {})[0]
        torch.testing.assert_close(x, there, **CLOSE)


@every
def test_ddim_on_its_grid_is_theirs_only_where_it_goes_to_the_next_time(theirs: Any, steps: int, spacing: str) -> None:
    other = theirs("scheduling_ddim", "DDIMScheduler", steps, clip_sample=False, timestep_spacing=spacing)
    times = [*training(other), 0.0]
    right = all(ddim_goes_to(steps, t) == s for t, s in zip(times, times[1:], strict=False))
    assert right == (spacing == "leading" or (spacing == "trailing" and 1000 % steps == 0))
    off = gap(ours(DDIM(SCHEDULE, times=times)), run(other))
    assert off < 1e-9 if right else off > 5e-4


@every
def test_ddpm_goes_to_the_next_of_its_times(theirs: Any, monkeypatch: pytest.MonkeyPatch, steps: int, spacing: str) -> None:
    other = theirs("scheduling_ddpm", "DDPMScheduler", steps, clip_sample=False, timestep_spacing=spacing)
    noise = torch.randn(steps, 5, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    following = iter(noise)
    monkeypatch.setattr("diffusers.schedulers.scheduling_ddpm.randn_tensor", lambda *_, **__: next(following))
    scheme, x = DDPM(SCHEDULE, times=[*training(other), 0.0], variant="V2").scheme(EPS), start()
    for k, there in enumerate(run(other)):
        mean, factor = scheme.step(x, float(k), {})
        x = mean + factor * noise[k]
        torch.testing.assert_close(x, there, **CLOSE)


@every
@pytest.mark.parametrize("order", [2, 3])
def test_multistep_solvers_go_to_the_next_of_their_times(theirs: Any, steps: int, spacing: str, order: int) -> None:
    options = {"algorithm_type": "dpmsolver", "solver_order": order, "final_sigmas_type": "sigma_min", "lower_order_final": False}
    other = theirs("scheduling_dpmsolver_multistep", "DPMSolverMultistepScheduler", steps, timestep_spacing=spacing, **options)
    assert len(other.timesteps) == steps
    assert gap(ours(DPMSolverMultistep(SCHEDULE, order=order, times=[*training(other), 1.0])), run(other)) < 1e-9


@every
@pytest.mark.parametrize("end", [0.0, 1.0])
def test_plus_plus_goes_to_the_next_of_its_times(theirs: Any, steps: int, spacing: str, end: float) -> None:
    options = {"algorithm_type": "dpmsolver++", "solver_order": 2, "lower_order_final": False, "final_sigmas_type": "sigma_min" if end else "zero"}
    other = theirs("scheduling_dpmsolver_multistep", "DPMSolverMultistepScheduler", steps, timestep_spacing=spacing, **options)
    assert gap(ours(DPMSolverPlusPlus2M(SCHEDULE, times=[*training(other), end])), run(other)) < 1e-9


def heun_runs(other: Any) -> list[torch.Tensor]:
    """Their states after every interval; they are x/alpha, which the network is given as x."""
    x = start() / SCHEDULE.alpha(training(other)[0])
    found = []
    for i, t in enumerate(other.timesteps):
        asked = other.scale_model_input(x, t)
        x = other.step(EPS(asked, float(t) + 1), t, x).prev_sample
        if i % 2 or i == len(other.timesteps) - 1:
            found.append(x)
    return found


@every
def test_heun_goes_to_the_next_of_its_times(theirs: Any, steps: int, spacing: str) -> None:
    other = theirs("scheduling_heun_discrete", "HeunDiscreteScheduler", steps, timestep_spacing=spacing)
    times = [*training(other), 0.0]
    own = [x / SCHEDULE.alpha(t) for x, t in zip(ours(Heun(SCHEDULE, times=times)), times[1:], strict=True)]
    off = gap(own, heun_runs(other))
    assert off < 1e-7 if all(t == round(t) for t in times) else 1e-6 < off < 0.05
