"""What there is to run, and what is known already."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from rich.markup import escape
from rich.text import Text

from pmmtheory.harness.page import paragraph
from pmmtheory.harness.provenance import provenance
from pmmtheory.harness.store import Stored, open_store
from pmmtheory.harness.study import Check, Study
from pmmtheory.harness.table import show_study, terminal
from pmmtheory.harness.verdict import decide


def show_list(checks: Mapping[Study, list[Check]], profile: str, device: str, path: Path) -> None:
    """Print the studies, one line each: what it is about, how many claims it has, and what the stored results say of them."""
    results, stale = known(device, path)
    states = {study: _state(study, group, results, stale) for study, group in checks.items()}
    console = terminal()
    name = max((len(study.name) for study in checks), default=0)
    room = console.width - name - max((Text.from_markup(state).cell_len for state in states.values()), default=0) - 4
    console.print(f"[bold]profile {escape(profile)}[/]")
    for study, state in states.items():
        title = study.title if len(study.title) <= room else f"{study.title[: max(room - 1, 0)]}…"
        console.print(f"{escape(f'{study.name:<{name}}')}  {escape(f'{title:<{room}}')}  {state}", soft_wrap=True)


def show_tables(checks: Mapping[Study, list[Check]], device: str, path: Path, only_failures: bool = False) -> None:
    """Print the table of each study and what it found; of one that is not stored in full, what lacks."""
    results, stale = known(device, path)
    console = terminal()
    for study, group in checks.items():
        title = f"{study.name}: {study.title}"
        if not all(cell.key in results for check in group for cell in check.cells):
            console.print(f"[bold]{escape(title)}[/]: {_state(study, group, results, stale)}; `run {escape(study.name)}` computes the rest")
            continue
        outcomes = [decide(study.name, check, results) for check in group]
        shown = [outcome for outcome in outcomes if not (only_failures and outcome.as_it_should)]
        if shown:
            show_study(console, title, shown)
        if study.findings and not only_failures:
            for sentence in study.findings(outcomes):
                console.print(paragraph(sentence), markup=False, soft_wrap=True)


def known(device: str, path: Path) -> tuple[dict[str, Stored], set[str]]:
    """The stored results, and the keys of cells that only other code computed."""
    origin = provenance(device)
    if not path.exists():
        return {}, set()
    with open_store(path, must_exist=True) as store:
        return store.load(origin), store.stale(origin)


def _state(study: Study, group: list[Check], results: dict[str, Stored], stale: set[str]) -> str:
    """Whether all is as it should be, once every cell is stored; cells are stale where their code was edited since."""
    keys = {cell.key for check in group for cell in check.cells}
    known = keys & results.keys()
    if known != keys:
        old = len(stale & (keys - known))
        return f"[dim]{len(known)} of {len(keys)} cells{f', {old} stale' if old else ''}[/]"
    good = sum(decide(study.name, check, results).as_it_should for check in group)
    return f"[green]all {good} ok[/]" if good == len(group) else f"[red]{good} of {len(group)} ok[/]"
