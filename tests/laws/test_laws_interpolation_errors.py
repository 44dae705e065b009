"""What a law on the line says that it loses between its points: narrow and far laws, sharp turns, and how fine a grid a target asks for."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pmmtheory.dynamics import Overdamped
from pmmtheory.laws import LineLaw, stationary_law, transient_law
from pmmtheory.laws.line.shown import line_law
from pmmtheory.laws.scales import roughness
from pmmtheory.schedulers import DPMSolverMultistep, ExactPredictor, NoiseSchedule
from pmmtheory.schemes import EulerMaruyama
from pmmtheory.targets import Gaussian, GaussianMixture

SCHEDULE = NoiseSchedule.linear()
DATA = GaussianMixture([0.4, 0.6], [-1.5, 1.0], [0.1, 0.3])


def test_a_law_far_from_the_target_keeps_its_density() -> None:
    """Where the density of the target underflows."""
    grid = torch.linspace(-1, 1, 201, dtype=torch.float64)
    exact, far = Gaussian(0.0, 0.01), GaussianMixture([0.5, 0.5], [-10, 10], [1e-4, 1e-4])
    law = line_law(grid, exact.density(grid) * 0.01, far)
    between = grid[:-1] + 0.005
    assert float(torch.abs(law.density(between) - exact.density(between)).sum()) * 0.01 / 2 <= law.errors["interpolation"] + 1e-12
    assert law.errors["interpolation"] < 1e-8


@pytest.mark.slow
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


def test_far_modes_ask_for_no_finer_grid_than_they_are_narrow() -> None:
    """Between modes at 10 and -10 the curvature of log p is 10^10, where nothing is."""
    assert roughness(GaussianMixture([0.3, 0.7], [-10, 10], [1e-4, 1e-4]), -10.5, 10.5) == pytest.approx(100)
    assert roughness(DATA, -4, 4) > math.sqrt(10)  # here the valley holds mass


@pytest.mark.slow
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


@pytest.mark.slow
@pytest.mark.parametrize("every", [2, 3, 4])
@pytest.mark.parametrize("step", [0.02, 0.1])
@pytest.mark.parametrize("target", [GaussianMixture([0.6, 0.4], [-2.0, 2.0], [1.0, 1.0]), GaussianMixture([0.6, 0.4], [-6.0, 6.0], [1.0, 0.05])])
def test_interpolation_on_part_of_the_points(target: GaussianMixture, step: float, every: int) -> None:
    law = stationary_law(EulerMaruyama(Overdamped(target), step))
    sparse = LineLaw(law.grid[::every], law.values[::every], target.density)
    seen = float((sparse.density(law.grid) - law.values).abs().sum()) * law.spacing / 2
    assert seen < sparse.errors["interpolation"] + 1e-15
