"""Stationary laws of steps whose noise grows with the distance: their tails are powers (Kesten 1973; Goldie 1991)."""

from __future__ import annotations

import math
from typing import Any

import mpmath
import pytest
import torch
from torch import Tensor

from pmmtheory.divergences import chi2
from pmmtheory.dynamics import Overdamped
from pmmtheory.errors import InvalidParameter
from pmmtheory.laws import stationary_law
from pmmtheory.laws.line.tail_index import tail_index
from pmmtheory.schemes import EulerMaruyama, Scheme
from pmmtheory.targets import Gaussian


class Growing(Scheme):
    """X' = 0.9 X + share (0.02 + X^2)^(1/2) Z."""

    drift_calls, share = 1.0, 0.0

    def step(self, x: Tensor, t: Any, draws: Any) -> tuple[Tensor, Any]:
        return x + self.step_size * self.dynamics.drift(x, t), self.share * torch.sqrt(0.02 + x * x)


def growing(share: float) -> Growing:
    scheme = Growing(Overdamped(Gaussian()), 0.1)
    scheme.share = share
    return scheme


@pytest.mark.parametrize("share", [0.1, 0.2, 0.4])
def test_the_index_of_the_tails(share: float) -> None:
    """E |0.9 + share Z|^k = 1."""

    def excess(k: float) -> mpmath.mpf:
        density = mpmath.npdf
        middle = -0.9 / share
        edges = [-40, middle - 1, middle, middle + 1, 0, 5, 40] if middle < -1 else [-40, middle, 0, 5, 40]
        return mpmath.quad(lambda z: abs(0.9 + share * z) ** k * density(z), edges) - 1

    found = tail_index(growing(share))
    assert excess(0.99 * found) < 0 < excess(1.01 * found)


def test_what_is_infinite_is_refused() -> None:
    law = stationary_law(growing(0.2), rtol=1e-4)
    second = law.moment(2)
    assert abs(second.value - 0.02 * 0.04 / (1 - 0.85)) <= second.error
    with pytest.raises(InvalidParameter, match="infinite from there on"):
        law.moment(12)
    with pytest.raises(InvalidParameter, match="tails too heavy"):
        chi2(law, Gaussian())


def test_noise_that_does_not_grow_has_light_tails() -> None:
    assert tail_index(EulerMaruyama(Overdamped(Gaussian()), 0.1)) == math.inf
