"""Intervals of means of a few independent values."""

from __future__ import annotations

from scipy.special import stdtrit


def interval95(value: float, sampling: float, n: int, other: float = 0.0) -> tuple[float, float]:
    """value +- the 97.5% quantile of Student's t with n - 1 degrees of freedom, times the standard error, +- another error that is a bound."""
    width = float(stdtrit(max(n - 1, 1), 0.975)) * sampling + other
    return value - width, value + width
