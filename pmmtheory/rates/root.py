"""The root of a monotone function of one number, without scipy, which takes long to import."""

from __future__ import annotations

from collections.abc import Callable


def root(function: Callable[[float], float], low: float, high: float, tolerance: float) -> float:
    """Where a function changes its sign between two ends, by bisection; the end at which it is smaller where it does not.

    >>> round(root(lambda x: x**3 - 2, 0.0, 2.0, 1e-12), 8)
    1.25992105
    >>> root(lambda x: x + 1, 0.0, 2.0, 1e-12)
    0.0
    """
    at_low, at_high = function(low), function(high)
    if at_low * at_high >= 0:
        return low if abs(at_low) < abs(at_high) else high
    while high - low > tolerance:
        middle = (low + high) / 2
        low, high = (middle, high) if function(middle) * at_low > 0 else (low, middle)
    return (low + high) / 2
