"""Exact laws on anisotropic Gaussians in several dimensions: axis by axis, turned, and against particles."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from pmmtheory.dynamics import Overdamped, Underdamped
from pmmtheory.errors import InvalidParameter
from pmmtheory.laws import LinearLaw, stationary_law, transient_law
from pmmtheory.particles import simulate
from pmmtheory.schemes import Scheme
from pmmtheory.targets import Gaussian
from tests.oracles.linear_schemes import SPLITTINGS, exact_after, exact_stationary, relative, scheme

NAMES = ("lmc", "rmm", "bernoulli 3", "bernoulli inf", "single 8", "single inf")
PARTICLES = 200_000
FRICTION = 1.3


@cache
def turned(dim: int, seed: int = 0) -> Gaussian:
    """Curvatures from 0.4 to 4 on axes of its own, and a mean."""
    rng = np.random.default_rng(seed)
    axes, variances = np.linalg.qr(rng.standard_normal((dim, dim)))[0], 1 / np.geomspace(0.4, 4, dim)
    matrix = (axes * variances) @ axes.T
    return Gaussian(rng.standard_normal(dim), (matrix + matrix.T) / 2)


def on(target: Gaussian, name: str, friction: float | None, step: float = 0.2) -> Scheme:
    return scheme(name, Overdamped(target) if friction is None else Underdamped(target, friction), step)


def assembled(target: Gaussian, blocks: list[np.ndarray]) -> np.ndarray:
    """The covariance with these s x s blocks on the axes of the target, all positions before all velocities."""
    axes = target.axes.numpy() if target.axes is not None else np.eye(target.dim)
    return sum(np.kron(block, np.outer(axis, axis)) for block, axis in zip(blocks, axes.T, strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("dim", [3, 5])
@pytest.mark.parametrize(("name", "friction"), [*((name, f) for name in NAMES for f in (None, FRICTION)), *((name, FRICTION) for name in SPLITTINGS)])
def test_every_axis_is_a_chain_of_its_own(name: str, friction: float | None, dim: int) -> None:
    target = turned(dim)
    curvatures = (1 / target.variances).tolist()
    law = stationary_law(on(target, name, friction))
    assert isinstance(law, LinearLaw) and law.dim == dim
    blocks = [exact_stationary(name, 0.2, lam, friction) for lam in curvatures]
    assert relative(law.covariance, assembled(target, blocks)) < 1e-12
    centre = torch.as_tensor(target.mean)
    assert torch.equal(law.mean, centre if friction is None else torch.stack([centre, torch.zeros_like(centre)]))
    after = transient_law(on(target, name, friction), target, 5)
    starts = [1 / lam if friction is None else np.diag([1 / lam, 1.0]) for lam in curvatures]
    blocks = [exact_after(name, 0.2, lam, friction, 5, start) for lam, start in zip(curvatures, starts, strict=True)]
    assert relative(after.covariance, assembled(target, blocks)) < 1e-12


@pytest.mark.slow
@settings(max_examples=5)
@given(st.integers(0, 10**6), st.sampled_from(NAMES))
def test_a_turn_of_the_target_turns_the_law(seed: int, name: str) -> None:
    target = turned(3)
    q = np.linalg.qr(np.random.default_rng(seed).standard_normal((3, 3)))[0]
    matrix = q @ target.covariance.numpy() @ q.T
    law = stationary_law(on(target, name, FRICTION)).covariance.numpy()
    other = stationary_law(on(Gaussian(target.mean, (matrix + matrix.T) / 2), name, FRICTION)).covariance.numpy()
    both = np.kron(np.eye(2), q)
    assert relative(other, both @ law @ both.T) < 1e-12


def deviations(x: Tensor, law: LinearLaw) -> float:
    """The largest deviation of a mean or covariance of particles from the law, in standard errors."""
    y = x.reshape(len(x), -1) - law.mean.reshape(-1)
    products = y[:, :, None] * y[:, None, :]
    found = [(y.mean(0), y.std(0)), (products.mean(0) - law.covariance, products.std(0))]
    return max(float((gap.abs() / (width / math.sqrt(len(x)))).max()) for gap, width in found)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "friction", "dim"), [("bernoulli 3", None, 5), ("rmm", FRICTION, 3), ("single inf", FRICTION, 3)])
def test_two_hundred_thousand_particles(name: str, friction: float | None, dim: int) -> None:
    """Within four standard errors after five steps, where the law after four is more than eight away."""
    target, start = turned(dim), Gaussian(turned(dim).mean, 0.7)
    chain = on(target, name, friction, step=0.35)
    x = simulate(chain, PARTICLES, 5, seed=4, dtype=torch.float64, initial=start)
    assert deviations(x, transient_law(chain, start, 5)) < 4
    assert deviations(x, transient_law(chain, start, 4)) > 8


@pytest.mark.parametrize("friction", [None, FRICTION])
@pytest.mark.parametrize("name", ["lmc", "bernoulli 1"])
def test_the_mean_after_some_steps(name: str, friction: float | None) -> None:
    """From another mean, by powers of a matrix written out; the covariance is that of the centred start."""
    target, start = turned(3), Gaussian(torch.tensor([2.0, -1.0, 0.5]), 0.7)
    law = transient_law(on(target, name, friction), start, 6)
    precision, eye = torch.linalg.inv(target.covariance), torch.eye(3, dtype=torch.float64)
    a, offset = 0.2, start.mean - target.mean
    if friction is None:
        expected = target.mean + torch.linalg.matrix_power(eye - a * precision, 6) @ offset
    else:
        moved = (1 - math.exp(-friction * a)) / friction
        rows = [[eye - (a - moved) / friction * precision, moved * eye], [-moved * precision, math.exp(-friction * a) * eye]]
        step = torch.cat([torch.cat(row, 1) for row in rows])
        after = torch.linalg.matrix_power(step, 6) @ torch.cat([offset, torch.zeros(3, dtype=torch.float64)])
        expected = after.reshape(2, 3) + torch.stack([target.mean, torch.zeros(3, dtype=torch.float64)])
    assert torch.allclose(law.mean, expected, rtol=1e-13, atol=1e-14)
    centred = transient_law(on(target, name, friction), Gaussian(target.mean, 0.7), 6)
    assert relative(law.covariance, centred.covariance.numpy()) < 1e-13


@pytest.mark.parametrize("name", NAMES)
def test_another_mean_on_the_line(name: str) -> None:
    """Random midpoints spread the mean: second moments about the target follow the covariances' own recursion."""
    lam, step, start, centre = 1.7, 0.4, Gaussian(2.3, 0.5), 0.3
    factor = 1 - step * lam
    if name != "lmc":
        k = name.split()[-1] if " " in name else "inf"
        factor += (step * lam) ** 2 / 2 * (1 if k == "inf" else 1 - 1 / int(k))
    law = transient_law(on(Gaussian(centre, 1 / lam), name, None, step), start, 4, engine="gaussian")
    offset = factor**4 * (start.mean - centre)
    assert law.mean == pytest.approx(centre + offset, rel=1e-13)
    second = exact_after(name, step, lam, None, 4, start.covariance + (start.mean - centre) ** 2)
    assert law.covariance == pytest.approx(float(second[0, 0]) - offset**2, rel=1e-12)


class TestParts:
    law = stationary_law(on(turned(3), "UBU", FRICTION))

    def test_position_and_velocity_are_the_diagonal_blocks(self) -> None:
        assert torch.equal(self.law.position.covariance, self.law.covariance[:3, :3])
        assert torch.equal(self.law.velocity.covariance, self.law.covariance[3:, 3:])
        assert torch.equal(self.law.position.mean, turned(3).mean) and not bool(self.law.velocity.mean.any())
        assert torch.equal(self.law.position.position.covariance, self.law.position.covariance)

    def test_there_is_no_velocity_without_one(self) -> None:
        with pytest.raises(InvalidParameter, match="law without velocity"):
            _ = stationary_law(on(turned(3), "lmc", None)).velocity


class TestWrongStart:
    chain = on(turned(3), "bernoulli inf", None)

    @pytest.mark.parametrize("initial", [1.0, Gaussian(dim=2), Gaussian(torch.zeros(3), [1.0, 2.0, 3.0]), turned(3, seed=1)])
    def test_neither_isotropic_nor_on_the_axes(self, initial: object) -> None:
        with pytest.raises(InvalidParameter, match="initial = .* is not allowed: a Gaussian that is isotropic or has the axes of the target"):
            transient_law(self.chain, initial, 2)

    def test_shared_midpoints_need_the_mean_of_the_target(self) -> None:
        with pytest.raises(InvalidParameter, match="initial = .* is not allowed: the same mean, where random midpoints are shared"):
            transient_law(self.chain, Gaussian(torch.zeros(3), 2.0), 2)

    def test_laws_of_another_size(self) -> None:
        with pytest.raises(InvalidParameter, match="initial"):
            transient_law(self.chain, TestParts.law, 2)

    def test_laws_on_other_axes(self) -> None:
        for target in (turned(3), Gaussian(turned(3, seed=1).mean, 1.0)):
            with pytest.raises(InvalidParameter, match="initial"):
                transient_law(on(target, "lmc", None), stationary_law(on(turned(3, seed=1), "lmc", None)), 2)
