"""Every claim on a rate of the studies of diffusion models at once: the measured rate minus the claimed one."""

from __future__ import annotations

from matplotlib.figure import Figure

from paper_figures.figures.rates import draw_studies, generative
from pmmtheory.harness.figures.results import Results

title = "The measured rate minus the claimed rate, with its interval, for every claim and control of the studies of diffusion models"


def draw(results: Results) -> Figure:
    """The studies with a cell that has data to generate."""
    return draw_studies(results, [name for name in results.studies if generative(results, name)])
