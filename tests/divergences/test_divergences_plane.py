"""Distances of laws in the plane against products of laws on the line and closed forms of Gaussians; and steps with a factor for each coordinate."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from pmmtheory.divergences import chi2, kl, tv
from pmmtheory.divergences.plane_tv import _modulus
from pmmtheory.dynamics import Overdamped, ReverseDiffusion
from pmmtheory.errors import InvalidParameter
from pmmtheory.laws import PlanarLaw, transient_law
from pmmtheory.particles import simulate
from pmmtheory.schemes import EulerMaruyama, Scheme
from pmmtheory.targets import Gaussian, GaussianMixture

Pair = tuple[tuple[float, float], float]


def chain(data: GaussianMixture | Gaussian, steps: int = 3) -> EulerMaruyama:
    system = ReverseDiffusion(data, 1.0, 0.1)
    return EulerMaruyama(system, system.duration / steps)


def law_of(data: GaussianMixture, steps: int = 3, rtol: float | None = None) -> Any:
    return transient_law(chain(data, steps), data.noised(math.exp(-1)), steps, rtol=rtol)


@cache
def gaussian_law(mean: tuple[float, float], variance: float) -> tuple[PlanarLaw, Gaussian]:
    """The law of a chain on a Gaussian, and that law in closed form."""
    law = law_of(GaussianMixture([1.0], [list(mean)], [variance]))
    data = Gaussian(list(mean), variance)
    moments = transient_law(chain(data), data.noised(math.exp(-1)), 3, engine="gaussian")
    return law, Gaussian(moments.mean, moments.covariance)


@pytest.mark.slow
@settings(max_examples=8)
@given(
    places=st.tuples(st.floats(-2.5, 0), st.floats(0, 2.5), st.floats(-1.5, 0), st.floats(0, 1.5)),
    weights=st.tuples(st.floats(1e-6, 0.5), st.floats(0.1, 0.5)),
    variance=st.floats(0.15, 0.6),
    angle=st.floats(0, 1.5),
)
def test_products_of_laws_on_the_line(places: tuple[float, ...], weights: tuple[float, float], variance: float, angle: float) -> None:
    """KL adds and 1 + chi2 multiplies, whichever way the axes are turned."""
    parts = [GaussianMixture([w, 1 - w], list(places[2 * k : 2 * k + 2]), [variance] * 2) for k, w in enumerate(weights)]
    turn = torch.tensor([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]], dtype=torch.float64)
    points = torch.tensor([[a, b] for a in places[:2] for b in places[2:]], dtype=torch.float64) @ turn.T
    both = GaussianMixture([a * b for a in parts[0].weights.tolist() for b in parts[1].weights.tolist()], points, [variance] * 4)
    law, target = law_of(both, 6), both.noised(math.exp(-0.1))
    lines = [(law_of(part, 6), part.noised(math.exp(-0.1))) for part in parts]
    entropy, exact = kl(law, target), [kl(*line) for line in lines]
    assert abs(float(entropy) - sum(map(float, exact))) <= entropy.error + sum(part.error for part in exact)
    assert 0 < entropy.error < 0.02 * float(entropy)
    square, squares = chi2(law, target), [chi2(*line) for line in lines]
    stated = square.error + sum(part.error for part in squares) * (1 + float(square))
    assert abs(float(square) - (math.prod(1 + float(part) for part in squares) - 1)) <= stated


@pytest.mark.slow
def test_total_variation_of_products() -> None:
    parts = [GaussianMixture([0.4, 0.6], [-1.2, 1.0], [0.3] * 2), GaussianMixture([0.7, 0.3], [-0.5, 0.8], [0.3] * 2)]
    both = GaussianMixture([0.28, 0.12, 0.42, 0.18], [[-1.2, -0.5], [-1.2, 0.8], [1.0, -0.5], [1.0, 0.8]], [0.3] * 4)
    x = torch.linspace(-8, 8, 1601, dtype=torch.float64)
    (p1, p2), (q1, q2) = ([law_of(part).density(x) for part in parts], [part.noised(math.exp(-0.1)).density(x) for part in parts])
    plain = float((p1[:, None] * p2 - q1[:, None] * q2).abs().sum()) * 0.01**2 / 2
    found = tv(law_of(both), both.noised(math.exp(-0.1)))
    assert abs(float(found) - plain) <= found.error + 1e-6  # of the plain sum: a tenth of the square of its spacing
    assert found.parts["kinks"] > 0 and found.error < 1e-3 * float(found)


PAIRS: dict[str, tuple[Pair, Pair]] = {
    "wide": (((0.0, 0.0), 0.25), ((0.0, 0.0), 1.0)),
    "apart": (((1.0, 0.0), 0.3), ((-1.0, 0.5), 0.3)),
    "narrow": (((0.0, 0.0), 0.01), ((0.5, 0.5), 1.0)),
    "far": (((3.0, 0.0), 0.2), ((-3.0, 0.5), 0.2)),
}


@pytest.mark.slow
@pytest.mark.parametrize("pair", PAIRS.values(), ids=list(PAIRS))
def test_gaussians(pair: tuple[Pair, Pair]) -> None:
    """Between laws on grids of their own, and against targets, both ways."""
    (one, first), (two, second) = (gaussian_law(*part) for part in pair)
    for a, b, exact_a, exact_b in ((one, two, first, second), (two, one, second, first)):
        exact = float(kl(exact_a, exact_b))
        seen = kl(a, exact_b)
        assert abs(float(seen) - exact) <= seen.error < 0.01 * exact
        try:
            between = kl(a, b)
        except InvalidParameter as error:
            assert "two laws that overlap" in str(error) and exact > 5
        else:
            assert abs(float(between) - exact) <= between.error < 0.01 * exact
    forth, back, plain = tv(one, two), tv(two, one), tv(one, second)
    assert abs(float(forth) - float(back)) <= forth.error + back.error
    assert abs(float(forth) - float(plain)) <= forth.error + plain.error
    zero = tv(one, first)
    assert float(zero) <= zero.error < 1e-5


@pytest.mark.slow
def test_disjoint_laws() -> None:
    one, two = gaussian_law((20.0, 0.0), 0.2), gaussian_law((-20.0, 0.5), 0.2)
    assert abs(float(tv(one[0], two[0])) - 1) <= tv(one[0], two[0]).error < 1e-4
    exact, seen = float(kl(one[1], two[1])), kl(one[0], two[1])
    assert abs(float(seen) - exact) <= seen.error < 1e-3 * exact
    with pytest.raises(InvalidParameter, match="two laws that overlap, for chi2; tv serves any"):
        chi2(one[0], two[0])


def test_tails_too_heavy_for_the_target_are_refused() -> None:
    law, _ = gaussian_law((0.0, 0.0), 1.0)
    with pytest.raises(InvalidParameter, match="tails that seem too heavy"):
        chi2(law, Gaussian([0.0, 0.0], 0.3))


@given(corners=st.tuples(st.floats(-2, 2), st.floats(-2, 2), st.floats(-2, 2)))
def test_the_modulus_of_a_linear_function_on_a_triangle(corners: tuple[float, float, float]) -> None:
    a, b, c = (torch.tensor(value, dtype=torch.float64) for value in corners)
    n = 150
    i, j = torch.meshgrid(*(torch.arange(n, dtype=torch.float64) + 1 / 3,) * 2, indexing="ij")
    low, high = i + j < n, i + j < n - 1
    u, v = i / n, j / n
    values = torch.abs(a + (b - a) * u + (c - a) * v)[low].sum()
    u, v = (i + 1 / 3) / n, (j + 1 / 3) / n
    values = values + torch.abs(a + (b - a) * u + (c - a) * v)[high].sum()
    assert float(_modulus(a, b, c)) == pytest.approx(float(values) / n**2, abs=1e-3)


class Stretched(Scheme):
    """Twice the noise in the second coordinate."""

    drift_calls = 1
    factor = torch.tensor([1.0, 2.0], dtype=torch.float64)

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        system, a = self.dynamics, self.step_size
        return system.transport(a, x, t) + system.respond(a, system.drift(x, t), t), system.noise(a, t) * self.factor.to(x)


class Turned(Stretched):
    factor = torch.eye(2, dtype=torch.float64).expand(3, 1, 2, 2)


class Flat(Stretched):
    factor = torch.tensor([1.0, 0.0], dtype=torch.float64)


SKEW = GaussianMixture([0.4, 0.6], [[-1.5, 0.0], [1.0, 0.5]], [0.1, 0.3])


@pytest.mark.slow
def test_a_factor_for_each_coordinate() -> None:
    system, n = ReverseDiffusion(SKEW, 1.0, 0.1), 100_000
    scheme = Stretched(system, system.duration / 4)
    law = transient_law(scheme, system.marginal(1.0), 4)
    x = simulate(scheme, n, 4, seed=1, dtype=torch.float64, initial=system.marginal(1.0))
    for k in (0, 1):
        assert abs(float(x[:, k].var() - law.covariance[k, k])) < 6 * math.sqrt(2 / n) * float(law.covariance[k, k])
    assert float(law.covariance[1, 1]) > 1.3 * float(law.covariance[0, 0])


@pytest.mark.parametrize("kind", [Turned, Flat])
def test_other_factors_are_refused(kind: type[Stretched]) -> None:
    system = ReverseDiffusion(SKEW, 1.0, 0.1)
    with pytest.raises(InvalidParameter, match="a factor for each coordinate, not a matrix|noise in both coordinates"):
        transient_law(kind(system, 0.2), system.marginal(1.0), 1)


@pytest.mark.slow
def test_the_error_of_the_start_is_added() -> None:
    first = law_of(SKEW, 3, 1e-4)
    scheme = chain(SKEW)
    assert transient_law(scheme, first, 0).numerical_error == first.numerical_error
    assert transient_law(scheme, first, 1).errors["start"] == first.numerical_error
    along = transient_law(scheme, first, 1).along([1.0, 2.0])
    assert along.errors["start"] == first.numerical_error


def test_a_narrow_axis_is_seen_by_its_own_spacing() -> None:
    """A grid of unlike spacings keeps along each axis what it holds."""
    axes = (torch.linspace(-0.06, 0.06, 61, dtype=torch.float64), torch.linspace(-6, 6, 61, dtype=torch.float64))
    exact = Gaussian([0.0, 0.0], [1e-4, 1.0])
    law = PlanarLaw(axes, exact.density(torch.stack(torch.meshgrid(*axes, indexing="ij"), -1)), exact)
    for direction, variance in (([1.0, 0.0], 1e-4), ([0.0, 1.0], 1.0)):
        assert law.along(direction).covariance == pytest.approx(variance, rel=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("angle", [0.0, 0.3, 0.9, 1.7, 2.6])
def test_total_variation_across_lines_at_any_angle(angle: float) -> None:
    """The same law turned: by quadrature of the product of its coordinates."""
    weights, means, variance, step = [0.507, 0.493], [-0.140625, -0.296875], 0.831, 0.717
    lines = GaussianMixture(weights, means, [variance] * 2), Gaussian(0.84375, variance)
    parts = [transient_law(EulerMaruyama(Overdamped(line), step), Gaussian(mean, 0.507), 2, rtol=1e-9) for line, mean in zip(lines, (0.5, 0.0), strict=True)]
    x, y = (torch.linspace(*part.ends, 3000, dtype=torch.float64) for part in parts)
    gap = parts[0].density(x)[:, None] * parts[1].density(y) - lines[0].density(x)[:, None] * lines[1].density(y)
    true = float(torch.abs(gap).sum()) * float(x[1] - x[0]) * float(y[1] - y[0]) / 2
    c, s = math.cos(angle), math.sin(angle)
    turn = np.array([[c, s], [-s, c]])
    target = GaussianMixture(weights, np.array([[mean, 0.84375] for mean in means]) @ turn, [variance] * 2)
    for rtol in (1e-4, 1e-5):
        law = transient_law(EulerMaruyama(Overdamped(target), step), Gaussian(np.array([0.5, 0.0]) @ turn, 0.507), 2, rtol=rtol)
        found = tv(law, target)
        assert abs(float(found) - true) <= found.error + 5e-8
