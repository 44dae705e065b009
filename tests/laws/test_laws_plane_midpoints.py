"""Laws of reverse diffusion in the plane with several random midpoints a step: against all sets of midpoints, laws on the line and particles."""

from __future__ import annotations

import math

import pytest
import torch

from pmmtheory.chain import Chain
from pmmtheory.divergences import chi2, kl, tv
from pmmtheory.dynamics import Overdamped, ReverseDiffusion
from pmmtheory.errors import InvalidParameter, NotConverged
from pmmtheory.laws import PlanarLaw, transient_law
from pmmtheory.laws.engine import engine_for
from pmmtheory.laws.plane import engine as plane
from pmmtheory.laws.plane.by_nodes import by_nodes
from pmmtheory.laws.plane.by_series import by_series
from pmmtheory.laws.plane.by_waves import by_waves
from pmmtheory.laws.plane.resolution import Resolution
from pmmtheory.laws.step.characteristic import centre
from pmmtheory.laws.step.midpoint_series import left_out
from pmmtheory.laws.step.plane_waves import plane_waves
from pmmtheory.particles import simulate
from pmmtheory.schedulers import ExactPredictor, NoiseSchedule, PoissonMidpointScheduler
from pmmtheory.schemes import PoissonMidpoint
from pmmtheory.targets import GaussianMixture, Target
from tests.laws.test_laws_several_midpoints import by_cubature

DATA = GaussianMixture([0.3, 0.5, 0.2], [[-1.2, 0.0], [1.0, 0.5], [0.3, -1.0]], [0.3, 0.2, 0.4])
UNIT = torch.tensor([math.cos(0.5), math.sin(0.5)], dtype=torch.float64)
ON_LINE = GaussianMixture([0.4, 0.6], [-1.2, 1.0], [0.3, 0.3])
IN_PLANE = GaussianMixture([0.4, 0.6], torch.stack([-1.2 * UNIT, 1.0 * UNIT]), [0.3, 0.3])


def chain(data: GaussianMixture, steps: int, substeps: float, stop: float = 0.1, faster: float = 1.0) -> PoissonMidpoint:
    system = ReverseDiffusion(data, 1.0, stop, grid="log-snr")
    return PoissonMidpoint(system, faster * system.duration / steps, substeps=substeps, midpoints="bernoulli")


def noised(scheme: PoissonMidpoint) -> Target:
    assert isinstance(scheme.dynamics, ReverseDiffusion)
    return scheme.dynamics.marginal(1.0)


def law_of(scheme: PoissonMidpoint, steps: int, rtol: float) -> PlanarLaw:
    law = transient_law(scheme, noised(scheme), steps, rtol=rtol)
    assert isinstance(law, PlanarLaw)
    return law


def test_a_step_is_that_of_all_sets_of_midpoints() -> None:
    """From starts of different mass, to what is said to be in doubt, and the rules of nodes are seen to."""
    scheme = chain(DATA, 16, 2)
    t = 12 * scheme.step_size
    x = torch.tensor([[0.2, -0.4], [-1.0, 0.3], [0.9, 0.6], [2.0, 2.0]], dtype=torch.float64)
    masses = torch.tensor([0.4, 0.3, 0.299, 0.001], dtype=torch.float64)
    rough, fine, finest = (by_nodes(Resolution(scheme, level, 1e-8, "cpu"), x, masses, t) for level in (2, 3, 4))
    axes = Resolution(scheme, 4, 1e-8, "cpu").axes(finest.ends, 3 / float(scheme.dynamics.noise(scheme.step_size, t)))
    exact = finest.on(axes)[0]
    off = [float((exact - other.on(axes)[0]).abs().sum()) / 2 for other in (rough, fine)]
    assert off[1] < 0.2 * off[0] < 1e-5
    for route in (by_waves, by_series):
        bumps = route(Resolution(scheme, 0, 1e-8, "cpu"), x, masses, t)
        found, left = bumps.on(axes)
        assert float((exact - found).abs().sum()) / 2 <= left + bumps.doubt + 0.2 * off[1] and left < 2e-7
        other, left = route(Resolution(chain(DATA, 16, 2, faster=1.001), 0, 1e-8, "cpu"), x, masses, t).on(axes)
        assert float((exact - other).abs().sum()) / 2 > 20 * (left + bumps.doubt + 0.2 * off[1])


def test_what_is_thrown_beyond_a_grid_is_in_doubt() -> None:
    """It comes in again on the other side; second moments tell."""
    scheme = chain(DATA, 16, 2)
    x, masses = torch.tensor([[0.2, -0.4], [9.0, 0.3]], dtype=torch.float64), torch.tensor([0.99, 0.01], dtype=torch.float64)
    waves = by_waves(Resolution(scheme, 0, 1e-6, "cpu"), x, masses, 12 * scheme.step_size)
    whole = Resolution(scheme, 0, 1e-6, "cpu").axes(waves.ends, 3 / float(scheme.dynamics.noise(scheme.step_size, 0.5)))
    found, left = waves.on(whole)
    assert float(found.sum()) == pytest.approx(1, abs=1e-6) and left < 1e-4
    part = whole[0][: len(whole[0]) // 2], whole[1]
    assert waves.on(part)[1] > 0.01


@pytest.mark.parametrize("substeps", [2, 3])
def test_waves_of_a_step_are_those_of_all_sets_of_midpoints(substeps: int) -> None:
    scheme = chain(DATA, 16, substeps)
    t, generator = 12 * scheme.step_size, torch.Generator().manual_seed(0)
    x = torch.randn((4, 2), generator=generator, dtype=torch.float64)
    zeta = torch.cat([torch.zeros((1, 2), dtype=torch.float64), 2 * torch.randn((9, 2), generator=generator, dtype=torch.float64)])
    noise = float(scheme.dynamics.noise(scheme.step_size, t))
    rough, exact = (by_cubature(scheme, x, zeta / noise, centre(scheme, x, t), nodes, t) for nodes in ((12, 14) if substeps == 2 else (8, 10)))
    found = plane_waves(scheme, x, t, zeta, 2, 16)
    assert float((found[:, 0] - 1).abs().max()) < 1e-12
    assert float((found - exact).abs().max()) < 1e-8 + float((rough - exact).abs().max()) < 1e-4
    assert float((plane_waves(chain(DATA, 16, substeps, faster=1.01), x, t, zeta, 2, 16) - exact).abs().max()) > 1e-4


@pytest.mark.slow
def test_two_substeps_by_two_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    """One possible midpoint: a sum over whether it is there, and the nodes of two normals."""
    scheme, steps = chain(DATA, 8, 2, 0.3), 8
    waves = law_of(scheme, steps, 3e-5)
    monkeypatch.setattr(plane, "_several", by_nodes)
    nodes, target = law_of(scheme, steps, 1e-6), scheme.dynamics.law_at(steps * scheme.step_size)
    assert 0 < waves.errors["series"] < 1e-4 and nodes.errors["series"] == 0
    off = float((nodes.on(waves.axes) - waves.values).abs().sum()) * waves.cell / 2
    assert off <= waves.numerical_error + nodes.numerical_error
    for divergence in (tv, kl):
        one, other = divergence(waves, target), divergence(nodes, target)
        assert abs(one.value - other.value) <= one.error + other.error
        assert one.error < 0.01 * one.value
    assert chi2(nodes, target).error < 0.01 * chi2(nodes, target).value


@pytest.mark.slow
@pytest.mark.parametrize(("substeps", "steps", "stop", "rtol"), [(3, 8, 0.2, 1e-4), (20, 8, 0.3, 1e-2), (math.inf, 6, 0.3, 1e-2)])
def test_marginals_of_data_along_a_line_are_laws_on_the_line(substeps: float, steps: int, stop: float, rtol: float) -> None:
    found = law_of(chain(IN_PLANE, steps, substeps, stop), steps, rtol)
    scheme = chain(ON_LINE, steps, substeps, stop)
    line = transient_law(scheme, noised(scheme), steps, rtol=1e-6)
    along = found.along(UNIT)
    x = torch.linspace(-2.5, 2.5, 11, dtype=torch.float64)
    assert float((along.density(x) - line.density(x)).abs().max()) <= found.numerical_error + line.numerical_error
    assert tv(along, line).value <= along.numerical_error + line.numerical_error
    lmc = chain(ON_LINE, steps, 1, stop)
    other = transient_law(lmc, noised(lmc), steps, rtol=1e-6)
    assert tv(along, other).value > 10 * (found.numerical_error + other.numerical_error)


@pytest.mark.slow
def test_a_sampler_by_its_marginal() -> None:
    """Midpoints at the whole times of a schedule: the substeps of a step are walked one by one."""
    sampler = PoissonMidpointScheduler(NoiseSchedule.linear(60), steps=30, midpoints="bernoulli")
    assert sampler.substeps == 2
    plane, line = (transient_law(sampler.chain(ExactPredictor(data, sampler.schedule)), rtol=5e-3) for data in (IN_PLANE, ON_LINE))
    along = plane.along(UNIT)
    assert tv(along, line).value <= along.numerical_error + line.numerical_error


@pytest.mark.slow
def test_particles_have_the_law() -> None:
    scheme, steps, n = chain(DATA, 8, 5, 0.4), 8, 200_000
    law = law_of(scheme, steps, 5e-3)
    x = simulate(scheme, particles=n, steps=steps, seed=3, dtype=torch.float64, initial=noised(scheme))
    assert bool((torch.abs(x.mean(0) - law.mean) < 5 * x.std(0) / math.sqrt(n)).all())
    centred = x - x.mean(0)
    for i, j in ((0, 0), (0, 1), (1, 1)):
        products = centred[:, i] * centred[:, j]
        assert abs(float(products.mean() - law.covariance[i, j])) < 5 * float(products.std()) / math.sqrt(n)


def test_a_force_that_turns_within_the_noise_is_refused() -> None:
    with pytest.raises(NotConverged, match="within which its force turns"):
        law_of(chain(DATA, 3, math.inf), 3, 1e-3)


@pytest.mark.slow
def test_far_modes_by_their_marginal() -> None:
    """Between them the force turns over steeply; hardly any mass is there."""
    far, on_line = 2.2, GaussianMixture([0.3, 0.7], [-2.2, 2.2], [0.2, 0.2])
    data = GaussianMixture([0.3, 0.7], torch.stack([-far * UNIT, far * UNIT]), [0.2, 0.2])
    plane, scheme = law_of(chain(data, 8, 2, 0.3), 8, 1e-2), chain(on_line, 8, 2, 0.3)
    line, along = transient_law(scheme, noised(scheme), 8, rtol=1e-5), plane.along(UNIT)
    assert tv(along, line).value <= along.numerical_error + line.numerical_error < 1e-2


def test_terms_that_grow_before_they_fall_are_not_trusted() -> None:
    """Between far modes the force turns over so steeply that no series of a step ends: what it leaves out seems little after few terms."""
    scheme = PoissonMidpoint(ReverseDiffusion(GaussianMixture([0.3, 0.7], torch.stack([-6 * UNIT, 6 * UNIT]), [0.5, 0.5]), 1.0, 0.2), 0.05, substeps=3)
    x = torch.stack([0.3 * UNIT, -2.8 * UNIT, 2.8 * UNIT])
    with pytest.raises(NotConverged, match="do not fall"):
        by_series(Resolution(scheme, 0, 1e-5, "cpu"), x, torch.tensor([1e-2, 0.3, 0.69], dtype=torch.float64), 0.25)
    far = by_series(Resolution(scheme, 0, 1e-5, "cpu"), x[1:], torch.tensor([0.3, 0.7], dtype=torch.float64), 0.25)
    assert far.on(Resolution(scheme, 0, 1e-5, "cpu").axes(far.ends, 4.0))[1] < 1e-4
    assert left_out(1e-3, 1e-4) > 1.0 > left_out(1e-4, 1e-3) == 2e-4


def test_who_serves() -> None:
    assert engine_for(Chain(chain(DATA, 16, 5), DATA, 3), False).name == "plane"
    still = PoissonMidpoint(Overdamped(DATA), 0.02, 5)
    assert engine_for(Chain(still, DATA, 3), False).name == "several_midpoints"
    with pytest.raises(InvalidParameter, match="several_midpoints"):
        engine_for(Chain(still, DATA, 3), False, "plane")


def test_a_step_without_noise_is_refused() -> None:
    class Still(ReverseDiffusion):
        def noise(self, h, t=0.0):  # type: ignore[no-untyped-def]
            return 0.0 * super().noise(h, t)

    scheme = PoissonMidpoint(Still(DATA, 1.0, 0.1), 0.05, substeps=5)
    with pytest.raises(InvalidParameter, match="scheme"):
        law_of(scheme, 2, 1e-3)


def test_pushes_that_bend_on_the_way_are_refused() -> None:
    class Bent(PoissonMidpoint):
        def push(self, change, t=0.0):  # type: ignore[no-untyped-def]
            pushed = super().push(change, t)
            return torch.where(torch.as_tensor(t) > 0.06, torch.tanh(pushed), pushed)

    system = ReverseDiffusion(DATA, 1.0, 0.1)
    with pytest.raises(InvalidParameter, match="pushes are linear"):
        law_of(Bent(system, 0.05, substeps=3), 3, 1e-2)
