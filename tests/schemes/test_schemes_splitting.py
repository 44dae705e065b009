"""The splittings: flow by flow on the same noise, the law of a step on a linear drift, forces taken, and what they refuse."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pmmtheory.dynamics import BlockFactor, Overdamped, Underdamped
from pmmtheory.errors import InvalidParameter
from pmmtheory.schemes import ABOBA, BAOAB, BUB, OBABO, UBU, Splitting
from pmmtheory.targets import Gaussian, GaussianMixture, Target
from tests.oracles import kinetic
from tests.oracles.linear_chain import covariance_after
from tests.oracles.lines import BIMODAL

SPACE = GaussianMixture([0.3, 0.7], [[0.0, 1.0, -1.0], [1.5, -0.5, 0.3]], [0.8, 1.3])
FLOWS = {ABOBA: kinetic.aboba, BAOAB: kinetic.baoab, BUB: kinetic.bub, OBABO: kinetic.obabo, UBU: kinetic.ubu}
MERGED = {ABOBA: "O", OBABO: "O", UBU: "U"}
"""Those whose last noise moves no position at which a force is taken, and the letter it comes from."""

every = pytest.mark.parametrize("scheme_class", FLOWS)
targets = pytest.mark.parametrize("target", [BIMODAL, SPACE], ids=["line", "space"])
step_sizes, frictions = st.floats(0.01, 0.9), st.floats(-1, 1).map(lambda power: 10**power)
ROUNDING = 1e-12
ROOT_OF_ROUNDING = 1e-7
"""Of the velocity's own noise where the factor is singular: the root of a difference that is zero."""


@every
@targets
@given(seed=st.integers(0, 10**6), step_size=step_sizes, friction=frictions)
def test_a_step_is_its_flows(scheme_class: type[Splitting], target: Target, seed: int, step_size: float, friction: float) -> None:
    """On the same normals, the last of which is the factor's in the splittings that have one."""
    generator = torch.Generator().manual_seed(seed)
    scheme = scheme_class(Underdamped(target, friction), step_size)
    x, *normals = torch.randn(3, *scheme.dynamics.state_shape, generator=generator, dtype=torch.float64)
    count = sum(letter in "OU" for letter, _ in scheme.parts)
    own = [z if letter == "U" else z[1] for z, letter in zip(normals, [letter for letter, _ in scheme.parts if letter in "OU"], strict=False)]
    plain = FLOWS[scheme_class](lambda u: target.drift(torch.as_tensor(u)).numpy(), x.numpy(), friction, step_size, [z.numpy() for z in own])
    mean, factor = scheme.step(x, 0.0, dict(zip(scheme.draws, normals, strict=False)))
    if scheme_class not in MERGED:
        assert factor == 0.0 and len(scheme.draws) == count
        assert torch.allclose(mean, torch.as_tensor(plain), rtol=0, atol=ROUNDING)
        return
    assert isinstance(factor, BlockFactor) and len(scheme.draws) == count - 1
    last = normals[count - 1]
    both = last if MERGED[scheme_class] == "U" else torch.stack([last[1], last[1]])  # of a noise of one block either normal may be read
    assert torch.allclose(mean + factor * both, torch.as_tensor(plain), rtol=0, atol=ROUNDING if scheme_class is not ABOBA else ROOT_OF_ROUNDING)


@pytest.mark.slow
@every
@given(lam=st.floats(0.1, 4), step_size=step_sizes, friction=frictions)
def test_the_law_of_a_step_on_a_linear_drift(scheme_class: type[Splitting], lam: float, step_size: float, friction: float) -> None:
    """Mean and covariance given x against the composed affine maps, in 80 digits."""
    scheme = scheme_class(Underdamped(Gaussian(0.0, 1 / lam), friction), step_size)
    units, zeros = torch.eye(2, dtype=torch.float64), torch.zeros(2, 2, dtype=torch.float64)
    still = {name: zeros for name in scheme.draws}
    matrix = scheme.step(units, 0.0, still)[0].T.numpy()
    covariance = np.zeros((2, 2))
    for name in scheme.draws:
        column = scheme.step(zeros, 0.0, still | {name: units})[0].T.numpy()
        covariance += column @ column.T
    last = (scheme.step(zeros, 0.0, still)[1] * units).T.numpy()
    covariance += last @ last.T
    for start in (np.zeros((2, 2)), np.diag([1.0, 0.0]), np.diag([0.0, 1.0]), np.ones((2, 2))):
        exact = covariance_after(scheme_class.__name__, step_size, lam, friction, 1, start)
        assert matrix @ start @ matrix.T + covariance == pytest.approx(exact, rel=1e-12, abs=1e-14)


class Counting(Gaussian):
    """Remembers where its force was taken."""

    def __init__(self) -> None:
        super().__init__()
        self.places: list[float] = []

    def drift(self, x: torch.Tensor) -> torch.Tensor:
        self.places.append(float(x))
        return super().drift(x)


@every
def test_forces(scheme_class: type[Splitting]) -> None:
    """One new place a step: where there are two the second is the first of the next step."""
    target = Counting()
    scheme, steps = scheme_class(Underdamped(target, 1.3), 0.2), 6
    x, generator = torch.tensor([0.5, -1.0], dtype=torch.float64), torch.Generator().manual_seed(0)
    for _ in range(steps):
        mean, factor = scheme.step(x, 0.0, {name: torch.randn(2, generator=generator, dtype=torch.float64) for name in scheme.draws})
        x = mean + factor * torch.randn(2, generator=generator, dtype=torch.float64)
    assert len(set(target.places)) in (steps, steps + 1)
    assert scheme.drift_calls == 1


@every
def test_drift_of_order_one(scheme_class: type[Splitting]) -> None:
    """The mean of a short step is X + a (V, -friction V + b)."""
    a, friction, x = 1e-6, 1.7, torch.tensor([0.4, -1.1], dtype=torch.float64)
    scheme = scheme_class(Underdamped(BIMODAL, friction), a)
    mean, _ = scheme.step(x, 0.0, {name: torch.zeros(2, dtype=torch.float64) for name in scheme.draws})
    slope = torch.stack([x[1], -friction * x[1] + BIMODAL.drift(x[0])])
    assert torch.allclose((mean - x) / a, slope, rtol=0, atol=1e-5)


@every
def test_another_step_size_is_another_factor(scheme_class: type[Splitting]) -> None:
    x = torch.tensor([0.4, -1.1], dtype=torch.float64)
    system = Underdamped(BIMODAL, 1.3)
    still = {name: torch.ones(2, dtype=torch.float64) for name in scheme_class(system, 0.1).draws}
    (one, noise), (other, same) = (scheme.step(x, 0.0, still) for scheme in (scheme_class(system, 0.1).with_step(0.3), scheme_class(system, 0.3)))
    assert torch.equal(one, other) and noise == same


@every
class TestWrongInput:
    def test_only_underdamped(self, scheme_class: type[Splitting]) -> None:
        with pytest.raises(
            InvalidParameter, match="^dynamics = 'Overdamped' is not allowed: Underdamped, for a splitting of position, velocity and friction.$"
        ):
            scheme_class(Overdamped(Gaussian()), 0.1)

    def test_not_a_target(self, scheme_class: type[Splitting]) -> None:
        with pytest.raises(InvalidParameter, match="dynamics"):
            scheme_class(Gaussian(), 0.1)  # type: ignore[arg-type]

    @pytest.mark.parametrize("step_size", [0, -0.1, math.nan, math.inf, "small", None, True, [0.1, 0.2]])
    def test_step_size(self, scheme_class: type[Splitting], step_size: float) -> None:
        with pytest.raises(InvalidParameter, match="step_size"):
            scheme_class(Underdamped(Gaussian(), 1.0), step_size)
        with pytest.raises(InvalidParameter, match="step_size"):
            scheme_class(Underdamped(Gaussian(), 1.0), 0.1).with_step(step_size)


class TestOwnSplitting:
    """A subclass gives its parts and nothing else."""

    def test_one_half_kick_too_few_is_seen(self) -> None:
        class Lame(Splitting):
            parts = (("B", 0.5), ("A", 0.5), ("O", 1.0), ("A", 0.5))

        x, z = torch.tensor([0.4, -1.1], dtype=torch.float64), torch.tensor([0.7, 0.7], dtype=torch.float64)
        scheme = Lame(Underdamped(BIMODAL, 1.3), 0.4)
        assert not scheme.draws  # its last noise moves no force: it is the factor
        mean, factor = scheme.step(x, 0.0, {})
        right = kinetic.baoab(lambda u: BIMODAL.drift(torch.as_tensor(u)).numpy(), x.numpy(), 1.3, 0.4, [z.numpy()[1]])
        moved = mean + factor * z
        assert float(moved[0]) == pytest.approx(right[0], abs=ROOT_OF_ROUNDING)
        assert float(moved[1]) + 0.2 * float(BIMODAL.drift(moved[0])) == pytest.approx(right[1], abs=ROOT_OF_ROUNDING)
        assert abs(float(moved[1]) - right[1]) > 1e-3

    @pytest.mark.parametrize("noisy", ["O", "U"])
    def test_the_last_noise_moves_on_with_every_flow_after_it(self, noisy: str) -> None:
        class Drifting(Splitting):
            parts = (("B", 1.0), (noisy, 0.5), ("A", 0.25), ("A", 0.75))

        a, friction = 0.4, 1.3
        scheme = Drifting(Underdamped(BIMODAL, friction), a)
        _, factor = scheme.step(torch.tensor([0.4, -1.1], dtype=torch.float64), 0.0, {})
        own = kinetic.matrices(friction, a / 2)[2] if noisy == "U" else np.diag([0.0, math.sqrt(1 - math.exp(-2 * friction * a / 2))])
        moved = np.array([[1.0, a], [0.0, 1.0]]) @ own
        uu, uv, vv = factor.covariance
        assert np.array([[uu, uv], [uv, vv]]) == pytest.approx(moved @ moved.T, rel=1e-13)


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ((("A", 0.5), ("X", 1.0), ("O", 1.0)), 'a letter "A", "B", "O" or "U"'),
        ((("A", 1.0), ("B", 1.0)), 'at least one "O" or "U"'),
        ((("A", 1.0), ("O", -1.0)), "shares above 0"),
        ((("A", math.nan), ("O", 1.0)), "a finite share of the step"),
        (("A", "O"), "pairs of a letter"),
    ],
)
def test_parts_that_are_no_flows(parts: Any, told: str) -> None:
    cls = type("Own", (Splitting,), {"parts": parts})
    with pytest.raises(InvalidParameter, match=f"parts = .*{told}"):
        cls(Underdamped(Gaussian(), 1.3), 0.1)
