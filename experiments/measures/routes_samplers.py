"""Whole runs of the samplers of diffusion models, next to plain loops of the published algorithms in numpy."""

from __future__ import annotations

from collections.abc import Callable
from math import exp, expm1, inf, log, sqrt
from typing import Any

import numpy as np
import torch
from torch import Tensor

from experiments.measures._arrays import Pairs, all_apart
from experiments.measures._routes import held
from pmmtheory.estimate import Estimate
from pmmtheory.noise.levels import Numbers
from pmmtheory.noise.schedule import NoiseSchedule
from pmmtheory.schedulers import DDIM, DDPM, DPMSolver, DPMSolverMultistep, DPMSolverPlusPlus2M, Heun, PoissonMidpointScheduler, RandomizedMidpointScheduler
from pmmtheory.schedulers.scheduler import Scheduler

_SIZE = 24
_BETAS = np.linspace(0.02, 0.3, _SIZE)
_TIMES = (24.0, 19.0, 15.5, 12.0, 8.0, 5.0, 2.0)
_POINTS = np.array([-1.7, -0.4, 0.6, 1.9])


def measure(device: str) -> dict[str, Estimate]:
    """Runs to the data and to a time before them, and how often they ask."""
    found = all_apart(
        {
            "runs of DDIM": _ddim,
            "steps of DDPM and DDIM with noise": _ancestral,
            "runs of Heun": _heun,
            "runs of DPM-Solver": _solver,
            "runs of multistep DPM-Solver": _multistep,
            "runs of DPM-Solver++(2M)": _plus_plus,
            "steps of the randomized midpoint on the flow": _randomized,
            "steps of Poisson midpoints over DDPM": _poisson,
            "calls of runs, counted": _calls,
        }
    )
    return held(found)


def _alpha(t: float) -> float:
    return float(np.exp(np.interp(t, np.arange(_SIZE + 1), np.cumsum(np.append(0.0, 0.5 * np.log(1 - _BETAS))))))


def _sigma(t: float) -> float:
    return sqrt(1 - _alpha(t) ** 2)


def _ratio(t: float) -> float:
    """lambda = log(alpha/sigma)."""
    return log(_alpha(t) / _sigma(t)) if t > 0 else inf


def _eps(x: Numbers, t: float) -> Numbers:
    """A smooth function in the place of a network."""
    return np.sin(1.3 * x + 0.1 * t) + 0.2 * x


def _asked(x: Tensor, t: Any) -> Tensor:
    return torch.sin(1.3 * x + 0.1 * t) + 0.2 * x


def _first_order(x: Numbers, eps: Numbers, t: float, s: float) -> Numbers:
    return _alpha(s) * (x - _sigma(t) * eps) / _alpha(t) + _sigma(s) * eps


def _run(sampler: Scheduler) -> Tensor:
    return sampler.sample(_asked, torch.tensor(_POINTS))


def _ends() -> list[tuple[float, ...]]:
    """Grids to the data and to a time before them."""
    return [(*_TIMES, 0.0), _TIMES]


def _ddim() -> Pairs:
    pairs: list[tuple[Any, Any]] = []
    for times in _ends():
        x = _POINTS
        for t, s in zip(times, times[1:], strict=False):
            x = _first_order(x, _eps(x, t), t, s)
        pairs += [(_run(DDIM(NoiseSchedule(_BETAS), times=times)), x)]
    seen: list[list[float]] = []
    DDIM(NoiseSchedule(_BETAS), steps=4).sample(_asked, torch.tensor(_POINTS), callback=lambda step, t, x: seen.append([step, t]))
    return [*pairs, (seen, [[0, 18], [1, 12], [2, 6], [3, 0]])]


def _ancestral() -> Pairs:
    """The mean and the width of one step."""
    schedule, (t, s) = NoiseSchedule(_BETAS), _TIMES[1:3]
    r = (_alpha(t) / _alpha(s)) ** 2
    beta, x = 1 - r, _POINTS
    widths = {"V1": sqrt(beta / (1 - beta)), "V2": sqrt(beta) * _sigma(s) / _sigma(t)}
    shares = {"V1": 2 * (1 / sqrt(r) - 1) / _sigma(t), "V2": beta / sqrt(r) / _sigma(t)}
    pairs: list[tuple[Any, Any]] = []
    for variant, width in widths.items():
        scheme = DDPM(schedule, variant=variant, times=_TIMES).scheme(_asked, ())
        mean, factor = scheme.step(torch.tensor(x), 1.0, {})
        pairs += [(mean, x / sqrt(r) - shares[variant] * _eps(x, t)), (factor, width), (scheme.step_size, 1)]
    scheme = DDIM(schedule, eta=0.4, times=_TIMES).scheme(_asked, ())
    mean, factor = scheme.step(torch.tensor(x), 1.0, {})
    v = 0.16 * widths["V2"] ** 2
    kept = sqrt(_sigma(s) ** 2 - v)
    return [*pairs, (mean, _alpha(s) * (x - _sigma(t) * _eps(x, t)) / _alpha(t) + kept * _eps(x, t)), (factor, sqrt(v)), (scheme.step_size, 1)]


def _heun() -> Pairs:
    """In x/alpha and w = sigma/alpha."""
    pairs: list[tuple[Any, Any]] = []
    for times in _ends():
        x = _POINTS
        for t, s in zip(times, times[1:], strict=False):
            eps, begun, ended = _eps(x, t), _sigma(t) / _alpha(t), _sigma(s) / _alpha(s)
            if s > 0:
                eps = (eps + _eps(_alpha(s) * (x / _alpha(t) + (ended - begun) * eps), s)) / 2
            x = _alpha(s) * (x / _alpha(t) + (ended - begun) * eps)
        sampler = Heun(NoiseSchedule(_BETAS), times=times)
        pairs += [(_run(sampler), x), (sampler.calls, 2 * (len(times) - 1) - (times[-1] == 0))]
    return pairs


def _solver() -> Pairs:
    """Steps of several intervals, what is left of lower order, and the last to the data of the first."""
    pairs: list[tuple[Any, Any]] = []
    cut = {2: ([0, 2, 4, 6, 7], [0, 2, 4, 6]), 3: ([0, 3, 6, 7], [0, 3, 6]), 1: (list(range(8)), list(range(7)))}
    for order, both in cut.items():
        for times, bounds in zip(_ends(), both, strict=True):
            x = _POINTS
            for first, last in zip(bounds, bounds[1:], strict=False):
                x = _single_step(x, times[first : last + 1])
            sampler = DPMSolver(NoiseSchedule(_BETAS), order=order, times=times)
            pairs += [(_run(sampler), x), (sampler.bounds, bounds), ([sampler.chain_steps, sampler.calls], [len(bounds) - 1, len(times) - 1])]
    left = DPMSolver(NoiseSchedule(_BETAS), order=3, times=_TIMES[:6])
    return [*pairs, (_run(left), _single_step(_single_step(_POINTS, _TIMES[:4]), _TIMES[3:6])), (left.bounds, [0, 3, 5])]


def _single_step(x: Numbers, times: tuple[float, ...]) -> Numbers:
    """DPM-Solver of as many orders as intervals."""
    t, s, eps = times[0], times[-1], _eps(x, times[0])
    if len(times) == 2:
        return _first_order(x, eps, t, s)
    h, r1 = _ratio(s) - _ratio(t), (_ratio(times[1]) - _ratio(t)) / (_ratio(s) - _ratio(t))
    first = _eps(_alpha(times[1]) / _alpha(t) * x - _sigma(times[1]) * expm1(r1 * h) * eps, times[1]) - eps
    begun = _alpha(s) / _alpha(t) * x - _sigma(s) * expm1(h) * eps
    if len(times) == 3:
        return begun - _sigma(s) / (2 * r1) * expm1(h) * first
    r2 = (_ratio(times[2]) - _ratio(t)) / h
    inner = _alpha(times[2]) / _alpha(t) * x - _sigma(times[2]) * expm1(r2 * h) * eps
    second = _eps(inner - _sigma(times[2]) * r2 / r1 * (expm1(r2 * h) / (r2 * h) - 1) * first, times[2]) - eps
    return begun - _sigma(s) / r2 * (expm1(h) / h - 1) * second


def _multistep() -> Pairs:
    """By orders that are listed; the last ones to the data are lower where the run is short, but for the very last also where it is long."""
    long = tuple(float(t) for t in range(16, -1, -1))
    runs: list[tuple[dict[str, Any], tuple[float, ...], list[int]]] = [
        ({"order": 1}, _TIMES, [1] * 6),
        ({"order": 2}, (*_TIMES, 0.0), [1, 2, 2, 2, 2, 2, 1]),
        ({"order": 3}, (*_TIMES, 0.0), [1, 2, 3, 3, 3, 2, 1]),
        ({"order": 3, "lower_order_final": False}, (*_TIMES, 0.0), [1, 2, 3, 3, 3, 3, 1]),
        ({"order": 3, "second_difference": "exact"}, _TIMES, [1, 2, 3, 3, 3, 3]),
        ({"order": 3}, long, [1, 2, *[3] * 13, 1]),
        ({"order": 3}, long[1:], [1, 2, *[3] * 12, 1]),
        ({"order": 3}, long[2:], [1, 2, *[3] * 10, 2, 1]),
    ]
    pairs: list[tuple[Any, Any]] = []
    for options, times, orders in runs:
        sampler = DPMSolverMultistep(NoiseSchedule(_BETAS), times=times, **options)
        weight = 2.0 if "second_difference" in options else 1.0
        x, known = _POINTS, list[Numbers]()
        for k, order in enumerate(orders):
            known.insert(0, _eps(x, times[k]))
            x = _remembering(x, known, times[max(0, k - 2) : k + 2], order, weight)
        pairs += [(_run(sampler), x), (sampler.orders, orders)]
    return pairs


def _remembering(x: Numbers, known: list[Numbers], times: tuple[float, ...], order: int, weight: float) -> Numbers:
    t, s = times[-2:]
    if order == 1:
        return _first_order(x, known[0], t, s)
    h = _ratio(s) - _ratio(t)
    phi1 = expm1(h)
    phi2 = phi1 / h - 1
    one = (known[0] - known[1]) / ((_ratio(t) - _ratio(times[-3])) / h)
    begun = _alpha(s) / _alpha(t) * x - _sigma(s) * phi1 * known[0]
    if order == 2:
        return begun - _sigma(s) * phi1 / 2 * one
    r0, r1 = (_ratio(t) - _ratio(times[-3])) / h, (_ratio(times[-3]) - _ratio(times[-4])) / h
    bend = (one - (known[1] - known[2]) / r1) / (r0 + r1)
    return begun - _sigma(s) * (phi2 * (one + r0 * bend) + weight * (phi2 / h - 0.5) * bend)


def _plus_plus() -> Pairs:
    """On predictions of the data."""
    pairs: list[tuple[Any, Any]] = []
    for times in _ends():
        x, old = _POINTS, None
        for k, (t, s) in enumerate(zip(times, times[1:], strict=False)):
            data = (x - _sigma(t) * _eps(x, t)) / _alpha(t)
            if s == 0:
                x = data
                break
            h, used = _ratio(s) - _ratio(t), data
            if old is not None:
                used = data + (data - old) / (2 * (_ratio(t) - _ratio(times[k - 1])) / h)
            x, old = _sigma(s) / _sigma(t) * x + _alpha(s) * (1 - exp(-h)) * used, data
        pairs += [(_run(DPMSolverPlusPlus2M(NoiseSchedule(_BETAS), times=times)), x)]
    return pairs


def _randomized() -> Pairs:
    pairs: list[tuple[Any, Any]] = []
    x, knots = _POINTS, np.arange(_SIZE + 1.0)
    ratios = np.array([sqrt(1 / _alpha(k) ** 2 - 1) for k in knots])
    for times in _ends():
        sampler = RandomizedMidpointScheduler(NoiseSchedule(_BETAS), times=times)
        scheme = sampler.scheme(_asked, ())
        for k, u in ((1, 0.3), (3, 0.8), (len(times) - 2, 0.5)):
            t, s = times[k : k + 2]
            begun, ended = _sigma(t) / _alpha(t), _sigma(s) / _alpha(s)
            eps, w = _eps(x, t), begun + u * (ended - begun)
            if s > 0:
                time = np.interp(log(1 + w**2) / 2, np.log(1 + ratios**2) / 2, knots)
                eps = _eps((x / _alpha(t) + (w - begun) * eps) / sqrt(1 + w**2), float(time))
            draws = {"u": torch.full((4,), u, dtype=torch.float64)}
            mean, width = scheme.step(torch.tensor(x), float(k), draws)
            pairs += [(mean, _alpha(s) * (x / _alpha(t) + (ended - begun) * eps)), (width, 0.0)]
        asked = 2 * (len(times) - 1) - (times[-1] == 0)
        pairs += [([sampler.calls, scheme.drift_calls * (len(times) - 1)], [asked, asked]), (scheme.step_size, 1)]
    return pairs


def _poisson() -> Pairs:
    """K steps of DDPM or DDIM as one, with the force at midpoints that are given."""
    pairs: list[tuple[Any, Any]] = []
    for variant, kind, indices in (("V2", "bernoulli", [1]), ("DDIM0", "interior", [2]), ("V2", "bernoulli", [])):
        sampler = PoissonMidpointScheduler(NoiseSchedule(_BETAS), substeps=3, variant=variant, midpoints=kind, times=_TIMES)
        z, last = np.array([0.4, -0.3, 1.2, 0.1]), np.array([-0.9, 0.2, 0.6, -0.4])
        x = free = _POINTS
        eps0, path = _eps(x, _TIMES[3]), np.zeros(4)
        for i in range(3):
            t, s = _TIMES[3 + i : 5 + i]
            r = (_alpha(t) / _alpha(s)) ** 2
            gain = -(1 - r) / sqrt(r) / _sigma(t) if variant == "V2" else _sigma(s) - _alpha(s) * _sigma(t) / _alpha(t)
            variance = (1 - r) * _sigma(s) ** 2 / _sigma(t) ** 2 if variant == "V2" else 0.0
            change = (2 if kind == "interior" else 3) * (_eps(free, t) - eps0) if i in indices else 0.0
            path = path / r + variance  # of the noise since the midpoint before
            noise = np.zeros(4)
            if i + 1 in indices or i == 2:
                noise, path = np.sqrt(path) * (last if i == 2 else z), np.zeros(4)
            x, free = x / sqrt(r) + gain * (eps0 + change) + noise, free / sqrt(r) + gain * eps0 + noise
        scheme = sampler.scheme(_asked, ())
        table = torch.tensor([[i / 3] for i in indices] or [[0.0]], dtype=torch.float64)
        draws = {"midpoints": (table, torch.full_like(table, bool(indices), dtype=torch.bool)), "z": torch.tensor(z[None])}
        mean, width = scheme.step(torch.tensor(_POINTS), 3.0, draws)
        pairs += [(mean + width * torch.tensor(last), x), (sampler.times, _TIMES[::3]), ([sampler.steps, scheme.step_size], [2, 3])]
    most, few = (PoissonMidpointScheduler(NoiseSchedule(_BETAS), steps=5, substeps=k, end=3) for k in (None, 2))
    pairs += [(most.substeps, 4), (most.fine_times, [24 - round(21 * k / 20) if k < 20 else 3 for k in range(21)])]
    return [*pairs, (few.times, few.fine_times[::2]), (len(few.fine_times), 11)]


def _calls() -> Pairs:
    """How often a run asks, next to what it tells."""
    pairs: list[tuple[Any, Any]] = []
    makers: list[Callable[[tuple[float, ...]], Scheduler]] = [
        lambda times: DDIM(NoiseSchedule(_BETAS), times=times),
        lambda times: DDPM(NoiseSchedule(_BETAS), times=times),
        lambda times: Heun(NoiseSchedule(_BETAS), times=times),
        lambda times: DPMSolver(NoiseSchedule(_BETAS), order=2, times=times),
        lambda times: DPMSolver(NoiseSchedule(_BETAS), order=3, times=times),
        lambda times: DPMSolverMultistep(NoiseSchedule(_BETAS), order=3, times=times),
        lambda times: DPMSolverPlusPlus2M(NoiseSchedule(_BETAS), times=times),
        lambda times: RandomizedMidpointScheduler(NoiseSchedule(_BETAS), times=times),
        lambda times: PoissonMidpointScheduler(NoiseSchedule(_BETAS), midpoints="interior", substeps=3, times=times if times[-1] else (*_TIMES[:6], 0.0)),
    ]
    for make in makers:
        for times in _ends():
            asked: list[float] = []

            def counted(x: Tensor, t: Any, asked: list[float] = asked) -> Tensor:
                asked.append(float(t))
                return _asked(x, t)

            sampler = make(times)
            sampler.sample(counted, torch.tensor(_POINTS))
            scheme = sampler.scheme(_asked, ())
            pairs += [([sampler.calls, scheme.drift_calls * sampler.chain_steps], [len(asked)] * 2)]
    return pairs
