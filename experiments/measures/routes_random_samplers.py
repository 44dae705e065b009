"""Single steps of the samplers of diffusion models that are random, and calls of all, next to plain loops."""

from __future__ import annotations

from collections.abc import Callable
from math import log, sqrt
from typing import Any

import numpy as np
import torch
from torch import Tensor

from experiments.measures._arrays import Pairs, all_apart
from experiments.measures._plain_schedule import BETAS, POINTS, SIZE, TIMES, alpha, asked, ends, eps, sigma
from experiments.measures._routes import compared, held
from pmmtheory.estimate import Estimate
from pmmtheory.noise.schedule import NoiseSchedule
from pmmtheory.schedulers import DDIM, DDPM, DPMSolver, DPMSolverMultistep, DPMSolverPlusPlus2M, Heun, PoissonMidpointScheduler, RandomizedMidpointScheduler
from pmmtheory.schedulers.scheduler import Scheduler


@compared
def measure(device: str) -> dict[str, Estimate]:
    """Steps with draws that are given, and how often runs ask."""
    found = all_apart(
        {
            "steps of DDPM and DDIM with noise": _ancestral,
            "steps of the randomized midpoint on the flow": _randomized,
            "steps of Poisson midpoints over DDPM": _poisson,
            "calls of runs, counted": _calls,
        }
    )
    return held(found)


def _ancestral() -> Pairs:
    """The mean and the width of one step."""
    schedule, (t, s) = NoiseSchedule(BETAS), TIMES[1:3]
    r = (alpha(t) / alpha(s)) ** 2
    beta, x = 1 - r, POINTS
    widths = {"V1": sqrt(beta / (1 - beta)), "V2": sqrt(beta) * sigma(s) / sigma(t)}
    shares = {"V1": 2 * (1 / sqrt(r) - 1) / sigma(t), "V2": beta / sqrt(r) / sigma(t)}
    pairs: list[tuple[Any, Any]] = []
    for variant, width in widths.items():
        scheme = DDPM(schedule, variant=variant, times=TIMES).scheme(asked, ())
        mean, factor = scheme.step(torch.tensor(x), 1.0, {})
        pairs += [(mean, x / sqrt(r) - shares[variant] * eps(x, t)), (factor, width), (scheme.step_size, 1)]
    scheme = DDIM(schedule, eta=0.4, times=TIMES).scheme(asked, ())
    mean, factor = scheme.step(torch.tensor(x), 1.0, {})
    v = 0.16 * widths["V2"] ** 2
    kept = sqrt(sigma(s) ** 2 - v)
    return [*pairs, (mean, alpha(s) * (x - sigma(t) * eps(x, t)) / alpha(t) + kept * eps(x, t)), (factor, sqrt(v)), (scheme.step_size, 1)]


def _randomized() -> Pairs:
    pairs: list[tuple[Any, Any]] = []
    x, knots = POINTS, np.arange(SIZE + 1.0)
    ratios = np.array([sqrt(1 / alpha(k) ** 2 - 1) for k in knots])
    for times in ends():
        sampler = RandomizedMidpointScheduler(NoiseSchedule(BETAS), times=times)
        scheme = sampler.scheme(asked, ())
        for k, u in ((1, 0.3), (3, 0.8), (len(times) - 2, 0.5)):
            t, s = times[k : k + 2]
            begun, ended = sigma(t) / alpha(t), sigma(s) / alpha(s)
            predicted, w = eps(x, t), begun + u * (ended - begun)
            if s > 0:
                time = np.interp(log(1 + w**2) / 2, np.log(1 + ratios**2) / 2, knots)
                predicted = eps((x / alpha(t) + (w - begun) * predicted) / sqrt(1 + w**2), float(time))
            draws = {"u": torch.full((4,), u, dtype=torch.float64)}
            mean, width = scheme.step(torch.tensor(x), float(k), draws)
            pairs += [(mean, alpha(s) * (x / alpha(t) + (ended - begun) * predicted)), (width, 0.0)]
        count = 2 * (len(times) - 1) - (times[-1] == 0)
        pairs += [([sampler.calls, scheme.drift_calls * (len(times) - 1)], [count, count]), (scheme.step_size, 1)]
    return pairs


def _poisson() -> Pairs:
    """K steps of DDPM or DDIM as one, with the force at midpoints that are given."""
    pairs: list[tuple[Any, Any]] = []
    for variant, kind, indices in (("V2", "bernoulli", [1]), ("DDIM0", "interior", [2]), ("V2", "bernoulli", [])):
        sampler = PoissonMidpointScheduler(NoiseSchedule(BETAS), substeps=3, variant=variant, midpoints=kind, times=TIMES)
        z, last = np.array([0.4, -0.3, 1.2, 0.1]), np.array([-0.9, 0.2, 0.6, -0.4])
        x = free = POINTS
        eps0, path = eps(x, TIMES[3]), np.zeros(4)
        for i in range(3):
            t, s = TIMES[3 + i : 5 + i]
            r = (alpha(t) / alpha(s)) ** 2
            gain = -(1 - r) / sqrt(r) / sigma(t) if variant == "V2" else sigma(s) - alpha(s) * sigma(t) / alpha(t)
            variance = (1 - r) * sigma(s) ** 2 / sigma(t) ** 2 if variant == "V2" else 0.0
            change = (2 if kind == "interior" else 3) * (eps(free, t) - eps0) if i in indices else 0.0
            path = path / r + variance  # of the noise since the midpoint before
            noise = np.zeros(4)
            if i + 1 in indices or i == 2:
                noise, path = np.sqrt(path) * (last if i == 2 else z), np.zeros(4)
            x, free = x / sqrt(r) + gain * (eps0 + change) + noise, free / sqrt(r) + gain * eps0 + noise
        scheme = sampler.scheme(asked, ())
        table = torch.tensor([[i / 3] for i in indices] or [[0.0]], dtype=torch.float64)
        draws = {"midpoints": (table, torch.full_like(table, bool(indices), dtype=torch.bool)), "z": torch.tensor(z[None])}
        mean, width = scheme.step(torch.tensor(POINTS), 3.0, draws)
        pairs += [(mean + width * torch.tensor(last), x), (sampler.times, TIMES[::3]), ([sampler.steps, scheme.step_size], [2, 3])]
    most, few = (PoissonMidpointScheduler(NoiseSchedule(BETAS), steps=5, substeps=k, end=3) for k in (None, 2))
    pairs += [(most.substeps, 4), (most.fine_times, [24 - round(21 * k / 20) if k < 20 else 3 for k in range(21)])]
    return [*pairs, (few.times, few.fine_times[::2]), (len(few.fine_times), 11)]


def _calls() -> Pairs:
    """How often a run asks, next to what it tells."""
    pairs: list[tuple[Any, Any]] = []
    makers: list[Callable[[tuple[float, ...]], Scheduler]] = [
        lambda times: DDIM(NoiseSchedule(BETAS), times=times),
        lambda times: DDPM(NoiseSchedule(BETAS), times=times),
        lambda times: Heun(NoiseSchedule(BETAS), times=times),
        lambda times: DPMSolver(NoiseSchedule(BETAS), order=2, times=times),
        lambda times: DPMSolver(NoiseSchedule(BETAS), order=3, times=times),
        lambda times: DPMSolverMultistep(NoiseSchedule(BETAS), order=3, times=times),
        lambda times: DPMSolverPlusPlus2M(NoiseSchedule(BETAS), times=times),
        lambda times: RandomizedMidpointScheduler(NoiseSchedule(BETAS), times=times),
        lambda times: PoissonMidpointScheduler(NoiseSchedule(BETAS), midpoints="interior", substeps=3, times=times if times[-1] else (*TIMES[:6], 0.0)),
    ]
    for make in makers:
        for times in ends():
            count: list[float] = []

            def counted(x: Tensor, t: Any, count: list[float] = count) -> Tensor:
                count.append(float(t))
                return asked(x, t)

            sampler = make(times)
            sampler.sample(counted, torch.tensor(POINTS))
            scheme = sampler.scheme(asked, ())
            pairs += [([sampler.calls, scheme.drift_calls * sampler.chain_steps, scheme.step_size], [len(count)] * 2 + [3 if "Poisson" in sampler.name else 1])]
    return pairs
