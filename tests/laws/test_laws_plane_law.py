"""A law in the phase plane as an object: its density on and off the grid, marginals, moments, and what is refused."""

from __future__ import annotations

import math

import pytest
import torch

from pmmtheory.dynamics import Overdamped, Underdamped
from pmmtheory.errors import InvalidParameter, NotConverged, UnstableStep
from pmmtheory.laws import PlaneLaw, stationary_law, transient_law
from pmmtheory.laws.phase_plane.engine import _invariant
from pmmtheory.laws.phase_plane.operator import Plane, transition
from pmmtheory.schemes import BAOAB, UBU, EulerMaruyama
from pmmtheory.targets import DoubleWell, Gaussian, GaussianMixture, Potential
from tests.oracles.lines import LINES
from tests.oracles.plane_laws import FRICTION, on_line, plane_law

CASES = pytest.mark.parametrize(("name", "target", "step_size"), [("lmc", "cosine", 0.3), ("single inf", "cosine", 0.2), ("OBABO", "cosine", 0.2)])


def velocities(count: int = 161) -> torch.Tensor:
    return torch.linspace(-9.0, 9.0, count, dtype=torch.float64)


def product(law: PlaneLaw, v: torch.Tensor) -> torch.Tensor:
    """The density at every grid position and every v."""
    return law.density(torch.cartesian_prod(law.grid, v)).reshape(len(law.grid), len(v))


class TestDensity:
    @pytest.mark.slow
    @CASES
    def test_it_integrates_to_one_and_is_positive(self, name: str, target: str, step_size: float) -> None:
        law, v = plane_law(name, target, step_size), velocities()
        p = product(law, v)
        assert float(p.sum()) * law.spacing * float(v[1] - v[0]) == pytest.approx(1, abs=1e-3 * law.numerical_error + 1e-11)
        assert float(p.min()) > -1e-7 * float(p.max())

    @pytest.mark.slow
    @CASES
    def test_marginals(self, name: str, target: str, step_size: float) -> None:
        """Integrals of the joint density over the other variable."""
        law, v = plane_law(name, target, step_size), velocities()
        p = product(law, v)
        width = float(v[1] - v[0])
        assert torch.allclose(p.sum(1) * width, law.position.density(law.grid), rtol=0, atol=1e-10)
        assert torch.allclose(p.sum(0) * law.spacing, law.velocity.density(v), rtol=0, atol=1e-8)

    @pytest.mark.slow
    @CASES
    def test_moments(self, name: str, target: str, step_size: float) -> None:
        law, v = plane_law(name, target, step_size), velocities()
        p = product(law, v) * law.spacing * float(v[1] - v[0])
        u = law.grid[:, None].expand_as(p)
        w = v.expand_as(p)
        mean = torch.stack([(u * p).sum(), (w * p).sum()])
        entries = [((one - m) * (other - n) * p).sum() for one, m in ((u, mean[0]), (w, mean[1])) for other, n in ((u, mean[0]), (w, mean[1]))]
        assert torch.allclose(law.mean, mean, rtol=0, atol=1e-11)
        assert torch.allclose(law.covariance, torch.stack(entries).reshape(2, 2), rtol=0, atol=1e-10)
        assert law.position.mean == pytest.approx(float(mean[0]), abs=1e-9) and law.velocity.mean == pytest.approx(float(mean[1]), abs=1e-9)

    @CASES
    def test_between_the_points_of_the_grid(self, name: str, target: str, step_size: float) -> None:
        """On the grid the expansion itself; between its points a grid three times coarser already tells the same."""
        law = plane_law(name, target, step_size)
        i = torch.arange(len(law.grid) // 3, 2 * len(law.grid) // 3)
        v = torch.linspace(-2, 2, len(i), dtype=torch.float64)
        told = (law.over_normal(law.grid, v)[i, torch.arange(len(i))]) * torch.exp(-v * v / 2) / math.sqrt(2 * math.pi)
        assert torch.allclose(law.density(torch.stack([law.grid[i], v], -1)), told, rtol=0, atol=1e-13)
        thin = law.grid[1::3]
        u = law.grid[i][::7] + 0.37 * law.spacing
        carried = torch.sinc((u[:, None] - thin) / (3 * law.spacing)) @ law.modes[1::3, 0]
        assert torch.allclose(law.position.density(u), carried, rtol=0, atol=20 * law.numerical_error + 1e-9)

    def test_shapes_and_points_off_the_grid(self) -> None:
        law = plane_law("lmc", "cosine", 0.3)
        points = torch.zeros((2, 3, 2), dtype=torch.float64)
        assert law.density(points).shape == (2, 3) and law.density([0.1, 0.2]).shape == ()
        assert float(law.density([1e3, 0.0])) == 0 == float(law.density([-1e3, 0.0]))
        assert float(law.density([0.0, 30.0])) == pytest.approx(0, abs=1e-100)
        with pytest.raises(InvalidParameter, match="x"):
            law.density(torch.zeros(3, dtype=torch.float64))

    @pytest.mark.slow
    def test_a_symmetric_target_has_a_symmetric_law(self) -> None:
        law = plane_law("rmm", "bimodal", 0.1)
        points = torch.randn((50, 2), generator=torch.Generator().manual_seed(1), dtype=torch.float64)
        assert torch.allclose(law.density(points), law.density(-points), rtol=0, atol=1e-9)
        assert float(law.mean.abs().max()) < 1e-8


@pytest.mark.parametrize("target", [GaussianMixture([0.4, 0.6], [-1.0, 1.5], [0.6, 0.8]), GaussianMixture([0.4, 0.6], [-4.0, 4.0], [1.0, 1.0])])
def test_the_gap_is_that_of_the_matrix(target: GaussianMixture) -> None:
    """The distance of the second eigenvalue from one, from solves, on a grid too coarse for the law itself; and what it makes of rounding."""
    grid = torch.linspace(target.quadrature.low, target.quadrature.high, 71, dtype=torch.float64)
    plane = Plane(grid, 6)
    matrix = transition(EulerMaruyama(Underdamped(target, FRICTION), 0.3), plane, 0.0, 0).matrix
    away = (1 - torch.linalg.eigvals(matrix)).abs().sort().values
    assert float(away[0]) < 1e-6 < float(away[1])
    _, gap = _invariant(matrix.clone(), target, plane)
    assert gap == pytest.approx(float(away[1]), rel=0.4)


class TestWrongInput:
    def test_super_linear_drifts(self) -> None:
        for cls in (EulerMaruyama, BAOAB):
            with pytest.raises(UnstableStep, match=f"step_size = 0.1 is not allowed: {cls.__name__} is mean-square stable for no step at all on this target"):
                stationary_law(cls(Underdamped(DoubleWell(1.5, 1.2), FRICTION), 0.1))

    @pytest.mark.slow
    def test_another_engine_is_named(self) -> None:
        with pytest.raises(NotConverged, match='not the 1e-05 asked for; engine="gaussian" would do'):
            stationary_law(BAOAB(Underdamped(Gaussian(), FRICTION), 0.6), engine="phase_plane")

    @pytest.mark.slow
    def test_large_steps(self) -> None:
        with pytest.raises(UnstableStep, match="BAOAB is mean-square stable for steps below 2") as caught:
            stationary_law(on_line("BAOAB", "bimodal", 2.5))
        assert caught.value.limit == pytest.approx(2, rel=1e-6)

    @pytest.mark.slow
    @pytest.mark.parametrize(
        "potential",
        [
            lambda x: torch.abs(x) + x**2 / 2,
            lambda x: x**2 / 2 + torch.relu(x) ** 2 / 2,
            lambda x: torch.where(torch.abs(x) < 1, x * x / 2, torch.abs(x) - 0.5),
            torch.abs,
        ],
        ids=["kinked", "kinked gradient", "huber", "two-sided exponential"],
    )
    def test_targets_that_are_not_smooth(self, potential) -> None:  # type: ignore[no-untyped-def]
        with pytest.raises(NotConverged, match="in the phase plane of own, whose Fourier transform does not decay, is out of reach"):
            stationary_law(BAOAB(Underdamped(Potential(potential, dim=1, name="own"), FRICTION), 0.1))

    def test_other_dynamics_and_dimensions(self) -> None:
        with pytest.raises(InvalidParameter, match="engine = 'phase_plane' is not allowed: one of \\['line'\\] for Overdamped on Cosine"):
            stationary_law(EulerMaruyama(Overdamped(LINES["cosine"]), 0.1), engine="phase_plane")
        with pytest.raises(InvalidParameter, match="engine = 'line' is not allowed: one of \\['phase_plane'\\] for Underdamped on Cosine"):
            stationary_law(on_line("lmc", "cosine", 0.1), engine="line")
        space = GaussianMixture([0.5, 0.5], [[0.0, 1.0], [1.0, 0.0]], [1.0, 1.0])
        with pytest.raises(InvalidParameter, match="a target on the line"):
            stationary_law(EulerMaruyama(Underdamped(space, FRICTION), 0.1))
        with pytest.raises(InvalidParameter, match="phase_plane takes a target on the line"):
            stationary_law(EulerMaruyama(Underdamped(space, FRICTION), 0.1), engine="phase_plane")

    @pytest.mark.parametrize("friction", [0.0, -1.0, math.nan, math.inf])
    def test_frictions(self, friction: float) -> None:
        with pytest.raises(InvalidParameter, match="friction = .* is not allowed: a finite number above 0"):
            Underdamped(LINES["cosine"], friction)

    @pytest.mark.parametrize("initial", [1.0, Gaussian(dim=2)])
    def test_starts(self, initial: object) -> None:
        with pytest.raises(InvalidParameter, match="^initial = .* or a law in the phase plane"):
            transient_law(on_line("BAOAB", "cosine", 0.2), initial, 2)
        with pytest.raises(InvalidParameter, match="^initial = .* or a law in the phase plane"):
            transient_law(on_line("BAOAB", "cosine", 0.2), plane_law("lmc", "cosine", 0.3).position, 2)

    @pytest.mark.parametrize(("name", "value"), [("rtol", 0.0), ("rtol", math.nan), ("device", "tpu"), ("engine", "sampling")])
    def test_options(self, name: str, value: object) -> None:
        with pytest.raises(InvalidParameter, match=name):
            stationary_law(on_line("BAOAB", "cosine", 0.2), **{name: value})
        with pytest.raises(InvalidParameter, match="steps"):
            transient_law(on_line("BAOAB", "cosine", 0.2), LINES["cosine"], -1)


@pytest.mark.slow
def test_rounding_far_from_the_origin_is_magnified_by_the_mixing_time() -> None:
    """The gap of a friction-bound chain, .0094, which inverse iterations see only after some: positions 1e5 away move its law by 2e-9."""

    def law(centre: float) -> PlaneLaw:
        def ripple(x: torch.Tensor) -> torch.Tensor:
            y = x - centre
            return y * y / 2 + 0.775 * torch.cos(1.98 * y + 0.7)

        return stationary_law(UBU(Underdamped(Potential(ripple), 5.83), 0.1), rtol=1e-4, engine="phase_plane")

    here = law(0.0)
    for centre in (-1e5, 1e5):
        there = law(centre)
        for x in (-1.0, 0.14, 0.7):
            allowed = here.position.numerical_error + there.position.numerical_error
            assert abs(float(here.position.cdf(x)) - float(there.position.cdf(centre + x))) <= allowed
        assert there.errors["rounding"] > 1e-9


@pytest.mark.slow
def test_large_kicks_far_out_cost_the_high_modes_of_the_middle_no_digits() -> None:
    """A law wider than its target, whose 23 modes lack 4e-7 of it; entries of the matrix reach 7e3, and its factors alone leave 2e-5."""
    scheme = EulerMaruyama(Underdamped(Gaussian(-2.65625, 0.441), 0.871), 0.212505)
    law, exact = stationary_law(scheme, rtol=1e-5, engine="phase_plane"), stationary_law(scheme, engine="gaussian")
    u, v = law.grid, velocities(401)
    joint = torch.distributions.MultivariateNormal(exact.mean, exact.covariance)
    seen = torch.exp(joint.log_prob(torch.cartesian_prod(u, v))).reshape(len(u), len(v))
    off = float((product(law, v) - seen).abs().sum()) * float((u[1] - u[0]) * (v[1] - v[0])) / 2
    assert off < min(law.numerical_error, 2e-6)
