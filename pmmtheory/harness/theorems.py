"""The theorems that are known, with the claims that cite them and what the stored results say of those."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill

from rich.markup import escape

from pmmtheory.harness.discover import known_name
from pmmtheory.harness.listing import known
from pmmtheory.harness.project import Project
from pmmtheory.harness.store import Stored
from pmmtheory.harness.study import Check, Study
from pmmtheory.harness.table import COLOURS, WIDTH, terminal
from pmmtheory.harness.verdict import Outcome, decide
from pmmtheory.theory.theorem import BOUNDS, Theorem, find_theorems

_UPPER = ("bound", "inequality")
"""Kinds of claims that a theorem, which bounds from above, can be contradicted by."""

_COLUMNS = {"theorem": 12, "assumes": 8, "bound": 31, "study": 15, "verdict": 9}


@dataclass(frozen=True)
class Row:
    """A theorem, the studies whose claims cite it, the claims that bound from above, and the verdict on all of these.

    verdict : "fail" where one fails; "pass" where all pass; "undecided" where one is, or lacks numbers; "not run" where nothing is stored;
    "no study" where no claim cites it.
    """

    theorem: Theorem
    studies: tuple[str, ...]
    outcomes: tuple[Outcome, ...]
    verdict: str


def show(project: Project, checks: Mapping[Study, list[Check]], names: Iterable[str], device: str, store: Path) -> None:
    """Print the table of all theorems, or the named ones in full.

    Raises
    ------
    UsageError
        For a name that no theorem has.
    """
    found, wanted = theorems_of(project), list(names)
    for name in wanted:
        known_name("theorem", name, found)
    results, _ = known(device, store)
    if not wanted:
        return show_table(rows(found.values(), checks, results))
    for row in rows((found[name] for name in wanted), checks, results):
        show_theorem(row)


def theorems_of(project: Project) -> dict[str, Theorem]:
    """Those of the package, and of the project's own folder theorems/."""
    return find_theorems(BOUNDS, *([project.part("theorems")] if project.has("theorems") else []))


def rows(theorems: Iterable[Theorem], checks: Mapping[Study, list[Check]], results: Mapping[str, Stored]) -> list[Row]:
    """What is known of each theorem; controls are left out."""
    return [_row(theorem, checks, results) for theorem in theorems]


def _row(theorem: Theorem, checks: Mapping[Study, list[Check]], results: Mapping[str, Stored]) -> Row:
    cited = [(study.name, check) for study, group in checks.items() for check in group if theorem.cited_by(check.claim.source)]
    upper = [(name, check) for name, check in cited if check.claim.kind in _UPPER and not check.control]
    outcomes = tuple(decide(name, check, results) for name, check in upper)
    return Row(theorem, tuple(dict.fromkeys(name for name, _ in upper)), outcomes, _verdict(outcomes))


def _verdict(outcomes: tuple[Outcome, ...]) -> str:
    if not outcomes:
        return "no study"
    if not any(outcome.points for outcome in outcomes):
        return "not run"
    said = {outcome.verdict for outcome in outcomes}
    return next(verdict for verdict in ("fail", "undecided", "pass") if verdict in said)


def show_table(found: Iterable[Row]) -> None:
    """Print a line a theorem."""
    console = terminal()
    console.print(f"[bold]{escape(_line(dict(zip(_COLUMNS, _COLUMNS, strict=True))))}[/]", soft_wrap=True)
    for row in found:
        theorem, study = row.theorem, row.studies[0] if row.studies else "-"
        cells = {"theorem": theorem.name, "assumes": theorem.assumes, "bound": theorem.says, "study": study}
        colour = COLOURS.get(row.verdict, "dim")
        console.print(f"{escape(_line(cells))} [{colour}]{row.verdict}[/]", soft_wrap=True)


def show_theorem(row: Row) -> None:
    """Print all that is known of one: what it assumes and says, and the verdict of every claim."""
    theorem, console = row.theorem, terminal()
    console.print(f"[bold]{escape(theorem.name)}[/]: {escape(theorem.source)}", soft_wrap=True)
    for title, text in (("assumes", "; ".join(theorem.assumptions)), ("says", theorem.statement), ("function", _function(theorem)), ("verdict", row.verdict)):
        console.print(fill(f"{title + ':':<10}{text}", WIDTH, subsequent_indent=" " * 10, break_on_hyphens=False), markup=False, soft_wrap=True)
    for outcome in row.outcomes:
        claim = outcome.check.claim
        said = f"{outcome.verdict}: {claim.statement} ({outcome.check.target}, {outcome.study})"
        console.print(fill(said, WIDTH, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False), markup=False, soft_wrap=True)


def markdown(found: Iterable[Row]) -> str:
    """A table with the theorems in full, without verdicts: those are of a store."""
    lines = ["| theorem | assumes | says | function | studies |", "|---|---|---|---|---|"]
    for row in found:
        theorem = row.theorem
        studies = ", ".join(f"`{name}`" for name in row.studies) or "-"
        cells = (f"**{theorem.name}**: {theorem.source}", "; ".join(theorem.assumptions), theorem.statement, f"`{_function(theorem)}`", studies)
        lines.append("| " + " | ".join(_plain(cell) for cell in cells) + " |")
    return "\n".join(lines)


def _plain(text: str) -> str:
    """Text in a cell of a table in Markdown, where bars, stars and underscores mean themselves outside code."""
    parts = text.split("`")
    outside = [part.replace("|", "\\|").replace("_", "\\_") if i % 2 == 0 else part for i, part in enumerate(parts)]
    return "`".join(outside)


def _function(theorem: Theorem) -> str:
    return str(theorem.bound.__name__)


def _line(cells: Mapping[str, str]) -> str:
    """The cells of a line, each cut to its width."""
    return " ".join(f"{_cut(text, _COLUMNS[name]):<{_COLUMNS[name]}}" for name, text in cells.items())


def _cut(text: str, width: int) -> str:
    """Text that fits.

    >>> _cut("underdamped_bounds", 15), _cut("KN 2", 12)
    ('underdamped_bo…', 'KN 2')
    """
    return text if len(text) <= width else f"{text[: width - 1]}…"
