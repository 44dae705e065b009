"""Samplers of diffusion models on an exact score: the distance to the data against the number of network calls, and the order of the ODE solvers."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from pmmtheory.harness.figures import style
from pmmtheory.harness.figures.results import Results
from pmmtheory.harness.figures.ticks import log
from pmmtheory.harness.verdict import Outcome

title = "Diffusion samplers: the Wasserstein distance to the data against network calls, and of ODE solvers against their steps"

_PANELS = {
    "DDPM and its variants": ("DDPM V1", "DDPM V2", "DDPM V3", "DDPM V3-literal"),
    "ODE solvers": ("DDIM", "DPM-Solver-2", "DPM-Solver-2M", "DPM-Solver-3M", "DPM-Solver-3M, quadratic grid", "DPM-Solver++(2M)", "Heun"),
    "PMM, and the best of the others": (
        "PMM over V2, K=5",
        "PMM over V3, K=5",
        "PMM over V2, K=1000/steps",
        "PMM over V2, K=5, Bernoulli midpoints",
        "DDPM V2",
        "DPM-Solver-2M",
        "DPM-Solver-3M, quadratic grid",
    ),
}
"""Who is shown where: a panel has a legend of its own, of eight lines at most."""

_SHORT = {
    "DPM-Solver-3M, quadratic grid": "3M, quadratic grid",
    "PMM over V2, K=5, Bernoulli midpoints": "PMM, V2, K = 5, Bernoulli",
    "PMM over V2, K=1000/steps": "PMM, V2, K = 1000/steps",
    "PMM over V2, K=5": "PMM, V2, K = 5",
    "PMM over V3, K=5": "PMM, V3, K = 5",
    "DPM-Solver-3M, reference code": "3M, reference code",
    "DPM-Solver-3M, exact difference": "3M, exact difference",
}
"""Names that fit half a panel."""


def draw(results: Results) -> Figure:
    """Three panels of samplers down to the data, by calls; the last has ODE solvers down to training time 100, by steps, with the claimed slopes."""
    samplers, solvers = ({o.check.claim.scheme: o for o in results.outcomes(name) if _curve(o)} for name in ("samplers", "ode_samplers"))
    figure, axes = style.panels(2, 2, 6.2)
    *work, order = axes.flat
    for panel, (words, names) in zip(work, _PANELS.items(), strict=True):
        ours = {name: samplers[name] for name in names if name in samplers}
        _draw_work(panel, ours)
        panel.set(title=words, xlabel="Network calls", ylabel="$W_2$ to the data")
        _legend(panel, ours, any(style.sampled(estimate) for outcome in ours.values() for _, estimate in outcome.points))
    _share(work)
    for name, outcome in solvers.items():
        _draw_order(order, name, outcome)
    log(order)
    order.set(title="ODE solvers to training time 100", xlabel="Steps, equal in log SNR", ylabel="$W_2$ to the noised data")
    style.show_slopes(order, "lower left", room=0.35)
    _legend(order, solvers, False)
    return figure


def _curve(outcome: Outcome) -> bool:
    """Whether the points are those of one sampler at one or several numbers of steps."""
    cells = [point.cell for point in outcome.check.points]
    limited = bool(outcome.check.bounds) and all(point.cell.measure == "number" for point in outcome.check.bounds)
    return all(cell.measure.startswith("sampler") for cell in cells) and (limited or len(cells) > 1)


def _share(panels: list[Axes]) -> None:
    """The same limits for all: they show the same quantities."""
    for name in ("x", "y"):
        limits = [getattr(panel, f"get_{name}lim")() for panel in panels]
        for panel in panels:
            panel.set(**{f"{name}lim": (min(low for low, _ in limits), max(high for _, high in limits))})


def _legend(panel: Axes, outcomes: Mapping[str, Outcome], particles: bool) -> None:
    """Below the panel, two names a line."""
    slopes = panel.get_legend()
    handles = [Line2D([], [], linestyle="none", **style.look(name).options, label=_SHORT.get(name, style.words(name))) for name in outcomes]
    if particles:
        handles.append(Line2D([], [], **style.RING, label="particles"))
    options = {"fontsize": style.SMALL, "columnspacing": 0.8, "handlelength": 1, "labelspacing": 0.25}
    panel.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.45, -0.2), ncols=2, **options)
    if slopes:
        panel.add_artist(slopes)


def _draw_work(panel: Axes, outcomes: Mapping[str, Outcome]) -> None:
    log(panel)
    for name, outcome in outcomes.items():
        look, points = style.look(name), []
        for point in outcome.check.points:
            estimate, calls = outcome.estimate(point), outcome.estimate(point, "calls")
            if estimate and calls:
                points.append((calls.value, estimate))
        if points:
            x, estimates = zip(*points, strict=True)
            style.bars(panel, x, estimates, look.colour)
            panel.plot(x, [estimate.value for estimate in estimates], linewidth=0.6, **look.options, gid=name, zorder=3)


def _draw_order(panel: Axes, name: str, outcome: Outcome) -> None:
    if not outcome.points:
        return
    look, claim = style.look(name), outcome.check.claim
    x, y = [1 / step for step, _ in outcome.points], [estimate.value for _, estimate in outcome.points]
    panel.plot(x, [y[-1] * (x[-1] / at) ** claim.rate for at in x], color=look.colour, zorder=1, **style.DASHES)
    panel.plot(x, y, linestyle="none", **look.options, label=style.slope(outcome.fit, -1.0), gid=name, zorder=3)
