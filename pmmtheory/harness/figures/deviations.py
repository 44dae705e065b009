"""Every claim on a rate at once: the measured rate minus the claimed one, with its interval."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from pmmtheory.harness.figures import style
from pmmtheory.harness.figures.forest import Block, Dot, Row, forest
from pmmtheory.harness.verdict import Outcome

_CLAIM, _CONTROL, _CONSTANT, _WRONG = "#44546A", "#E69F00", "#CC79A7", "#B2182B"
_LINEAR = 1e-3
"""Where the axis turns from linear to logarithmic."""
_FARTHEST = 10.0
"""No axis reaches farther: whiskers beyond are cut."""
_SHORT = 15
"""The letters of a scheme's name that fit before a row."""
_TICKS = {-1.0: "−1", -0.01: "−0.01", 0.0: "0", 0.01: "0.01", 1.0: "1"}


def deviations(studies: Mapping[str, Sequence[Outcome]]) -> Figure:
    """One block a study by its title, those of controls last; one row a target, one dot a distance.

    A control that has the claimed rate and fails by its constant has a colour of its own, and the factor beside it.
    """
    rated = {title: [outcome for outcome in outcomes if outcome.check.claim.kind != "inequality"] for title, outcomes in studies.items()}
    ordered = sorted((pair for pair in rated.items() if pair[1]), key=lambda pair: pair[1][-1].check.control)
    blocks = [_block(title, outcomes) for title, outcomes in ordered]
    farthest = max((abs(end) for block in blocks for row in block.rows for dot in row.dots for end in (dot.low, dot.high)), default=1.0)
    figure = forest(blocks, "Measured rate − claimed rate", lambda panel: _prepare(panel, min(1.6 * farthest, _FARTHEST)), legend_lines=2)
    _explain(figure, [outcome for _, outcomes in ordered for outcome in outcomes])
    return figure


def _block(study: str, outcomes: Sequence[Outcome]) -> Block:
    """A study: a heading a scheme, if there are several, and a row a target; with one target in all, the title names it and a short heading its row."""
    title, rows = style.words(study.split(":")[0].split(",")[0]), []
    schemes = list(dict.fromkeys(outcome.check.claim.scheme for outcome in outcomes))
    targets = list(dict.fromkeys(outcome.check.target for outcome in outcomes))
    merged = len(schemes) > 1 == len(targets)
    for scheme in schemes:
        name = style.words(scheme)
        alone = merged and len(name) <= _SHORT
        if len(schemes) > 1 and not alone:
            rows.append(Row(name))
        ours = [outcome for outcome in outcomes if outcome.check.claim.scheme == scheme]
        for target, group in groupby(ours, key=lambda outcome: outcome.check.target):
            dots = tuple(dot for outcome in group if (dot := _dot(outcome)))
            rows.append(Row((name if alone else target) + _off(ours, target), dots, "" if dots else "not measured"))
    return Block(f"{title}: {targets[0]}" if merged and targets[0] not in title.lower() else title, tuple(rows))


def by_constant(outcome: Outcome) -> float | None:
    """Measured over claimed constant of a control that has the claimed rate and fails by its constant; None for all else."""
    fit, claimed = outcome.fit, outcome.predicted_constant
    if not outcome.check.control or fit is None or claimed is None or not math.isfinite(fit.constant):
        return None
    return fit.constant / claimed.value if fit.interval[0] <= outcome.check.claim.rate <= fit.interval[1] else None


def _off(outcomes: Sequence[Outcome], target: str) -> str:
    """By how much constants are off, where that is how controls fail."""
    factors = [factor for outcome in outcomes if outcome.check.target == target and (factor := by_constant(outcome))]
    return f", C × {' and '.join(dict.fromkeys(f'{factor:.2g}' for factor in factors))}" if factors else ""


def _dot(outcome: Outcome) -> Dot | None:
    """The rate less the claimed one; a claim that says "at least" is hollow, and what is not as it should be has a colour of its own."""
    fit, claim = outcome.fit, outcome.check.claim
    if fit is None or not math.isfinite(fit.interval[1] - fit.interval[0]):
        return None
    control = _CONSTANT if by_constant(outcome) else _CONTROL
    colour = _WRONG if not outcome.as_it_should else control if outcome.check.control else _CLAIM
    marker = style.DISTANCE_MARKERS.get(claim.distance.split()[-1], "D")
    return Dot(fit.rate - claim.rate, fit.interval[0] - claim.rate, fit.interval[1] - claim.rate, colour, marker, hollow=claim.kind == "bound")


def _prepare(panel: Axes, reach: float) -> None:
    """Linear around 0, logarithmic beyond, with the half order that a claim's interval must not leave."""
    panel.set_xscale("symlog", linthresh=_LINEAR, linscale=0.5)
    panel.set_xlim(-reach, reach)
    panel.set_xticks(list(_TICKS), list(_TICKS.values()))
    panel.set_xticks([sign * 10.0**-k for sign in (-1, 1) for k in (1, 3)], minor=True)
    panel.axvspan(-0.5, 0.5, color=style.LIGHT, alpha=0.6, linewidth=0, zorder=0)
    panel.axvline(0, color=style.FAINT, linewidth=0.5, zorder=1)


def _explain(figure: Figure, outcomes: Sequence[Outcome]) -> None:
    """The legend at the top, with the tally."""
    tally = Counter((outcome.check.control, outcome.as_it_should) for outcome in outcomes)
    constants = sum(by_constant(outcome) is not None for outcome in outcomes)
    words = {
        _CLAIM: f"{tally[False, True]} claims that hold",
        _CONTROL: f"{tally[True, True]} controls that fail, as they must",
        _CONSTANT: f"{constants} of them by their constant C",
        _WRONG: f"{tally[False, False] + tally[True, False]} not as they should be",
    }
    if not tally[False, False] + tally[True, False]:
        del words[_WRONG]
    if not constants:
        del words[_CONSTANT]
    verdicts = [Line2D([], [], color=colour, marker="o", markersize=3, label=text) for colour, text in words.items()]
    verdicts.append(Line2D([], [], color=style.LIGHT, linewidth=6, solid_capstyle="butt", label="within half an order"))
    marks = {"total variation": "o", "KL divergence": "s", "Wasserstein distance $W_2$": "^", "other quantities": "D"}
    shapes = [Line2D([], [], color=style.FAINT, marker=marker, markersize=3, linestyle="none", label=text) for text, marker in marks.items()]
    if any(outcome.check.claim.kind == "bound" for outcome in outcomes):
        shapes.append(Line2D([], [], color=style.FAINT, marker="o", markersize=3, markerfacecolor="white", linestyle="none", label="claimed: at least"))
    options: dict[str, Any] = {"loc": "upper center", "handlelength": 1.2, "columnspacing": 1.0, "fontsize": style.SMALL, "borderaxespad": 0.4}
    for i, handles in enumerate((verdicts, shapes)):
        figure.legend(handles=handles, bbox_to_anchor=(0.5, 1 - i * style.LINE / figure.get_figheight()), ncols=len(handles), **options)
