"""Numbers by two routes: how far two computations of one number are apart, and whether that is little."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

import numpy as np

from pmmtheory.errors import PmmError
from pmmtheory.estimate import Estimate
from pmmtheory.noise.levels import Numbers

NONE = 1e6
"""The difference of what is no number."""
TROUBLE = (ArithmeticError, AttributeError, LookupError, NameError, RuntimeError, TypeError, ValueError)


def apart(one: Estimate | float, other: Estimate | float) -> Estimate:
    """|one - other| / |other|, with the errors of both; a million where `one` is no number."""
    if not math.isfinite(float(one)):
        return Estimate(NONE, 0.0, "no number")
    first, second = (number if isinstance(number, Estimate) else Estimate(float(number), 0.0, "formula") for number in (one, other))
    scale = abs(second.value)
    return Estimate(abs(first.value - second.value) / scale, (first.error + second.error) / scale, f"{first.method} against {second.method}")


def beside(one: Estimate, other: float) -> Estimate:
    """|one - other| and the error that is stated of the one, over |other|: small only where a number is right and said to be."""
    return Estimate((abs(one.value - other) + one.error) / abs(other), 0.0, f"{one.method} against formula")


def stated(number: Estimate) -> Estimate:
    """What a number is said to be off by, over it."""
    return Estimate(number.error / abs(number.value), 0.0, number.method)


def farthest(one: Numbers, other: Numbers) -> Estimate:
    """The largest |one - other| over the largest |other|; a million where they are not of one shape, or `one` has what is no number."""
    if np.shape(one) != np.shape(other) or not np.isfinite(one).all():
        return Estimate(NONE, 0.0, "no numbers, or not as many")
    return Estimate(float(np.abs(one - other).max() / np.abs(other).max()), 0.0, "formula against formula")


def compared(measure: Callable[..., dict[str, Estimate]]) -> Callable[..., dict[str, Estimate]]:
    """The measure; where it cannot be computed its largest difference is that of what is no number, and why stands in the method."""

    @wraps(measure)
    def told(device: str, **parameters: Any) -> dict[str, Estimate]:
        try:
            return measure(device, **parameters)
        except (*TROUBLE, PmmError) as why:
            return {"largest": Estimate(NONE, 0.0, f"{type(why).__name__}: {why}"), "numbers": Estimate(0.0, 0.0, "count")}

    return told


def attempt(compute: Callable[..., Estimate], *arguments: Any) -> Estimate:
    """What the function answers; 0 where it refuses, or cannot: then it is as far from another number as can be."""
    try:
        return compute(*arguments)
    except TROUBLE as why:
        return Estimate(0.0, 0.0, f"no number: {why}")


def held(found: Mapping[str, Estimate], within: float | Mapping[str, float] = 1e-9, but: Mapping[str, float] | None = None) -> dict[str, Estimate]:
    """The differences, each over what it may be at most: `within`, or what `but` says of names that begin so; with the largest, and how many there are.

    `largest` : its method names the number that it is of.
    """
    allowed = dict(within) if isinstance(within, Mapping) else dict.fromkeys(found, within)
    for begin, size in (but or {}).items():
        allowed |= {name: size for name in found if name.startswith(begin)} or {begin: size}
    if strangers := sorted(set(allowed) ^ set(found)):
        raise ValueError(f"what may {', '.join(strangers)} differ by, and is there such a number?")
    shares = {name: Estimate(one.value / allowed[name], one.error / allowed[name], one.method) for name, one in found.items()}
    worst = max(shares, key=lambda name: shares[name].value + shares[name].error)
    largest = Estimate(shares[worst].value, shares[worst].error, f"{worst}: {shares[worst].method}")
    return shares | {"largest": largest, "numbers": Estimate(float(len(shares)), 0.0, "count")}
