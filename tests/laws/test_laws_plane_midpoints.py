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
from pmmtheory.laws.plane.resolution import Resolution
from pmmtheory.laws.step.midpoint_series import left_out
from pmmtheory.particles import simulate
from pmmtheory.schedulers import ExactPredictor, NoiseSchedule, PoissonMidpointScheduler
from pmmtheory.schemes import PoissonMidpoint
from pmmtheory.targets import GaussianMixture, Target

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
    """From starts of different mass, to what the series says that it leaves out, and the rules of nodes are seen to."""
    scheme = chain(DATA, 16, 2)
    t = 12 * scheme.step_size
    x = torch.tensor([[0.2, -0.4], [-1.0, 0.3], [0.9, 0.6], [2.0, 2.0]], dtype=torch.float64)
    masses = torch.tensor([0.4, 0.3, 0.299, 0.001], dtype=torch.float64)
    rough, fine, finest = (by_nodes(Resolution(scheme, level, 1e-8, "cpu"), x, masses, t) for level in (2, 3, 4))
    axes = Resolution(scheme, 4, 1e-8, "cpu").axes(finest.ends, 3 / float(scheme.dynamics.noise(scheme.step_size, t)))
    exact = finest.on(axes)[0]
    off = [float((exact - other.on(axes)[0]).abs().sum()) / 2 for other in (rough, fine)]
    assert off[1] < 0.2 * off[0] < 1e-5
    series = by_series(Resolution(scheme, 0, 1e-8, "cpu"), x, masses, t)
    found, left = series.on(axes)
    assert float((exact - found).abs().sum()) / 2 <= left + series.doubt + 0.2 * off[1] and left < 5e-8
    other, left = by_series(Resolution(chain(DATA, 16, 2, faster=1.001), 0, 1e-8, "cpu"), x, masses, t).on(axes)
    assert float((exact - other).abs().sum()) / 2 > 20 * (left + series.doubt + 0.2 * off[1])


@pytest.mark.slow
def test_two_substeps_by_two_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    """One possible midpoint: a sum over whether it is there, and the nodes of two normals."""
    scheme, steps = chain(DATA, 8, 2, 0.3), 8
    series = law_of(scheme, steps, 1e-4)
    monkeypatch.setattr(plane, "by_series", by_nodes)
    nodes, target = law_of(scheme, steps, 1e-6), scheme.dynamics.law_at(steps * scheme.step_size)
    assert 0 < series.errors["series"] < 1e-4 and nodes.errors["series"] == 0
    off = float((nodes.on(series.axes) - series.values).abs().sum()) * series.cell / 2
    assert off <= series.numerical_error + nodes.numerical_error
    for divergence in (tv, kl):
        one, other = divergence(series, target), divergence(nodes, target)
        assert abs(one.value - other.value) <= one.error + other.error
        assert one.error < 0.01 * one.value
    assert chi2(nodes, target).error < 0.01 * chi2(nodes, target).value


@pytest.mark.slow
@pytest.mark.parametrize(("substeps", "steps", "stop", "rtol"), [(3, 8, 0.2, 1e-4), (20, 9, 0.3, 1e-3), (math.inf, 12, 0.3, 1e-3)])
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
    law = law_of(scheme, steps, 1e-3)
    x = simulate(scheme, particles=n, steps=steps, seed=3, dtype=torch.float64, initial=noised(scheme))
    assert bool((torch.abs(x.mean(0) - law.mean) < 5 * x.std(0) / math.sqrt(n)).all())
    centred = x - x.mean(0)
    for i, j in ((0, 0), (0, 1), (1, 1)):
        products = centred[:, i] * centred[:, j]
        assert abs(float(products.mean() - law.covariance[i, j])) < 5 * float(products.std()) / math.sqrt(n)


def test_steps_too_long_for_a_series_are_refused() -> None:
    with pytest.raises(NotConverged, match="whose terms do not fall for so long a step"):
        law_of(chain(DATA, 4, math.inf), 4, 1e-3)


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
