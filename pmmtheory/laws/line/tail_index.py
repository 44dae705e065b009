"""How heavy the tails of a chain's stationary law are: which of its moments are finite."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from pmmtheory.laws.step.cubature import STILL, cubature
from pmmtheory.schemes import Scheme
from pmmtheory.targets.line import on_the_line

_HIGHEST = 1000.0
"""Orders beyond this are not asked for."""


def tail_index(scheme: Scheme) -> float:
    """The order k from which on E|X|^k is infinite: far out a step multiplies a deviation from the centre by a random R, and E|R|^k = 1.

    Infinite where |R| is at most 1, as for every step without random times. Source: Kesten 1973; Goldie 1991.
    """
    if all(draw.normal for draw in scheme.draws.values()):
        return math.inf
    factors, _ = _far_factors(scheme, 0)
    largest, least = factors.abs().amax(1), factors.abs().amin(1)
    if bool((2 * largest - least <= 1).all()):  # a fine rule sees little more of the range than a coarse one
        return math.inf
    factors, weights = _far_factors(scheme, 2)
    shares, worst = weights.numpy(), math.inf
    for side in factors.abs().numpy():
        if side.max() <= 1 + 1e-9:
            continue
        logs = np.log(side.clip(1e-300))

        def growth(k: float, logs: np.ndarray = logs) -> float:
            exponent = k * logs
            top = exponent.max()
            return float(top + np.log(np.exp(exponent - top) @ shares))

        if growth(_HIGHEST) <= 0:
            continue
        low, high = 0.0, _HIGHEST
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if growth(middle) < 0 else (low, middle)
        worst = min(worst, low)
    return worst


def _far_factors(scheme: Scheme, level: int) -> tuple[Tensor, Tensor]:
    """(X' - c) / (X - c) for X far to the left and to the right of the centre c, (2, q), and weights (q,)."""
    target = on_the_line(scheme.dynamics.target)
    reach = 1e3 * (target.quadrature.high - target.quadrature.low)
    centre = target.mean
    x = centre + torch.tensor([[-reach], [reach]], dtype=torch.float64)
    at = cubature(scheme, level, normal=lambda name, component: STILL)
    mean, _ = scheme.step(x, 0.0, at.draws)
    return ((mean - centre) / (x - centre)).expand(2, len(at)), at.weights
