"""Orders derived from the steps of wrong schemes: each loses what its fault costs, and a chain of another diffusion is refused."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from pmmtheory.dynamics import Dynamics
from pmmtheory.errors import InvalidParameter
from pmmtheory.schemes import EulerMaruyama, Index, RandomizedMidpoint, Scheme
from pmmtheory.testing.broken import DoubledMidpoints, HalvedNoise, WidenedNoise
from pmmtheory.theory import leading_term
from pmmtheory.theory.expansion import expand
from pmmtheory.theory.jets.polynomials import F
from tests.oracles.lines import COSINE

LMC = F[1] * F[2] / 2 - F[3] / 2


class TestNegativeControls:
    @pytest.mark.parametrize("scheme", [WidenedNoise, HalvedNoise])
    def test_wrong_noise_is_of_order_0(self, scheme: type[Scheme]) -> None:
        found = expand(scheme)
        assert (found.local_order, found.order) == (0, 0)
        with pytest.raises(ValueError, match="scheme = .* a power 1, 2 or 3 of the step, not 0"):
            leading_term(scheme, COSINE)

    @pytest.mark.slow
    @settings(max_examples=5)
    @given(off=st.floats(0.0001, 0.05))
    def test_a_drift_off_by_a_little_is_of_order_0(self, off: float) -> None:
        class Off(RandomizedMidpoint):
            def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
                mean, factor = super().step(x, t, draws)
                return mean + off * self.step_size * self.dynamics.drift(x, t), factor

        assert expand(Off).order == 0

    @pytest.mark.slow
    @settings(max_examples=5)
    @given(off=st.floats(0.001, 0.05))
    def test_a_midpoint_off_by_a_little_loses_an_order(self, off: float) -> None:
        class Off(RandomizedMidpoint):
            def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
                return _longer(self, x, t, draws, off)

        assert expand(Off).order == 1

    @pytest.mark.slow
    def test_twice_as_many_midpoints_lose_an_order(self) -> None:
        assert expand(DoubledMidpoints).order == 1
        assert expand(DoubledMidpoints).flux == -LMC

    def test_noise_with_a_wrong_third_moment_has_half_an_order(self) -> None:
        """Two values, 2 and -1/2, with mean 0 and variance 1: E r^3 = 3/2 at step^(3/2)."""

        class Skew(Scheme):
            drift_calls = 1.0

            def __init__(self, dynamics: Dynamics, step_size: float):
                super().__init__(dynamics, step_size)
                self.draws = {"u": Index(5)}

            def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
                return x + self.step_size * self.dynamics.drift(x, t) + math.sqrt(2 * self.step_size) * torch.where(draws["u"] < 0.1, 2.0, -0.5), 0.0

        assert expand(Skew).order == 0.5


def _longer(scheme: Scheme, x: Tensor, t: Any, draws: Mapping[str, Any], off: float) -> tuple[Tensor, Any]:
    """The randomized midpoint with its first half drawn out."""
    a, u = scheme.step_size, draws["u"]
    path = torch.sqrt(2 * a * u) * draws["z"]
    middle = x + a * u * scheme.dynamics.drift(x, t) + (1 + off) * path
    return x + a * scheme.dynamics.drift(middle, t) + path, torch.sqrt(2 * a * (1 - u))


@pytest.mark.parametrize("substeps", [0.0, 1.0])
def test_a_scheme_of_another_diffusion_is_refused(substeps: float) -> None:
    """Time that runs 1% faster: the same invariant law, whose leading error is of another form."""

    class Fast(EulerMaruyama):
        def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
            a = 1.01 * self.step_size
            return x + a * self.dynamics.drift(x, t), math.sqrt(2 * a)

    with pytest.raises(ValueError, match="not of another with the same invariant law"):
        expand(Fast, Fraction(int(substeps)))


@pytest.mark.parametrize("datum", [333, 777])
def test_one_datum_of_more_than_a_rule_takes_is_not_passed_by(datum: int) -> None:
    """No rule for the index takes it: two of them agree, on a step without it."""

    class OneOfMany(EulerMaruyama):
        def __init__(self, dynamics: Dynamics, step_size: float):
            super().__init__(dynamics, step_size)
            self.draws = {"i": Index(1000)}

        def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
            share = 5.0 * (torch.round(draws["i"] * 1000) == datum).to(torch.float64)
            return x + self.step_size * (1 + share) * self.dynamics.drift(x, t), math.sqrt(2 * self.step_size)

    with pytest.raises(InvalidParameter, match="smoothly with an index of 1000 values"):
        expand(OneOfMany)
