"""What there is to run, and what is known already."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from rich import box
from rich.markup import escape
from rich.table import Column, Table

from experiments.provenance import provenance
from experiments.store import Stored, open_store
from experiments.study import Check, Study
from experiments.table import terminal, verdict_text
from experiments.verdict import decide


def show_list(checks: Mapping[Study, list[Check]], profile: str, device: str, path: Path) -> None:
    """Print the studies, then their claims with the verdicts that the stored results give."""
    console = terminal()
    results: dict[str, Stored] = {}
    stale: set[str] = set()
    if path.exists():
        with open_store(path, must_exist=True) as store:
            origin = provenance(device)
            results, stale = store.load(origin), store.stale(origin)
    overview = Table("study", "title", title=f"profile {profile}", title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    for heading in ("checks", "cells"):
        overview.add_column(heading, justify="right")
    for study, group in checks.items():
        cells = {cell.key for check in group for cell in check.cells}
        overview.add_row(escape(study.name), escape(study.title), str(len(group)), str(len(cells)))
    console.print(overview)
    for study, group in checks.items():
        claims = Table(
            "claim", "target", Column("stored verdict", no_wrap=True), title=escape(study.name), title_justify="left", title_style="bold", box=box.SIMPLE_HEAD
        )
        for check in group:
            claims.add_row(escape(check.claim.statement), escape(check.target), _state(study.name, check, results, stale))
        console.print(claims)


def _state(study: str, check: Check, results: dict[str, Stored], stale: set[str]) -> str:
    """The verdict, once every cell of the check is stored; cells are stale where their code was edited since."""
    known = sum(cell.key in results for cell in check.cells)
    if known < len(check.cells):
        old = sum(cell.key in stale for cell in check.cells)
        more = f",\n{old} stale" if old else ""
        return f"[dim]{known} of {len(check.cells)} cells{more}[/]"
    return verdict_text(decide(study, check, results))
