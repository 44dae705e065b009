"""Every claim of the overdamped studies at once: the measured rate minus the claimed one."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from pmmtheory.harness.figures.deviations import deviations
from pmmtheory.harness.figures.results import Results

title = "The measured rate minus the claimed rate, with its interval, for every claim and control of the overdamped studies"


def draw(results: Results) -> Figure:
    """The studies without a cell of underdamped dynamics or of a diffusion model."""
    return draw_studies(results, [name for name in results.studies if not underdamped(results, name) and not generative(results, name)])


def underdamped(results: Results, study: str) -> bool:
    """Whether a cell of the study has a friction."""
    return any(name == "friction" for check in results.studies[study][1] for cell in check.cells for name, _ in cell.parameters)


def generative(results: Results, study: str) -> bool:
    """Whether a cell of the study has data to generate."""
    return any(name == "data" for check in results.studies[study][1] for cell in check.cells for name, _ in cell.parameters)


def draw_studies(results: Results, studies: Sequence[str]) -> Figure:
    """The claims on rates of these studies."""
    results.outcomes(*studies)  # what lacks of any is said at once
    return deviations({results.studies[name][0].title: results.outcomes(name) for name in studies})
