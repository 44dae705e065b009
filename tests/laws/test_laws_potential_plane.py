"""Laws in the plane on any potential: turned products of the line, Gaussians, and what other engines say."""

from __future__ import annotations

import math
from functools import cache

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from pmmtheory.divergences import kl, sliced_w2, tv, w2
from pmmtheory.dynamics import Overdamped
from pmmtheory.laws import LineLaw, PlanarLaw, stationary_law, transient_law
from pmmtheory.schemes import EulerMaruyama, Scheme
from pmmtheory.targets import Gaussian, GaussianMixture, Ring
from pmmtheory.targets.plane import in_plane
from tests.laws.turned_product import FACTORS, LINE, SHIFT, SPREAD, TARGET, UNITS, turned


class WrongNoise(EulerMaruyama):
    """LMC with noise that is too small by two per cent."""

    def step(self, x, t, draws):  # type: ignore[no-untyped-def]
        mean, factor = super().step(x, t, draws)
        return mean, 0.98 * factor


@cache
def law(kind: type[Scheme] = EulerMaruyama, step_size: float = 0.1) -> PlanarLaw:
    found = stationary_law(kind(Overdamped(TARGET), step_size))
    assert isinstance(found, PlanarLaw)
    return found


@cache
def factors(kind: type[Scheme] = EulerMaruyama, step_size: float = 0.1) -> tuple[LineLaw, LineLaw]:
    first, second = (stationary_law(kind(Overdamped(factor), step_size)) for factor in FACTORS.factors)
    assert isinstance(first, LineLaw) and isinstance(second, LineLaw)
    return first, second


@pytest.mark.slow
@given(angle=st.floats(0.0, 3.1), shift=st.sampled_from([0.0, 1e3]), spread=st.floats(0.5, 2.5), step_size=st.sampled_from([0.3, 0.1, 0.02]))
@settings(max_examples=4)
def test_lmc_on_a_turned_product_is_the_product_of_laws_on_the_line(angle: float, shift: float, spread: float, step_size: float) -> None:
    """KL adds up, and the density is a product: both routes share nothing but the step."""
    target, units = turned(angle, shift, spread)
    found = stationary_law(EulerMaruyama(Overdamped(target), step_size))
    first, _ = factors(EulerMaruyama, step_size)
    wide = 1 / (1 / spread - step_size / (2 * spread**2))  # of LMC on a Gaussian
    ratio = wide / spread
    divergence = kl(found, target)
    true = kl(first, LINE)
    assert abs(divergence.value - true.value - (ratio - 1 - math.log(ratio)) / 2) <= divergence.error + true.error + 1e-15
    assert divergence.error <= 1e-4 * divergence.value
    x = torch.tensor([[0.2, -0.4], [1.7, 0.5], [-2.0, 1.0]], dtype=torch.float64)
    u = x @ units.T
    expected = first.density(u[:, 0]) * torch.exp(-(u[:, 1] ** 2) / (2 * wide)) / math.sqrt(2 * math.pi * wide)
    assert float((found.density(x + shift) - expected).abs().max()) <= 1e-9 * float(expected.max()) * (1 + 1e-2 * shift)


@pytest.mark.slow
def test_tv_and_marginals_are_those_of_the_line() -> None:
    first, second = factors()
    distance = tv(law(), TARGET)
    coarse, true = (_apart(first, second, n) for n in (1501, 2001))
    assert abs(distance.value - true) <= distance.error + 3 * abs(true - coarse)
    assert distance.error + 3 * abs(true - coarse) < 1e-3 * distance.value
    for unit, line in zip(UNITS, (first, second), strict=True):
        marginal = law().along(unit)
        centre = SHIFT * float(unit.sum())
        x = torch.linspace(-4, 4, 9, dtype=torch.float64)
        assert float((marginal.density(x + centre) - line.density(x)).abs().max()) < 1e-9
        assert marginal.mean == pytest.approx(centre + line.mean, abs=1e-9)


def _apart(first: LineLaw, second: LineLaw, n: int) -> float:
    """TV of the product of laws from FACTORS, by the midpoint rule."""
    u, v = torch.linspace(-9, 9, n, dtype=torch.float64), torch.linspace(-11, 11, n, dtype=torch.float64)
    p = torch.outer(first.density(u), second.density(v))
    q = torch.outer(LINE.density(u), Gaussian(0.0, SPREAD).density(v))
    return float((p - q).abs().sum() * (u[1] - u[0]) * (v[1] - v[0]) / 2)


@pytest.mark.slow
def test_a_wrong_noise_is_seen() -> None:
    """A negative control: the law of a scheme whose noise is wrong is another, by far more than both errors."""
    wrong = stationary_law(WrongNoise(Overdamped(TARGET), 0.1))
    distance = tv(wrong, law())
    assert distance.value > 100 * (wrong.numerical_error + law().numerical_error + distance.error)
    first, second = factors()
    divergence, true = kl(wrong, TARGET), kl(first, LINE).value + kl(second, FACTORS.factors[1]).value
    assert abs(divergence.value - true) > 100 * divergence.error


@pytest.mark.slow
def test_a_correlated_gaussian_as_its_moments_say() -> None:
    target = Gaussian([1.0, -2.0], [[1.0, 0.6], [0.6, 0.9]])
    scheme = EulerMaruyama(Overdamped(target), 0.15)
    found, moments = stationary_law(scheme, engine="potential_plane"), stationary_law(scheme, engine="gaussian")
    torch.testing.assert_close(found.covariance, moments.covariance, rtol=0, atol=1e-9)
    torch.testing.assert_close(found.mean, moments.mean, rtol=0, atol=1e-9)
    divergence, true = kl(found, target), kl(moments, target)
    assert abs(divergence.value - true.value) <= divergence.error + true.error


@pytest.mark.slow
def test_the_leading_constant_of_lmc() -> None:
    """KL = step^2/2 Var(phi) with phi = |grad F|^2/4 - Lap F/2: here a sum over both coordinates."""
    rule = LINE.quadrature

    def phi(x: Tensor) -> Tensor:
        return LINE.drift(x) ** 2 / 4 - LINE.curvature(x) / 2

    mean = rule.expect(phi)
    variance = rule.expect(lambda x: (phi(x) - mean) ** 2) + 1 / (8 * SPREAD**2)  # of v^2/(4 spread^2)
    steps = (0.04, 0.02)
    shares = [2 * float(kl(law(step_size=a), TARGET)) / (a**2 * variance) for a in steps]
    assert 2 * shares[1] - shares[0] == pytest.approx(1.0, abs=2 * (shares[0] - shares[1]) ** 2 + 2e-3)  # extrapolated: what is left is of second order
    assert abs(shares[0] - 1) > 5e-3  # it can fail


@pytest.mark.slow
def test_mixtures_and_slow_weights() -> None:
    """Modes of unequal weights: the marginal across them is that of the mixture's own line where the other coordinate is apart."""
    weights, places = [1 - 1e-3, 1e-3], [-2.0, 2.5]
    flat = GaussianMixture(weights, [[m, 0.0] for m in places], [0.8, 0.8])
    line = GaussianMixture(weights, places, [0.8, 0.8])
    found, true = stationary_law(EulerMaruyama(Overdamped(flat), 0.1)), stationary_law(EulerMaruyama(Overdamped(line), 0.1))
    x = torch.tensor([places], dtype=torch.float64).reshape(-1)
    values = found.along([1.0, 0.0]).density(x)
    assert float((values - true.density(x)).abs().max()) <= 2 * (found.numerical_error + true.numerical_error)
    assert abs(kl(found, flat).value - kl(true, line).value - kl(*_gaussians(0.1, 0.8)).value) <= kl(found, flat).error + 1e-12


def _gaussians(a: float, variance: float) -> tuple[Gaussian, Gaussian]:
    return Gaussian(0.0, variance / (1 - a / (2 * variance))), Gaussian(0.0, variance)


@pytest.mark.slow
def test_laws_after_some_steps() -> None:
    """From a turned product, two coordinates move alone; and from a law no step is none."""
    start = Gaussian([SHIFT + 0.5, SHIFT], 0.6)
    found = transient_law(EulerMaruyama(Overdamped(TARGET), 0.1), start, 5)
    assert isinstance(found, PlanarLaw)
    for unit, factor in zip(UNITS, FACTORS.factors, strict=True):
        centre = SHIFT * float(unit.sum())
        own = transient_law(EulerMaruyama(Overdamped(factor), 0.1), Gaussian(float(start.mean @ unit) - centre, 0.6), 5)
        x = torch.linspace(-3, 3, 7, dtype=torch.float64)
        off = 1e-9 + 2 * (found.numerical_error + own.numerical_error)
        assert float((found.along(unit).density(x + centre) - own.density(x)).abs().max()) <= off


@pytest.mark.slow
def test_targets_with_a_curved_ridge_have_distances_too() -> None:
    """A ring, whose density is known in closed form: by symmetry its law has no direction, and KL is step^2/2 Var(phi) for small steps."""
    ring, a = Ring(), 0.005
    found = stationary_law(EulerMaruyama(Overdamped(ring), a))
    torch.testing.assert_close(found.covariance, float(found.covariance.trace()) / 2 * torch.eye(2, dtype=torch.float64), rtol=0, atol=1e-7)
    first, second, cell = in_plane(ring).grid(301, 301)
    x = torch.stack(torch.meshgrid(first, second, indexing="ij"), -1).reshape(-1, 2).requires_grad_()
    (slope,) = torch.autograd.grad(ring.potential(x).sum(), x, create_graph=True)
    laplacian = sum(torch.autograd.grad(slope[:, k].sum(), x, retain_graph=True)[0][:, k] for k in (0, 1))
    phi, mass = ((slope**2).sum(-1) / 4 - laplacian / 2).detach(), ring.density(x.detach()) * cell
    variance = float(mass @ phi**2) - float(mass @ phi) ** 2
    share = 2 * float(kl(found, ring)) / (a**2 * variance)
    coarse = 2 * float(kl(stationary_law(EulerMaruyama(Overdamped(ring), 2 * a)), ring)) / (4 * a**2 * variance)
    assert abs(2 * share - coarse - 1) < 0.3 * abs(share - 1) < 0.1


@pytest.mark.slow
def test_distances_of_a_law() -> None:
    """Sliced W2 is the root mean square of those along directions, and W2 of a product that of its factors."""
    parts = [w2(law().along(unit), TARGET.along(unit)) for unit in UNITS]
    one, (first, _) = parts[0], factors()
    true = w2(first, LINE)
    assert abs(one.value - true.value) <= one.error + true.error
    sliced = sliced_w2(law(), TARGET, directions=1)
    assert abs(sliced.value - w2(law().along([0.0, 1.0]), TARGET.along([0.0, 1.0])).value) <= 2 * sliced.error
    found = w2(law(), TARGET)
    assert abs(found.value - math.hypot(*map(float, parts))) <= found.error + sum(part.error for part in parts)
