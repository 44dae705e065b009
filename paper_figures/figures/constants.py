"""The leading constants: what was measured over what was predicted."""

from __future__ import annotations

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from pmmtheory.harness.figures import style
from pmmtheory.harness.figures.forest import Block, Dot, Row, forest
from pmmtheory.harness.figures.results import Results
from pmmtheory.harness.verdict import Outcome

title = "The measured leading constant over the predicted one, with its interval"

_STUDIES = ("lmc", "rmm", "pmm_infinite", "pmm_scaled", "pmm_fixed")
_FARTHEST = 50.0
"""No axis reaches farther: whiskers beyond are cut."""


def draw(results: Results) -> Figure:
    """One block a scheme, one row a target, one dot a distance."""
    outcomes = [outcome for outcome in results.outcomes(*_STUDIES) if outcome.check.constant]
    blocks = []
    for scheme in dict.fromkeys(outcome.check.claim.scheme for outcome in outcomes):
        ours = [outcome for outcome in outcomes if outcome.check.claim.scheme == scheme]
        targets = dict.fromkeys(outcome.check.target for outcome in ours)
        rows = [(target, tuple(dot for outcome in ours if outcome.check.target == target and (dot := _dot(outcome)))) for target in targets]
        blocks.append(Block(style.words(scheme), tuple(Row(target, dots, "" if dots else "not measured") for target, dots in rows)))
    reach = max((abs(end) for block in blocks for row in block.rows for dot in row.dots for end in (dot.low, dot.high)), default=1.0)
    figure = forest(blocks, "(Measured / predicted − 1) × 1000", lambda panel: _prepare(panel, min(1.08 * reach, _FARTHEST)))
    marks = {style.DISTANCES[distance]: marker for distance, marker in style.DISTANCE_MARKERS.items()}
    handles = [Line2D([], [], color=style.FAINT, marker=marker, markersize=3, linestyle="none", label=text) for text, marker in marks.items()]
    figure.legend(handles=handles, loc="upper center", ncols=len(handles), handlelength=1.2, borderaxespad=0.4)
    return figure


def _dot(outcome: Outcome) -> Dot | None:
    """The ratio less 1, per thousand."""
    fit, predicted, claim = outcome.fit, outcome.predicted_constant, outcome.check.claim
    if fit is None or predicted is None or not math.isfinite(fit.constant_interval[1]):
        return None
    value, low, high = (1000 * (constant / predicted.value - 1) for constant in (fit.constant, *fit.constant_interval))
    look = style.look(claim.scheme)
    return Dot(value, low, high, look.colour, style.DISTANCE_MARKERS.get(claim.distance, "D"), look.hollow)


def _prepare(panel: Axes, reach: float) -> None:
    """A linear axis around 0."""
    panel.set_xlim(-reach, reach)
    panel.grid(axis="x")
    panel.axvline(0, color=style.FAINT, linewidth=0.5, zorder=1)
