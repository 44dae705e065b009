"""Integrals of quantile functions, next to moments between quantiles that are found one by one."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import ndtr

from experiments.measures._routes import apart, compared, farthest, held
from pmmtheory.divergences.quantile_sums import quantile_sums
from pmmtheory.estimate import Estimate
from pmmtheory.targets import Gaussian, GaussianMixture, Potential
from pmmtheory.targets.line import LineTarget

_CELLS = 7
_PLACE = 0.5
"""Of the middle of the parabola in |x| + (x - c)^2/2, whose kink is at 0."""


def _kinked(x: Any) -> Any:
    """The distribution function, of two parts of normal ones."""
    left, right = (math.exp(-side * _PLACE) * ndtr(side * _PLACE - 1) for side in (-1, 1))
    below = math.exp(_PLACE) * ndtr(np.minimum(x, 0) - _PLACE - 1)
    above = math.exp(-_PLACE) * ndtr(_PLACE - 1 - np.maximum(x, 0))
    return np.where(x < 0, below, left + right - above) / (left + right)


def _targets() -> dict[str, tuple[LineTarget, Callable[[Any], Any]]]:
    """Targets, each with its distribution function."""
    two = GaussianMixture([0.3, 0.7], [-2.0, 1.0], [0.5, 0.8])
    return {
        "a Gaussian": (Gaussian(0.4, 1.7), lambda x: ndtr((x - 0.4) / math.sqrt(1.7))),
        "two modes": (two, lambda x: 0.3 * ndtr((x + 2) / math.sqrt(0.5)) + 0.7 * ndtr((x - 1) / math.sqrt(0.8))),
        "a kink": (Potential(lambda x: torch.abs(x) + (x - _PLACE) ** 2 / 2, name="kinked"), _kinked),
    }


@compared
def measure(device: str) -> dict[str, Estimate]:
    """The mean, the variance, the integrals of Q over seven cells of probability, and places that are drawn."""
    found: dict[str, Estimate] = {}
    for label, (target, below) in _targets().items():
        sums = quantile_sums(target)
        mean = _moment(below, 1)
        quantiles = [-math.inf, *(brentq(lambda x, k=k, below=below: float(below(x)) - k / _CELLS, -12, 12, xtol=1e-15) for k in range(1, _CELLS)), math.inf]
        cells = np.array([_between(below, *ends) for ends in zip(quantiles, quantiles[1:], strict=False)]) - mean / _CELLS
        drawn = sums.draw(50, torch.Generator().manual_seed(0))
        shares = np.sort(torch.rand(50, generator=torch.Generator().manual_seed(0), dtype=torch.float64).numpy())
        found |= {
            f"mean plus one, {label}": apart(1 + sums.centre, 1 + mean),
            f"variance, {label}": apart(sums.second, _moment(below, 2) - mean**2),
            f"cells, {label}": farthest(sums.cells(_CELLS)[0].numpy(), cells),
            f"draws, {label}": farthest(below(drawn.numpy() + mean), shares),
        }
    return held(found, but={"draws": 1e-4})


def _between(below: Callable[[Any], Any], low: float, high: float) -> float:
    """int x dF, by parts: from a finite end, the other may be infinite."""
    if low == -math.inf:
        return float(high * below(high)) - _integral(below, -40, high)
    if high == math.inf:
        return float(low * (1 - below(low))) + _integral(lambda x: 1 - below(x), low, 40)
    return float(high * below(high) - low * below(low)) - _integral(below, low, high)


def _moment(below: Callable[[Any], Any], power: int) -> float:
    """E X^power from the distribution function."""
    right = _integral(lambda x: power * x ** (power - 1) * (1 - below(x)), 0, 40)
    return right - _integral(lambda x: power * x ** (power - 1) * below(x), -40, 0)


def _integral(f: Callable[[Any], Any], low: float, high: float) -> float:
    edges = [low, *(x for x in (-8, -4, -2, -1, 0, 1, 2, 4, 8) if low < x < high), high]
    return sum(float(quad(f, a, b, epsabs=1e-14, epsrel=1e-12)[0]) for a, b in zip(edges, edges[1:], strict=False))
