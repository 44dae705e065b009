"""The figure of any study, made from its outcomes: what was measured against the step, and what inequalities compare."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from pmmtheory.harness.figures import style
from pmmtheory.harness.figures.ticks import log
from pmmtheory.harness.verdict import Outcome

_COLUMNS = 2
_PANEL, _ROW, _LEGEND = 2.0, 0.135, 0.16
"""Inches: a panel of curves, a row of an inequality, a line of a legend."""
_GOOD, _CONTROL, _WRONG = "#0072B2", "#E69F00", "#B2182B"
_BELOW = 1e-6
"""Ratios are drawn down to this."""

Numbered = tuple[int, Outcome]
"""An outcome with the number that it has in its study, from 1 on."""


def draw_study(outcomes: Sequence[Outcome]) -> Figure | None:
    """Panels of curves, by what was measured, and below them the inequalities; None where nothing was measured.

    Claims have their numbers: those of the order of the outcomes.
    """
    numbered = list(enumerate(outcomes, 1))
    curves = _panels([pair for pair in numbered if pair[1].fit and sum(_shown(pair[1])) > 1])
    rows = [pair for pair in numbered if pair[1].ratio is not None and math.isfinite(pair[1].ratio)]
    if not curves and not rows:
        return None
    lines = -(-len(curves) // _COLUMNS)
    heights = [_PANEL + _LEGEND * -(-max(map(len, curves[i * _COLUMNS : (i + 1) * _COLUMNS])) // 2) for i in range(lines)]
    if rows:
        heights.append(0.75 + _ROW * len(rows))
    figure = Figure(figsize=(style.PAGE, sum(heights)), layout="constrained")
    parts = figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False).flat
    for i, part in zip(range(lines), parts, strict=False):
        group = curves[i * _COLUMNS : (i + 1) * _COLUMNS]
        axes = part.subplots(1, _COLUMNS, squeeze=False).flat
        for panel, ours in zip(axes, group, strict=False):
            _draw_curves(panel, ours)
        for panel in axes[len(group) :]:
            panel.set_axis_off()
    if rows:
        _draw_ratios(list(parts)[-1].subplots(), rows)
    return figure


def describe(outcomes: Sequence[Outcome]) -> str:
    """What is seen in the figure, for those who do not see it."""
    numbered = list(enumerate(outcomes, 1))
    curves = [outcome for _, outcome in numbered if outcome.fit and sum(_shown(outcome)) > 1]
    rows = [outcome for _, outcome in numbered if outcome.ratio is not None and math.isfinite(outcome.ratio)]
    said = []
    if curves:
        names = ", ".join(dict.fromkeys(_quantity(outcome) for outcome in curves))
        steps = [step for outcome in curves for step, _ in outcome.points]
        slopes = [outcome.fit.rate for outcome in curves if outcome.fit and math.isfinite(outcome.fit.rate)]
        said.append(f"Curves on logarithmic axes: {names} of {_count(len(curves), 'claim')} against the step, from {max(steps):.2g} down to {min(steps):.2g}.")
        if slopes:
            said.append(f"Their measured slopes lie between {min(slopes):.3g} and {max(slopes):.3g}; dashes have the claimed slopes.")
    if rows:
        below = sum(outcome.ratio is not None and outcome.ratio < 1 for outcome in rows)
        largest = max(outcome.ratio for outcome in rows if outcome.ratio is not None)
        said.append(f"{_count(len(rows), 'inequality')}: measured over bound is below 1 in {below}; the largest is {largest:.3g}.")
    wrong = sum(not outcome.as_it_should for outcome in outcomes)
    said.append(f"{wrong} of {_count(len(outcomes), 'claim')} are not as they should be." if wrong else "All are as they should be.")
    return " ".join(said)


def _count(number: int, what: str) -> str:
    """
    >>> _count(1, "claim"), _count(2, "inequality")
    ('1 claim', '2 inequalities')
    """
    return f"{number} {what}" if number == 1 else f"{number} {what[:-1]}ies" if what.endswith("y") else f"{number} {what}s"


def _shown(outcome: Outcome) -> list[bool]:
    return [estimate.value > 0 and step > 0 for step, estimate in outcome.points]


def _quantity(outcome: Outcome) -> str:
    """What a claim is about, in words."""
    *part, name = outcome.check.claim.distance.split()
    words = f"{' '.join(part)}: " if part else ""
    return (words + style.DISTANCES.get(name, name)).replace("$W_2$", "W2")


def _panels(curves: Sequence[Numbered]) -> list[list[Numbered]]:
    """Curves of one quantity in one panel, those of one target where that is too many, and eight at most."""
    panels: list[list[Numbered]] = []
    for quantity in dict.fromkeys(_quantity(outcome) for _, outcome in curves):
        ours = [pair for pair in curves if _quantity(pair[1]) == quantity]
        groups = [ours]
        if len(ours) > style.MOST:
            groups = [[pair for pair in ours if pair[1].check.target == target] for target in dict.fromkeys(outcome.check.target for _, outcome in ours)]
        for group in groups:
            size = -(-len(group) // -(-len(group) // style.MOST))
            panels += [group[i : i + size] for i in range(0, len(group), size)]
    return panels


def _draw_curves(panel: Axes, curves: Sequence[Numbered]) -> None:
    """Points with bars, dashes with the claimed slope through the last, and a legend below."""
    log(panel)
    several = len({outcome.check.target for _, outcome in curves}) > 1
    schemes = len({outcome.check.claim.scheme for _, outcome in curves}) > 1
    handles = []
    for (number, outcome), look in zip(curves, style.CYCLE, strict=False):
        points = sorted((step, estimate) for (step, estimate), shown in zip(outcome.points, _shown(outcome), strict=True) if shown)
        x, y = [step for step, _ in points], [estimate.value for _, estimate in points]
        rate = outcome.check.claim.rate
        panel.plot(x, [y[0] * (step / x[0]) ** rate for step in x], color=look.colour, zorder=1, **style.DASHES)
        style.bars(panel, x, [estimate for _, estimate in points], look.colour)
        options = look.options | ({"markerfacecolor": "white"} if outcome.check.control else {})
        panel.plot(x, y, linestyle="none", gid=str(number), zorder=3, **options)
        name = " on ".join([style.words(outcome.check.claim.scheme)] * schemes + [outcome.check.target] * several) or style.words(outcome.check.claim.scheme)
        handles.append(Line2D([], [], linestyle="none", **options, label=f"{number}. {name[:_LETTERS]}{'…' if len(name) > _LETTERS else ''}"))
    panel.set(title=_quantity(curves[0][1]), xlabel="Step, or what the claim has for it", ylabel="Measured")
    panel.spines[["top", "right"]].set_visible(False)
    columns = 1 if max(len(str(handle.get_label())) for handle in handles) > _LETTERS // 2 else 2
    panel.legend(
        handles=handles,
        loc="upper center",
        bbox_to_anchor=(0.45, -0.24),
        ncols=columns,
        fontsize=style.SMALL,
        handlelength=1,
        labelspacing=0.25,
        columnspacing=0.8,
    )


_LETTERS = 40
"""Of a name that fit a legend."""


def _draw_ratios(panel: Axes, rows: Sequence[Numbered]) -> None:
    """Measured over bound, a row each; what is left of the line is below its bound."""
    log(panel, "x")
    for row, (_, outcome) in enumerate(rows):
        good = outcome.as_it_should
        colour = _WRONG if not good else _CONTROL if outcome.check.control else _GOOD
        marker = "X" if not good else "D" if outcome.check.control else "o"
        panel.plot(max(outcome.ratio or 0.0, _BELOW), row, marker, color=colour, markersize=3.5, zorder=3)
    panel.axvline(1, color=style.FAINT, linewidth=0.7, zorder=1)
    panel.set_ylim(len(rows) - 0.4, -0.6)
    panel.set_yticks(range(len(rows)), [str(number) for number, _ in rows], fontsize=style.SMALL)
    panel.tick_params(axis="y", length=0)
    panel.grid(axis="y")
    panel.set_title("Inequalities", loc="left")  # the legend is on the right
    panel.set(xlabel="Largest measured / bound (below 1 where it holds)", ylabel="Claim")
    kinds = {"claim": ("o", _GOOD), "control, must be above": ("D", _CONTROL), "not as it should be": ("X", _WRONG)}
    shown = [not all(outcome.check.control for _, outcome in rows), any(outcome.check.control for _, outcome in rows), not all(o.as_it_should for _, o in rows)]
    handles = [
        Line2D([], [], linestyle="none", marker=mark, color=colour, label=text)
        for (text, (mark, colour)), is_shown in zip(kinds.items(), shown, strict=True)
        if is_shown
    ]
    panel.legend(handles=handles, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=3, fontsize=style.SMALL, handlelength=1, borderpad=0)
    panel.spines[["top", "right"]].set_visible(False)
