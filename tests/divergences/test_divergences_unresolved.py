"""Distances of a law whose tails are not resolved are refused, in words about that law."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from pmmtheory.divergences import w1, w2
from pmmtheory.errors import NotConverged
from pmmtheory.estimate import Estimate
from pmmtheory.laws.line.accuracy import Accuracy
from pmmtheory.laws.line.law import LineLaw
from pmmtheory.targets import Gaussian


def noisy(n: int, noise: float) -> LineLaw:
    """N(0, 1) and a constant, of values that are known to a hundredth of the largest."""
    x = torch.linspace(-6, 6, n, dtype=torch.float64)
    return LineLaw(x, torch.exp(-x * x / 2) + noise, Gaussian().density, accuracy=Accuracy(floor=1e-2))


@pytest.mark.parametrize(("distance", "name"), [(w1, "W1"), (w2, "W2")])
def test_of_tails_that_are_not_resolved(distance: Callable[[LineLaw, Gaussian], Estimate], name: str) -> None:
    law = noisy(400, 1e-3).resolved_by(noisy(350, 1.1e-3))
    with pytest.raises(NotConverged, match=f"^the {name} of a law whose tails are not resolved is out of reach.$"):
        distance(law, Gaussian())
    with pytest.raises(NotConverged, match=r"^the moment of order 1 of a law whose tails are not resolved is out of reach.$"):
        law.moment(1)
