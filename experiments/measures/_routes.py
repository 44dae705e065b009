"""How far two computations of one number are apart."""

from __future__ import annotations

import numpy as np

from pmmtheory.estimate import Estimate
from pmmtheory.noise.levels import Numbers


def apart(one: Estimate | float, other: Estimate | float) -> Estimate:
    """|one - other| / |other|, with the errors of both."""
    first, second = (number if isinstance(number, Estimate) else Estimate(float(number), 0.0, "formula") for number in (one, other))
    scale = abs(second.value)
    return Estimate(abs(first.value - second.value) / scale, (first.error + second.error) / scale, f"{first.method} against {second.method}")


def stated(number: Estimate) -> Estimate:
    """What a number is said to be off by, over it."""
    return Estimate(number.error / abs(number.value), 0.0, number.method)


def farthest(one: Numbers, other: Numbers) -> Estimate:
    """The largest |one - other| over the largest |other|, of arrays of one shape."""
    if np.shape(one) != np.shape(other):
        raise ValueError(f"arrays of shapes {np.shape(one)} and {np.shape(other)} are no two computations of one number.")
    return Estimate(float(np.abs(one - other).max() / np.abs(other).max()), 0.0, "formula against formula")
