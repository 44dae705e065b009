"""How far apart arrays are that hold numbers of several sizes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from experiments.measures._routes import NONE, TROUBLE
from pmmtheory.errors import InvalidParameter
from pmmtheory.estimate import Estimate
from pmmtheory.noise.levels import Numbers

Pairs = Sequence[tuple[Any, Any]]
"""What each computation gives of some things: numbers, arrays, tensors or lists of them."""


def all_apart(computed: Mapping[str, Callable[[], Pairs]]) -> dict[str, Estimate]:
    """The largest |one - other| / |other| under each name, number by number; where the other is 0, 1000 |one|.

    A computation that raises, or whose numbers are not as many as the other's, is as far from the other as one that gives no number.
    """
    return {name: _apart(pairs) for name, pairs in computed.items()}


def _apart(computed: Callable[[], Pairs]) -> Estimate:
    try:
        pairs = computed()
        one, other = (as_row([pair[i] for pair in pairs]) for i in (0, 1))
        far = np.abs(one - other) / np.where(other == 0, 1e-3, np.abs(other))
    except TROUBLE as error:
        return Estimate(NONE, 0.0, f"{type(error).__name__}: {error}")
    return Estimate(float(np.where(np.isfinite(far), far, NONE).max()), 0.0, "formula against formula")


def moments(law: Any) -> list[Any]:
    """The mean and the covariance of what has both."""
    return [law.mean, law.covariance]


def as_row(values: Any) -> Numbers:
    """All numbers of nested lists, tuples, arrays and tensors, one after another."""
    if isinstance(values, list | tuple):
        return np.concatenate([as_row(value) for value in values])
    return np.asarray(values, dtype=np.float64).reshape(-1)


def refused(asked: Callable[..., Any], *arguments: Any) -> float:
    """1 where the package says that one of the arguments is not allowed, else 0."""
    try:
        asked(*arguments)
    except InvalidParameter:
        return 1.0
    return 0.0
