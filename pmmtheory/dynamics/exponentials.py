"""The exponential functions of an affine integrator, without cancellation from t = 0 to large t, and for small t < 0."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

_SECOND = [(-1) ** k / math.factorial(k + 2) for k in range(18)]
_SPREAD = [2 * (-1) ** (k + 1) * (2 - 2 ** (k + 2)) / math.factorial(k + 3) for k in range(24)]
"""Enough terms for |t| <= 1: they fall like 1/(k + 2)! and 2^(k + 3)/(k + 3)!."""


def decay(t: float | Tensor) -> float | Tensor:
    """exp(-t)."""
    return torch.exp(-t) if isinstance(t, Tensor) else math.exp(-t)


def phi1(t: float | Tensor) -> float | Tensor:
    """(1 - exp(-t)) / t, 1 at t = 0."""
    if not isinstance(t, Tensor):
        return -math.expm1(-t) / t if t else 1.0
    still = t == 0
    return torch.where(still, 1.0, -torch.expm1(-t) / torch.where(still, 1.0, t))


def phi2(t: float | Tensor) -> float | Tensor:
    """(t - 1 + exp(-t)) / t^2, 1/2 at t = 0."""
    return _by_branch(t, _SECOND, lambda s: (s + torch.expm1(-s)) / s**2)


def spread(t: float | Tensor) -> float | Tensor:
    """2 (t - 2 (1 - exp(-t)) + (1 - exp(-2t))/2) / t^3, 2/3 at t = 0: the variance of integrated Ornstein-Uhlenbeck noise over t^3."""
    return _by_branch(t, _SPREAD, lambda s: (2 * s + 4 * torch.expm1(-s) - torch.expm1(-2 * s)) / s**3)


def _by_branch(t: float | Tensor, series: Sequence[float], direct: Callable[[Tensor], Tensor]) -> float | Tensor:
    """The series where |t| < 1 and the direct formula elsewhere."""
    if not isinstance(t, Tensor):
        return _horner(t, series) if abs(t) < 1 else float(direct(torch.tensor(t, dtype=torch.float64)))
    small = torch.abs(t) < 1
    if not bool(small.any()):
        return direct(t)
    value = _horner(torch.where(small, t, 0.0), series)
    return value if bool(small.all()) else torch.where(small, value, direct(torch.where(small, 1.0, t)))


def _horner(t: Any, series: Sequence[float]) -> Any:
    total = 0.0 * t + series[-1]
    for coefficient in series[-2::-1]:
        total = total * t + coefficient
    return total
