"""Mean and variance of chains of the reverse process on one axis of Gaussian data: recursions over fine substeps, all midpoint sets listed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product

import numpy as np

HORIZON, STOP, STEPS = 1.5, 0.1, 4


def forward_time(grid: str, t: float) -> float:
    """Linear in t, or a square, or with log(alpha/sigma) linear in t."""
    share = t / (HORIZON - STOP)
    if grid == "uniform":
        return HORIZON + share * (STOP - HORIZON)
    if grid == "quadratic":
        return (math.sqrt(HORIZON) + share * (math.sqrt(STOP) - math.sqrt(HORIZON))) ** 2
    first, last = (-math.log(math.exp(2 * s) - 1) / 2 for s in (HORIZON, STOP))
    return math.log(1 + math.exp(-2 * (first + share * (last - first)))) / 2


class Axis:
    """The reverse process on one axis of Gaussian data."""

    def __init__(self, integrator: str, grid: str, mean: float, variance: float):
        self.integrator, self.grid, self.mean, self.variance = integrator, grid, mean, variance

    def force(self, x: np.ndarray, t: float) -> np.ndarray:
        """b of a vector of coefficients of (X, 1, Z_0, Z_1, ...)."""
        alpha = math.exp(-forward_time(self.grid, t))
        pull = 1 / (alpha**2 * self.variance + 1 - alpha**2)
        score = -pull * x
        score[1] += pull * alpha * self.mean
        return 2 * score + (x if self.integrator == "euler" else 0)

    def actions(self, t: float, h: float) -> tuple[float, float, float]:
        """A, G and Gamma of [t, t + h]."""
        d = forward_time(self.grid, t) - forward_time(self.grid, t + h)
        if self.integrator == "euler":
            return 1.0, d, math.sqrt(2 * d)
        return math.exp(d), math.expm1(d), math.sqrt(math.expm1(2 * d))

    def fine(self, t: float, step: float, substeps: int, chosen: tuple[int, ...], weight: float) -> np.ndarray:
        """The next state by K substeps, with midpoints at the chosen ones: coefficients of (X, 1, Z_0, ..., Z_{K-1})."""
        h = step / substeps
        start = np.zeros(2 + substeps)
        start[0] = 1.0
        b0 = self.force(start, t)
        inner, state = start.copy(), start.copy()
        for i in range(substeps):
            keep, respond, noise = self.actions(t + i * h, h)
            change = self.force(inner, t + i * h) - b0 if i in chosen else 0.0
            inner, state = keep * inner + respond * b0, keep * state + respond * (b0 + weight * change)
            inner[2 + i] += noise
            state[2 + i] += noise
        return state

    def randomised(self, t: float, step: float, u: float) -> np.ndarray:
        """A randomized midpoint at time u: coefficients of (X, 1, Z_0, Z_1)."""
        start = np.array([1.0, 0.0, 0.0, 0.0])
        (keep, respond, noise), (last, _, after) = self.actions(t, u * step), self.actions(t + u * step, (1 - u) * step)
        b0 = self.force(start, t)
        path = noise * np.array([0, 0, 1.0, 0])
        e = 1e-5
        times = [forward_time(self.grid, t + u * step + k * e) for k in (-2, -1, 1, 2)]
        speed = -(times[0] - 8 * times[1] + 8 * times[2] - times[3]) / (12 * e)
        kick = step * speed * self.force(keep * start + respond * b0 + path, t + u * step)
        state = self.actions(t, step)[0] * start + last * (kick + path)
        state[3] += after
        return state


def midpoint_sets(kind: str, substeps: int) -> Iterator[tuple[float, tuple[int, ...]]]:
    """All sets of midpoints with their probabilities."""
    if kind == "bernoulli":
        for marks in product((0, 1), repeat=substeps - 1):
            chosen = tuple(i + 1 for i, mark in enumerate(marks) if mark)
            yield (1 / substeps) ** len(chosen) * (1 - 1 / substeps) ** (substeps - 1 - len(chosen)), chosen
    else:
        first = int(kind == "interior")
        for i in range(first, substeps):
            yield 1 / (substeps - first), (i,)


def outcomes(axis: Axis, name: str, t: float, step: float) -> Iterator[tuple[float, np.ndarray]]:
    """Weights and coefficients of all that a step may be."""
    if name == "euler":
        yield 1.0, axis.fine(t, step, 1, (), 0.0)
    elif name == "rmm":
        nodes, weights = np.polynomial.legendre.leggauss(24)
        for u, w in zip((nodes + 1) / 2, weights / 2, strict=True):
            yield w, axis.randomised(t, step, u)
    else:
        kind, count = name.split()
        substeps = int(count)
        for weight, chosen in midpoint_sets(kind, substeps):
            yield weight, axis.fine(t, step, substeps, chosen, substeps - 1 if kind == "interior" else substeps)


def recursion(axis: Axis, name: str, mean: float, variance: float, steps: int = STEPS, step: float = (HORIZON - STOP) / STEPS) -> tuple[float, float]:
    """Mean and variance after the steps."""
    square = variance + mean**2
    for k in range(steps):
        first = second = 0.0
        for weight, c in outcomes(axis, name, k * step, step):
            first += weight * (c[0] * mean + c[1])
            second += weight * (c[0] ** 2 * square + 2 * c[0] * c[1] * mean + c[1] ** 2 + (c[2:] ** 2).sum())
        mean, square = first, second
    return mean, square - mean**2
