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

_FAR = (1e3, 10.0, 1.0)
"""Distances in lengths of the support."""

_GROWS = 2.0
"""How many times the noise at the centre that far out is, where it grows."""

_NO_SPREAD = 1e-2
"""Noise below this share of a far deviation is that of a step whose noise does not grow: a thousand times its range is far."""

_NORMALS = np.linspace(-38.0, 38.0, 1521)


def tail_index(scheme: Scheme) -> float:
    """The order k from which on E|X|^k is infinite: far out a step multiplies a deviation from the centre by a random R, and E|R|^k = 1.

    Infinite where |R| is at most 1, as for every step without random times and with noise that does not grow with X: R = m + s Z where its last
    factor grows like s |X|. Source: Kesten 1973; Goldie 1991.
    """
    factors, spread, _ = _far_factors(scheme, 0)
    if float(spread.max()) < _NO_SPREAD:
        largest, least = factors.abs().amax(1), factors.abs().amin(1)
        # a fine rule sees little more of the range than a coarse one
        if all(draw.normal for draw in scheme.draws.values()) or bool((2 * largest - least <= 1).all()):
            return math.inf
    factors, spread, weights = _far_factors(scheme, 2)
    shares, worst = np.log(weights.numpy().clip(1e-300)), math.inf
    if float(spread.max()) >= _NO_SPREAD:
        z = torch.as_tensor(_NORMALS)
        factors = (factors[..., None] + spread[..., None] * z).flatten(1)
        shares = (shares[:, None] - _NORMALS**2 / 2 - np.log(np.exp(-(_NORMALS**2) / 2).sum())).ravel()
    for side in factors.abs().numpy():
        if side.max() <= 1 + 1e-9:
            continue
        logs = np.log(side.clip(1e-300))

        def growth(k: float, logs: np.ndarray = logs) -> float:
            exponent = k * logs + shares
            top = exponent.max()
            return float(top + np.log(np.exp(exponent - top).sum()))

        if growth(_HIGHEST) <= 0:
            continue
        low, high = 0.0, _HIGHEST
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if growth(middle) < 0 else (low, middle)
        worst = min(worst, low)
    return worst


def _far_factors(scheme: Scheme, level: int) -> tuple[Tensor, Tensor, Tensor]:
    """E(X' - c) / (X - c) for X far to the left and to the right of the centre c, (2, q), the deviation of X' over |X - c|, and weights (q,).

    As far as the step is a number: a potential as one writes it down may overflow.
    """
    target = on_the_line(scheme.dynamics.target)
    centre = target.mean
    at = cubature(scheme, level, normal=lambda name, component: STILL)
    here = torch.as_tensor(scheme.step(torch.full((1, 1), centre, dtype=torch.float64), 0.0, at.draws)[1], dtype=torch.float64).abs()
    for far in _FAR:
        reach = far * (target.quadrature.high - target.quadrature.low)
        x = centre + torch.tensor([[-reach], [reach]], dtype=torch.float64)
        mean, factor = scheme.step(x, 0.0, at.draws)
        there = torch.as_tensor(factor, dtype=x.dtype).abs()
        slope, spread = (mean - centre) / (x - centre), torch.where(there > _GROWS * here, there / reach, 0.0)
        if bool(torch.isfinite(slope).all()):
            break
    return slope.expand(2, len(at)), spread.expand(2, len(at)), at.weights
