"""Which schemes have laws by moments, those of users too, and which engine computes a law."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import pytest
import torch
from torch import Tensor

from pmmtheory.dynamics import Dynamics, Overdamped, Underdamped
from pmmtheory.errors import InvalidParameter, NotConverged
from pmmtheory.laws import LinearLaw, stationary_law, transient_law
from pmmtheory.laws.step.axes import OnAxes
from pmmtheory.particles import simulate
from pmmtheory.schemes import EulerMaruyama, Normal, PoissonMidpoint
from pmmtheory.targets import Cosine, Gaussian, GaussianMixture
from pmmtheory.testing.broken import DoubledMidpoints, SingleMidpoint
from tests.oracles.linear_schemes import on_gaussian, scheme


class Saturated(EulerMaruyama):
    """tanh of the drift."""

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        return x + self.step_size * torch.tanh(self.dynamics.drift(x, t)), math.sqrt(2 * self.step_size)


class Spreading(EulerMaruyama):
    """Noise that grows with the position."""

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        mean, factor = super().step(x, t, draws)
        return mean, factor * (1 + x * x / 10)


class Cubed(EulerMaruyama):
    """The cube of a normal number: 0 at 0 and 1 at 1, and a variance of 15."""

    draws = {"z": Normal()}

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        return x + self.step_size * (self.dynamics.drift(x, t) + draws["z"] ** 3), math.sqrt(2 * self.step_size)


class DoublePush(PoissonMidpoint):
    """Every midpoint counts twice."""

    def push(self, change: Tensor, t: Any = 0.0) -> Tensor:
        return 2 * super().push(change, t)


class OwnStep(PoissonMidpoint):
    """A step of its own, with the noise of the step widened."""

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        mean, factor = super().step(x, t, draws)
        return mean, factor * 1.2


SYSTEMS = pytest.mark.parametrize("dynamics", [Overdamped(Gaussian(0.0, 0.6)), Underdamped(Gaussian(0.0, 0.6), 1.3)], ids=["overdamped", "underdamped"])


class TestOtherSchemes:
    def test_a_step_that_is_not_linear_in_its_normal_draws(self) -> None:
        with pytest.raises(InvalidParameter, match="affine in the state and its normal draws"):
            stationary_law(Cubed(Overdamped(Gaussian(0.0, 1.0)), 0.5), engine="gaussian")

    def test_a_step_that_is_not_affine(self) -> None:
        with pytest.raises(InvalidParameter, match="scheme = 'Saturated' is not allowed: a step that is affine in the state, for a law by its moments"):
            stationary_law(Saturated(Overdamped(Gaussian(dim=3)), 0.1))

    def test_noise_that_depends_on_the_state(self) -> None:
        with pytest.raises(InvalidParameter, match="scheme = 'Spreading'"):
            stationary_law(Spreading(Overdamped(Gaussian()), 0.1), engine="gaussian")

    @SYSTEMS
    def test_a_scheme_written_out_is_the_same(self, dynamics: Dynamics) -> None:
        for k in (5, math.inf):
            own = stationary_law(SingleMidpoint(dynamics, 0.3, substeps=k), engine="gaussian")
            assert torch.allclose(
                own.blocks, stationary_law(PoissonMidpoint(dynamics, 0.3, substeps=k, midpoints="single"), engine="gaussian").blocks, rtol=1e-12, atol=1e-14
            )

    def test_doubled_midpoints_in_fractions(self) -> None:
        """With probability 2/K each: the sums over midpoints, one substep at a time."""
        x, k = Fraction(1, 5), 6
        p = Fraction(2, k)
        moments = [(p * Fraction(i, k), p * (1 - p) * Fraction(i, k) ** 2) for i in range(k)]
        times, spread = sum(m for m, _ in moments), sum(v for _, v in moments)
        pairs = sum(p * (p if i != j else 1) * Fraction(min(i, j), k) for i in range(k) for j in range(k))
        square = (1 - x + x**2 * times) ** 2 + x**4 * spread
        expected = 2 * x * (1 - 2 * x * times + x**2 * pairs) / (1 - square)
        law = stationary_law(DoubledMidpoints(Overdamped(Gaussian()), float(x), substeps=k), engine="gaussian")
        assert law.covariance == pytest.approx(float(expected), rel=1e-13)

    @pytest.mark.slow
    @SYSTEMS
    @pytest.mark.parametrize("cls", [DoublePush, OwnStep])
    def test_what_a_subclass_of_the_poisson_midpoint_changes(self, cls: type[PoissonMidpoint], dynamics: Dynamics) -> None:
        """The law is that of the changed step: of its sets of midpoints one by one, and of particles."""
        chain, variances = cls(dynamics, 0.3, substeps=5), torch.full((2,), 0.6, dtype=torch.float64)
        on = OnAxes(chain, variances)
        moments, steps = on.moments(1), on.steps(1)
        for i in (0, 1):
            growth = sum(w * torch.kron(m, m) for w, m in zip(steps.weights, steps.matrix[:, i], strict=True))
            assert torch.allclose(moments.square[i], growth, rtol=1e-13, atol=1e-14)
        law, plain = (transient_law(c, Gaussian(0.0, 0.6), 8, engine="gaussian") for c in (chain, PoissonMidpoint(dynamics, 0.3, substeps=5)))
        x = simulate(chain, 100_000, 8, seed=2, dtype=torch.float64).reshape(100_000, -1)
        squares = x[:, 0] ** 2
        error = float(squares.std()) / math.sqrt(len(x))
        assert abs(float(squares.mean()) - float(law.blocks[0, 0, 0])) < 4 * error
        assert abs(float(squares.mean()) - float(plain.blocks[0, 0, 0])) > (8 if dynamics.blocks == 1 or cls is OwnStep else 0) * error


class TestEngines:
    @pytest.mark.parametrize("engine", ["line", "phase_plane", "sampling"])
    def test_which_there_are(self, engine: str) -> None:
        with pytest.raises(InvalidParameter, match=f"engine = '{engine}' is not allowed"):
            stationary_law(scheme("lmc", Overdamped(Gaussian(dim=2)), 0.1), engine=engine)

    def test_by_moments_only_on_gaussians(self) -> None:
        for target in (Cosine(0.5, 1.0), GaussianMixture([0.5, 0.5], [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]], [1.0, 1.0])):
            with pytest.raises(InvalidParameter, match="engine|target"):
                stationary_law(scheme("lmc", Overdamped(target), 0.1), engine="gaussian")
            if target.dim > 1:
                with pytest.raises(InvalidParameter, match="a target on the line"):
                    stationary_law(scheme("lmc", Overdamped(target), 0.1))

    def test_the_first_that_can_be_had(self) -> None:
        assert isinstance(stationary_law(scheme("lmc", Overdamped(Gaussian(dim=2)), 0.1)), LinearLaw)
        assert not isinstance(stationary_law(scheme("lmc", Overdamped(Gaussian()), 0.1)), LinearLaw)

    def test_too_small_a_tolerance(self) -> None:
        with pytest.raises(InvalidParameter, match="rtol"):
            stationary_law(on_gaussian("lmc", 0.1, 1.0, None), rtol=0.0, engine="gaussian")
        with pytest.raises(NotConverged, match="the covariance of RandomizedMidpoint"):
            stationary_law(on_gaussian("rmm", 1.59607, 1.0, None), rtol=1e-14, engine="gaussian")
