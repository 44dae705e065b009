"""The error of the stationary law against the work for it: half the slope in the exponent is the quadratic speed-up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from experiments.catalogue import build_scheme
from experiments.verdict import Outcome
from paper_figures import style
from paper_figures.results import Results

title = "Work and precision: the distance of the stationary law from its target against drift evaluations"

_TARGET = "bimodal"
_STUDIES = {
    "LMC": "lmc",
    "PMM bernoulli, K=4": "pmm_fixed",
    "PMM bernoulli, K=2/step": "pmm_scaled",
    "PMM bernoulli, K=inf": "pmm_infinite",
    "RMM": "rmm",
}


def draw(results: Results) -> Figure:
    """One panel a distance: markers are measured, dashes predicted."""
    results.outcomes(*_STUDIES.values())
    figure, axes = style.panels(1, len(style.DISTANCES), 2.75, sharex=True)
    for panel, (distance, name) in zip(axes.flat, style.DISTANCES.items(), strict=True):
        curves = {scheme: _draw_scheme(panel, results.one(study, _TARGET, scheme, distance)) for scheme, study in _STUDIES.items()}
        panel.set(xscale="log", yscale="log", title=name)
        panel.legend(title="Slope", loc="lower left", alignment="left", handlelength=1, labelspacing=0.25, borderpad=0, borderaxespad=0.3)
        if distance == "tv":
            _draw_saving(panel, curves["LMC"], curves["PMM bernoulli, K=inf"])
    axes.flat[0].set_ylabel("Distance of the stationary law\nfrom the target")
    figure.supxlabel("Drift evaluations per unit of diffusion time")
    handles = [line for line in axes.flat[0].get_lines() if line.get_gid() in _STUDIES]
    names = [style.words(line.get_gid()) for line in handles]
    predicted = Line2D([], [], color=style.FAINT, **style.DASHES)
    figure.legend([*handles, predicted], [*names, "predicted"], loc="outside upper center", ncols=len(handles) + 1, handlelength=1.6)
    return figure


def _draw_scheme(panel: Axes, outcome: Outcome) -> tuple[np.ndarray, np.ndarray]:
    """Points, prediction and slope of a scheme; returns its work and errors."""
    scheme, look = outcome.check.claim.scheme, style.look(outcome.check.claim.scheme)
    steps = np.array([step for step, _ in outcome.points])
    work = _work(outcome)
    values = np.array([estimate.value for _, estimate in outcome.points])
    if outcome.predicted_constant:
        panel.plot(work, outcome.predicted_constant.value * steps**outcome.check.claim.rate, color=look.colour, zorder=1, **style.DASHES)
    panel.errorbar(work, values, [estimate.error for _, estimate in outcome.points], fmt="none", ecolor=look.colour, elinewidth=0.7, zorder=2)
    panel.plot(work, values, linestyle="none", **look.options, label=style.slope(outcome.fit, -1.0), gid=scheme, zorder=3)
    return work, values


def _work(outcome: Outcome) -> np.ndarray:
    """Expected drift evaluations per unit of diffusion time at each step, as the schemes declare them."""
    cells = {point.step: point.cell for point in outcome.check.points}
    options: Sequence[dict[str, Any]] = [dict(cells[step].parameters) for step, _ in outcome.points]
    return np.array([build_scheme(**option).drift_calls / step for option, (step, _) in zip(options, outcome.points, strict=True)])


def _draw_saving(panel: Axes, slow: tuple[np.ndarray, np.ndarray], fast: tuple[np.ndarray, np.ndarray]) -> None:
    """An arrow between two curves at the smallest error that the slow one reaches, with the factor of work between them."""
    if not (slow[1].size and fast[1].size):
        return
    level = float(slow[1].min())
    far, near = (float(np.exp(np.interp(np.log(level), np.log(np.sort(values)), np.log(work[np.argsort(values)])))) for work, values in (slow, fast))
    panel.annotate("", (near, level), (far, level), arrowprops=style.ARROW, zorder=0)
    middle = ((far * near) ** 0.5, level)
    panel.annotate(f"{far / near:.0f}×\nfewer", middle, (4, -3), textcoords="offset points", ha="center", va="top", fontsize=7, linespacing=1)
