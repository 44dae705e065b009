"""Every claim of the overdamped studies at once: the measured rate minus the claimed one."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from pmmtheory.harness.figures.deviations import deviations
from pmmtheory.harness.figures.results import Results

title = "The measured rate minus the claimed rate, with its interval, for every claim and control of the overdamped studies"
BEYOND = ("derived_orders", "dimension", "kinks", "noisy_gradients", "path_kl", "reduced_noise")
"""Studies that go beyond the order of a scheme, which have a page of their own."""


def draw(results: Results) -> Figure:
    """Those of the orders of schemes."""
    others = [name for name in results.studies if name not in BEYOND]
    return draw_studies(results, [name for name in others if not underdamped(results, name) and not generative(results, name)])


def underdamped(results: Results, study: str) -> bool:
    """Whether more than half of the cells of the study have a friction."""
    cells = [cell for check in results.studies[study][1] for cell in check.cells]
    return 2 * sum(any(name in ("friction", "damping") for name, _ in cell.parameters) for cell in cells) > len(cells)


def generative(results: Results, study: str) -> bool:
    """Whether a cell of the study has data to generate."""
    return any(name == "data" for check in results.studies[study][1] for cell in check.cells for name, _ in cell.parameters)


def draw_studies(results: Results, studies: Sequence[str]) -> Figure:
    """The claims on rates of these studies."""
    results.outcomes(*studies)  # what lacks of any is said at once
    return deviations({results.studies[name][0].title: results.outcomes(name) for name in studies})
