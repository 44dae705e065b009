"""The exponential functions of an affine integrator, without cancellation from t = 0 to large t, and for small t < 0."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

_TERMS = 30
"""Enough for |t| <= 1: the terms fall like 2^k/k!."""

_FIRST = [(-1) ** k / math.factorial(k + 1) for k in range(_TERMS)]
_SECOND = [(-1) ** k / math.factorial(k + 2) for k in range(_TERMS)]
_SPREAD = [2 * (-1) ** (k + 1) * (2 - 2 ** (k + 2)) / math.factorial(k + 3) for k in range(_TERMS)]


def decay(t: float | Tensor) -> float | Tensor:
    """exp(-t)."""
    return torch.exp(-t) if isinstance(t, Tensor) else math.exp(-t)


def phi1(t: float | Tensor) -> float | Tensor:
    """(1 - exp(-t)) / t, 1 at t = 0."""
    return _by_branch(t, _FIRST, lambda s: -torch.expm1(-s) / s)


def phi2(t: float | Tensor) -> float | Tensor:
    """(t - 1 + exp(-t)) / t^2, 1/2 at t = 0."""
    return _by_branch(t, _SECOND, lambda s: (s + torch.expm1(-s)) / s**2)


def spread(t: float | Tensor) -> float | Tensor:
    """2 (t - 2 (1 - exp(-t)) + (1 - exp(-2t))/2) / t^3, 2/3 at t = 0: the variance of integrated Ornstein-Uhlenbeck noise over t^3."""
    return _by_branch(t, _SPREAD, lambda s: (2 * s + 4 * torch.expm1(-s) - torch.expm1(-2 * s)) / s**3)


def _by_branch(t: float | Tensor, series: Sequence[float], direct: Callable[[Tensor], Tensor]) -> float | Tensor:
    """The series where |t| < 1 and the direct formula elsewhere."""
    s = t if isinstance(t, Tensor) else torch.tensor(t, dtype=torch.float64)
    small = torch.abs(s) < 1
    near = torch.where(small, s, torch.zeros_like(s))
    total = torch.zeros_like(s)
    for coefficient in reversed(series):
        total = total * near + coefficient
    value = torch.where(small, total, direct(torch.where(small, torch.ones_like(s), s)))
    return value if isinstance(t, Tensor) else float(value)
