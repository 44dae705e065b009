"""Steps are looked at where the law is: between what is near and far, away from the origin, in any unit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import pytest
import torch
from torch import Tensor

from pmmtheory.divergences import tv
from pmmtheory.dynamics import Dynamics, Overdamped
from pmmtheory.errors import InvalidParameter
from pmmtheory.laws import stationary_law, transient_law
from pmmtheory.schemes import EulerMaruyama
from pmmtheory.schemes.draws import Uniform
from pmmtheory.targets import Gaussian, GaussianMixture


class KicksBetween(EulerMaruyama):
    """A step that kicks where a coordinate is between two places."""

    def __init__(self, dynamics: Dynamics, step_size: float, places: tuple[float, float] = (0.2, 0.9)):
        super().__init__(dynamics, step_size)
        self.places = places

    def over(self, dynamics: Dynamics) -> Self:
        return type(self)(dynamics, self.step_size, self.places)

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        mean, factor = super().step(x, t, draws)
        return mean + torch.where((x > self.places[0]) & (x < self.places[1]), 0.5 * x, 0.0), factor


@pytest.mark.parametrize("places", [(0.2, 0.9), (1.2, 1.5), (-2.5, -2.0)])
def test_a_step_that_is_another_between_near_and_far(places: tuple[float, float]) -> None:
    for dim in (2, 3):
        scheme = KicksBetween(Overdamped(Gaussian(0.0, torch.ones(dim, dtype=torch.float64))), 0.2, places)
        with pytest.raises(InvalidParameter, match="affine"):
            stationary_law(scheme)
        with pytest.raises(InvalidParameter, match="affine"):
            transient_law(scheme, Gaussian(0.0, torch.full((dim,), 0.5, dtype=torch.float64)), steps=2)


class PullsAlongACoordinate(EulerMaruyama):
    """A step that now and then pulls along the first coordinate, not an axis of the target."""

    def __init__(self, dynamics: Dynamics, step_size: float, often: float):
        super().__init__(dynamics, step_size)
        self.often, self.draws = often, {"u": Uniform()}

    def over(self, dynamics: Dynamics) -> Self:
        return type(self)(dynamics, self.step_size, self.often)

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        mean, factor = super().step(x, t, draws)
        pull = torch.cat([-0.5 * x[..., :1], 0.0 * x[..., 1:]], -1)
        return mean + torch.where(draws["u"] > 1 - self.often, pull, 0.0), factor


@pytest.mark.parametrize("often", [0.2, 0.05, 0.002])
def test_what_a_step_does_off_the_axes_for_few_values_of_a_draw(often: float) -> None:
    turned = Gaussian(torch.zeros(2, dtype=torch.float64), torch.tensor([[2.0, 0.9], [0.9, 1.0]], dtype=torch.float64))
    with pytest.raises(InvalidParameter, match="each axis"):
        stationary_law(PullsAlongACoordinate(Overdamped(turned), 0.1, often))


def target(scale: float, shift: float) -> GaussianMixture:
    square = scale**2
    means = [[shift - scale, shift], [shift + 0.5 * scale, shift + 0.3 * scale]]
    return GaussianMixture([0.4, 0.6], means, covariances=[[[0.6 * square, 0.0], [0.0, square]]] * 2)


class KicksAtRandom(EulerMaruyama):
    """A step of which 37 in 100 kick near a place."""

    def __init__(self, dynamics: Dynamics, step_size: float, scale: float, shift: float):
        super().__init__(dynamics, step_size)
        self.scale, self.shift, self.draws = scale, shift, {"u": Uniform()}

    def with_step(self, step_size: float) -> Self:
        return type(self)(self.dynamics, step_size, self.scale, self.shift)

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        mean, factor = super().step(x, t, draws)
        near = torch.exp(-(((x - self.shift) / self.scale) ** 2) / 8)
        return mean + torch.where(draws["u"] < 0.37, 0.4 * self.scale * near, 0.0), factor


@pytest.mark.parametrize(("scale", "shift"), [(1.0, 30.0), (1e-6, 0.0)])
def test_a_jump_in_a_draw_is_looked_for_where_the_law_is(scale: float, shift: float) -> None:
    def off(scale: float, shift: float) -> Any:
        aim = target(scale, shift)
        return tv(stationary_law(KicksAtRandom(Overdamped(aim), 0.1 * scale**2, scale, shift), rtol=1e-5), aim)

    near, far = off(1.0, 0.0), off(scale, shift)
    assert abs(near.value - far.value) <= near.error + far.error
    assert near.error < 1e-3 * near.value
