"""The checks of a study as a table for the terminal, the verdict first."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pmmtheory.harness.verdict import Outcome

WIDTH = 80
"""Characters a line, in a file or a pipe."""

COLOURS = {"pass": "green", "fail": "red", "undecided": "yellow"}


def terminal() -> Console:
    """The console; into a file or a pipe the width is fixed."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=WIDTH)


def show_study(console: Console, title: str, outcomes: Sequence[Outcome]) -> None:
    """One table, then the reason of each verdict that is not as it should be, and of each missing point."""
    table = Table(title=escape(title), title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("", justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    table.add_column("claim", min_width=18)
    table.add_column("target", max_width=10, overflow="fold")
    numbers = [_numbers(outcome) for outcome in outcomes]
    titles = ("rate:\nclaimed, measured", "constant:\nclaimed,\nmeasured")
    shown = [column for column in range(len(titles)) if any(row[column] for row in numbers)]
    for column in shown:
        table.add_column(titles[column], no_wrap=True)
    for number, (outcome, row) in enumerate(zip(outcomes, numbers, strict=True), 1):
        names = (escape(outcome.check.claim.statement), escape(outcome.check.target))
        table.add_row(str(number), verdict_text(outcome), *names, *(row[column] for column in shown))
    console.print(table)
    notes = [f"{number}. {note}" for number, outcome in enumerate(outcomes, 1) for note in _notes(outcome)]
    if notes:
        console.print(escape("\n".join(notes)), end="\n\n")


def verdict_text(outcome: Outcome) -> str:
    """The verdict with its colour; a control says whether it was caught."""
    if not outcome.check.control:
        return f"[{COLOURS[outcome.verdict]}]{outcome.verdict}[/]"
    return "[green]fails,\nas it must[/]" if outcome.as_it_should else f"[red]NOT CAUGHT\n({outcome.verdict})[/]"


def _numbers(outcome: Outcome) -> tuple[str, str]:
    """The rate and the constant, claimed and measured; a constant at a rate that does not hold means nothing."""
    claim, fit, constant = outcome.check.claim, outcome.fit, outcome.predicted_constant
    if claim.kind == "inequality":
        return (f"≤ bound\n{outcome.ratio:.4g} bound" if outcome.ratio is not None else "≤ bound"), ""
    claimed = f"≥ {claim.rate:g}" if claim.kind == "bound" else f"{claim.rate:g}"
    measured = plus_minus(fit.rate, (fit.interval[1] - fit.interval[0]) / 2) if fit and math.isfinite(fit.rate) else ""
    shown = fit and math.isfinite(fit.constant) and (constant or outcome.verdict == "pass")
    constants = (f"{constant.value:.5g}" if constant else "", f"{fit.constant:.5g}" if fit and shown else "")
    return f"{claimed}\n{measured}", "\n".join(constants) if any(constants) else ""


def plus_minus(value: float, half: float) -> str:
    """A rate with the digits that its half width allows, four at most.

    >>> plus_minus(2.00031, 0.00097), plus_minus(2.0000000001, 3e-9), plus_minus(1.7, 4.0)
    ('2.0003 ± 0.0010', '2.0000 ± 3e-09', '1.7 ± 4.0')
    """
    if not math.isfinite(half):
        return f"{value:.4g} ± ?"
    if half < 5e-4:
        return f"{value:.4f} ± {half:.0e}"
    digits = min(4, max(1, 1 - math.floor(math.log10(half))))
    return f"{value:.{digits}f} ± {half:.{digits}f}"


def _notes(outcome: Outcome) -> list[str]:
    """What the reader must know besides the verdict."""
    notes = [] if outcome.as_it_should else [outcome.reason]
    return [*notes, f"skipped {outcome.skipped}"] if outcome.skipped else notes
