"""How far two computations of one number are apart."""

from __future__ import annotations

import math

import numpy as np

from pmmtheory.estimate import Estimate
from pmmtheory.noise.levels import Numbers

_NONE = 1e6
"""The difference of what is no number."""


def apart(one: Estimate | float, other: Estimate | float) -> Estimate:
    """|one - other| / |other|, with the errors of both; a million where `one` is no number."""
    if not math.isfinite(float(one)):
        return Estimate(_NONE, 0.0, "no number")
    first, second = (number if isinstance(number, Estimate) else Estimate(float(number), 0.0, "formula") for number in (one, other))
    scale = abs(second.value)
    return Estimate(abs(first.value - second.value) / scale, (first.error + second.error) / scale, f"{first.method} against {second.method}")


def farthest(one: Numbers, other: Numbers) -> Estimate:
    """The largest |one - other| over the largest |other|; a million where they are not of one shape, or `one` has what is no number."""
    if np.shape(one) != np.shape(other) or not np.isfinite(one).all():
        return Estimate(_NONE, 0.0, "no numbers, or not as many")
    return Estimate(float(np.abs(one - other).max() / np.abs(other).max()), 0.0, "formula against formula")
