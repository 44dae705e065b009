"""The drift evaluations that an accuracy costs: PMM needs about the square root of what LMC needs."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from pmmtheory.estimate import Estimate
from pmmtheory.harness.figures import style
from pmmtheory.harness.figures.results import Results
from pmmtheory.harness.figures.ticks import log
from pmmtheory.harness.study import Cell
from pmmtheory.harness.verdict import Outcome

title = "The quadratic speed-up: drift evaluations against the accuracy in total variation"

_STUDY = "speed_up"
_SLOW, _FAST = "LMC", "PMM bernoulli, K=inf"
_METRICS = {"calls": "from a cold start", "rate": "per unit of diffusion time"}

Curves = Mapping[tuple[str, str], Mapping[str, Mapping[float, Estimate]]]


def draw(results: Results) -> Figure:
    """One row of panels a target: all evaluations from a cold start, and those for one unit of time at stationarity."""
    outcomes = results.outcomes(_STUDY)
    curves = _curves(outcomes, results)
    rates = {(o.check.target, o.check.claim.scheme): o for o in outcomes if o.check.claim.kind == "asymptotic"}
    targets = list(dict.fromkeys(target for target, _ in rates))
    figure, axes = style.panels(len(targets), len(_METRICS), 0.5 + 2.3 * len(targets))
    for row, target in zip(axes, targets, strict=True):
        for panel, (metric, words) in zip(row, _METRICS.items(), strict=True):
            for scheme, curve in curves[target, metric].items():
                if (target, scheme) in rates:
                    _draw_curve(panel, curve, rates[target, scheme], metric)
            _draw_savings(panel, curves[target, metric])
            log(panel)
            panel.set(title=f"{target}: {words}", ylabel="Drift evaluations")
            panel.invert_xaxis()
        style.show_slopes(row[-1], "upper left", room=0.1)
    for panel in axes[-1]:
        panel.set_xlabel("Accuracy in total variation")
    schemes = list(dict.fromkeys(scheme for _, scheme in rates))
    handles = [Line2D([], [], linestyle="none", **style.look(scheme).options, label=style.words(scheme)) for scheme in schemes]
    claimed = Line2D([], [], color=style.FAINT, label="claimed slope", **style.DASHES)
    figure.legend(handles=[*handles, claimed], loc="outside upper center", ncols=len(handles) + 1, handlelength=1.6)
    return figure


def _curves(outcomes: list[Outcome], results: Results) -> Curves:
    """(target, metric) -> scheme -> accuracy -> the stored number."""
    names = {_scheme(point.cell): outcome.check.claim.scheme for outcome in outcomes for point in outcome.check.points}
    curves: defaultdict[tuple[str, str], defaultdict[str, dict[float, Estimate]]] = defaultdict(lambda: defaultdict(dict))
    for point in (point for outcome in outcomes for point in (*outcome.check.bounds, *outcome.check.points)):
        estimate, options = results.estimate(point.cell, point.metric), dict(point.cell.parameters)
        if estimate:
            curves[options["target"], point.metric][names.get(_scheme(point.cell), "")][options["accuracy"]] = estimate
    return curves


def _scheme(cell: Cell) -> tuple[tuple[str, Any], ...]:
    """What tells the scheme of a cell."""
    return tuple(pair for pair in cell.parameters if pair[0] not in ("target", "accuracy", "cold_start"))


def _draw_curve(panel: Axes, curve: Mapping[float, Estimate], rate: Outcome, metric: str) -> None:
    """The points of a scheme; per unit of time with the claimed slope through the most accurate one, else joined: a logarithm of the accuracy comes in."""
    look = style.look(rate.check.claim.scheme)
    accuracies = sorted(curve)
    values = [curve[accuracy].value for accuracy in accuracies]
    power = _power(rate)
    if metric == "rate":
        claimed = [values[0] * (accuracy / accuracies[0]) ** (rate.check.claim.rate * power) for accuracy in accuracies]
        panel.plot(accuracies, claimed, color=look.colour, zorder=1, **style.DASHES)
    else:
        panel.plot(accuracies, values, color=look.colour, linewidth=0.7, zorder=1)
    style.bars(panel, accuracies, [curve[accuracy] for accuracy in accuracies], look.colour)
    panel.plot(accuracies, values, linestyle="none", **look.options, label=style.slope(rate.fit, power) if metric == "rate" else None, zorder=3)


def _power(rate: Outcome) -> float:
    """The fit is in step = accuracy^power; a slope in the accuracy is the fitted one times this power."""
    point = rate.check.points[0]
    return math.log(point.step) / math.log(dict(point.cell.parameters)["accuracy"])


def _draw_savings(panel: Axes, curves: Mapping[str, Mapping[float, Estimate]]) -> None:
    """At every power of ten, an arrow from LMC to PMM with the factor between them."""
    slow, fast = curves.get(_SLOW, {}), curves.get(_FAST, {})
    for accuracy in sorted(set(slow) & set(fast)):
        if abs(math.log10(accuracy) - round(math.log10(accuracy))) < 1e-4:
            high, low = slow[accuracy].value, fast[accuracy].value
            panel.annotate("", (accuracy, low), (accuracy, high), arrowprops=style.ARROW, zorder=0)
            beside = (accuracy, low * (high / low) ** 0.6)
            panel.annotate(f"{high / low:.{int(high < 10 * low)}f}×", beside, (4, 0), textcoords="offset points", va="center", fontsize=7)
