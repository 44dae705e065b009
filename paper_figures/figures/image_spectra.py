"""Samplers on Gaussian data with the covariance of images: the exact distance to the data against network calls, a row of panels a set of images."""

from __future__ import annotations

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from experiments.studies import image_spectra
from pmmtheory.harness.figures import style
from pmmtheory.harness.figures.results import Results
from pmmtheory.harness.figures.ticks import log

title = "Gaussian data with the covariance of images: the exact distance of samplers to the data against network calls"

_STUDY = "image_spectra"
_VARIANTS = ("DDPM V1", "DDPM V2", "DDPM V3", "DDPM V3-literal")
_LATENT, _MANY = "PMM over V3, K=5", "PMM over V3, K=1000/steps"
_RIVALS = ("DDPM V3", "DDIM", "DPM-Solver-2M", "DPM-Solver++(2M)", "Heun", _LATENT, _MANY, "PMM over V2, K=1000/steps")


def draw(results: Results) -> Figure:
    """Left: the variants of DDPM. Right: the Poisson midpoint method against the rest; its bars reach from the Frechet distance to the bound on W2."""
    results.outcomes(_STUDY)
    sets = image_spectra.sets(results.profile)
    figure, axes = style.panels(len(sets), 2, 0.9 + 2.4 * len(sets), sharex=True)
    for (left, right), images in zip(axes, sets, strict=True):
        for panel, labels in ((left, _VARIANTS), (right, _RIVALS)):
            for label in labels:
                _draw_curve(panel, label, images, results)
            log(panel)
        left.set(title=f"{Path(images).name}: variants of DDPM", ylabel="Distance to the data")
        right.set(title=f"{Path(images).name}: PMM, bars up to a bound on $W_2$")
    for panel in axes[-1]:
        panel.set_xlabel("Network calls")
    handles = [Line2D([], [], linestyle="none", **style.look(name).options, label=style.words(name)) for name in dict.fromkeys((*_VARIANTS, *_RIVALS))]
    figure.legend(handles=handles, loc="outside upper center", ncols=3, handlelength=1.2)
    return figure


def _draw_curve(panel: Axes, label: str, images: str, results: Results) -> None:
    """The Frechet distances, which are W2 but for random midpoints; there with a bar up to the bound."""
    look, points = style.look(label), []
    for calls in image_spectra.curves(results.profile).get(label, ()):
        found = image_spectra.cell(label, calls, images)
        distance, asked, bound = (results.estimate(found, metric) for metric in ("frechet", "calls", "w2_bound"))
        if distance and asked:
            points.append((asked.value, distance.value, max(0.0, bound.value - distance.value) if bound else 0.0))
    if points:
        x, y, above = zip(*points, strict=True)
        panel.errorbar(x, y, ([0.0] * len(above), above), fmt="none", ecolor=look.colour, elinewidth=0.7, capsize=1.5, capthick=0.7, zorder=2)
        panel.plot(x, y, linewidth=0.6, **look.options, gid=label, zorder=3)
