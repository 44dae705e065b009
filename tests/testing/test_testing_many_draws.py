"""Steps of three draws, and steps whose factor is a tensor: laws by fewer nodes are those of the whole product."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pytest
import torch
from torch import Tensor

from pmmtheory.dynamics import Dynamics, Overdamped
from pmmtheory.laws.step.characteristic import characteristic, one_step_moments
from pmmtheory.schemes import Draw, Normal, Scheme, Uniform
from pmmtheory.targets import GaussianMixture
from pmmtheory.testing import check_scheme
from pmmtheory.testing.check_scheme import LAWS
from pmmtheory.testing.folded import SparseNormal, folded
from tests.testing.subjects import LONG, Euler, all_but, broken, everywhere

TARGET = GaussianMixture(weights=[0.3, 0.7], means=[-1.5, 1.5], variances=[1.0, 1.0])
X = torch.tensor([-1.7, 0.2, 2.5], dtype=torch.float64)


class Halves(Scheme):
    """Two half steps of Euler, the noise in three normals, the last of them at the end."""

    draws: Mapping[str, Draw] = {"z1": Normal(), "z2": Normal(), "z3": Normal()}
    drift_calls = 2.0
    orders: Mapping[type[Dynamics], float] = {Overdamped: 1}
    last = 1.0

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        a, unit = self.step_size, math.sqrt(2 * self.step_size / 3)
        middle = x + a / 2 * self.dynamics.drift(x, t) + unit * (draws["z1"] + draws["z2"] / 2)
        return middle + a / 2 * self.dynamics.drift(middle, t) + unit * (draws["z2"] / 2 + self.last * draws["z3"]), 0.0


class QuietEnd(Halves):
    last = 0.99


class Nested(Halves):
    """Every normal moves a point at which the drift is taken."""

    drift_calls = 3.0

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        a, unit = self.step_size, math.sqrt(2 * self.step_size / 3)
        first = x + unit * draws["z1"]
        second = first + a / 3 * self.dynamics.drift(first, t) + unit * draws["z2"]
        third = second + a / 3 * self.dynamics.drift(second, t) + unit * draws["z3"]
        return third + a / 3 * self.dynamics.drift(third, t), 0.0


class Midpoint(Halves):
    """A time and two normals."""

    draws: Mapping[str, Draw] = {"u": Uniform(), "z1": Normal(), "z2": Normal()}
    orders: Mapping[type[Dynamics], float] = {Overdamped: 2}

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        a, u = self.step_size, draws["u"]
        path = torch.sqrt(2 * a * u) * draws["z1"]
        middle = x + a * u * self.dynamics.drift(x, t) + path
        return x + a * self.dynamics.drift(middle, t) + path + torch.sqrt(2 * a * (1 - u)) * draws["z2"], 0.0


class TensorFactor(Euler):
    """The factor is a tensor of the shape of the state."""

    orders: Mapping[type[Dynamics], float] = {Dynamics: 1}
    share = 1.0

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        mean, size = super().step(x, t, draws)
        return mean, size * torch.full_like(x, self.share) if self.dynamics.blocks == 1 else size / self.share


class CoordinateFactor(TensorFactor):
    """One number a coordinate, for all states."""

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        mean, size = Euler.step(self, x, t, draws)
        return mean, size * torch.full(self.dynamics.state_shape, self.share, dtype=x.dtype, device=x.device)


class QuietFactor(TensorFactor):
    share = 0.99


class QuietCoordinates(CoordinateFactor):
    share = 0.99


class StateFactor(TensorFactor):
    """The noise grows with the state: the SDE of other dynamics."""

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        mean, size = Euler.step(self, x, t, draws)
        return mean, size * torch.sqrt(1 + x**2 / 10)


@pytest.mark.slow
@pytest.mark.parametrize(("scheme", "left"), [(Halves, ["z1", "z2"]), (Midpoint, ["u", "z1"]), (Nested, ["z1", "z2", "z3"])])
def test_fewer_draws_give_the_same_step(scheme: type[Scheme], left: list[str]) -> None:
    """Against the product of all rules, at points, by moments and by the characteristic function up to where the noise has damped it to 1e-6."""
    chain = scheme(Overdamped(TARGET), 0.3)
    fewer = folded(chain)
    assert list(fewer.draws) == left
    for seen, whole in zip(one_step_moments(fewer, X, 0.0), one_step_moments(chain, X, 0.0, 0), strict=True):
        assert float(torch.abs(seen - whole).max()) < 1e-8
    waves = [characteristic(one, X, 0.0, 0.4 / math.sqrt(0.6), 14, level) for one, level in ((fewer, 1), (chain, 0))]
    assert float(torch.abs(waves[0] - waves[1]).max()) < 1e-7


def test_a_scheme_of_few_draws_is_left_as_it_is() -> None:
    chain = Euler(Overdamped(TARGET), 0.3)
    assert folded(chain) is chain


@pytest.mark.parametrize("level", [0, 1, 2])
def test_a_sparse_rule_knows_the_waves_of_its_share(level: int) -> None:
    nodes, weights = SparseNormal(0.6).rule(level)
    for frequency in (0.0, 1.0, 2.0, 3.5):
        assert abs(float(weights @ torch.cos(frequency * torch.tensor(nodes)).numpy()) - math.exp(-(frequency**2) / 2)) < 1e-8


@pytest.mark.slow
@pytest.mark.parametrize(("scheme", "skip"), [(Midpoint, ()), (Nested, ("mass", "weak order"))])
def test_three_draws_are_checked_in_every_law(scheme: type[Scheme], skip: tuple[str, ...]) -> None:
    """The mass, of the product of all rules, and the order, of five stationary laws, of one of them."""
    checked = check_scheme(scheme, strict=True, skip=skip)
    assert set(checked) == set(LAWS) - {*skip, "stationary Gaussian"}


@pytest.mark.slow
def test_a_wrong_last_normal_is_seen() -> None:
    assert broken(QuietEnd, skip=["mass"]).law == "affine semigroup"


@pytest.mark.slow
@everywhere
@pytest.mark.parametrize("scheme", [TensorFactor, CoordinateFactor])
def test_a_factor_may_be_a_tensor(scheme: type[Scheme], dynamics: Any) -> None:
    if scheme is CoordinateFactor and dynamics is not Overdamped:
        pytest.skip("the noise of two blocks is a BlockFactor")
    assert "small steps" in check_scheme(scheme, dynamics=dynamics, skip=LONG)


@pytest.mark.slow
def test_a_tensor_factor_has_an_order() -> None:
    assert check_scheme(TensorFactor, skip=all_but("weak order"), strict=True) == ("weak order",)
    assert check_scheme(CoordinateFactor, skip=all_but("weak order"), strict=True) == ("weak order",)


@pytest.mark.slow
@pytest.mark.parametrize("scheme", [QuietFactor, QuietCoordinates, StateFactor])
def test_a_wrong_tensor_factor_is_seen(scheme: type[Scheme]) -> None:
    assert broken(scheme).law == "affine semigroup"
    assert broken(scheme, skip=["affine semigroup"]).law == "small steps"
