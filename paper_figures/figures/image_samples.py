"""Samplers on images by what they generate: the Frechet distance on features against network calls, a row of panels for the network and the exact score."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from experiments.studies import image_samples
from experiments.studies._image_cells import NETWORK, cell, count, floor
from pmmtheory.harness.figures import style
from pmmtheory.harness.figures.results import MissingResults, Results

title = "Generated digits: the Frechet distance of samplers to the images against network calls, with the noise of finite sets"

_STUDY = "image_samples"
_FIVE, _MANY = "PMM over V3, K=5", "PMM over V3, K=1000/steps"
_VARIANTS = ("DDPM V1", "DDPM V2", "DDPM V3", "PMM over V1, K=5", _FIVE, "PMM over V3, K=5, Bernoulli midpoints", _MANY, "PMM over V2, K=1000/steps")
_SOLVERS = ("DDIM", "DPM-Solver-2M", "DPM-Solver-3M", "DPM-Solver-3M, quadratic grid", "DPM-Solver-3M, log-SNR grid", "DPM-Solver++(2M)", "Heun", "RMM", _FIVE)
_SPREAD = 0.018
"""By how much of its calls a curve is moved to the side, so that bars do not cover each other."""
_LEAST = 0.02
"""Bars that reach below 0 end here."""


def draw(results: Results) -> Figure:
    """Bars hold 95%; the grey band is that of as many real images: of a perfect sampler. What is not stored yet is left out, unless nothing is."""
    shown = image_samples.curves(results.profile)
    if not any(floor(predictor).key in results.stored for predictor in shown):
        raise MissingResults([_STUDY], results)
    figure, axes = style.panels(len(shown), 2, 1.7 + 2.3 * len(shown), sharex=True, sharey="row")
    for (left, right), (predictor, counts) in zip(axes, shown.items(), strict=True):
        for panel, labels in ((left, _VARIANTS), (right, _SOLVERS)):
            _draw_floor(panel, predictor, results)
            for place, label in enumerate(labels):
                _draw_curve(panel, label, counts[label], predictor, results, 1 + _SPREAD * (place - (len(labels) - 1) / 2))
            panel.set(xscale="log", yscale="log", ylim=(_LEAST, 200))
        name = "Network" if predictor == NETWORK else predictor.capitalize()
        left.set(title=f"{name}: DDPM and PMM", ylabel="Frechet distance (digits-cnn64)")
        right.set(title=f"{count(predictor)} images: PMM and solvers")
    for panel in axes[-1]:
        panel.set_xlabel("Network calls")
        panel.set_xticks((10, 20, 40, 80, 200, 1000) if NETWORK in shown else (10, 20, 40))
        panel.get_xaxis().set_major_formatter(lambda value, _: f"{value:g}")
        panel.minorticks_off()
    handles = [Line2D([], [], linestyle="none", **style.look(name).options, label=style.words(name)) for name in dict.fromkeys((*_VARIANTS, *_SOLVERS))]
    figure.legend(handles=handles, loc="outside upper center", ncols=2, handlelength=1.2)
    return figure


def _draw_floor(panel: Axes, predictor: str, results: Results) -> None:
    """What as many real images score."""
    if found := results.estimate(floor(predictor), "frechet"):
        panel.axhspan(max(found.value - found.error, _LEAST), found.value + found.error, color=style.LIGHT, zorder=0)
        panel.axhline(found.value, color=style.FAINT, zorder=1, gid="floor", **style.DASHES)


def _draw_curve(panel: Axes, label: str, counts: tuple[int, ...], predictor: str, results: Results, moved: float) -> None:
    look, points = style.look(label), []
    for calls in counts:
        found = results.estimate(cell(label, calls, predictor), "frechet")
        if found and found.value > 0:
            points.append((calls * moved, found.value, min(found.error, max(found.value - _LEAST / 2, 0.0)), found.error))
    if points:
        x, y, below, above = zip(*points, strict=True)
        panel.errorbar(x, y, (below, above), fmt="none", ecolor=look.colour, elinewidth=0.6, zorder=2)
        panel.plot(x, y, linewidth=0.6, **look.options, gid=label, zorder=3)
