"""Every claim of the underdamped studies at once: the measured rate minus the claimed one."""

from __future__ import annotations

from matplotlib.figure import Figure

from paper_figures.figures.rates import draw_studies, underdamped
from pmmtheory.harness.figures.results import Results

title = "The measured rate minus the claimed rate, with its interval, for every claim and control of the underdamped studies"


def draw(results: Results) -> Figure:
    """The studies most of whose cells are of underdamped dynamics."""
    return draw_studies(results, [name for name in results.studies if underdamped(results, name)])
