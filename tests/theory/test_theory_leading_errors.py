"""Stated errors of leading constants, at any origin and scale and of modes apart; and targets, schemes and options that have none."""

from __future__ import annotations

import pickle

import pytest
import torch

from pmmtheory.divergences import Estimate, kl, tv, w2
from pmmtheory.errors import InvalidParameter, NotConverged
from pmmtheory.schemes import EulerMaruyama, PoissonMidpoint, RandomizedMidpoint, Scheme
from pmmtheory.targets import Cosine, Gaussian, GaussianMixture, Potential
from pmmtheory.theory import leading_term
from tests.oracles.lines import SKEWED, SMOOTH

DISTANCES = {"kl": kl, "tv": tv, "w2": w2}


class TestErrors:
    @pytest.mark.parametrize("target", SMOOTH)
    @pytest.mark.parametrize("scheme", [EulerMaruyama, RandomizedMidpoint, PoissonMidpoint])
    def test_stated_and_small(self, target: str, scheme: type[Scheme]) -> None:
        term = leading_term(scheme, SMOOTH[target])
        for name in DISTANCES:
            constant = getattr(term, name)
            assert constant.parts.keys() == {"resolution", "rounding", "ends"}
            assert 0 < constant.error < 1e-6 * constant

    @pytest.mark.slow
    @pytest.mark.parametrize("centre", [0.0, 7e3])
    @pytest.mark.parametrize("scale", [1e-2, 1.0, 10.0])
    @pytest.mark.parametrize("scheme", [EulerMaruyama, RandomizedMidpoint, PoissonMidpoint])
    def test_neither_origin_nor_scale_matters(self, centre: float, scale: float, scheme: type[Scheme]) -> None:
        """x -> c x, step -> c^2 step: TV over step^p falls like c^-2p, W2 like c^(1 - 2p)."""
        plain = leading_term(scheme, SKEWED)
        moved = leading_term(scheme, GaussianMixture(SKEWED.weights, scale * (SKEWED.means[:, 0] + centre), scale**2 * SKEWED.variances))
        factors = {"kl": scale ** (-4 * plain.order), "tv": scale ** (-2 * plain.order), "w2": scale ** (1 - 2 * plain.order)}
        for name, factor in factors.items():
            a, b = getattr(plain, name), getattr(moved, name)
            assert abs(b / factor - a) <= a.error + b.error / factor

    @pytest.mark.slow
    def test_far_modes(self) -> None:
        """KL and TV are those of one mode; W2 is refused where the flow between the modes is rounding."""
        near, far = (leading_term(EulerMaruyama, GaussianMixture([0.6, 0.4], [-m, m], [1.0, 1.0])) for m in (5.0, 12.0))
        alone = leading_term(EulerMaruyama, Gaussian())
        assert near.w2.parts["rounding"] > 10 * near.w2.parts["resolution"]
        assert abs(far.kl - alone.kl) <= far.kl.error + alone.kl.error
        assert abs(far.tv - alone.tv) <= far.tv.error + alone.tv.error
        with pytest.raises(NotConverged, match="the leading constant of w2 on GaussianMixture"):
            _ = far.w2

    @pytest.mark.slow
    def test_modes_of_two_widths(self) -> None:
        """Two modes that do not touch: the variance of phi within them and between their means, -1/(4 v) each."""
        term = leading_term(EulerMaruyama, GaussianMixture([0.5, 0.5], [0.0, 12.0], [1.0, 0.25]))
        a, b = (leading_term(EulerMaruyama, Gaussian(0.0, v)) for v in (1.0, 0.25))
        mean_apart = (-4 / 4 + 1 / 4) / 2
        assert float(term.kl) == pytest.approx((a.kl + b.kl) / 2 + mean_apart**2 / 2, rel=1e-9)

    def test_a_constant_is_a_float_and_an_estimate(self) -> None:
        constant = leading_term(EulerMaruyama, Gaussian()).w2
        assert isinstance(constant, float) and isinstance(constant, Estimate)
        assert constant * 4 == pytest.approx(1.0) and constant.value == float(constant)
        again = pickle.loads(pickle.dumps(constant))
        assert (again, again.error, again.parts) == (constant, constant.error, constant.parts)


class TestRefused:
    @pytest.mark.slow
    @pytest.mark.parametrize("potential", [lambda y: y.abs(), lambda y: torch.where(y < 0, y**2, y**2 / 2 + y)], ids=["abs", "jump"])
    def test_forces_that_jump(self, potential) -> None:  # type: ignore[no-untyped-def]
        with pytest.raises(InvalidParameter):
            leading_term(EulerMaruyama, Potential(potential))

    def test_a_drift_of_another_density(self) -> None:
        class Wrong(Cosine):
            def drift(self, x: torch.Tensor) -> torch.Tensor:
                return -x

            def curvature(self, x: torch.Tensor) -> torch.Tensor:
                return torch.ones_like(x)

        with pytest.raises(InvalidParameter, match="F' is Lipschitz|drift is the derivative"):
            leading_term(EulerMaruyama, Wrong(0.4, 1.3, 0.5))

    def test_no_error_of_the_order(self) -> None:
        """A quadratic potential that does not say that it is a Gaussian."""
        with pytest.raises(InvalidParameter, match="whose error of order 2 does not vanish"):
            leading_term(RandomizedMidpoint, Potential(lambda y: (y - 3) ** 2 / 2))


class TestWrongInput:
    @pytest.mark.parametrize(
        ("scheme", "target", "options", "name"),
        [
            (EulerMaruyama, Gaussian(dim=2), {}, "target"),
            (EulerMaruyama, "gaussian", {}, "target"),
            (Scheme, Gaussian(), {}, "scheme"),
            (PoissonMidpoint, Gaussian(), {"midpoints": "x"}, "midpoints"),
            (PoissonMidpoint, Gaussian(), {"substeps": 0}, "substeps"),
            (PoissonMidpoint, Gaussian(), {"substeps": 1.5}, "substeps"),
            (PoissonMidpoint, Gaussian(), {"substeps_times_step": -1.0}, "substeps_times_step"),
        ],
    )
    def test_named(self, scheme: type[Scheme], target: Gaussian, options: dict[str, float], name: str) -> None:
        with pytest.raises(InvalidParameter, match=name):
            leading_term(scheme, target, **options)  # type: ignore[arg-type]
