"""Every generator that is found in its folder, and one that is somebody else's, against its own definition, quadrature and every kind of pair."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from torch import Tensor

from pmmtheory.divergences.comparison import pair_of
from pmmtheory.divergences.generator import Generator
from pmmtheory.divergences.generators import generators
from pmmtheory.divergences.generators.kl import KL
from pmmtheory.divergences.generators.renyi import Renyi
from pmmtheory.divergences.measured import measured
from pmmtheory.dynamics import Overdamped, ReverseDiffusion, Underdamped
from pmmtheory.errors import InvalidParameter
from pmmtheory.laws import LineLaw, stationary_law, transient_law
from pmmtheory.schemes import BAOAB, EulerMaruyama, RandomizedMidpoint
from pmmtheory.targets import Cosine, Gaussian, GaussianMixture, Product
from tests.divergences.line_distances import on_grid
from tests.oracles.chains import stationary
from tests.oracles.lines import LINES


class LeCam(Generator):
    """(t - 1)^2 / (t + 1), of no order: the triangular discrimination int (p - q)^2/(p + q)."""

    name = "le_cam"

    def near(self, r: Tensor, log: Tensor) -> Tensor:
        return r * r / (2 + r)

    def far(self, p: Tensor, q: Tensor, log: Tensor) -> Tensor:
        return p * (1 - torch.exp(-log)) ** 2 / (1 + torch.exp(-log))

    def slope(self, r: Tensor, log: Tensor) -> Tensor:
        return r * (4 + r) / (2 + r) ** 2

    def curvature(self, log: Tensor) -> Tensor:
        t = torch.exp(log.clamp(-700.0, 200.0))
        return 8 * t / (1 + t) ** 3


KNOWN = [*generators().values(), Renyi(0.7), Renyi(2.5), LeCam()]
by_name = pytest.mark.parametrize("f", KNOWN, ids=lambda f: f"{f.name} {f.order}")
logs = st.floats(-12.0, 12.0, allow_subnormal=False)


def tensor(x: float) -> Tensor:
    return torch.tensor(x, dtype=torch.float64)


def value(f: Generator, log: float) -> float:
    return float(f.near(torch.expm1(tensor(log)), tensor(log)))


def test_they_are_found() -> None:
    assert {"kl", "chi2", "renyi", "reverse_kl", "hellinger"} <= set(generators())
    assert all(f.name in {"le_cam", *generators()} for f in KNOWN)


@by_name
class TestGenerators:
    @given(log=logs)
    def test_derivatives(self, f: Generator, log: float) -> None:
        """f' by a difference over a thousandth of t, whose error is the next term; f'' from f'."""
        h = 1e-4
        r, t = torch.expm1(tensor(log)), math.exp(log)
        up, down = (float(f.slope(torch.expm1(tensor(log + s)), tensor(log + s))) for s in (h, -h))
        slope, curvature = float(f.slope(r, tensor(log))), float(f.curvature(tensor(log)))
        size = abs(curvature) + abs(slope) + 1
        assert (value(f, log + h) - value(f, log - h)) / (2 * h * t) == pytest.approx(slope, abs=1e-6 * size * max(1.0, 1 / t) + 1e-6 * abs(curvature))
        assert (up - down) / (2 * h) == pytest.approx(curvature, abs=1e-6 * size)
        assert float(f.pull(r, tensor(log))) == pytest.approx(value(f, log) - t * slope, abs=1e-12 * (value(f, log) + t * abs(slope)))
        assert curvature > 0 and value(f, log) >= 0

    @pytest.mark.parametrize("r", [1e-12, -1e-7, 3e-4])
    def test_digits_near_one(self, f: Generator, r: float) -> None:
        bend = float(f.curvature(tensor(0.0)))
        seen = float(f.near(tensor(r), torch.log1p(tensor(r))))
        assert seen == pytest.approx(bend * r * r / 2, rel=4 * abs(r) * max(1.0, f.order or 1.0) + 1e-9)

    def test_near_and_far_agree(self, f: Generator) -> None:
        p, log = tensor(0.3), tensor(29.9)
        far = float(f.far(p, p * torch.exp(-log), log))
        assert far == pytest.approx(float(p * torch.exp(-log) * f.near(torch.expm1(log), log)), rel=1e-10)

    @given(log=logs)
    def test_orders(self, f: Generator, log: float) -> None:
        """m (t^a - 1 - a (t - 1)), and for the orders 1 and 0 the limits of that over a (a - 1)."""
        t = math.exp(log)
        if f.order is None:
            return
        exact = {1.0: t * log - t + 1, 0.0: t - 1 - log}.get(f.order, f.power * (t**f.order - 1 - f.order * (t - 1)))
        assert value(f, log) == pytest.approx(exact, abs=1e-12 * (1 + t ** max(1.0, f.order)) * max(1.0, f.order))
        assert (f.power == 0) == (f.order in (0.0, 1.0))

    @pytest.mark.slow
    @pytest.mark.parametrize(("name", "target"), [("lmc", "bimodal"), ("rmm", "skewed")])
    def test_integrals_of_chains(self, f: Generator, name: str, target: str) -> None:
        """int q f(p/q) by adaptive quadrature, where both densities are known."""
        law, q = stationary(name, target, 0.05), LINES[target]
        found = pair_of(law, q, f.name).integrate(f)
        total, error = quadrature(f, law, q)
        assert abs(found.value - total) <= found.error + error + 1e-13
        assert found.relative_error < 1e-2


def quadrature(f: Generator, law: LineLaw, q: Any) -> tuple[float, float]:
    seen = law.grid[q.density(law.grid) > 1e-14]
    low, high = float(seen[0]), float(seen[-1])

    def integrand(x: float) -> float:
        p, reference = (float(part.density(tensor(x))) for part in (law, q))
        log = math.log(max(p, 1e-300) / reference)
        return reference * value(f, log)

    return quad(integrand, low, high, points=torch.linspace(low, high, 32, dtype=torch.float64)[1:-1].tolist(), epsabs=1e-14, limit=300)


@pytest.mark.slow
def test_what_is_left_out_is_seen() -> None:
    """Negative control: a generator with a wrong derivative fails its battery, one with a wrong value its quadrature."""

    class Wrong(KL):
        def slope(self, r: Tensor, log: Tensor) -> Tensor:
            return log / 2

        def near(self, r: Tensor, log: Tensor) -> Tensor:
            return super().near(r, log) * 1.01

    with pytest.raises(AssertionError):
        TestGenerators().test_integrals_of_chains(_Half(Wrong()), "lmc", "bimodal")


class _Half(KL):
    """Computes with one generator and is checked with KL."""

    def __init__(self, other: Generator):
        self.between = other.between  # type: ignore[method-assign]


class TestSomebodyElses:
    """A generator of no order, on every kind of laws that integrates, and refused by those that have closed forms only."""

    f = LeCam()

    def test_symmetric_and_bounded_by_chi2(self) -> None:
        one, other = stationary("lmc", "skewed", 0.05), stationary("rmm", "skewed", 0.05)
        there, back = measured(self.f, one, other), measured(self.f, other, one)
        assert abs(there.value - back.value) <= there.error + back.error < 1e-3 * there.value

    @pytest.mark.slow
    def test_phase_plane_and_plane(self) -> None:
        target = Cosine(amplitude=0.5)
        law = stationary_law(BAOAB(Underdamped(target, friction=1.0), 0.2), rtol=1e-5)
        joint, marginal = measured(self.f, law, target), measured(self.f, law.position, target)
        assert joint.value + joint.error >= marginal.value - marginal.error and joint.error < 0.01 * joint.value
        data = GaussianMixture([0.5, 0.5], [[-1.0, 0.0], [1.0, 0.5]], [0.5, 0.5])
        reverse = ReverseDiffusion(data, horizon=1.0, stop=0.2)
        plane = transient_law(EulerMaruyama(reverse, reverse.duration / 4), reverse.marginal(1.0), 4)
        seen, variation = measured(self.f, plane, reverse.marginal(0.2)), pair_of(plane, reverse.marginal(0.2), "tv").tv()
        assert 2 * variation.value**2 <= seen.value + seen.error + 4 * variation.error <= 2 * variation.value + seen.error + 8 * variation.error

    @pytest.mark.slow
    def test_scale_mixtures(self) -> None:
        target = Gaussian()
        there, here = (measured(self.f, stationary_law(RandomizedMidpoint(Overdamped(target), 0.5), engine=e), target) for e in ("gaussian", "line"))
        assert abs(there.value - here.value) <= there.error + here.error < 1e-3 * here.value

    def test_refusals(self) -> None:
        product = Product([Cosine(), Cosine()])
        law = stationary_law(EulerMaruyama(Overdamped(product), 0.1))
        for one, other in ((Gaussian(), Gaussian(1.0, 1.0)), (law, product)):
            with pytest.raises(InvalidParameter, match="for le_cam.* powers of p/q"):
                measured(self.f, one, other)


@pytest.mark.parametrize("name", ["kl", "hellinger"])
def test_a_reference_with_mass_beyond_the_grid(name: str) -> None:
    """A law that has no digits where a thirtieth of the reference is."""
    seen = pair_of(on_grid(Gaussian(0.0, 0.05), 0.01, 2.2), Gaussian(), name).integrate(generators()[name])
    exact = {"kl": (0.05 - 1 - math.log(0.05)) / 2, "hellinger": 1 - math.sqrt(2 * math.sqrt(0.05) / 1.05)}[name]
    assert abs(seen.value - exact) <= seen.error


def test_a_reverse_kl_decided_beyond_the_grid_is_refused() -> None:
    with pytest.raises(InvalidParameter, match="^law = .* the reverse_kl is decided by densities that are known"):
        measured(generators()["reverse_kl"], on_grid(Gaussian(0.0, 0.05), 0.01, 2.2), Gaussian())
