"""The error of the stationary law against the work for it: half the slope in the exponent is the quadratic speed-up."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from pmmtheory.harness.catalogue import build_scheme
from pmmtheory.harness.figures import style
from pmmtheory.harness.figures.results import Results
from pmmtheory.harness.figures.ticks import log
from pmmtheory.harness.verdict import Outcome

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
    figure, axes = style.panels(1, len(style.DISTANCES), 2.9, sharex=True)
    for panel, (distance, name) in zip(axes.flat, style.DISTANCES.items(), strict=True):
        outcomes = {scheme: results.one(study, _TARGET, scheme, distance) for scheme, study in _STUDIES.items()}
        for outcome in outcomes.values():
            if outcome.points:
                _draw_scheme(panel, outcome)
        log(panel)
        panel.set_title(name, fontsize=7.5)
        style.show_slopes(panel, "lower left", room=0.3)
        if distance == "tv":
            _draw_saving(panel, outcomes["LMC"], outcomes["PMM bernoulli, K=inf"])
    axes.flat[0].set_ylabel("Distance of the stationary law\nfrom the target")
    figure.supxlabel("Drift evaluations per unit of diffusion time")
    handles = [Line2D([], [], linestyle="none", **style.look(scheme).options, label=style.words(scheme)) for scheme in _STUDIES]
    predicted = Line2D([], [], color=style.FAINT, label="predicted", **style.DASHES)
    figure.legend(handles=[*handles, predicted], loc="outside upper center", ncols=len(handles) + 1, handlelength=1.6)
    return figure


def _draw_scheme(panel: Axes, outcome: Outcome) -> None:
    """Points, prediction and slope of a scheme."""
    claim, look = outcome.check.claim, style.look(outcome.check.claim.scheme)
    work = _work(outcome)
    if outcome.predicted_constant:
        predicted = [outcome.predicted_constant.value * step**claim.rate for step, _ in outcome.points]
        panel.plot(work, predicted, color=look.colour, zorder=1, **style.DASHES)
    values = [estimate.value for _, estimate in outcome.points]
    style.bars(panel, work, [estimate for _, estimate in outcome.points], look.colour)
    panel.plot(work, values, linestyle="none", **look.options, label=style.slope(outcome.fit, -1.0), gid=claim.scheme, zorder=3)


def _work(outcome: Outcome) -> list[float]:
    """Expected drift evaluations per unit of diffusion time at each step, as the schemes declare them."""
    cells = {point.step: point.cell for point in outcome.check.points}
    return [build_scheme(**dict(cells[step].parameters)).drift_calls / step for step, _ in outcome.points]


def _draw_saving(panel: Axes, slow: Outcome, fast: Outcome) -> None:
    """An arrow between two curves at the smallest error that the slow one reaches, with the factor of work between them."""
    if not (slow.points and fast.points):
        return
    level = min(estimate.value for _, estimate in slow.points)
    far, near = _work_for(level, slow), _work_for(level, fast)
    panel.annotate("", (near, level), (far, level), arrowprops=style.ARROW, zorder=0)
    panel.annotate(f"{far / near:.0f}×", (far, level), (5, 1), textcoords="offset points", ha="left", va="center", fontsize=7)


def _work_for(level: float, outcome: Outcome) -> float:
    """The work for an error, between the points by a straight line in logarithms."""
    pairs = sorted(zip((estimate.value for _, estimate in outcome.points), _work(outcome), strict=True))
    errors, work = np.log(np.array(pairs)).T
    return float(np.exp(np.interp(np.log(level), errors, work)))
