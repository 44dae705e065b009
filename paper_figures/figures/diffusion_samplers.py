"""Samplers of diffusion models on an exact score: the distance to the data against the number of network calls, and the order of the ODE solvers."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from pmmtheory.harness.figures import style
from pmmtheory.harness.figures.results import Results
from pmmtheory.harness.verdict import Outcome, find

title = "Diffusion samplers: the Wasserstein distance to the data against network calls, and of ODE solvers against their steps"

_DATA = "two modes"


def draw(results: Results) -> Figure:
    """Left: all samplers down to the data, by calls. Right: ODE solvers down to training time 100, by steps; dashes are the claimed slopes."""
    outcomes = {name: {o.check.claim.scheme: o for o in results.outcomes(name) if _curve(o)} for name in ("samplers", "ode_samplers")}
    figure, axes = style.panels(1, 2, 3.3)
    work, order = axes.flat
    for name, outcome in outcomes["samplers"].items():
        _draw_work(work, name, outcome, results)
    for name, outcome in outcomes["ode_samplers"].items():
        _draw_order(order, name, outcome)
    work.set(xscale="log", yscale="log", title="To the data, on the usual grid of times", xlabel="Network calls", ylabel="Wasserstein distance $W_2$")
    order.set(xscale="log", yscale="log", title="To training time 100, equal steps in log SNR", xlabel="Steps")
    order.set_xticks((10, 20, 50, 100, 200), ("10", "20", "50", "100", "200"))
    order.minorticks_off()
    style.show_slopes(order, "lower left")
    names = dict.fromkeys([*outcomes["samplers"], *outcomes["ode_samplers"]])
    handles = [Line2D([], [], linestyle="none", **style.look(name).options, label=style.words(name)) for name in names]
    figure.legend(handles=handles, loc="outside upper center", ncols=4, handlelength=1.2)
    return figure


def _curve(outcome: Outcome) -> bool:
    """Whether the points are those of one sampler at several numbers of steps."""
    return len(outcome.check.points) > 1 and all(cell.measure.startswith("sampler") for cell in (point.cell for point in outcome.check.points))


def _draw_work(panel: Axes, name: str, outcome: Outcome, results: Results) -> None:
    look, points = style.look(name), []
    for point in outcome.check.points:
        estimate, calls = find(point, results.stored), results.estimate(point.cell, "calls")
        if estimate and calls:
            points.append((calls.value, estimate.value, estimate.error))
    if points:
        x, y, errors = zip(*points, strict=True)
        panel.errorbar(x, y, errors, fmt="none", ecolor=look.colour, elinewidth=0.7, zorder=2)
        panel.plot(x, y, linewidth=0.6, **look.options, gid=name, zorder=3)


def _draw_order(panel: Axes, name: str, outcome: Outcome) -> None:
    if not outcome.points:
        return
    look, claim = style.look(name), outcome.check.claim
    x, y = [1 / step for step, _ in outcome.points], [estimate.value for _, estimate in outcome.points]
    panel.plot(x, [y[-1] * (x[-1] / at) ** claim.rate for at in x], color=look.colour, zorder=1, **style.DASHES)
    panel.plot(x, y, linestyle="none", **look.options, label=style.slope(outcome.fit, -1.0), gid=name, zorder=3)
