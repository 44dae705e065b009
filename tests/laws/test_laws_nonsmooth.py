"""The error of a law on the line where something is not smooth: steps that jump in a draw, targets with kinks, and W2 across them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from pmmtheory.divergences import tv, w2
from pmmtheory.dynamics import Overdamped
from pmmtheory.errors import InvalidParameter
from pmmtheory.laws import stationary_law, transient_law
from pmmtheory.schemes import EulerMaruyama, Index, Normal, Scheme, Uniform
from pmmtheory.targets import Gaussian, Potential
from tests.oracles.chains import lmc
from tests.oracles.nystroem import on_panels


class Kicked(Scheme):
    """A step that jumps in its draw."""

    draws = {"u": Uniform()}
    drift_calls = 1.0
    cut = 0.5

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        kick = torch.where(draws["u"] < self.cut, -3.0, 3.0)
        return x + self.step_size * (self.dynamics.drift(x, t) + kick), math.sqrt(2 * self.step_size)


class TestJumps:
    @pytest.mark.slow
    def test_mean_and_square(self) -> None:
        law = stationary_law(Kicked(Overdamped(Gaussian()), 0.5))
        first, second = law.moment(1), law.moment(2)
        assert abs(first.value) <= first.error and abs(second.value - 13 / 3) <= second.error
        assert second.error < 1e-8

    @pytest.mark.slow
    def test_an_index_jumps_by_itself(self) -> None:
        class Indexed(Kicked):
            draws = {"u": Index(2)}

        one, other = (stationary_law(kind(Overdamped(Gaussian()), 0.5)) for kind in (Kicked, Indexed))
        assert float(tv(one, other)) <= one.numerical_error + other.numerical_error + 1e-12

    @pytest.mark.slow
    def test_uneven(self) -> None:
        class Uneven(Kicked):
            cut = 0.23

        mean = stationary_law(Uneven(Overdamped(Gaussian()), 0.5)).moment(1)
        assert abs(mean.value - 3 * (1 - 2 * 0.23)) <= mean.error

    @pytest.mark.slow
    @pytest.mark.parametrize(("kicks", "variance", "step"), [((-2.4, 1.3974683544303796), 3.17, 1.04), ((-2.93, 2.58), 2.64, 0.322)])
    def test_what_the_ends_cost_is_seen(self, kicks: tuple[float, float], variance: float, step: float) -> None:
        """A law much wider than the target: at 1e-5 the grid cuts it where both resolutions would agree on what is lost."""

        class Uneven(Kicked):
            def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
                kick = torch.where(draws["u"] < 0.37, *(torch.as_tensor(k, dtype=x.dtype) for k in kicks))
                return x + self.step_size * (self.dynamics.drift(x, t) + kick), math.sqrt(2 * self.step_size)

        law = stationary_law(Uneven(Overdamped(Gaussian(0.0, variance)), step), rtol=1e-5)
        push, pull = 0.37 * kicks[0] + 0.63 * kicks[1], step / variance
        mean = variance * push
        square = (step**2 * 0.37 * 0.63 * (kicks[1] - kicks[0]) ** 2 + 2 * step) / (pull * (2 - pull)) + mean**2
        for k, exact in ((1, mean), (2, square)):
            assert abs(law.moment(k).value - exact) <= law.moment(k).error
            assert law.moment(k).error < 1e-6

    @pytest.mark.slow
    def test_a_jump_in_a_normal_draw(self) -> None:
        class Pushed(Kicked):
            draws = {"u": Normal()}
            cut = 0.3

        law = stationary_law(Pushed(Overdamped(Gaussian()), 0.5), rtol=1e-7)
        p = 0.5 * math.erfc(-0.3 / math.sqrt(2))
        mean, variance = 3 - 6 * p, (0.25 * 36 * p * (1 - p) + 1.0) / 0.75
        assert abs(law.moment(1).value - mean) <= law.moment(1).error
        assert abs(law.moment(2).value - variance - mean**2) <= law.moment(2).error
        assert law.moment(2).error < 1e-6

    def test_a_place_that_depends_on_the_state_is_refused(self) -> None:
        class Moving(Kicked):
            def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
                kick = torch.where(draws["u"] < torch.sigmoid(x), -3.0, 3.0)
                return x + self.step_size * (self.dynamics.drift(x, t) + kick), math.sqrt(2 * self.step_size)

        with pytest.raises(InvalidParameter, match="jumps in a uniform draw"):
            stationary_law(Moving(Overdamped(Gaussian()), 0.5))


def huber(x: Tensor) -> Tensor:
    return torch.where(torch.abs(x) < 1, x * x / 2, torch.abs(x) - 0.5)


class TestKinks:
    @pytest.mark.slow
    def test_huber(self) -> None:
        """E X^2 = 2.610375942 for LMC of step 0.4, from panels split at the kinks."""
        target = Potential(huber)
        square = lmc(target, 0.4, rtol=1e-4).moment(2)
        x, masses = on_panels(target, 0.4, [-1.0, 1.0], 45.0, 1)
        assert abs(square.value - float(masses @ x**2)) <= square.error + 2e-9
        assert square.error < 1e-7

    @pytest.mark.slow
    def test_shifted(self) -> None:
        one, other = lmc(Potential(huber), 0.3), lmc(Potential(lambda x: huber(x - 40.3)), 0.3)
        assert abs(one.covariance - other.covariance) <= one.moment(2).error + 200 * other.numerical_error

    @pytest.mark.slow
    def test_after_some_steps(self) -> None:
        """From N(0, 1), two steps: against a rule split at the kinks."""
        target = Potential(huber)
        law = transient_law(EulerMaruyama(Overdamped(target), 0.4), Gaussian(), 2)
        t, w = np.polynomial.legendre.leggauss(40)
        edges = np.unique(np.concatenate([np.linspace(-14, 14, 57), [-1.0, 1.0]]))
        x, weights = (edges[:-1, None] + np.diff(edges)[:, None] * (t + 1) / 2).ravel(), (np.diff(edges)[:, None] * w / 2).ravel()
        middle = x + 0.4 * target.drift(torch.as_tensor(x)).numpy()
        kernel = np.exp(-((x - middle[:, None]) ** 2) / 1.6) / math.sqrt(1.6 * math.pi) * weights
        masses = np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi) * weights @ kernel @ kernel
        square = law.moment(2)
        assert abs(square.value - float(masses @ x**2)) <= square.error + 1e-12


class TestW2AcrossKinks:
    """Where the third derivative of the map jumps, no rule of a fixed panel sees it: W2 and its mirror image agree."""

    @pytest.mark.slow
    @pytest.mark.parametrize(("steep", "step"), [(3.92, 0.239), (2.0, 0.3)])
    def test_mirrored(self, steep: float, step: float) -> None:
        def half(x: Tensor, sign: float) -> Tensor:
            return torch.where(sign * x < 0, steep, 1.0).to(x.dtype) * x * x / 2

        one, other = (Potential(lambda x, sign=sign: half(x, sign)) for sign in (1.0, -1.0))
        first, second = (w2(lmc(target, step, rtol=1e-4), target) for target in (one, other))
        assert abs(first.value - second.value) <= first.error + second.error < 1e-8
