"""On what scale a mixture varies is seen at few points, however near or far apart its components are."""

from __future__ import annotations

import math

import torch
from hypothesis import given
from hypothesis import strategies as st

from pmmtheory.laws.scales import roughness
from pmmtheory.targets import GaussianMixture


@given(st.floats(0.0, 30.0), st.floats(1e-3, 3.0), st.floats(1e-3, 3.0), st.floats(1e-6, 0.999999), st.floats(0.0, 1.0))
def test_the_scale_of_a_mixture(distance: float, first: float, second: float, weight: float, shift: float) -> None:
    target = GaussianMixture([weight, 1 - weight], [0.0, distance], [first, second])
    reach = 8 * math.sqrt(max(first, second))
    low, high = -reach - shift, distance + reach
    x = torch.linspace(low, high, 200_001, dtype=torch.float64)
    told = target.density(x) * (high - low) > 1e-16
    right = max(1 / math.sqrt(min(first, second)), math.sqrt(float(target.curvature(x)[told].abs().max())))
    assert 0.8 * right < roughness(target, low, high) <= 1.001 * right
