"""Whole runs of the samplers of diffusion models, next to plain loops of the published algorithms in numpy."""

from __future__ import annotations

from math import exp, expm1
from typing import Any

import torch
from torch import Tensor

from experiments.measures._arrays import Pairs, all_apart
from experiments.measures._plain_schedule import BETAS, POINTS, TIMES, alpha, asked, ends, eps, first_order, ratio, sigma
from experiments.measures._routes import compared, held
from pmmtheory.estimate import Estimate
from pmmtheory.noise.levels import Numbers
from pmmtheory.noise.schedule import NoiseSchedule
from pmmtheory.schedulers import DDIM, DPMSolver, DPMSolverMultistep, DPMSolverPlusPlus2M, Heun
from pmmtheory.schedulers.scheduler import Scheduler


@compared
def measure(device: str) -> dict[str, Estimate]:
    """Runs to the data and to a time before them."""
    found = all_apart(
        {
            "runs of DDIM": _ddim,
            "runs of Heun": _heun,
            "runs of DPM-Solver": _solver,
            "runs of multistep DPM-Solver": _multistep,
            "runs of DPM-Solver++(2M)": _plus_plus,
        }
    )
    return held(found)


def _run(sampler: Scheduler) -> Tensor:
    return sampler.sample(asked, torch.tensor(POINTS))


def _ddim() -> Pairs:
    pairs: list[tuple[Any, Any]] = []
    for times in ends():
        x = POINTS
        for t, s in zip(times, times[1:], strict=False):
            x = first_order(x, eps(x, t), t, s)
        pairs += [(_run(DDIM(NoiseSchedule(BETAS), times=times)), x)]
    seen: list[list[float]] = []
    DDIM(NoiseSchedule(BETAS), steps=4).sample(asked, torch.tensor(POINTS), callback=lambda step, t, x: seen.append([step, t]))
    return [*pairs, (seen, [[0, 18], [1, 12], [2, 6], [3, 0]])]


def _heun() -> Pairs:
    """In x/alpha and w = sigma/alpha."""
    pairs: list[tuple[Any, Any]] = []
    for times in ends():
        x = POINTS
        for t, s in zip(times, times[1:], strict=False):
            predicted, begun, ended = eps(x, t), sigma(t) / alpha(t), sigma(s) / alpha(s)
            if s > 0:
                predicted = (predicted + eps(alpha(s) * (x / alpha(t) + (ended - begun) * predicted), s)) / 2
            x = alpha(s) * (x / alpha(t) + (ended - begun) * predicted)
        sampler = Heun(NoiseSchedule(BETAS), times=times)
        pairs += [(_run(sampler), x), (sampler.calls, 2 * (len(times) - 1) - (times[-1] == 0))]
    return pairs


def _solver() -> Pairs:
    """Steps of several intervals, what is left of lower order, and the last to the data of the first."""
    pairs: list[tuple[Any, Any]] = []
    cut = {2: ([0, 2, 4, 6, 7], [0, 2, 4, 6]), 3: ([0, 3, 6, 7], [0, 3, 6]), 1: (list(range(8)), list(range(7)))}
    for order, both in cut.items():
        for times, bounds in zip(ends(), both, strict=True):
            x = POINTS
            for first, last in zip(bounds, bounds[1:], strict=False):
                x = _single_step(x, times[first : last + 1])
            sampler = DPMSolver(NoiseSchedule(BETAS), order=order, times=times)
            pairs += [(_run(sampler), x), (sampler.bounds, bounds), ([sampler.chain_steps, sampler.calls], [len(bounds) - 1, len(times) - 1])]
    left = DPMSolver(NoiseSchedule(BETAS), order=3, times=TIMES[:6])
    return [*pairs, (_run(left), _single_step(_single_step(POINTS, TIMES[:4]), TIMES[3:6])), (left.bounds, [0, 3, 5])]


def _single_step(x: Numbers, times: tuple[float, ...]) -> Numbers:
    """DPM-Solver of as many orders as intervals."""
    t, s, predicted = times[0], times[-1], eps(x, times[0])
    if len(times) == 2:
        return first_order(x, predicted, t, s)
    h, r1 = ratio(s) - ratio(t), (ratio(times[1]) - ratio(t)) / (ratio(s) - ratio(t))
    first = eps(alpha(times[1]) / alpha(t) * x - sigma(times[1]) * expm1(r1 * h) * predicted, times[1]) - predicted
    begun = alpha(s) / alpha(t) * x - sigma(s) * expm1(h) * predicted
    if len(times) == 3:
        return begun - sigma(s) / (2 * r1) * expm1(h) * first
    r2 = (ratio(times[2]) - ratio(t)) / h
    inner = alpha(times[2]) / alpha(t) * x - sigma(times[2]) * expm1(r2 * h) * predicted
    second = eps(inner - sigma(times[2]) * r2 / r1 * (expm1(r2 * h) / (r2 * h) - 1) * first, times[2]) - predicted
    return begun - sigma(s) / r2 * (expm1(h) / h - 1) * second


def _multistep() -> Pairs:
    """By orders that are listed; the last ones to the data are lower where the run is short, but for the very last also where it is long."""
    long = tuple(float(t) for t in range(16, -1, -1))
    runs: list[tuple[dict[str, Any], tuple[float, ...], list[int]]] = [
        ({"order": 1}, TIMES, [1] * 6),
        ({"order": 2}, (*TIMES, 0.0), [1, 2, 2, 2, 2, 2, 1]),
        ({"order": 3}, (*TIMES, 0.0), [1, 2, 3, 3, 3, 2, 1]),
        ({"order": 3, "lower_order_final": False}, (*TIMES, 0.0), [1, 2, 3, 3, 3, 3, 1]),
        ({"order": 3, "second_difference": "exact"}, TIMES, [1, 2, 3, 3, 3, 3]),
        ({"order": 3}, long, [1, 2, *[3] * 13, 1]),
        ({"order": 3}, long[1:], [1, 2, *[3] * 12, 1]),
        ({"order": 3}, long[2:], [1, 2, *[3] * 10, 2, 1]),
    ]
    pairs: list[tuple[Any, Any]] = []
    for options, times, orders in runs:
        sampler = DPMSolverMultistep(NoiseSchedule(BETAS), times=times, **options)
        weight = 2.0 if "second_difference" in options else 1.0
        x, known = POINTS, list[Numbers]()
        for k, order in enumerate(orders):
            known.insert(0, eps(x, times[k]))
            x = _remembering(x, known, times[max(0, k - 2) : k + 2], order, weight)
        pairs += [(_run(sampler), x), (sampler.orders, orders), (sampler.scheme(asked, ()).dynamics.blocks, max(orders))]
    return pairs


def _remembering(x: Numbers, known: list[Numbers], times: tuple[float, ...], order: int, weight: float) -> Numbers:
    t, s = times[-2:]
    if order == 1:
        return first_order(x, known[0], t, s)
    h = ratio(s) - ratio(t)
    phi1 = expm1(h)
    phi2 = phi1 / h - 1
    one = (known[0] - known[1]) / ((ratio(t) - ratio(times[-3])) / h)
    begun = alpha(s) / alpha(t) * x - sigma(s) * phi1 * known[0]
    if order == 2:
        return begun - sigma(s) * phi1 / 2 * one
    r0, r1 = (ratio(t) - ratio(times[-3])) / h, (ratio(times[-3]) - ratio(times[-4])) / h
    bend = (one - (known[1] - known[2]) / r1) / (r0 + r1)
    return begun - sigma(s) * (phi2 * (one + r0 * bend) + weight * (phi2 / h - 0.5) * bend)


def _plus_plus() -> Pairs:
    """On predictions of the data."""
    pairs: list[tuple[Any, Any]] = []
    for times in ends():
        x, old = POINTS, None
        for k, (t, s) in enumerate(zip(times, times[1:], strict=False)):
            data = (x - sigma(t) * eps(x, t)) / alpha(t)
            if s == 0:
                x = data
                break
            h, used = ratio(s) - ratio(t), data
            if old is not None:
                used = data + (data - old) / (2 * (ratio(t) - ratio(times[k - 1])) / h)
            x, old = sigma(s) / sigma(t) * x + alpha(s) * (1 - exp(-h)) * used, data
        pairs += [(_run(DPMSolverPlusPlus2M(NoiseSchedule(BETAS), times=times)), x)]
    return pairs
