"""What a law of a moving chain says it is off by, against routes that share nothing with it: narrow, far, scaled and tiny modes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from pmmtheory.divergences import tv, w2
from pmmtheory.dynamics import Overdamped, ReverseDiffusion
from pmmtheory.errors import InvalidParameter, NotConverged, NotMonotone
from pmmtheory.laws import LineLaw, stationary_law, transient_law, transient_laws
from pmmtheory.laws.inhomogeneous.pushforward import IncreasingMap, pushed
from pmmtheory.laws.line.shown import line_law
from pmmtheory.laws.line.start import start_on_line
from pmmtheory.laws.scales import roughness, total
from pmmtheory.particles import simulate
from pmmtheory.schedulers import DDIM, DDPM, DPMSolverMultistep, DPMSolverPlusPlus2M, ExactPredictor, Heun, NoiseSchedule, PoissonMidpointScheduler
from pmmtheory.schemes import EulerMaruyama, Scheme
from pmmtheory.targets import Gaussian, GaussianMixture
from tests.oracles.monotone import moved_by, pushed_distance

SCHEDULE = NoiseSchedule.linear()
DATA = GaussianMixture([0.4, 0.6], [-1.5, 1.0], [0.1, 0.3])
SAMPLERS = {"ddim": DDIM, "2m": lambda schedule, steps: DPMSolverMultistep(schedule, steps, 2), "++2m": DPMSolverPlusPlus2M, "heun": Heun}
DATA_SETS = {
    "near": DATA,
    "far": GaussianMixture([0.3, 0.7], [-10, 10], [1, 1]),
    "tiny": GaussianMixture([1 - 1e-9, 1e-9], [0, 30], [1, 1]),
    "large": GaussianMixture([0.4, 0.6], [-1.5e4, 1e4], [0.1e8, 0.3e8]),
}


def law_of(sampler: str, steps: int, data: GaussianMixture) -> tuple[LineLaw, float, float]:
    """The law, its distance to that of the points it moves, and the error of that distance."""
    scheme = SAMPLERS[sampler](SCHEDULE, steps).scheme(ExactPredictor(data, SCHEDULE))
    start = SCHEDULE.marginal(data, 1000)
    assert isinstance(start, GaussianMixture)
    law = transient_law(scheme, start, steps)
    return law, *pushed_distance(law, start, moved_by(scheme, steps))


@pytest.mark.slow
@pytest.mark.parametrize("steps", [1, 2, 10])
@pytest.mark.parametrize("data", DATA_SETS)
@pytest.mark.parametrize("sampler", ["ddim", "2m"])
def test_deterministic_samplers(sampler: str, data: str, steps: int) -> None:
    law, gap, error = law_of(sampler, steps, DATA_SETS[data])
    assert gap <= law.numerical_error + error + 1e-11
    assert law.coarse is not None and len(law.coarse.grid) != len(law.grid)
    assert {"resolution", "ends", "interpolation", "rounding"} <= set(law.errors)


@pytest.mark.slow
@settings(max_examples=8)
@given(
    sampler=st.sampled_from(sorted(SAMPLERS)),
    steps=st.integers(1, 6),
    weight=st.floats(1e-6, 0.5),
    gap=st.floats(0.1, 8),
    log_scale=st.floats(-2, 3),
    variances=st.tuples(st.floats(0.05, 1), st.floats(0.05, 1)),
)
def test_deterministic_samplers_on_any_data(sampler: str, steps: int, weight: float, gap: float, log_scale: float, variances: tuple[float, float]) -> None:
    """Within the stated error, or refused."""
    scale = 10**log_scale
    data = GaussianMixture([weight, 1 - weight], [-scale * gap, scale * gap], [scale**2 * v for v in variances])
    try:
        law, distance, error = law_of(sampler, steps, data)
    except (NotConverged, NotMonotone):
        return
    assert distance <= law.numerical_error + error + 1e-11


def test_a_law_much_narrower_than_the_data_is_resolved() -> None:
    """One step to the data predicts their mean: a law of deviation .01, whose grid follows it."""
    law = transient_law(DDIM(SCHEDULE, 1).scheme(ExactPredictor(DATA, SCHEDULE)), SCHEDULE.marginal(DATA, 1000), 1)
    assert law.spacing < 0.2 * math.sqrt(law.covariance)
    assert law.coarse is not None and law.coarse.spacing > 1.1 * law.spacing
    assert law.errors["resolution"] > 0


def by_matrices(scheme: Scheme, start: Gaussian | GaussianMixture, steps: int, x: np.ndarray) -> np.ndarray:
    """Steps as dense matrices: p'(y) = sum_x p(x) N(y; c(x), s^2) dx."""
    points = torch.as_tensor(x)
    density = start.density(points)
    for k in range(steps):
        mean, factor = scheme.step(points, k * scheme.step_size, {})
        kernel = torch.exp(-(((points - mean[:, None]) / factor) ** 2) / 2) / (factor * math.sqrt(2 * math.pi))
        density = (density @ kernel) * (x[1] - x[0])
    return density.numpy()


@pytest.mark.parametrize("start", ["own", "narrow", "wide"])
@pytest.mark.parametrize("data", ["near", "modes"])
@pytest.mark.parametrize("steps", [1, 3])
def test_noisy_chains(data: str, start: str, steps: int) -> None:
    mixture = DATA if data == "near" else GaussianMixture([0.4, 0.6], [-5, 5], [0.2, 0.2])
    system = ReverseDiffusion(mixture, 2.0, 0.1)
    first = {"own": system.marginal(2.0), "narrow": Gaussian(0.3, 4e-3), "wide": Gaussian(0.0, 4.0)}[start]
    scheme = EulerMaruyama(system, system.duration / steps)
    law = transient_law(scheme, first, steps)
    x = np.linspace(-28, 28, 1601)
    gap = np.abs(law.density(x).numpy() - by_matrices(scheme, first, steps, x)).sum() * (x[1] - x[0]) / 2
    assert gap <= law.numerical_error + 1e-11


def test_a_law_narrower_than_the_process_is_resolved() -> None:
    """DDPM steps of little noise, of a law that has not spread yet: a Gaussian recursion."""
    data = GaussianMixture([1.0], [0.0], [1.0])
    scheme = DDPM(SCHEDULE, 100, "V2", end=100).scheme(ExactPredictor(data, SCHEDULE))
    mean, variance, x = 0.3, 1e-6, torch.tensor([0.0, 1.0], dtype=torch.float64)
    for k in range(3):
        moved, factor = scheme.step(x, k, {})
        mean, variance = float(moved[0] + (moved[1] - moved[0]) * mean), float(moved[1] - moved[0]) ** 2 * variance + float(factor) ** 2
    law = transient_law(scheme, Gaussian(0.3, 1e-6), 3)
    exact = Gaussian(mean, variance)
    assert float(torch.abs(law.values - exact.density(law.grid)).sum()) * law.spacing / 2 <= law.numerical_error
    assert law.mean == pytest.approx(mean, abs=1e-9) and law.covariance == pytest.approx(variance, rel=1e-7)


def test_the_error_of_the_start_is_added() -> None:
    system = ReverseDiffusion(DATA, 1.0, 0.3)
    scheme = EulerMaruyama(system, system.duration / 6)
    first = transient_law(scheme, system.marginal(1.0), 2, rtol=1e-4)
    still, later = transient_laws(scheme, first, [0, 2], rtol=1e-7)
    assert still.numerical_error == first.numerical_error and still is not first
    assert later.errors["start"] == first.numerical_error <= later.numerical_error
    assert "start" not in first.errors


def test_rounding_that_is_amplified_is_told() -> None:
    """x + (10^8 x - 10^8 x): its value and derivative have lost eight digits."""
    source = Gaussian()
    plain, _ = IncreasingMap(lambda x: 2 * x, "a map").rounding(start_on_line(source))
    off, moved = IncreasingMap(lambda x: x + (1e8 * x + 1e8 * torch.sin(x)) - 1e8 * torch.sin(x) - 1e8 * x, "a map").rounding(start_on_line(source))
    assert plain < 1e-15 and off > 1e-10 and moved > 1e-10


@pytest.mark.slow
def test_a_tiny_scale_that_rounding_blurs_is_refused() -> None:
    """One step from noise of deviation 1 to data of scale 1e-4: what is left of the noise is 1e-8 wide, known to 1e-16."""
    data = GaussianMixture([0.4, 0.6], [-1.5e-4, 1e-4], [0.1e-8, 0.3e-8])
    with pytest.raises(NotConverged):
        transient_law(DDIM(SCHEDULE, 2).scheme(ExactPredictor(data, SCHEDULE)), SCHEDULE.marginal(data, 1000), 2)


def test_a_law_far_from_the_target_keeps_its_density() -> None:
    """Where the density of the target underflows."""
    grid = torch.linspace(-1, 1, 201, dtype=torch.float64)
    exact, far = Gaussian(0.0, 0.01), GaussianMixture([0.5, 0.5], [-10, 10], [1e-4, 1e-4])
    law = line_law(grid, exact.density(grid) * 0.01, far)
    between = grid[:-1] + 0.005
    assert float(torch.abs(law.density(between) - exact.density(between)).sum()) * 0.01 / 2 <= law.errors["interpolation"] + 1e-12
    assert law.errors["interpolation"] < 1e-8


@given(spacing=st.floats(0.1, 1.0))
def test_interpolation_is_told(spacing: float) -> None:
    """Of a narrow law between its points."""
    n = math.ceil(14 / spacing) + 60
    grid = spacing * (torch.arange(n, dtype=torch.float64) - n // 2)
    exact = Gaussian(0.1, 1.0)
    law = line_law(grid, exact.density(grid) * spacing, Gaussian(0.0, 30.0))
    fine = torch.linspace(-6, 6, 2001, dtype=torch.float64)
    gap = float(torch.abs(law.density(fine) - exact.density(fine)).sum()) * 0.006 / 2
    assert gap <= law.errors["interpolation"] + 1e-8  # the mass beyond six deviations is 2e-9


def test_needles_are_seen_or_told() -> None:
    mixture = GaussianMixture([0.5, 0.5], [0.0, 20.0137], [1.0, 1e-6])
    assert roughness(mixture, -10, 21) == pytest.approx(1000)
    x, values = total(mixture.density, -10.0, 21.0, 100, 500_000)
    assert float(values.sum() * (x[1] - x[0])) == pytest.approx(1, abs=1e-9)
    grid, density, _ = pushed(start_on_line(mixture), IncreasingMap(lambda y: 2 * y, "a map"), 3e-4)
    assert float(density.sum() * (grid[1] - grid[0])) == pytest.approx(1, abs=1e-8)


def test_far_modes_ask_for_no_finer_grid_than_they_are_narrow() -> None:
    """Between modes at 10 and -10 the curvature of log p is 10^10, where nothing is."""
    assert roughness(GaussianMixture([0.3, 0.7], [-10, 10], [1e-4, 1e-4]), -10.5, 10.5) == pytest.approx(100)
    assert roughness(DATA, -4, 4) > math.sqrt(10)  # here the valley holds mass


class Fading(Scheme):
    """Without noise at the origin only."""

    drift_calls = 1

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        return 0.5 * x, 0.1 * torch.abs(x)


def test_noise_that_vanishes_at_a_point_is_no_step_without_noise() -> None:
    system = ReverseDiffusion(Gaussian(), 1.0, 0.1)
    with pytest.raises(InvalidParameter, match="does not depend on the state"):
        transient_law(Fading(system, 0.1), Gaussian(), 1, engine="inhomogeneous")


@pytest.mark.parametrize("what", ["law", "particles"])
@pytest.mark.parametrize("kind", ["reverse", "scheduler"])
def test_nothing_goes_beyond_the_end(what: str, kind: str) -> None:
    system = ReverseDiffusion(DATA, 2.0, 0.02)
    scheme: Scheme = EulerMaruyama(system, system.duration / 64)
    most = 64
    if kind == "scheduler":
        scheme, most = DDIM(SCHEDULE, 7).scheme(ExactPredictor(DATA, SCHEDULE)), 7
    with pytest.raises(InvalidParameter, match=f"steps = {most + 1} is not allowed: at most {most} of size"):
        if what == "law":
            transient_law(scheme, Gaussian(), most + 1)
        else:
            simulate(scheme, 10, most + 1)
    assert simulate(scheme, 10, most).shape == (10,)


def test_distances_to_the_process_do_not_depend_on_the_level() -> None:
    """A law and its coarser resolution are as far from the target, to what they say."""
    system = ReverseDiffusion(DATA, 1.0, 0.3)
    law = transient_law(EulerMaruyama(system, system.duration / 5), system.marginal(1.0), 5)
    assert law.coarse is not None
    one, two = float(tv(law, system.marginal(0.3))), float(tv(law.coarse, system.marginal(0.3)))
    assert abs(one - two) <= law.errors["resolution"] + 1e-9


@pytest.mark.slow
@pytest.mark.parametrize("rtol", [1e-4, 1e-5, 1e-6])
@pytest.mark.parametrize(("variant", "midpoints"), [("V2", "single"), ("V2", "interior"), ("V3", "single")])
def test_moments_where_midpoints_throw_far(variant: str, midpoints: str, rtol: float) -> None:
    """Few steps, whose midpoints widen a law to several times the data: what is left out of a step is thrown far by the next."""
    data, schedule = Gaussian(-0.359375, 0.625), NoiseSchedule.cosine(100)
    scheme = PoissonMidpointScheduler(schedule, 10, substeps=5, variant=variant, midpoints=midpoints, end=5).scheme(ExactPredictor(data, schedule))
    start = schedule.marginal(data, 100)
    exact = transient_law(scheme, start, 10, rtol=1e-10, engine="gaussian")
    law = transient_law(scheme, start, 10, rtol=rtol, engine="inhomogeneous")
    for k, value in ((1, float(exact.mean)), (2, float(exact.covariance) + float(exact.mean) ** 2)):
        assert abs(law.moment(k).value - value) < law.moment(k).error < 0.3 * rtol


def test_lost_mass_is_where_steps_threw_it() -> None:
    """A map x -> 3 x takes the mass that lay beyond a grid three times as far from the mean."""
    start = line_law(
        torch.linspace(-6, 8, 401, dtype=torch.float64), torch.exp(-((torch.linspace(-6, 8, 401, dtype=torch.float64) - 1) ** 2) / 2), Gaussian(1.0), 1e-6
    )
    assert start.moment(2).parts["ends"] == pytest.approx(64e-6)
    start.accuracy = replace(start.accuracy, reach=30.0)
    assert start.moment(2).parts["ends"] == pytest.approx(31**2 * 1e-6)
    assert start.moment(4).parts["ends"] == pytest.approx(3 * 31**4 * 1e-6)


def test_interpolation_where_a_density_turns_sharply() -> None:
    """Errors fall fast over most of a law and slowly at the edge of a mode: each place has its own factor. A grid four times as fine tells."""
    data, schedule = GaussianMixture([0.774, 0.226], [-7.456, 4.808], [0.124, 0.0907]), NoiseSchedule.cosine(100)
    scheme = DPMSolverMultistep(schedule, 3, 1, end=0).scheme(ExactPredictor(data, schedule))
    rough, fine = (transient_law(scheme, schedule.marginal(data, 100), 3, rtol=rtol) for rtol in (1e-6, 1e-8))
    x = torch.linspace(*rough.ends, 100_001, dtype=torch.float64)
    apart = float((rough.density(x) - fine.density(x)).abs().sum()) * float(x[1] - x[0]) / 2
    assert apart < rough.numerical_error + fine.numerical_error < 1.1e-6
    sparse = LineLaw(fine.grid[::4], fine.values[::4], SCHEDULE.marginal(data, 0).density)
    seen = float((sparse.density(fine.grid) - fine.values).abs().sum()) * fine.spacing / 2
    assert seen < sparse.errors["interpolation"] + 1e-9


@pytest.mark.parametrize("every", [2, 3, 4])
@pytest.mark.parametrize("step", [0.02, 0.1])
@pytest.mark.parametrize("target", [GaussianMixture([0.6, 0.4], [-2.0, 2.0], [1.0, 1.0]), GaussianMixture([0.6, 0.4], [-6.0, 6.0], [1.0, 0.05])])
def test_interpolation_on_part_of_the_points(target: GaussianMixture, step: float, every: int) -> None:
    law = stationary_law(EulerMaruyama(Overdamped(target), step))
    sparse = LineLaw(law.grid[::every], law.values[::every], target.density)
    seen = float((sparse.density(law.grid) - law.values).abs().sum()) * law.spacing / 2
    assert seen < sparse.errors["interpolation"] + 1e-15


@pytest.mark.parametrize("rtol", [1e-4, 1e-6])
def test_transport_of_an_edge_that_rises_steeply(rtol: float) -> None:
    """One step of DDIM: a density that rises by ten decades within a few points. What interpolation makes of the first of them may come from anywhere."""
    data, schedule = GaussianMixture([0.841, 0.159], [-6.792, 4.336], [0.186, 0.597]), NoiseSchedule.scaled_linear(100)
    scheme = DDIM(schedule, 1, end=0, spacing="quadratic").scheme(ExactPredictor(data, schedule))
    start = schedule.marginal(data, 100)
    assert isinstance(start, GaussianMixture)
    seen = w2(transient_law(scheme, start, 1, rtol=rtol), data)
    exact = 3.25642537395  # by quadrature along the map, to 2e-11
    assert abs(seen.value - exact) < seen.error < 2e-7
