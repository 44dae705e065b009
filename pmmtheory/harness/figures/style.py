"""The look of all figures: one theme, the widths of a paper's columns, and a fixed colour and marker for each scheme."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import matplotlib
import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pmmtheory.estimate import Estimate
from pmmtheory.rates import RateFit

matplotlib.use("agg")

COLUMN, PAGE = 3.25, 5.5
"""The widths of a column of a two-column page, and of the text of a one-column page (NeurIPS), in inches."""
POINT = 1 / 72
"""A typographic point in inches."""
LINE = 11 * POINT
"""The height of a line of a legend, in inches."""
SMALL = 6.5
"""The smallest font size in use, in points."""
INK, FAINT, LIGHT = "#262626", "#737373", "#e6e6e6"
DASHES: dict[str, Any] = {"linestyle": (0, (4, 2)), "linewidth": 0.7}
"""A line of theory."""
RING: dict[str, Any] = {"marker": "o", "markersize": 7.0, "markerfacecolor": "none", "markeredgecolor": FAINT, "markeredgewidth": 0.7, "linestyle": "none"}
"""Around the points that particles gave."""
ARROW: dict[str, Any] = {"arrowstyle": "->", "color": INK, "linewidth": 0.8, "shrinkA": 3, "shrinkB": 3}


@dataclass(frozen=True)
class Look:
    """How a scheme appears: its colour (Okabe and Ito's palette) and its marker, hollow for one midpoint a step."""

    colour: str
    marker: str
    hollow: bool = False

    @property
    def options(self) -> dict[str, Any]:
        """The marker for matplotlib."""
        return {"color": self.colour, "marker": self.marker, "markerfacecolor": "white" if self.hollow else self.colour, "markeredgecolor": self.colour}


LOOKS = {
    "LMC": Look("#D55E00", "o"),
    "RMM": Look("#009E73", "s"),
    "PMM bernoulli, K=inf": Look("#0072B2", "D"),
    "PMM single, K=inf": Look("#0072B2", "D", hollow=True),
    "PMM bernoulli, K=2/step": Look("#56B4E9", "^"),
    "PMM single, K=2/step": Look("#56B4E9", "^", hollow=True),
    "PMM bernoulli, K=4": Look("#CC79A7", "v"),
    "PMM single, K=8": Look("#CC79A7", "v", hollow=True),
    "ULMC": Look("#D55E00", "*"),
    "BAOAB": Look("#E69F00", "<"),
    "OBABO": Look("#E69F00", ">"),
    "ABOBA": Look("#E69F00", "d"),
    "UBU": Look("#000000", "^"),
    "BUB": Look("#000000", "v"),
    "underdamped RMM": Look("#009E73", "P"),
    "underdamped PMM bernoulli, K=inf": Look("#0072B2", "p"),
    "underdamped PMM single, K=inf": Look("#0072B2", "p", hollow=True),
    "DDPM V1": Look("#D55E00", "h"),
    "DDPM V2": Look("#D55E00", "v", hollow=True),
    "DDPM V3": Look("#D55E00", "^", hollow=True),
    "DDPM V3-literal": Look("#D55E00", "1"),
    "DDIM": Look("#000000", "o"),
    "DPM-Solver-2": Look("#009E73", "<"),
    "DPM-Solver-3": Look("#009E73", ">"),
    "DPM-Solver-2M": Look("#CC79A7", "<", hollow=True),
    "DPM-Solver-3M": Look("#CC79A7", ">", hollow=True),
    "DPM-Solver-3M, reference code": Look("#CC79A7", ">"),
    "DPM-Solver-3M, exact difference": Look("#CC79A7", "d"),
    "DPM-Solver++(2M)": Look("#E69F00", "P", hollow=True),
    "Heun": Look("#000000", "s", hollow=True),
    "DPM-Solver-3M, quadratic grid": Look("#CC79A7", "s"),
    "DPM-Solver-3M, log-SNR grid": Look("#CC79A7", "^"),
    "PMM over V2, K=5": Look("#56B4E9", "D"),
    "PMM over V2, K=5, Bernoulli midpoints": Look("#56B4E9", "D", hollow=True),
    "PMM over V1, K=5": Look("#56B4E9", "p"),
    "PMM over V3, K=5": Look("#0072B2", "D"),
    "PMM over V3, K=5, Bernoulli midpoints": Look("#0072B2", "D", hollow=True),
    "PMM over V3-literal, K=5": Look("#0072B2", "1"),
    "PMM over V2, K=1000/steps": Look("#0072B2", "X"),
    "PMM over V3, K=1000/steps": Look("#0072B2", "d", hollow=True),
}
CYCLE = tuple(
    Look(colour, marker)
    for colour, marker in zip(("#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#737373"), "oDs^v<>P", strict=True)
)
"""For schemes without a look of their own, in their order."""
MOST = len(CYCLE)
"""The most curves of a panel: more cannot be told apart."""
DISTANCES = {"tv": "Total variation", "kl": "Kullback–Leibler divergence", "w2": "Wasserstein distance $W_2$"}
DISTANCE_MARKERS = {"tv": "o", "kl": "s", "w2": "^"}


def look(scheme: str) -> Look:
    """The look of a scheme as claims name it; one without a look of its own is grey."""
    return LOOKS.get(scheme, Look(FAINT, "X"))


def words(text: str) -> str:
    """A name or a title of the studies as a reader wants it.

    >>> words("PMM bernoulli, K=inf"), words("PMM single, K=8")
    ('PMM, K = ∞', 'PMM, one midpoint, K = 8')
    """
    for old, new in (("PMM bernoulli", "PMM"), ("PMM single", "PMM, one midpoint"), ("K=", "K = "), ("K = inf", "K = ∞")):
        text = text.replace(old, new)
    return text


@contextmanager
def theme() -> Iterator[None]:
    """The theme, whatever the user's own settings are."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        settings: dict[Any, Any] = {**sns.plotting_context("paper"), **sns.axes_style("ticks"), **_THEME}
        matplotlib.rcParams.update(settings)
        yield


def panels(rows: int, columns: int, height: float, width: float = PAGE, **options: Any) -> tuple[Figure, np.ndarray]:
    """A figure as wide as the page, or as a column, with a grid of axes."""
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False, **options)
    for panel in axes.flat:
        sns.despine(ax=panel)
    return figure, axes


def show_slopes(panel: Axes, corner: Literal["lower left", "upper left"], room: float = 0.0) -> None:
    """The labels of the curves of a panel, which are their slopes, in a corner, where the axis is made longer by that share for them."""
    if panel.get_legend_handles_labels()[0]:
        low, high = np.log10(panel.get_ylim())
        below, above = ((high - low) * room if corner.startswith(side) else 0.0 for side in ("lower", "upper"))
        panel.set_ylim(10.0 ** (low - below), 10.0 ** (high + above))
        panel.legend(title="Slope", loc=corner, alignment="left", handlelength=1, labelspacing=0.25, borderpad=0, borderaxespad=0.3)


def sampled(estimate: Estimate) -> bool:
    """Whether a number is that of particles: its error is a standard error."""
    return "particles" in estimate.method or "sample" in estimate.method


def bars(panel: Axes, x: Sequence[float], estimates: Sequence[Estimate], colour: str) -> None:
    """The errors: a line each, and for particles one with caps and a ring around the point, so that they are told from computed laws."""
    for kind, caps in ((False, 0.0), (True, 2.0)):
        ours = [(at, estimate) for at, estimate in zip(x, estimates, strict=True) if sampled(estimate) == kind]
        if ours:
            values, errors = [estimate.value for _, estimate in ours], [estimate.error for _, estimate in ours]
            panel.autoscale_view()  # errorbar divides by the width of the panel, which is none where one point was drawn
            panel.errorbar([at for at, _ in ours], values, errors, fmt="none", ecolor=colour, elinewidth=0.7, capsize=caps, capthick=0.7, zorder=2)
            if kind:
                panel.plot([at for at, _ in ours], values, **RING, zorder=4)


def slope(fit: RateFit | None, factor: float) -> str:
    """A fitted rate times a factor, for a legend."""
    if fit is None or not math.isfinite(fit.interval[1] - fit.interval[0]):
        return "no fit"
    return concise(factor * fit.rate, abs(factor) * (fit.interval[1] - fit.interval[0]) / 2)


def concise(value: float, half_width: float) -> str:
    """A number with the uncertainty of its last digit in brackets, rounded up; four decimals at most.

    >>> concise(-2.0003, 0.0032), concise(1.0, 3e-9), concise(2.04, 0.095), concise(-1.0, 30.0)
    ('−2.000(4)', '1.0000(1)', '2.0(1)', '−1(30)')
    """
    digits = min(4, max(0, -math.floor(math.log10(half_width)))) if half_width > 0 else 4
    units = max(1, math.ceil(half_width * 10**digits - 1e-9))
    if units == 10 and digits:
        digits, units = digits - 1, 1
    return f"{value:.{digits}f}({units})".replace("-", "−")


_THEME = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # it comes with matplotlib: the same letters on every machine
    "mathtext.fontset": "dejavusans",
    "font.size": 7.5,
    "axes.titlesize": 8,
    "axes.labelsize": 7.5,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "legend.title_fontsize": 7,
    "figure.titlesize": 8,
    "figure.labelsize": 7.5,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "axes.linewidth": 0.6,
    "axes.axisbelow": True,
    "grid.color": LIGHT,
    "grid.linewidth": 0.5,
    "lines.linewidth": 1.0,
    "lines.markersize": 3.5,
    "lines.markeredgewidth": 0.7,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.minor.size": 1.3,
    "ytick.minor.size": 1.3,
    "xtick.minor.width": 0.4,
    "ytick.minor.width": 0.4,
    "legend.frameon": False,
    "legend.handletextpad": 0.4,
    "legend.columnspacing": 1.4,
    "pdf.fonttype": 42,
}
