"""Pictures of laws: they show the densities and their difference, fit their width, and refuse what has none."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg

from pmmtheory.dynamics import Overdamped, Underdamped
from pmmtheory.errors import InvalidParameter
from pmmtheory.harness.figures import plot_law, style
from pmmtheory.laws import stationary_law
from pmmtheory.schemes import EulerMaruyama
from pmmtheory.targets import Gaussian, GaussianMixture

STEP = 0.2


def test_on_the_line_the_difference_is_that_of_two_gaussians() -> None:
    """LMC on N(0, 1) has the law N(0, 1/(1 - step/2))."""
    target = GaussianMixture([1.0], [0.0], [1.0])
    figure = plot_law(stationary_law(EulerMaruyama(Overdamped(target), STEP)), target)
    law, own = figure.axes[0].get_lines()
    x = torch.as_tensor(np.asarray(law.get_xdata(), dtype=float))
    np.testing.assert_allclose(law.get_ydata(), Gaussian(0.0, 1 / (1 - STEP / 2)).density(x), atol=1e-9)
    np.testing.assert_allclose(own.get_ydata(), target.density(x))
    np.testing.assert_allclose(figure.axes[1].get_lines()[-1].get_ydata(), law.get_ydata() - np.asarray(own.get_ydata()), atol=1e-12)  # type: ignore[operator]


@pytest.mark.slow
@pytest.mark.parametrize("width", [style.COLUMN, style.PAGE])
def test_in_the_plane_the_colours_are_the_difference_and_nothing_is_cut(width: float) -> None:
    target = GaussianMixture([1.0], [[0.5, -1.0]], [1.0])
    law = stationary_law(EulerMaruyama(Overdamped(target), STEP), engine="potential_plane", rtol=1e-5)
    figure = plot_law(law, target, width)
    left, right = figure.axes[:2]
    assert left.get_title().startswith("Densities") and len(left.collections) == 2
    colours: Any = right.collections[0]
    seen = float(np.abs(colours.get_array()).max())
    wider = 1 - STEP / 2
    assert math.isclose(seen, (1 - wider) / (2 * math.pi), rel_tol=1e-3)  # at the mode, where the law is lower by so much
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    box, page = figure.get_tightbbox(canvas.get_renderer()), figure.get_size_inches()
    assert min(box.x0, box.y0) >= 0 and box.x1 <= page[0] and box.y1 <= page[1] and page[0] == width


@pytest.mark.slow
def test_in_the_phase_plane_velocities_of_the_target_are_normal() -> None:
    target = GaussianMixture([1.0], [0.0], [1.0])
    law = stationary_law(EulerMaruyama(Underdamped(target, 2.0), 0.1))
    figure = plot_law(law, target)
    panel: Any = figure.axes[1]
    assert panel.get_ylabel() == "Velocity"
    assert 0 < float(np.abs(panel.collections[0].get_array()).max()) < 0.1 / (2 * math.pi)  # of order step


@pytest.mark.parametrize(
    ("law", "target", "name"),
    [
        ("law", Gaussian(), "law"),
        (None, "target", "target"),
        (None, Gaussian(dim=2), "target"),
    ],
)
def test_what_cannot_be_drawn_is_refused(law: Any, target: Any, name: str) -> None:
    own = law or stationary_law(EulerMaruyama(Overdamped(GaussianMixture([1.0], [0.0], [1.0])), STEP))
    with pytest.raises(InvalidParameter) as refused:
        plot_law(own, target)
    assert refused.value.name == name
