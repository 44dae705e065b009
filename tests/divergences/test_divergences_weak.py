"""Weak errors: differences of moments, jumps and kinks against closed forms; functions that are refused."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from pmmtheory.divergences import kl, tv, w1, weak
from pmmtheory.dynamics import Overdamped, ReverseDiffusion
from pmmtheory.errors import InvalidParameter
from pmmtheory.laws import PlanarLaw, stationary_law, transient_law
from pmmtheory.schemes import EulerMaruyama, RandomizedMidpoint
from pmmtheory.targets import Cosine, Gaussian, GaussianMixture, Product
from tests.divergences.line_distances import on_grid
from tests.oracles.chains import stationary
from tests.oracles.gaussian_chain import lmc_variance
from tests.oracles.lines import BIMODAL, LINES


class TestMoments:
    @pytest.mark.parametrize(("name", "target"), [("lmc", "bimodal"), ("rmm", "skewed"), ("bernoulli 3", "skewed")])
    @pytest.mark.parametrize("power", [1, 2, 3])
    def test_of_laws(self, name: str, target: str, power: int) -> None:
        law, q = stationary(name, target, 0.05), LINES[target]
        seen, own, reference = weak(law, q, lambda x: x**power), law.moment(power), q.moment(power)
        assert abs(seen.value - abs(own.value - reference.value)) <= seen.error + own.error + reference.error
        assert seen.error < 1e-6

    def test_two_laws(self) -> None:
        one, other = stationary("lmc", "bimodal", 0.05), stationary("rmm", "bimodal", 0.05)
        seen = weak(one, other, lambda x: x)
        assert abs(seen.value - abs(one.mean - other.mean)) <= seen.error
        assert weak(one, one, torch.sin).value == 0.0

    @pytest.mark.parametrize("shift", [0.0, 1e5])
    @pytest.mark.parametrize("scale", [1.0, 1e-4, 1e4])
    def test_lmc_on_a_gaussian(self, shift: float, scale: float) -> None:
        """The variance is 1/(1 - h/2) times that of the target; far from 0 and on any scale, in the digits that positions have."""
        target = Gaussian(shift, scale**2)
        law = stationary_law(EulerMaruyama(Overdamped(target), 0.2 * scale**2), rtol=1e-5 if shift else None)
        wide = scale**2 * float(lmc_variance(0.2))  # type: ignore[arg-type]
        seen = weak(law, target, lambda x: (x - shift) ** 2)
        assert abs(seen.value - (wide - scale**2)) <= seen.error < 1e-6 * scale**2 + 1e-9 * shift * scale


@pytest.mark.slow
@settings(max_examples=10)
@given(st.floats(-1.5, 1.5), st.floats(0.3, 1.5), st.floats(-1.0, 1.0))
def test_jumps_and_kinks(mean: float, variance: float, place: float) -> None:
    """Of a law on a grid and of two Gaussians: masses beyond a place, and |x - place|."""
    p, q = Gaussian(mean, variance), Gaussian()
    law = on_grid(p)

    def above(x: Tensor) -> Tensor:
        return (x > place).to(x)

    mass = abs(float(p.survival(place)) - float(q.survival(place)))
    folded = [math.sqrt(v) * math.sqrt(2 / math.pi) * math.exp(-z * z / 2) + d * math.erf(z / math.sqrt(2)) for d, v, z in _standard(place, p, q)]
    for one in (law, p):
        jump, kink = weak(one, q, above), weak(one, q, lambda x: torch.abs(x - place))
        assert abs(jump.value - mass) <= jump.error < 1e-7
        assert abs(kink.value - abs(folded[0] - folded[1])) <= kink.error < 1e-7


def _standard(place: float, *laws: Gaussian) -> list[tuple[float, float, float]]:
    return [(law.mean - place, law.covariance, (law.mean - place) / math.sqrt(law.covariance)) for law in laws]


def test_a_far_mode_of_small_weight() -> None:
    weight = 1e-7
    law = on_grid(GaussianMixture([1 - weight, weight], [0.0, 30.0], [1.0, 1.0]), 0.05, 45.0)
    seen = weak(law, Gaussian(), lambda x: x)
    assert abs(seen.value - 30 * weight) <= seen.error < 1e-2 * seen.value


def test_bounds_by_the_distances() -> None:
    """|E f| <= 2 TV for |f| <= 1, and <= W1 for |f'| <= 1."""
    law = stationary("lmc", "bimodal", 0.05)
    seen, variation, moved = weak(law, BIMODAL, torch.tanh), tv(law, BIMODAL), w1(law, BIMODAL)
    assert seen.value <= 2 * variation.value + seen.error + 2 * variation.error
    assert seen.value <= moved.value + seen.error + moved.error


@pytest.mark.slow
def test_a_fine_law_is_within_the_error_of_a_rough_one() -> None:
    scheme = RandomizedMidpoint(Overdamped(BIMODAL), 0.1)
    rough, fine = (weak(stationary_law(scheme, rtol=rtol), BIMODAL, lambda x: torch.cos(3 * x)) for rtol in (1e-5, 1e-10))
    assert abs(rough.value - fine.value) <= rough.error + fine.error


def test_a_constant_and_a_wrong_law() -> None:
    """Negative control: the weak error of a constant is 0, and that of x^2 of a law with another step is told from it."""
    one, other = stationary("lmc", "bimodal", 0.05), stationary("lmc", "bimodal", 0.1)
    assert weak(one, BIMODAL, torch.ones_like).value == 0.0
    seen, wrong = (weak(law, BIMODAL, lambda x: x**2) for law in (one, other))
    assert abs(seen.value - wrong.value) > 1e3 * (seen.error + wrong.error)


class TestPlane:
    reverse = ReverseDiffusion(GaussianMixture([0.5, 0.5], [[-1.0, 0.0], [1.0, 0.5]], [0.5, 0.5]), horizon=1.0, stop=0.2)

    @pytest.mark.slow
    def test_means_and_kinks(self) -> None:
        law = transient_law(EulerMaruyama(self.reverse, self.reverse.duration / 4), self.reverse.marginal(1.0), 4)
        target = self.reverse.marginal(0.2)
        first = weak(law, target, lambda x: x[..., 0])
        assert abs(first.value - abs(float(law.mean[0] - target.mean[0]))) <= first.error < 1e-3
        unit = [1 / math.sqrt(2)] * 2
        kink = weak(law, target, lambda x: (x[..., 0] + x[..., 1]).abs() / math.sqrt(2))
        line = weak(law.along(unit), target.along(unit), torch.abs)
        assert abs(kink.value - line.value) <= kink.error + line.error

    def test_caution_and_solver_are_counted(self) -> None:
        axis = torch.linspace(-6, 6, 31, dtype=torch.float64)
        places = torch.stack(torch.meshgrid(axis, axis, indexing="ij"), -1)
        laws = [PlanarLaw((axis, axis), Gaussian(0.0, variance, dim=2).density(places), Gaussian(dim=2)) for variance in (1.0, 1.1)]
        law = laws[0].resolved_by(laws[1])
        plain = weak(law, Gaussian(dim=2), lambda x: torch.cos(x[..., 0]))
        law.caution = 3.0
        law.errors["solver"] = 1e-4
        found = weak(law, Gaussian(dim=2), lambda x: torch.cos(x[..., 0]))
        assert found.parts["resolution"] == pytest.approx(3 * plain.parts["resolution"])
        assert plain.parts.get("solver", 0.0) == 0.0 and found.parts["solver"] == pytest.approx(4e-4, rel=1e-2)

    def test_those_of_another_law_are_counted(self) -> None:
        axis = torch.linspace(-6, 6, 31, dtype=torch.float64)
        places = torch.stack(torch.meshgrid(axis, axis, indexing="ij"), -1)
        first, second, other = (PlanarLaw((axis, axis), Gaussian(0.0, v, dim=2).density(places), Gaussian(dim=2)) for v in (1.0, 1.001, 1.2))
        law, other = first.resolved_by(second), other.resolved_by(second)
        numbers = {"weak": lambda: weak(other, law, lambda x: torch.cos(x[..., 0])), "kl": lambda: kl(other, law)}
        plain = {name: number() for name, number in numbers.items()}
        law.errors["solver"] = 1e-4
        for name, number in numbers.items():
            found = number()
            assert found.value == plain[name].value
            assert found.parts["reference"] > plain[name].parts["reference"] + 1e-5, name
        law.errors["solver"], law.caution = 0.0, 3.0
        for name, number in numbers.items():
            assert number().parts["reference"] > 2 * plain[name].parts["reference"], name


class TestWrongInput:
    def test_functions(self) -> None:
        law = stationary("lmc", "bimodal", 0.05)
        for f in (lambda x: x.sum(), lambda x: x / 0.0, lambda x: torch.exp(x**4)):
            with pytest.raises(InvalidParameter, match="^f = "):
                weak(law, BIMODAL, f)
        with pytest.raises(InvalidParameter, match="^f = 3 is not allowed: a function"):
            weak(law, BIMODAL, 3)  # type: ignore[arg-type]

    def test_kinds(self) -> None:
        product = Product([Cosine(), Cosine()])
        for one, other in ((stationary_law(EulerMaruyama(Overdamped(product), 0.1)), product), (Gaussian(dim=2), Gaussian(dim=2))):
            with pytest.raises(InvalidParameter, match="for weak"):
                weak(one, other, lambda x: x[..., 0])
