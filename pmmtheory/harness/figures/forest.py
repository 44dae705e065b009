"""A page of dots with whiskers: named blocks of labelled rows in two columns, every dot of every row in sight."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from textwrap import wrap

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import blended_transform_factory

from pmmtheory.harness.figures import style


@dataclass(frozen=True)
class Dot:
    """A value with its interval."""

    value: float
    low: float
    high: float
    colour: str
    marker: str
    hollow: bool = False


@dataclass(frozen=True)
class Row:
    """A line of text with dots, drawn one below the other; without dots it is a heading of the rows that follow."""

    label: str
    dots: tuple[Dot, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Block:
    """Rows under a title."""

    title: str
    rows: tuple[Row, ...]


def forest(blocks: Sequence[Block], label: str, prepare: Callable[[Axes], None], legend_lines: int = 1) -> Figure:
    """Draw the blocks in two columns of equal height; `prepare` sets the scale, limits, ticks and guides of the axis, `legend_lines` leaves room at the top."""
    columns = _halves(blocks)
    tallest = max(_height(column) for column in columns)
    top = _TOP + legend_lines * style.LINE / style.POINT
    height = top + tallest + _BOTTOM
    figure = Figure(figsize=(style.PAGE, height * style.POINT))
    width = style.PAGE / style.POINT / 2
    for i, column in enumerate(columns):
        y = height - top
        panel: Axes | None = None
        for block in column:
            y -= _TITLE * len(_lines(block))
            words = "\n".join(_lines(block))
            figure.text((i * width + _MARGIN) / (2 * width), (y + 3) / height, words, fontweight="bold", fontsize=style.SMALL + 0.5, linespacing=1.1)
            y -= _PITCH * len(block.rows)
            place = ((i * width + _LABELS) / (2 * width), y / height, (width - _LABELS - _MARGIN) / (2 * width), _PITCH * len(block.rows) / height)
            panel = figure.add_axes(place)
            _draw(panel, block, prepare)
            y -= _GAP
        if panel:
            panel.tick_params(axis="x", which="both", bottom=True, labelbottom=True)
            panel.spines["bottom"].set_visible(True)
            panel.set_xlabel(label, labelpad=2, fontsize=7, loc="right")
    return figure


_PITCH, _TITLE, _GAP = 9.0, 10.0, 6.0
_TOP, _BOTTOM, _MARGIN, _LABELS = 10.0, 24.0, 6.0, 86.0
"""Lengths in points."""
_LETTERS = 38
"""Of a title that fit a column."""
_SPREAD, _ROOM = 0.28, 0.66
"""Between two dots of a row, and at most between its first and its last, in rows."""


def _height(blocks: Sequence[Block]) -> float:
    """The height of a column."""
    return sum(_TITLE * len(_lines(block)) + _PITCH * len(block.rows) + _GAP for block in blocks)


def _lines(block: Block) -> list[str]:
    """The title of a block in lines that fit the column."""
    return wrap(block.title, _LETTERS)


def _halves(blocks: Sequence[Block]) -> tuple[Sequence[Block], Sequence[Block]]:
    """The blocks in two columns, in order, the higher one as low as can be."""
    cut = min(range(len(blocks) + 1), key=lambda i: max(_height(blocks[:i]), _height(blocks[i:])))
    return blocks[:cut], blocks[cut:]


def _draw(panel: Axes, block: Block, prepare: Callable[[Axes], None]) -> None:
    """One block."""
    prepare(panel)
    panel.set_ylim(len(block.rows) - 0.4, -0.6)
    panel.tick_params(axis="x", which="both", bottom=False, labelbottom=False, labelsize=style.SMALL)
    panel.tick_params(axis="y", length=0, labelsize=style.SMALL)
    named = [i for i, row in enumerate(block.rows) if row.dots or row.note]
    panel.set_yticks(named, [block.rows[i].label for i in named])
    panel.spines[:].set_visible(False)
    beside = blended_transform_factory(panel.figure.transFigure, panel.transData)
    left = panel.get_position().x0 - (_LABELS - _MARGIN - 4) * style.POINT / style.PAGE
    for i, row in enumerate(block.rows):
        if i not in named:
            panel.text(left, i, row.label, transform=beside, fontsize=style.SMALL, fontstyle="italic", va="center", zorder=4)
        if row.note:
            panel.text(0.5, i, row.note, transform=panel.get_yaxis_transform(), fontsize=style.SMALL, color=style.FAINT, ha="center", va="center")
        spread = min(_SPREAD, _ROOM / max(1, len(row.dots) - 1))
        for j, dot in enumerate(row.dots):
            _draw_dot(panel, dot, i + (j - (len(row.dots) - 1) / 2) * spread)


def _draw_dot(panel: Axes, dot: Dot, y: float) -> None:
    """The dot and its whisker."""
    panel.plot([dot.low, dot.high], [y, y], color=dot.colour, linewidth=0.7, solid_capstyle="butt", zorder=2)
    panel.plot(dot.value, y, dot.marker, color=dot.colour, markersize=2.3, markeredgewidth=0.5, markerfacecolor="white" if dot.hollow else dot.colour, zorder=3)
