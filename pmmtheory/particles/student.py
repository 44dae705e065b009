"""Intervals of means of a few independent values."""

from __future__ import annotations

from collections.abc import Sequence

from scipy.special import stdtrit
from torch import Tensor

_HEAVY = 2.0
"""How many times the kurtosis of values counts that is found: of few it shows a small part of a heavy tail."""


def freedom(values: Tensor) -> float:
    """Degrees of freedom of the variance of a mean of values (n,), by how far their squares vary: (n - 1)/2 for two values as likely, less for heavy tails."""
    squares, n = (values - values.mean()).square(), len(values)
    total = float(squares.sum())
    return 2 * (n - 1) / (2 + _HEAVY * n * float(squares.square().sum()) / total**2) if total > 0 else n - 1.0


def joined(errors: Sequence[float], degrees: Sequence[float]) -> float:
    """Those of a sum of independent means, by Satterthwaite's rule."""
    squares = [error**2 for error in errors]
    below = sum(square**2 / one for square, one in zip(squares, degrees, strict=True))
    return sum(squares) ** 2 / below if below > 0 else min(degrees)


def interval95(value: float, sampling: float, degrees: float, other: float = 0.0) -> tuple[float, float]:
    """value +- the 97.5% quantile of Student's t times the standard error, +- another error that is a bound."""
    width = float(stdtrit(max(degrees, 1.0), 0.975)) * sampling + other
    return value - width, value + width
