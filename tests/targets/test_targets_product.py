"""Products of targets on the line: against their factors, one coordinate at a time."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pmmtheory.errors import InvalidParameter
from pmmtheory.targets import Cosine, DoubleWell, Gaussian, GaussianMixture, LogCosh, Product
from pmmtheory.targets.derivative import derivative
from pmmtheory.targets.line import LineTarget

KINDS: list[LineTarget] = [Gaussian(0.3, 0.5), Cosine(), LogCosh(1.3), GaussianMixture([0.4, 0.6], [-1.5, 1.0], [0.1, 0.3]), DoubleWell()]


@pytest.mark.slow
@given(places=st.lists(st.integers(0, len(KINDS) - 1), min_size=1, max_size=7), seed=st.integers(0, 99))
def test_everything_comes_from_the_factors(places: list[int], seed: int) -> None:
    factors = [KINDS[k] for k in places]
    target, d = Product(factors), len(places)
    x = torch.randn((5, d), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    points = x if d > 1 else x[:, 0]
    for name in ("potential", "log_density"):
        told = torch.stack([getattr(factor, name)(x[:, j]) for j, factor in enumerate(factors)]).sum(0)
        assert torch.allclose(getattr(target, name)(points), told, rtol=1e-13, atol=1e-13)
    drift = torch.stack([factor.drift(x[:, j]) for j, factor in enumerate(factors)], -1).reshape(points.shape)
    assert torch.allclose(target.drift(points), drift, rtol=1e-13, atol=1e-13)
    assert torch.allclose(drift, -derivative(target.potential, points), rtol=1e-9, atol=1e-9)
    assert float(target.smoothness) == max(float(factor.smoothness) for factor in factors)
    rates = [factor.poincare for factor in factors]
    assert target.poincare is None if None in rates else float(target.poincare) == min(map(float, rates))  # type: ignore[arg-type]
    assert (target.lsi is None) == any(factor.lsi is None for factor in factors)
    assert torch.equal(target.variances, torch.tensor([factor.covariance for factor in factors], dtype=torch.float64))


@pytest.mark.slow
def test_draws_are_independent_and_of_the_factors() -> None:
    target = Product([KINDS[1], KINDS[3], KINDS[1]])
    x = target.sample(40_000, seed=3)
    assert torch.equal(x, target.sample(40_000, seed=3)) and not torch.equal(x, target.sample(40_000, seed=4))
    noise = 5 * torch.sqrt(target.variances / 40_000)
    assert bool((torch.abs(x.mean(0) - target.mean) < noise).all())
    correlation = torch.corrcoef(x.T) - torch.eye(3, dtype=torch.float64)
    assert float(correlation.abs().max()) < 5 / 200


def test_noised_laws_and_marginals() -> None:
    target = Product([KINDS[0], KINDS[3]])
    noised, x = target.noised(0.6), torch.tensor([[0.2, -0.4], [1.0, 0.7]], dtype=torch.float64)
    assert torch.allclose(target.noised_drift(x, 0.6), noised.drift(x))
    levels = torch.tensor([[0.6], [0.3]], dtype=torch.float64)
    assert torch.allclose(target.noised_drift(x, levels)[1], target.noised(0.3).drift(x[1]))
    assert target.along([0.0, 2.0]) is KINDS[3]
    with pytest.raises(InvalidParameter, match="a coordinate axis, for a marginal of a product"):
        Product([KINDS[0]] * 3).along([1.0, 1.0, 0.0])
    with pytest.raises(InvalidParameter, match="closed form"):
        Product([KINDS[0], KINDS[1]]).noised(0.5)


@pytest.mark.parametrize(
    "wrong", [[], [Gaussian(dim=2)], [Gaussian(), 3.0], [None], Gaussian(), None], ids=["none", "plane", "number", "no factor", "target", "nothing"]
)
def test_factors_are_targets_on_the_line(wrong: Any) -> None:
    with pytest.raises(InvalidParameter, match="factors = .*a list of one or more targets on the line"):
        Product(wrong)
