"""Laws in the phase plane beyond Gaussians: particles, refinement, semigroup, invariance, and controls that must be seen."""

from __future__ import annotations

import math

import pytest
import torch

from pmmtheory.divergences import kl, tv
from pmmtheory.errors import NotConverged
from pmmtheory.laws import PlaneLaw, stationary_law, transient_law, transient_laws
from pmmtheory.particles import simulate
from pmmtheory.schemes import Scheme
from pmmtheory.targets import Gaussian
from pmmtheory.testing.broken import IndependentNoise, SingleMidpoint, UncorrelatedNoise
from tests.oracles.linear_schemes import SPLITTINGS
from tests.oracles.lines import LINES
from tests.oracles.plane_laws import on_line, plane_law

NAMES = ("lmc", "rmm", *SPLITTINGS, "single 5", "single inf", "bernoulli 3")
PARTICLES = 100_000

every = pytest.mark.parametrize("name", NAMES)


def deviations(chain: Scheme, law: PlaneLaw, steps: int, initial: Gaussian | None = None) -> list[float]:
    """Of three moments of U and of V and of E UV over particles, in standard errors."""
    u, v = simulate(chain, PARTICLES, steps, seed=11, dtype=torch.float64, initial=initial).unbind(-1)
    told = [part.moment(k).value for part in (law.position, law.velocity) for k in (1, 2, 3)]
    told.append(float(law.covariance[0, 1] + law.mean[0] * law.mean[1]))
    seen = [part**k for part in (u, v) for k in (1, 2, 3)] + [u * v]
    return [abs(float(x.mean()) - value) / (float(x.std()) / math.sqrt(PARTICLES)) for x, value in zip(seen, told, strict=True)]


class TestParticles:
    """Within four standard errors, where the law one step earlier or the target is far away."""

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("name", "target", "step_size"),
        [("rmm", "cosine", 0.3), ("UBU", "cosine", 0.3), ("bernoulli 3", "cosine", 0.3), ("single 5", "bimodal", 0.1)],
    )
    def test_after_some_steps(self, name: str, target: str, step_size: float) -> None:
        chain, start = on_line(name, target, step_size), Gaussian(0.8, 0.5)
        before, law = transient_laws(chain, start, [4, 5], rtol=1e-4)
        assert max(deviations(chain, law, 5, start)) < 4
        assert max(deviations(chain, before, 5, start)) > 8

    @pytest.mark.slow
    @pytest.mark.parametrize(("name", "target", "step_size"), [("BAOAB", "cosine", 0.3), ("lmc", "bimodal", 0.3)])
    def test_stationary(self, name: str, target: str, step_size: float) -> None:
        chain = on_line(name, target, step_size)
        assert max(deviations(chain, plane_law(name, target, step_size), 15)) < 4


class TestErrors:
    @staticmethod
    def refined(name: str, step_size: float) -> tuple[PlaneLaw, PlaneLaw]:
        law = plane_law(name, "cosine", step_size)
        return law, plane_law(name, "cosine", step_size, 0.9 * law.numerical_error)

    @pytest.mark.slow
    @every
    def test_the_error_bounds_the_change_under_refinement(self, name: str) -> None:
        """In total variation, of the joint law and of its marginals; TV and KL from the target change by no more than their errors."""
        law, finer = self.refined(name, 0.3)
        assert finer.numerical_error < law.numerical_error <= 1e-4
        assert tv(finer, law).value < 1.1 * law.numerical_error
        for one, other in ((law.position, finer.position), (law.velocity, finer.velocity)):
            assert tv(other, one).value < 1.1 * law.numerical_error
        coarse, fine = kl(law, LINES["cosine"]), kl(finer, LINES["cosine"])
        assert abs(coarse.value - fine.value) < coarse.error + fine.error

    @pytest.mark.slow
    @pytest.mark.parametrize("name", ["lmc", "OBABO", "bernoulli 3"])
    def test_the_error_of_tv(self, name: str) -> None:
        coarse, fine = (tv(law, LINES["cosine"]) for law in self.refined(name, 0.1))
        assert abs(coarse.value - fine.value) < 1.5 * (coarse.error + fine.error)

    @pytest.mark.slow
    def test_it_falls_with_the_tolerance(self) -> None:
        errors = [plane_law("UBU", "cosine", 0.3, rtol).numerical_error for rtol in (1e-4, 1e-7, 1e-8)]
        assert errors[0] > errors[1] > errors[2] and errors[2] < 1e-8

    @pytest.mark.slow
    def test_what_cannot_be_reached(self) -> None:
        with pytest.raises(
            NotConverged, match="law of EulerMaruyama at step 0.3 in the phase plane reached a numerical error of .*, not the 1e-13 asked for"
        ) as caught:
            plane_law("lmc", "cosine", 0.3, 1e-13)
        assert 1e-13 < caught.value.reached < 1e-4


class TestSteps:
    @pytest.mark.slow
    @every
    def test_the_stationary_law_stays(self, name: str) -> None:
        law = plane_law(name, "cosine", 0.3)
        moved = transient_law(on_line(name, "cosine", 0.3), law, 3, rtol=1e-4)
        assert tv(moved, law).value < law.numerical_error

    @pytest.mark.slow
    @every
    def test_steps_add_up(self, name: str) -> None:
        """Four and four are eight, from a Gaussian that is far from the target."""
        chain, start = on_line(name, "cosine", 0.1), Gaussian(0.5, 0.6)
        half, whole = transient_laws(chain, start, [4, 8], rtol=1e-4)
        again = transient_law(chain, half, 4, rtol=1e-4)
        assert tv(again, whole).value < 4 * (again.numerical_error + whole.numerical_error)
        assert tv(again, whole).value < 1e-8 < tv(half, whole).value

    @pytest.mark.slow
    @pytest.mark.parametrize("name", ["BAOAB", "single inf"])
    def test_the_law_is_reached(self, name: str) -> None:
        chain, law = on_line(name, "cosine", 0.3), plane_law(name, "cosine", 0.3)
        early, late = transient_laws(chain, Gaussian(0.5, 0.6), [10, 80], rtol=1e-4)
        assert tv(late, law).value < 1e-4 < tv(early, law).value

    @pytest.mark.slow
    def test_no_step_is_the_start(self) -> None:
        law = transient_law(on_line("BAOAB", "cosine", 0.3), LINES["cosine"], 0)
        assert kl(law, LINES["cosine"]).value < 1e-15

    @pytest.mark.slow
    def test_the_error_of_the_start_is_carried(self) -> None:
        law = plane_law("BAOAB", "cosine", 0.2)
        assert transient_law(on_line("BAOAB", "cosine", 0.2), law, 0).numerical_error >= 0.99 * law.numerical_error


class TestSchemes:
    @pytest.mark.slow
    @pytest.mark.parametrize("kind", ["bernoulli", "single"])
    def test_one_substep_is_the_exponential_integrator(self, kind: str) -> None:
        assert tv(plane_law(f"{kind} 1", "cosine", 0.3), plane_law("lmc", "cosine", 0.3)).value < 1e-9

    @pytest.mark.slow
    def test_two_substeps_have_one_kind(self) -> None:
        law = plane_law("single 2", "cosine", 0.2)
        assert tv(plane_law("bernoulli 2", "cosine", 0.2), law).value < 4 * law.numerical_error

    @pytest.mark.slow
    @pytest.mark.parametrize("substeps", [5, math.inf])
    def test_a_scheme_written_out_is_the_same(self, substeps: float) -> None:
        chain = SingleMidpoint(on_line("lmc", "cosine", 0.2).dynamics, 0.2, substeps=substeps)
        law = plane_law(f"single {'inf' if substeps == math.inf else 5}", "cosine", 0.2)
        assert tv(stationary_law(chain, rtol=1e-4), law).value < 4 * law.numerical_error

    @pytest.mark.slow
    def test_more_substeps_are_closer_to_infinitely_many(self) -> None:
        limit = plane_law("single inf", "cosine", 0.1)
        gaps = [tv(plane_law(f"single {k}", "cosine", 0.1), limit).value for k in (5, 20, 40)]
        assert gaps[0] / gaps[1] == pytest.approx(4, rel=0.1) and gaps[1] / gaps[2] == pytest.approx(2, rel=0.1)


class TestControls:
    """Orders in the step between 0.1 and 0.05."""

    @staticmethod
    def order(errors: list[float]) -> float:
        return math.log2(errors[0] / errors[1])

    @pytest.mark.slow
    def test_uncorrelated_noise_is_wrong_at_order_one(self) -> None:
        """Its law leaves that of the exponential integrator, and more of the target, at order 1."""
        plain = [plane_law("lmc", "cosine", a) for a in (0.1, 0.05)]
        wrong = [stationary_law(UncorrelatedNoise(on_line("lmc", "cosine", a).dynamics, a)) for a in (0.1, 0.05)]
        assert self.order([tv(one, other).value for one, other in zip(wrong, plain, strict=True)]) == pytest.approx(1, abs=0.1)
        assert tv(wrong[1].position, LINES["cosine"]).value > 2 * tv(plain[1].position, LINES["cosine"]).value

    @pytest.mark.slow
    @pytest.mark.parametrize(("name", "expected"), [("lmc", 1), ("BAOAB", 2), ("UBU", 2), ("rmm", 3), ("single inf", 3)])
    def test_orders(self, name: str, expected: int) -> None:
        """Off Gaussians both randomized midpoints keep order 3 for the whole law."""
        assert self.order([tv(plane_law(name, "cosine", a), LINES["cosine"]).value for a in (0.1, 0.05)]) == pytest.approx(expected, abs=0.1)

    @pytest.mark.slow
    def test_independent_noise_loses_an_order(self) -> None:
        wrong = [stationary_law(IndependentNoise(on_line("lmc", "cosine", a).dynamics, a)) for a in (0.1, 0.05)]
        assert self.order([tv(law, LINES["cosine"]).value for law in wrong]) == pytest.approx(2, abs=0.1)
