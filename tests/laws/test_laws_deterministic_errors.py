"""What a law of a sampler without noise says it is off by, against the points it moves: narrow, far, scaled and tiny modes."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pmmtheory.divergences import w2
from pmmtheory.errors import NotConverged, NotMonotone
from pmmtheory.laws import LineLaw, transient_law
from pmmtheory.laws.inhomogeneous.pushforward import IncreasingMap, pushed
from pmmtheory.laws.line.start import start_on_line
from pmmtheory.laws.scales import roughness, total
from pmmtheory.schedulers import DDIM, DPMSolverMultistep, DPMSolverPlusPlus2M, ExactPredictor, Heun, NoiseSchedule
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


@pytest.mark.slow
def test_needles_are_seen_or_told() -> None:
    mixture = GaussianMixture([0.5, 0.5], [0.0, 20.0137], [1.0, 1e-6])
    assert roughness(mixture, -10, 21) == pytest.approx(1000)
    x, values = total(mixture.density, -10.0, 21.0, 100, 500_000)
    assert float(values.sum() * (x[1] - x[0])) == pytest.approx(1, abs=1e-9)
    grid, density, _ = pushed(start_on_line(mixture), IncreasingMap(lambda y: 2 * y, "a map"), 3e-4)
    assert float(density.sum() * (grid[1] - grid[0])) == pytest.approx(1, abs=1e-8)


@pytest.mark.slow
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
