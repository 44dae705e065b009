"""How far two computations of one number are apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from pmmtheory.estimate import Estimate
from pmmtheory.noise.levels import Numbers


def apart(one: Estimate | float, other: Estimate | float) -> Estimate:
    """|one - other| / |other|, with the errors of both."""
    first, second = (number if isinstance(number, Estimate) else Estimate(float(number), 0.0, "formula") for number in (one, other))
    scale = abs(second.value)
    return Estimate(abs(first.value - second.value) / scale, (first.error + second.error) / scale, f"{first.method} against {second.method}")


def beside(one: Estimate, other: float) -> Estimate:
    """|one - other| and the error that is stated of the one, over |other|: small only where a number is right and said to be."""
    return Estimate((abs(one.value - other) + one.error) / abs(other), 0.0, f"{one.method} against formula")


def farthest(one: Numbers, other: Numbers) -> Estimate:
    """The largest |one - other| over the largest |other|, of arrays of one shape."""
    if np.shape(one) != np.shape(other):
        raise ValueError(f"arrays of shapes {np.shape(one)} and {np.shape(other)} are no two computations of one number.")
    return Estimate(float(np.abs(one - other).max() / np.abs(other).max()), 0.0, "formula against formula")


def attempt(compute: Callable[..., Estimate], *arguments: Any) -> Estimate:
    """What the function answers; 0 where it refuses, or cannot: then it is as far from another number as can be."""
    try:
        return compute(*arguments)
    except (ArithmeticError, LookupError, TypeError, ValueError, RuntimeError) as why:
        return Estimate(0.0, 0.0, f"no number: {why}")
