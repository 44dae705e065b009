"""Laws in the plane of chains with several random midpoints a step, against laws on the line, sums over all sets of midpoints, closed forms and particles."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pmmtheory.chain import Chain
from pmmtheory.divergences import kl, tv
from pmmtheory.dynamics import Overdamped
from pmmtheory.errors import InvalidParameter, NotConverged, UnstableStep
from pmmtheory.laws import PlanarLaw, stationary_law, transient_law
from pmmtheory.laws.engine import engine_for
from pmmtheory.laws.step.cubature import cubature
from pmmtheory.laws.step.midpoint_series import midpoint_series, nodes_for, untold
from pmmtheory.numerics.rules import gauss_hermite
from pmmtheory.numerics.truncated_series import exponents
from pmmtheory.particles import simulate
from pmmtheory.schemes import EulerMaruyama, PoissonMidpoint
from pmmtheory.targets import Gaussian, GaussianMixture, Potential
from tests.laws.turned_product import FACTORS, SHIFT, TARGET, UNITS

MODES = GaussianMixture([0.4, 0.6], [[-1.0, 0.2], [0.8, -0.3]], [0.7, 0.9])


def chain(target, step_size: float, substeps: float, kind: type[PoissonMidpoint] = PoissonMidpoint) -> PoissonMidpoint:  # type: ignore[no-untyped-def]
    return kind(Overdamped(target), step_size, substeps=substeps, midpoints="bernoulli")


class Stronger(PoissonMidpoint):
    """Midpoints push a twentieth more than they should."""

    def push(self, change, t=0.0):  # type: ignore[no-untyped-def]
        return 1.05 * super().push(change, t)


class Bent(PoissonMidpoint):
    """Midpoints push by what is no linear function of the change of the force."""

    def push(self, change, t=0.0):  # type: ignore[no-untyped-def]
        return super().push(torch.tanh(change), t)


class OwnStep(PoissonMidpoint):
    """A step of its own, of which no structure tells."""

    def step(self, x, t, draws):  # type: ignore[no-untyped-def]
        mean, factor = super().step(x, t, draws)
        return mean + 0.01 * self.step_size * torch.sin(x), factor


def by_cubature(scheme: PoissonMidpoint, x: torch.Tensor, waves: torch.Tensor, centre: torch.Tensor, nodes: int, t: float = 0.0) -> torch.Tensor:
    """E exp(i waves . (X' - centre)) by Gauss rules for all normals of all sets of midpoints, (n, k)."""
    rule = gauss_hermite(nodes)
    at = cubature(scheme, 0, normal=lambda name, component: rule, t=t)
    mean, factor = scheme.step(x[:, None], t, at.draws)
    still = torch.as_tensor(factor, dtype=torch.float64).expand(len(at), 1)
    phase = (mean.expand(len(x), len(at), 2) - centre[:, None]) @ waves.T
    damped = torch.exp(-(still**2) * (waves**2).sum(1) / 2) * at.weights[:, None]
    return (torch.exp(1j * phase) * damped).sum(1)


@settings(max_examples=8)
@given(
    substeps=st.sampled_from([2, 3]),
    step_size=st.floats(0.01, 0.06),
    places=st.lists(st.tuples(st.floats(-3, 3), st.floats(-3, 3)), min_size=1, max_size=3),
    level=st.integers(0, 2),
)
def test_a_step_is_that_of_all_sets_of_midpoints(substeps: int, step_size: float, places: list[tuple[float, float]], level: int) -> None:
    scheme, x, degree = chain(MODES, step_size, substeps), torch.tensor(places, dtype=torch.float64), 14
    mean, series = midpoint_series(scheme, x, torch.full((len(x),), degree), level)
    zeta = torch.tensor([[0.5, 0.0], [0.7, 0.7], [-0.3, 1.4]], dtype=torch.float64)
    monomials = torch.stack([(1j * zeta[:, 0]) ** i * (1j * zeta[:, 1]) ** j for i, j in exponents(degree)])
    found = (series.T.to(torch.complex128) @ monomials) * torch.exp(-(zeta**2).sum(1) / 2)
    expected = by_cubature(scheme, x, zeta / math.sqrt(2 * step_size), mean, 14)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize(("substeps", "step_size", "rtol"), [(3, 0.1, 1e-5), (20, 0.05, 1e-5), (math.inf, 0.05, 1e-6), (math.inf, 0.02, 1e-3)])
def test_marginals_of_a_turned_product_are_laws_on_the_line(substeps: float, step_size: float, rtol: float) -> None:
    """The coordinates share the times of midpoints, so that the law is no product; its marginals are chains on the line."""
    found = stationary_law(chain(TARGET, step_size, substeps), rtol=rtol)
    assert found.numerical_error <= rtol
    x = torch.linspace(-3, 3, 13, dtype=torch.float64)
    for unit, factor in zip(UNITS, FACTORS.factors, strict=True):
        line = stationary_law(chain(factor, step_size, substeps))
        along = found.along(unit)
        off = (along.density(x + SHIFT * float(unit.sum())) - line.density(x)).abs().max()
        assert float(off) <= 2 * (found.numerical_error + line.numerical_error)
        wrong = stationary_law(chain(factor, 1.02 * step_size, substeps))
        assert float((along.density(x + SHIFT * float(unit.sum())) - wrong.density(x)).abs().max()) > 2 * (found.numerical_error + wrong.numerical_error)


@pytest.mark.slow
def test_a_kl_of_infinitely_many_substeps_to_a_thousandth() -> None:
    """F = (x^2 + y^2)/2 + cos(x + y)/2, along its diagonal, where it is a chain on the line."""
    plane = Potential(lambda x: (x**2).sum(-1) / 2 + torch.cos(x.sum(-1)) / 2, dim=2)
    line = Potential(lambda u: u**2 / 2 + torch.cos(math.sqrt(2) * u) / 2)
    law = stationary_law(chain(plane, 0.02, math.inf))
    along, exact = kl(law.along([1.0, 1.0]), line), kl(stationary_law(chain(line, 0.02, math.inf)), line)
    assert abs(along.value - exact.value) <= along.error + exact.error
    assert along.error < 1e-3 * along.value
    joint = kl(law, plane)
    assert exact.value < joint.value < 2 * exact.value and joint.error < 3e-3 * joint.value


@pytest.mark.slow
def test_a_correlated_gaussian_as_its_moments_say() -> None:
    """Along its axes it is a chain on the line, but for the times of midpoints, which both share."""
    covariance = torch.tensor([[1.0, 0.4], [0.4, 0.6]], dtype=torch.float64)
    precision = torch.linalg.inv(covariance)
    target = Potential(lambda x: ((x @ precision) * x).sum(-1) / 2, dim=2)
    law = stationary_law(chain(target, 0.05, 8), rtol=1e-6)
    units = torch.linalg.eigh(covariance)
    for spread, unit in zip(units[0], units[1].T, strict=True):
        line = stationary_law(chain(Gaussian(0.0, float(spread)), 0.05, 8))
        found = float(unit @ law.covariance @ unit)
        assert abs(found - float(line.covariance)) < 40 * law.numerical_error + 1e-9
        assert abs(found - float(spread)) > 1e-4  # the bias of the chain itself is seen


@pytest.mark.slow
def test_laws_after_some_steps() -> None:
    start = Gaussian([0.5, -0.4], 0.3)
    one, three = (transient_law(chain(MODES, 0.04, 5), start, n, rtol=1e-4) for n in (1, 3))
    direct = transient_law(chain(MODES, 0.04, 5), one, 2, rtol=1e-4)
    assert tv(direct, three).value <= direct.numerical_error + three.numerical_error
    sample = simulate(chain(MODES, 0.04, 5), particles=200_000, steps=3, initial=start, seed=5).double()
    for found, values in ((three.mean, sample), (three.covariance.diagonal(), (sample - three.mean) ** 2)):
        off = (values.mean(0) - found).abs()
        assert bool((off < 5 * values.std(0) / math.sqrt(len(values))).all())
    assert tv(one, three).value > 0.01


@pytest.mark.slow
def test_loose_laws_are_within_their_errors_of_a_finer_one() -> None:
    fine = stationary_law(chain(MODES, 0.03, math.inf), rtol=1e-6)
    for rtol in (1e-2, 1e-4):
        loose = stationary_law(chain(MODES, 0.03, math.inf), rtol=rtol)
        assert tv(fine, loose).value <= fine.numerical_error + loose.numerical_error
        assert fine.numerical_error < loose.numerical_error


@pytest.mark.slow
def test_a_push_that_is_overridden_is_that_of_the_law() -> None:
    own, wrong = (stationary_law(chain(MODES, 0.05, 8, kind), rtol=1e-4) for kind in (PoissonMidpoint, Stronger))
    assert tv(own, wrong).value > 20 * (own.numerical_error + wrong.numerical_error)
    line = stationary_law(chain(FACTORS.factors[0], 0.05, 8, Stronger))
    along = stationary_law(chain(TARGET, 0.05, 8, Stronger), rtol=1e-4).along(UNITS[0])
    x = torch.linspace(-3, 3, 7, dtype=torch.float64)
    off = (along.density(x + SHIFT * float(UNITS[0].sum())) - line.density(x)).abs().max()
    assert float(off) <= 2 * (along.numerical_error + line.numerical_error)


@pytest.mark.slow
def test_one_substep_is_lmc() -> None:
    one, lmc = stationary_law(chain(MODES, 0.05, 1), rtol=1e-6), stationary_law(EulerMaruyama(Overdamped(MODES), 0.05), rtol=1e-6)
    assert tv(one, lmc).value <= one.numerical_error + lmc.numerical_error


def ripple(waves: float, substeps: float) -> PoissonMidpoint:
    """F = |x|^2 / 4 + eps cos(k u), u the diagonal, with so many radians of k u in a deviation of the noise at the midpoint on each axis."""
    k = waves * math.sqrt(8.0)
    potential = Potential(lambda x: (x**2).sum(-1) / 4 + 0.6 / k**2 * torch.cos(k * x.sum(-1) / math.sqrt(2)), dim=2)
    return chain(potential, 0.25, substeps)


def test_a_force_that_turns_within_the_noise_of_a_step_is_refused_or_resolved() -> None:
    """Rules of 8 and 9 nodes an axis alias such a ripple alike: the law was off by 7 of its errors."""
    x, shares = torch.tensor([[0.1, 0.4], [0.8, -0.3]], dtype=torch.float64), torch.tensor([0.5, 0.5], dtype=torch.float64)
    found = [nodes_for(ripple(waves, 2), x, shares, 1e-6) for waves in (0.5, 2.0, 9.0)]
    assert found == [8, 16, 24]
    left = [float(untold(ripple(waves, 2), x, nodes).max()) for waves, nodes in zip((0.5, 2.0, 9.0), found, strict=True)]
    assert max(left[:2]) <= 1e-6 and left[2] > 1e-3
    with pytest.raises(NotConverged, match="within which its force turns"):
        stationary_law(ripple(9.0, 2), rtol=1e-3)


def test_a_ripple_that_the_chain_only_crosses_is_in_the_error() -> None:
    """Neither the start nor the target has mass where the force turns: no rule was held against it, and a law was off by 1.05 times its error."""
    waves, place, start = 11.85 / 0.1**0.5, 6.2, Gaussian([7.6, 0.0], [[0.04, 0.0], [0.0, 1.0]])

    def law(strength: float) -> PlanarLaw:
        def rippled(x: torch.Tensor) -> torch.Tensor:
            u = x[..., 0] - place
            return (x**2).sum(-1) / 2 + strength / waves * torch.cos(waves * u) * torch.exp(-(u**2) / 0.08)

        found = transient_law(chain(Potential(rippled, dim=2), 0.1, 2), start, 3, rtol=0.3)
        assert isinstance(found, PlanarLaw)
        return found

    assert law(1.5).errors["series"] > 1e-2 > 1e-5 > law(0.0).errors["series"]


def test_the_engine_that_serves() -> None:
    names = [engine_for(Chain(scheme), True).name for scheme in (chain(MODES, 0.05, 8), PoissonMidpoint(Overdamped(MODES), 0.05, 8, "single"))]
    assert names == ["several_midpoints", "potential_plane"]


@pytest.mark.parametrize(
    ("scheme", "error", "words"),
    [
        (chain(MODES, 0.05, 8, OwnStep), InvalidParameter, "its own structure"),
        (chain(MODES, 0.05, 8, Bent), InvalidParameter, "pushes are linear"),
        (chain(TARGET, 2.9, 8), UnstableStep, "steps below"),
        (chain(TARGET, 0.5, math.inf), NotConverged, "do not fall for so long a step"),
    ],
)
def test_what_has_no_law_is_refused(scheme: PoissonMidpoint, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        stationary_law(scheme)
