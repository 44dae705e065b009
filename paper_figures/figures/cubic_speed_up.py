"""The cubic speed-up in W2: calls for an accuracy on a Gaussian, and accuracy for the calls on a target that is none."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pmmtheory.harness.catalogue import build_scheme
from pmmtheory.harness.figures import style
from pmmtheory.harness.figures.results import Results
from pmmtheory.harness.figures.ticks import log
from pmmtheory.harness.verdict import Outcome

title = "The cubic speed-up: drift evaluations and the Wasserstein distance, overdamped and underdamped"

_CALLS, _LAWS, _TARGET, _DISTANCE = "underdamped_speed_up", "phase_plane", "ripple", "position w2"
_SLOW, _FAST = "ULMC", "underdamped PMM single, K=inf"
_UNDERDAMPED = ("RMM", "PMM")
"""How the names begin that both dynamics share: the study of the phase plane leaves out the word."""
_COLUMNS = ((6, 176, 220), (240, 330, 376))
"""For each column the left of the names and the right ends of the two slopes, in points."""
_LINES = 2
"""Above the schemes of an order: its heading and the claimed slope."""
_HEIGHT = 2.5
"""Of the panels, in inches."""

Curves = Mapping[str, Outcome]


def draw(results: Results) -> Figure:
    """Two panels, and below them a table of the schemes by their order with the slopes fitted in either panel."""
    calls = {outcome.check.claim.scheme: outcome for outcome in results.outcomes(_CALLS)}
    laws = {_name(o): o for o in results.outcomes(_LAWS) if (o.check.target, o.check.claim.distance) == (_TARGET, _DISTANCE)}
    orders = {name: round(-1 / o.check.claim.rate) for name, o in calls.items()} | {name: round(o.check.claim.rate) for name, o in laws.items()}
    known = [name for name in dict.fromkeys([*style.LOOKS, *orders]) if name in orders]
    groups = {order: [name for name in known if orders[name] == order] for order in sorted(set(orders.values()))}
    columns = _in_columns(groups)
    table = (1 + max(map(len, columns))) * style.LINE
    figure = Figure(figsize=(style.PAGE, _HEIGHT + table), layout="constrained")
    top, bottom = figure.subfigures(2, 1, squeeze=False, height_ratios=(_HEIGHT, table)).flat
    left, right = top.subplots(1, 2)
    for name, outcome in calls.items():
        _draw_curve(left, name, outcome, [accuracy for accuracy, _ in outcome.points], outcome.check.claim.rate)
    for name, outcome in reversed(laws.items()):
        _draw_curve(right, name, outcome, _work(outcome), -outcome.check.claim.rate)
    left.invert_xaxis()
    _draw_saving(left, calls[_SLOW], calls[_FAST])
    left.set(title="Gaussian target", xlabel="Accuracy: $W_2$ to the target", ylabel="Drift evaluations per unit of time")
    right.set(title="Rippled target, not Gaussian", xlabel="Drift evaluations per unit of time", ylabel="$W_2$ of the position")
    for panel in (left, right):
        panel.spines[["top", "right"]].set_visible(False)
    _draw_table(bottom.add_axes((0, 1e-3, 1, 0.998)), columns, calls, laws)
    return figure


def _name(outcome: Outcome) -> str:
    """A scheme of the phase plane by the name under which it has a look."""
    scheme = outcome.check.claim.scheme
    return f"underdamped {scheme}" if scheme.startswith(_UNDERDAMPED) else scheme


def _work(outcome: Outcome) -> list[float]:
    """Expected drift evaluations per unit of diffusion time at each step, as the schemes declare them."""
    cells = {point.step: point.cell for point in outcome.check.points}
    options: dict[float, dict[str, Any]] = {step: {key: value for key, value in cell.parameters if key != "rtol"} for step, cell in cells.items()}
    return [build_scheme(**options[step]).drift_calls / step for step, _ in outcome.points]


def _draw_curve(panel: Axes, name: str, outcome: Outcome, x: list[float], slope: float) -> None:
    """The points of a scheme with the claimed slope through the most accurate one."""
    log(panel)
    if not outcome.points:
        return
    look = style.look(name)
    values = [estimate.value for _, estimate in outcome.points]
    best = min(range(len(x)), key=lambda i: outcome.points[i][0])
    panel.plot(x, [values[best] * (at / x[best]) ** slope for at in x], color=look.colour, zorder=1, **style.DASHES)
    style.bars(panel, x, [estimate for _, estimate in outcome.points], look.colour)
    panel.plot(x, values, linestyle="none", **look.options, gid=name, zorder=3)


def _draw_saving(panel: Axes, slow: Outcome, fast: Outcome) -> None:
    """An arrow at the highest accuracy, with the factor between the two schemes."""
    high, low = (dict((accuracy, estimate.value) for accuracy, estimate in outcome.points) for outcome in (slow, fast))
    if shared := set(high) & set(low):
        at = min(shared)
        panel.annotate("", (at, low[at]), (at, high[at]), arrowprops=style.ARROW, zorder=0)
        beside = (at, high[at] ** 0.7 * low[at] ** 0.3)
        panel.annotate(f"{high[at] / low[at]:.0f}×\nfewer", beside, (-4, 0), textcoords="offset points", ha="right", va="center", fontsize=7, linespacing=1)


def _in_columns(groups: Mapping[int, list[str]]) -> list[list[tuple[int, str]]]:
    """The lines of two columns as (order, scheme or "" for the heading lines); the longest order has a column to itself."""
    longest = max(groups, key=lambda order: len(groups[order]))
    blocks = {order: [(order, "")] * _LINES + [(order, name) for name in names] for order, names in groups.items()}
    return [[line for order, block in blocks.items() if order != longest for line in block], blocks[longest]]


def _draw_table(panel: Axes, columns: list[list[tuple[int, str]]], calls: Curves, laws: Curves) -> None:
    """Marker, scheme, and the slopes of the left and of the right panel, by order."""
    lines = 1 + max(map(len, columns))
    panel.set(xlim=(0, style.PAGE / style.POINT), ylim=(lines - 0.4, -0.7))
    panel.set_axis_off()
    for column, (start, *ends) in zip(columns, _COLUMNS, strict=True):
        seen = set[int]()
        for line, (order, name) in enumerate(column):
            if name:
                panel.plot(start + 3, line, linestyle="none", **style.look(name).options)
                panel.text(start + 10, line, style.words(name).removesuffix(", K = ∞"), fontsize=style.SMALL, va="center")
                row = [style.slope(curves[name].fit, sign) if name in curves else "–" for curves, sign in ((calls, 1.0), (laws, -1.0))]
            elif order not in seen:
                panel.text(start, line, f"Order {order}", fontweight="bold", va="center")
                row = ["left", "right"]
            else:
                panel.plot((start, start + 12), (line, line), color=style.FAINT, **style.DASHES)
                panel.text(start + 16, line, "claimed slope", fontsize=style.SMALL, va="center")
                row = [f"−{Fraction(1, order)}", f"−{order}"]
            for end, text in zip(ends, row, strict=True):
                colour = style.INK if name or order in seen else style.FAINT
                panel.text(end, line, text, fontsize=style.SMALL, color=colour, ha="right", va="center")
            seen.add(order)
    panel.text(_COLUMNS[-1][0], lines - 1, "PMM with K = ∞", fontsize=style.SMALL, color=style.FAINT, va="center")
