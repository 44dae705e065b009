"""How heavy the tails of a chain's stationary law are: which of its moments are finite."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from pmmtheory.laws.step.draw_rules import draw_rules
from pmmtheory.laws.step.midpoint_sets import midpoint_sets
from pmmtheory.schemes import Midpoints, Normal, Scheme
from pmmtheory.targets.line import LineTarget

_HIGHEST = 1000.0
"""Orders beyond this are not asked for."""


def tail_index(scheme: Scheme) -> float:
    """The order k from which on E|X|^k is infinite: far out a step multiplies a deviation from the centre by a random R, and E|R|^k = 1.

    Infinite where |R| is at most 1, as for every step without random times. Source: Kesten 1973; Goldie 1991.
    """
    if all(isinstance(draw, Normal) for draw in scheme.draws.values()):
        return math.inf
    factors, weights = _far_factors(scheme)
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


def _far_factors(scheme: Scheme) -> tuple[Tensor, Tensor]:
    """(X' - c) / (X - c) for X far to the left and to the right of the centre c, (2, q), and weights (q,)."""
    target = scheme.dynamics.target
    assert isinstance(target, LineTarget)
    reach = 1e3 * (target.quadrature.high - target.quadrature.low)
    centre = target.mean
    x = centre + torch.tensor([[-reach], [reach]], dtype=torch.float64)
    draws, weights = _times(scheme)
    mean, _ = scheme.step(x, 0.0, draws)
    return ((mean - centre) / (x - centre)).expand(2, len(weights)), weights


def _times(scheme: Scheme) -> tuple[dict[str, object], Tensor]:
    """Nodes of the random times of a step, its normals at zero, and weights."""
    rules = draw_rules(scheme, 2)
    weights, draws, layers = torch.ones(1, dtype=torch.float64), dict[str, object](), 0
    for name, draw in scheme.draws.items():
        if isinstance(draw, Normal):
            continue
        if isinstance(draw, Midpoints):
            times, marks, shares = (torch.as_tensor(part) for part in midpoint_sets(draw, 2))
            draws[name] = times[:, None], marks[:, None]
            weights, layers = shares, len(times)
        else:
            values, shares = (torch.as_tensor(part) for part in rules[name])
            draws = {known: value.repeat_interleave(len(shares), -1) for known, value in draws.items()}  # type: ignore[attr-defined]
            draws[name] = values.repeat(len(weights))[None]
            weights = (weights[:, None] * shares).flatten()
    zero = torch.zeros((1, len(weights)), dtype=torch.float64)
    return draws | {name: zero.expand(layers, 1, -1) if layers else zero for name, draw in scheme.draws.items() if isinstance(draw, Normal)}, weights
