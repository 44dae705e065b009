"""Every claim of the studies that go beyond the order of a scheme at once: the measured rate minus the claimed one."""

from __future__ import annotations

from matplotlib.figure import Figure

from paper_figures.figures.rates import BEYOND, draw_studies
from pmmtheory.harness.figures.results import Results

title = "The measured rate minus the claimed rate, with its interval, for the studies of constants, dimension, paths, kinks and noise"


def draw(results: Results) -> Figure:
    """The studies that are named in rates."""
    return draw_studies(results, [name for name in results.studies if name in BEYOND])
