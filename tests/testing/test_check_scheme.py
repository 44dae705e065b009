"""check_scheme passes every right scheme and names the law that each broken one breaks."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from pmmtheory.dynamics import Overdamped
from pmmtheory.errors import InvalidParameter
from pmmtheory.schemes import Draw, EulerMaruyama, Normal, PoissonMidpoint, RandomizedMidpoint, Scheme, Uniform
from pmmtheory.targets import Target
from pmmtheory.testing import BrokenScheme, check_scheme
from pmmtheory.testing.broken import DoubledMidpoints, HalvedNoise, IndependentNoise, MissingLastNoise, SingleMidpoint, WrongCorrectionMatrix
from pmmtheory.testing.check_scheme import LAWS

LONG = ("law and particles", "weak order")
"""The laws that take most of the time; left out where an earlier one is on trial."""


class Heun(Scheme):
    """X' = X + a (b(X) + b(X + a b(X) + N))/2 + N with N = sqrt(2a) Z: all noise is a draw, and the last Gaussian has factor 0."""

    draws: Mapping[str, Draw] = {"z": Normal()}
    drift_calls = 2.0
    order = 2

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        a, noise = self.step_size, math.sqrt(2 * self.step_size) * draws["z"]
        force = self.dynamics.drift(x, t)
        return x + a * (force + self.dynamics.drift(x + a * force + noise, t + a)) / 2 + noise, 0.0


class Euler(Scheme):
    """The Euler scheme with one part to override in each broken variant."""

    drift_calls: float = 1.0

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        return x + self.step_size * self.force(x, t), self.size()

    def force(self, x: Tensor, t: Any) -> Tensor:
        return self.dynamics.drift(x, t)

    def size(self) -> Any:
        return math.sqrt(2 * self.step_size)


class WrongCost(Euler):
    drift_calls = 2.0


class NoCost(Euler):
    drift_calls = None  # type: ignore[assignment]


class SecretCost(Euler):
    def force(self, x: Tensor, t: Any) -> Tensor:
        return (self.dynamics.drift(x, t) + self.dynamics.target.drift(x)) / 2


class GlobalRandom(Euler):
    def force(self, x: Tensor, t: Any) -> Tensor:
        return super().force(x, t) + torch.randn(x.shape, dtype=torch.float64).to(x)


class MeanField(Euler):
    def force(self, x: Tensor, t: Any) -> Tensor:
        return super().force(x - x.mean(), t)


class CastsUp(Euler):
    def force(self, x: Tensor, t: Any) -> Tensor:
        return super().force(x.double(), t)


class CastsTheFactor(Euler):
    def size(self) -> Any:
        return torch.full((1,), 2 * self.step_size, dtype=torch.float64).sqrt()


class CastsDown(Euler):
    def force(self, x: Tensor, t: Any) -> Tensor:
        return super().force(x.float(), t).to(x.dtype)


class LosesDigits(Euler):
    """Mathematically the Euler scheme, but the step is found as a difference of numbers near 10^6."""

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        mean, factor = super().step(x, t, draws)
        return (mean + 1e6) - 1e6, factor


class InPlace(Euler):
    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        return x.add_(self.step_size * self.force(x, t)), self.size()


class SumsCoordinates(Euler):
    def force(self, x: Tensor, t: Any) -> Tensor:
        return super().force(x, t).sum(-1)


class Unfinished(Euler):
    def force(self, x: Tensor, t: Any) -> Tensor:
        raise RuntimeError("not written yet")


class DividesByZero(Euler):
    def force(self, x: Tensor, t: Any) -> Tensor:
        return super().force(x, t) / 0.0 * 0.0


class NoNoise(Euler):
    def size(self) -> Any:
        return 0.0


class WrongSign(Euler):
    def force(self, x: Tensor, t: Any) -> Tensor:
        return -super().force(x, t)


class HalvedDrift(Euler):
    def force(self, x: Tensor, t: Any) -> Tensor:
        return super().force(x, t) / 2


class NoisyPoint(Euler):
    """Right with a constant drift only: the drift is taken at a point one standard deviation away."""

    draws: Mapping[str, Draw] = {"z": Normal()}

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        return x + self.step_size * self.force(x + draws["z"], t), self.size()


class CommonNoise(Euler):
    """All coordinates of a point feel one normal."""

    draws: Mapping[str, Draw] = {"z": Normal()}

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        z = draws["z"] if self.dynamics.target.dim == 1 else draws["z"][..., :1].expand(x.shape)
        return x + self.step_size * self.force(x, t) + self.size() * z, 0.0


class Heavy(Uniform):
    """A draw whose rule has weights that sum to 0.9."""

    def rule(self, level: int) -> Any:
        nodes, weights = super().rule(level)
        return nodes, 0.9 * weights


class WrongWeights(RandomizedMidpoint):
    draws = {"u": Heavy(), "z": Normal()}


class Lazy(Uniform):
    """A draw whose samples are all 1/10, while its rule is that of a uniform."""

    def sample(self, shape: tuple[int, ...], generator: torch.Generator, dtype: torch.dtype) -> Tensor:
        return torch.full(shape, 0.1, dtype=dtype)


class WrongSamples(RandomizedMidpoint):
    draws = {"u": Lazy(), "z": Normal()}


class Skewed(Draw):
    """A draw with mean 0, variance 1 and skewness: +2 with probability 1/5, -1/2 with probability 4/5."""

    shared = False

    def sample(self, shape: tuple[int, ...], generator: torch.Generator, dtype: torch.dtype) -> Tensor:
        return torch.where(torch.rand(shape, generator=generator) < 0.2, 2.0, -0.5).to(dtype)

    def rule(self, level: int) -> Any:
        return np.array([2.0, -0.5]), np.array([0.2, 0.8])


class TwoPoint(Euler):
    """The Euler scheme with half of the variance in two-point noise."""

    draws: Mapping[str, Draw] = {"z": Skewed()}

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        return x + self.step_size * self.force(x, t) + math.sqrt(self.step_size) * draws["z"], math.sqrt(self.step_size)


class Jumps(Euler):
    """The right drift and variance in the limit, but half of the variance in one rare jump: the third moment is of order a, too."""

    def __init__(self, dynamics: Any, step_size: float):
        super().__init__(dynamics, step_size)
        self.draws = {"jump": Rare(step_size)}

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        return x + self.step_size * self.force(x, t) + draws["jump"], math.sqrt(self.step_size)


class Rare(Draw):
    shared = False

    def __init__(self, rate: float):
        self.rate = rate

    def sample(self, shape: tuple[int, ...], generator: torch.Generator, dtype: torch.dtype) -> Tensor:
        return torch.where(torch.rand(shape, generator=generator) < self.rate, 1.0 - self.rate, -self.rate).to(dtype)

    def rule(self, level: int) -> Any:
        return np.array([1 - self.rate, -self.rate]), np.array([self.rate, 1 - self.rate])


class OnlySpace(Euler):
    """A scheme for more than one dimension."""

    def __init__(self, dynamics: Any, step_size: float):
        super().__init__(dynamics, step_size)
        if dynamics.target.dim == 1:
            raise InvalidParameter("dynamics", "dimension 1", "at least two dimensions")


class OnlyLine(Euler):
    def __init__(self, dynamics: Any, step_size: float):
        super().__init__(dynamics, step_size)
        if dynamics.target.dim > 1:
            raise InvalidParameter("dynamics", "dimension 3", "the line")


class BentResponse(Overdamped):
    """G_h = h + h^2, which is no semigroup."""

    def respond(self, h: Any, b: Tensor) -> Tensor:
        return h * b + h**2 * b


class BentNoise(Overdamped):
    """Gamma_h = 2h."""

    def noise(self, h: Any) -> Any:
        return super().noise(h) ** 2


def broken(scheme: Callable[..., Scheme], **options: Any) -> BrokenScheme:
    with pytest.raises(BrokenScheme) as caught:
        check_scheme(scheme, **options)
    return caught.value


def single_midpoint_variance(substeps: float) -> Callable[[float], float]:
    """lam Var of PMM with one midpoint on a Gaussian, x = a lam: from X' = (1 - x + s x^2) X + sqrt(2xs)(1 - x) Z1 + sqrt(2x(1-s)) Z2."""

    def variance(x: float) -> float:
        first, second = (1 - 1 / substeps) / 2, (1 - 1 / substeps) * (2 - 1 / substeps) / 6
        noise = 2 * x * (1 - x) ** 2 * first + 2 * x * (1 - first)
        return noise / (1 - (1 - x) ** 2 - 2 * (1 - x) * x**2 * first - x**4 * second)

    return variance


def randomized_midpoint_variance(x: float) -> float:
    return 3 * (2 - 2 * x + x**2) / (6 - 6 * x + 3 * x**2 - x**3)


def poisson_midpoint_variance(x: float) -> float:
    """For independent midpoints and K = inf."""
    return 4 * (6 - 6 * x + 5 * x**2) / (24 - 24 * x + 12 * x**2 - 7 * x**3)


@pytest.mark.parametrize(
    ("scheme", "options"),
    [
        (EulerMaruyama, {"order": 1, "stationary_variance": lambda x: 1 / (1 - x / 2)}),
        (RandomizedMidpoint, {"order": 2, "stationary_variance": randomized_midpoint_variance}),
        (PoissonMidpoint, {"order": 2, "midpoints": "bernoulli", "stationary_variance": poisson_midpoint_variance}),
        (PoissonMidpoint, {"order": 2, "midpoints": "single", "stationary_variance": single_midpoint_variance(math.inf)}),
        (PoissonMidpoint, {"order": 1, "substeps": 5, "midpoints": "bernoulli"}),
        (PoissonMidpoint, {"order": 1, "substeps": 5, "midpoints": "single", "stationary_variance": single_midpoint_variance(5)}),
        (PoissonMidpoint, {"order": 1, "substeps": 1, "midpoints": "bernoulli", "stationary_variance": single_midpoint_variance(1)}),
        (PoissonMidpoint, {"order": 1, "substeps": 1, "midpoints": "single", "stationary_variance": single_midpoint_variance(1)}),
        (SingleMidpoint, {"order": 1, "substeps": 8, "stationary_variance": single_midpoint_variance(8)}),
        (Heun, {"stationary_variance": lambda x: (1 - x / 2) ** 2 * 2 * x / (1 - (1 - x + x**2 / 2) ** 2)}),
    ],
)
def test_a_right_scheme_passes_every_law(scheme: type[Scheme], options: dict[str, Any]) -> None:
    checked = check_scheme(scheme, **options)
    missing = {"stationary Gaussian"} if scheme is not Heun and "stationary_variance" not in options else set()
    assert set(checked) == set(LAWS) - missing
    assert set(checked.skipped) == missing


def test_a_factory_lets_substeps_follow_the_step() -> None:
    assert "weak order" in check_scheme(lambda system, a: PoissonMidpoint(system, a, round(2 / a), "single"), order=2, skip=["law and particles"])


@pytest.mark.parametrize(
    ("scheme", "options", "law"),
    [
        (HalvedNoise, {}, "affine semigroup"),
        (MissingLastNoise, {"substeps": 8}, "affine semigroup"),
        (IndependentNoise, {"order": 2}, "weak order"),
        (DoubledMidpoints, {"order": 2}, "weak order"),
        (WrongCorrectionMatrix, {"substeps": 8, "stationary_variance": single_midpoint_variance(8)}, "stationary Gaussian"),
        (lambda system, a: WrongCorrectionMatrix(system, a, round(2 / a)), {"order": 2}, "small steps"),
        (EulerMaruyama, {"order": 2}, "weak order"),
        (EulerMaruyama, {"stationary_variance": lambda x: 1.0}, "stationary Gaussian"),
    ],
)
def test_a_broken_scheme_is_caught_by_its_law(scheme: Callable[..., Scheme], options: dict[str, Any], law: str) -> None:
    assert broken(scheme, skip=["law and particles"], **options).law == law


@pytest.mark.parametrize(
    ("scheme", "law", "words"),
    [
        (CastsUp, "shapes", r"the mean of a step .*float32.* has shape \(7,\) and torch.float64"),
        (CastsTheFactor, "shapes", "the next state of a step .*float32.* has .*torch.float64"),
        (SumsCoordinates, "shapes", r"has shape \(7, 7\)|raised|\(7,\)"),
        (Unfinished, "shapes", "raised RuntimeError: not written yet"),
        (DividesByZero, "shapes", "not finite"),
        (InPlace, "shapes", "changes x in place"),
        (GlobalRandom, "seed", "two runs with the same seed differ"),
        (LosesDigits, "float32 and float64", "the mean in float32 is"),
        (MeanField, "batch equals loop", "the mean of particle 0 in a batch of 12"),
        (NoNoise, "seed", "no randomness"),
        (WrongCost, "drift calls", "the declared number .* is 2, not 1"),
        (NoCost, "drift calls", "drift_calls is None"),
        (SecretCost, "drift calls", "is 1, not 2"),
        (WrongWeights, "mass", "is 0.9"),
        (CommonNoise, "affine semigroup", "covariance"),
        (HalvedDrift, "affine semigroup", "mean"),
        (WrongSign, "affine semigroup", "mean"),
        (TwoPoint, "affine semigroup", "not Gaussian"),
        (NoisyPoint, "small steps", "mean"),
        (WrongSamples, "law and particles", "moment"),
    ],
)
def test_a_users_mistake_is_named_in_one_sentence(scheme: type[Scheme], law: str, words: str) -> None:
    error = broken(scheme)
    assert error.law == law
    assert re.search(words, str(error))
    assert str(error).startswith(f'{scheme.__name__} breaks the law "{law}": ')
    assert str(error).count("\n") == 0


def test_a_drift_in_single_precision_is_off_a_constant_drift_by_its_rounding() -> None:
    assert broken(CastsDown, skip=LONG).law == "affine semigroup"


def test_jumps_are_seen_by_the_third_cumulant() -> None:
    error = broken(Jumps, skip=["affine semigroup", *LONG])
    assert error.law == "small steps"


@pytest.mark.parametrize("dynamics", [BentResponse, BentNoise])
def test_dynamics_that_are_no_semigroup_are_seen(dynamics: Callable[[Target], Overdamped]) -> None:
    assert broken(EulerMaruyama, dynamics=dynamics).law == "affine semigroup"


def test_laws_that_need_the_line_are_skipped_with_the_reason() -> None:
    checked = check_scheme(OnlySpace, order=1)
    assert "affine semigroup" in checked
    assert {"mass", "small steps", "law and particles", "weak order"} <= set(checked.skipped)
    assert "dimension 1" in checked.skipped["mass"]


def test_a_scheme_on_the_line_only_is_checked_there() -> None:
    assert "weak order" in check_scheme(OnlyLine, order=1, skip=["law and particles"])


def test_laws_left_out_are_named() -> None:
    checked = check_scheme(EulerMaruyama, skip=LONG)
    assert checked == ("shapes", "seed", "float32 and float64", "batch equals loop", "drift calls", "mass", "affine semigroup", "small steps")
    assert checked.skipped["weak order"] == "left out by the caller"


def test_the_check_is_deterministic() -> None:
    assert str(broken(CommonNoise)) == str(broken(CommonNoise))


@pytest.mark.parametrize(
    ("scheme", "options", "name"),
    [
        (EulerMaruyama, {"skip": ["weak odour"]}, "skip"),
        (PoissonMidpoint, {"substeps": 0}, "substeps"),
        (Scheme, {}, "scheme"),
        (3, {}, "scheme"),
        (lambda system, a: a, {}, "scheme"),
    ],
)
def test_wrong_input_is_named(scheme: Any, options: dict[str, Any], name: str) -> None:
    with pytest.raises(InvalidParameter, match=f"^{name} = "):
        check_scheme(scheme, **options)
