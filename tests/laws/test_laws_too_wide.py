"""Powers of a law that hang on what is far below the digits of its density: refused where they are infinite, in the error where they are not."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from pmmtheory.divergences import chi2, kl, renyi
from pmmtheory.dynamics import Overdamped, Underdamped
from pmmtheory.errors import InvalidParameter, NotConverged
from pmmtheory.laws import stationary_law, transient_law
from pmmtheory.laws.line.far import FarTails, Held
from pmmtheory.laws.phase_plane.planes import far_out
from pmmtheory.schemes import ABOBA, BAOAB, BUB, OBABO, UBU, EulerMaruyama, PoissonMidpoint, RandomizedMidpoint, Scheme, TamedEuler
from pmmtheory.targets import Cosine, Gaussian, GaussianMixture, LogCosh, Potential

TARGET = Gaussian(0.0, 1.0)
UNRESOLVED = (InvalidParameter, NotConverged)


class Clipped(EulerMaruyama):
    """Langevin Monte Carlo with a force of at most 10: its law is that of the plain step as far as a density is a number, and exponential beyond."""

    smooth = False

    @property
    def kinks(self) -> tuple[float, ...]:
        return (-10.0, 10.0)

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        return x + self.step_size * self.dynamics.drift(x, t).clamp(-10.0, 10.0), (2 * self.step_size) ** 0.5


@given(step=st.floats(0.02, 0.5), variance=st.floats(0.5, 3.0), start=st.floats(0.2, 6.0), steps=st.integers(1, 12))
def test_far_out_a_gaussian_chain_is_as_wide_as_it_is(step: float, variance: float, start: float, steps: int) -> None:
    target = Gaussian(0.3, variance)
    lmc = EulerMaruyama(Overdamped(target), step * variance)
    assert FarTails(lmc).variances == pytest.approx([float(stationary_law(lmc).covariance)] * 2, rel=1e-8)
    after = FarTails(lmc, Held((start, start)), [0.0] * steps).variances
    assert after == pytest.approx([float(transient_law(lmc, Gaussian(1.0, start), steps).covariance)] * 2, rel=1e-8)
    for kind in (EulerMaruyama, BAOAB, OBABO, ABOBA, UBU, BUB):
        chain = kind(Underdamped(target, 1.5), step * math.sqrt(variance))
        (found,) = far_out(chain, target).covariances
        assert torch.allclose(torch.as_tensor(found), torch.as_tensor(stationary_law(chain, engine="gaussian").covariance), rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("step", [0.2, 0.05, 0.01])
@pytest.mark.parametrize("target", [TARGET, Cosine(0.5)])
@pytest.mark.parametrize("kind", [TamedEuler, Clipped])
def test_a_force_that_is_bounded_has_tails_that_no_density_shows(kind: type[Scheme], target: Any, step: float) -> None:
    """Exponential against Gaussian: chi2 is infinite, and was .00669 +- 9e-10."""
    law = stationary_law(kind(Overdamped(target), step))
    with pytest.raises(InvalidParameter, match="finite"):
        chi2(law, target)
    with pytest.raises(InvalidParameter, match="finite"):
        renyi(law, target, 1.1)
    assert kl(law, target).error < 1e-9


@pytest.mark.parametrize("steps", [1, 20])
def test_tails_of_a_start_stay(steps: int) -> None:
    with pytest.raises(InvalidParameter, match="finite"):
        chi2(transient_law(EulerMaruyama(Overdamped(TARGET), 0.1), LogCosh(), steps), TARGET)


def test_a_tamed_chain_grows_wider_step_by_step() -> None:
    """Far out a step is x - 1: after n steps of size a from N(0, 1) it is as wide as N(0, 1 + 2 a n)."""
    chain = TamedEuler(Overdamped(TARGET), 0.02)
    assert chi2(transient_law(chain, TARGET, 20), TARGET).error < 1e-8
    with pytest.raises(InvalidParameter, match="finite"):
        chi2(transient_law(chain, TARGET, 30), TARGET)


def test_many_midpoints_at_once_throw_outwards() -> None:
    """All of 79 multiply a deviation by 1.049, in one step of 1e118; of four, by less than one."""
    law = stationary_law(PoissonMidpoint(Overdamped(TARGET), 0.05, 80))
    with pytest.raises(InvalidParameter, match="finite"):
        chi2(law, TARGET)
    assert chi2(stationary_law(PoissonMidpoint(Overdamped(TARGET), 0.05, 5)), TARGET).error < 1e-12


@pytest.mark.parametrize("substeps", [80, math.inf])
def test_and_in_the_phase_plane(substeps: float) -> None:
    law = stationary_law(PoissonMidpoint(Underdamped(Cosine(0.5), 2.0), 0.3, substeps))
    for one in (law, law.position, law.velocity):
        with pytest.raises(InvalidParameter, match="finite"):
            chi2(one, Gaussian() if one is law.velocity else Cosine(0.5))


@pytest.mark.parametrize("off", [-1e-2, 1e-2])
def test_the_border_is_where_it_is(off: float) -> None:
    """chi2 of N(0, 1/(1 - a/2)) against N(0, 1) is finite for a < 1."""
    step = 1 + off
    law = stationary_law(EulerMaruyama(Overdamped(TARGET), step))
    if off > 0:
        with pytest.raises(InvalidParameter, match="finite"):
            chi2(law, TARGET)
    else:
        found, right = chi2(law, TARGET), (1 - step / 2) / math.sqrt(1 - step) - 1
        assert kl(law, TARGET).error < 1e-9 and abs(found.value - right) <= found.error


@pytest.mark.parametrize("weight", [1e-4, 1e-7, 1e-10, 1e-13])
def test_wide_and_light_in_the_phase_plane_and_in_the_plane(weight: float) -> None:
    start = GaussianMixture([1 - weight, weight], [0.0, 0.0], [1.0, 2.5])
    law = transient_law(BAOAB(Underdamped(TARGET, 2.0), 0.2), start, 2)
    for one in (law, law.position):
        with pytest.raises(UNRESOLVED):
            renyi(one, TARGET, 3.0)
    whole = GaussianMixture([1 - weight, weight], [[0.0, 0.0]] * 2, [1.0, 2.5])
    law = transient_law(EulerMaruyama(Overdamped(Gaussian(dim=2)), 0.2), whole, 1, engine="potential_plane")
    for one, other in ((law, Gaussian(0.0, 0.95, dim=2)), (law.along([1.0, 0.0]), Gaussian(0.0, 0.95))):
        with pytest.raises(UNRESOLVED):
            chi2(one, other)


@pytest.mark.parametrize("friction", [1.0, 2.0])
def test_one_random_midpoint_is_no_wider(friction: float) -> None:
    law = stationary_law(RandomizedMidpoint(Underdamped(Cosine(0.5), friction), 0.3))
    assert chi2(law.position, Cosine(0.5)).error < 1e-5


@pytest.mark.parametrize("unit", [1.0, 1000.0])
@pytest.mark.parametrize("midpoints", ["single", "interior"])
def test_tails_of_two_curvatures_are_no_wider_than_they_are(midpoints: str, unit: float) -> None:
    """Left of 0 a force of 4 x, right of it of x: noise that leads to the other side is damped as there. It was refused, in large units."""

    def potential(x: Tensor) -> Tensor:
        z = x / unit
        return 1.25 * z**2 - 0.75 * z * torch.sqrt(1 + z**2)

    target = Potential(potential)
    law = transient_law(PoissonMidpoint(Overdamped(target), 0.2 * unit**2, 3, midpoints), Gaussian(0.0, unit**2), 1)
    found = chi2(law, Gaussian(0.0, 0.9 * unit**2))
    assert found.value > 0.01 and found.error < 1e-4
