"""The mean and variance of every sampler on Gaussian data, by recursions from the published formulas.

A state is a vector of coefficients on (X, 1, Z_1, ..., Z_n), with X the start of the chain or of a step: whatever is affine is run on
such vectors as it is printed. Nothing here comes from pmmtheory.noise.coefficients.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np

from pmmtheory.schedulers import NoiseSchedule
from tests.oracles.ho import STEPS, cumulative

SCHEDULE = NoiseSchedule.linear()
BARS = cumulative(SCHEDULE.betas)

Vector = np.ndarray
Moments = tuple[float, float]


class Data:
    """N(mean, variance), noised: alpha, sigma, lambda = log(alpha/sigma) and the exact noise at whole training times."""

    def __init__(self, mean: float, variance: float):
        self.mean, self.variance = mean, variance

    def alpha(self, t: float) -> float:
        return math.sqrt(BARS[int(t)])

    def sigma(self, t: float) -> float:
        return math.sqrt(1 - BARS[int(t)])

    def lam(self, t: float) -> float:
        return math.log(self.alpha(t) / self.sigma(t))

    def noised(self, t: float) -> Moments:
        return self.alpha(t) * self.mean, BARS[int(t)] * self.variance + 1 - BARS[int(t)]

    def eps(self, x: Vector, t: float) -> Vector:
        """sigma (x - alpha m)/(alpha^2 v + sigma^2)."""
        centre, variance = self.noised(t)
        return self.sigma(t) * (x - centre * unit(1, len(x))) / variance

    def predicted(self, x: Vector, e: Vector, t: float) -> Vector:
        """The data, from the noise in x."""
        return (x - self.sigma(t) * e) / self.alpha(t)


def unit(k: int, size: int) -> Vector:
    return np.eye(size)[k]


def affine_moments(states: Sequence[tuple[float, Vector]], start: Moments) -> Moments:
    """The mean and variance of a mixture of affine functions, given those of X; the weights come first."""
    mean, variance = start
    centres = [v[0] * mean + v[1] for _, v in states]
    spreads = [v[0] ** 2 * variance + float(v[2:] @ v[2:]) for _, v in states]
    weights = [w for w, _ in states]
    centre = sum(w * c for w, c in zip(weights, centres, strict=True))
    return centre, sum(w * (s + (c - centre) ** 2) for w, s, c in zip(weights, spreads, centres, strict=True))


def one_step(name: str, t: float, s: float) -> tuple[float, float, float]:
    return STEPS[name if s > 0 else "DDIM0"](BARS[int(t)], BARS[int(s)])


def ancestral(name: str, data: Data, times: Sequence[float]) -> Moments:
    """DDPM and DDIM."""
    now = data.noised(times[0])
    for t, s in itertools.pairwise(times):
        a, b, sigma = one_step(name, t, s)
        x = unit(0, 3)
        now = affine_moments([(1.0, a * x + b * data.eps(x, t) + sigma * unit(2, 3))], now)
    return now


def first_order(data: Data, x: Vector, e: Vector, t: float, s: float) -> Vector:
    """DPM-Solver-1; the prediction of the data at s = 0."""
    if s == 0:
        return data.predicted(x, e, t)
    return data.alpha(s) / data.alpha(t) * x - data.sigma(s) * math.expm1(data.lam(s) - data.lam(t)) * e


def single_step(order: int, data: Data, times: Sequence[float]) -> Moments:
    """DPM-Solver-2 and 3 with any r_1 and r_2 (Lu et al. 2022, algorithms 4 and 5)."""
    x, left = unit(0, 2), list(times)
    while len(left) > 1:
        n = min(order, len(left) - 1 - (times[-1] == 0)) or 1
        t, s = left[0], left[n]
        e = data.eps(x, t)
        if n == 1:
            x, left = first_order(data, x, e, t, s), left[1:]
            continue
        h = data.lam(s) - data.lam(t)
        r1 = (data.lam(left[1]) - data.lam(t)) / h
        d1 = data.eps(first_order(data, x, e, t, left[1]), left[1]) - e
        if n == 2:
            x = first_order(data, x, e, t, s) - data.sigma(s) / (2 * r1) * math.expm1(h) * d1
        else:
            middle = left[2]
            r2 = (data.lam(middle) - data.lam(t)) / h
            u2 = first_order(data, x, e, t, middle) - data.sigma(middle) * r2 / r1 * (math.expm1(r2 * h) / (r2 * h) - 1) * d1
            d2 = data.eps(u2, middle) - e
            x = first_order(data, x, e, t, s) - data.sigma(s) / r2 * (math.expm1(h) / h - 1) * d2
        left = left[n:]
    return affine_moments([(1.0, x)], data.noised(times[0]))


def multistep(order: int, weight: float, data: Data, times: Sequence[float]) -> Moments:
    """Multistep DPM-Solver, as its reference code (weight 1) or with the full second difference (weight 2)."""
    x, known, n = unit(0, 2), list[Vector](), len(times) - 1
    for k, (t, s) in enumerate(itertools.pairwise(times)):
        known.insert(0, data.eps(x, t))
        use = min(order, k + 1, n - k if times[-1] == 0 and n < 15 else order)
        after = first_order(data, x, known[0], t, s)
        if use > 1 and s > 0:
            h, h0 = data.lam(s) - data.lam(t), data.lam(t) - data.lam(times[k - 1])
            d0 = (known[0] - known[1]) * h / h0
            if use == 2:
                after -= data.sigma(s) * math.expm1(h) / 2 * d0
            else:
                h1 = data.lam(times[k - 1]) - data.lam(times[k - 2])
                curve = (d0 - (known[1] - known[2]) * h / h1) / ((h0 + h1) / h)
                after -= data.sigma(s) * ((math.expm1(h) / h - 1) * (d0 + h0 / h * curve) + weight * ((math.expm1(h) - h) / h**2 - 0.5) * curve)
        x = after
    return affine_moments([(1.0, x)], data.noised(times[0]))


def plus_plus(data: Data, times: Sequence[float]) -> Moments:
    """DPM-Solver++(2M)."""
    x, before = unit(0, 2), np.zeros(2)
    for k, (t, s) in enumerate(itertools.pairwise(times)):
        m = data.predicted(x, data.eps(x, t), t)
        if s == 0:
            x = m
        else:
            h = data.lam(s) - data.lam(t)
            used = m + (m - before) * h / (2 * (data.lam(t) - data.lam(times[k - 1]))) if k else m
            x = data.sigma(s) / data.sigma(t) * x - data.alpha(s) * math.expm1(-h) * used
        before = m
    return affine_moments([(1.0, x)], data.noised(times[0]))


def karras_heun(data: Data, times: Sequence[float]) -> Moments:
    """Heun in y = x/alpha and sigma/alpha; Euler to the data."""
    x = unit(0, 2)
    for t, s in itertools.pairwise(times):
        width = data.sigma(s) / data.alpha(s) - data.sigma(t) / data.alpha(t)
        y, slope = x / data.alpha(t), data.eps(x, t)
        if s > 0:
            slope = (slope + data.eps(data.alpha(s) * (y + width * slope), s)) / 2
        x = data.alpha(s) * (y + width * slope)
    return affine_moments([(1.0, x)], data.noised(times[0]))


def midpoints(name: str, kind: str, substeps: int, data: Data, times: Sequence[float]) -> Moments:
    """Poisson midpoints, substep by substep, over all outcomes of H_1, ..., H_K."""
    now = data.noised(times[0])
    for k in range(0, len(times) - 1, substeps):
        states = []
        for weight, p, hits in outcomes(kind, substeps):
            x = state = inner = unit(0, 2 + substeps)
            first = data.eps(x, times[k])
            for i, hit in enumerate(hits):
                t, s = times[k + i], times[k + i + 1]
                a, b, sigma = one_step(name, t, s)
                noise = sigma * unit(2 + i, 2 + substeps)
                state = a * state + b * (first + p * hit * (data.eps(inner, t) - first)) + noise
                inner = a * inner + b * first + noise
            states.append((weight, state))
        now = affine_moments(states, now)
    return now


def outcomes(kind: str, substeps: int) -> list[tuple[float, float, tuple[int, ...]]]:
    """Probability, p and H."""
    if kind == "bernoulli":
        every = itertools.product((0, 1), repeat=substeps)
        return [(substeps ** -sum(hits) * (1 - 1 / substeps) ** (substeps - sum(hits)), substeps, hits) for hits in every]
    places = range(int(kind == "interior"), substeps)
    return [(1 / len(places), len(places), tuple(int(i == place) for i in range(substeps))) for place in places]
