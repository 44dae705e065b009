"""What a hunt prints at its end."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from pmmtheory.harness.hunt.case import CRASH, DEATH, HELD, REFUSAL, TIMEOUT, VIOLATION, Outcome, as_json, short_reason

if TYPE_CHECKING:
    from pmmtheory.harness.hunt.command import Found, Plan
    from pmmtheory.harness.hunt.workers import Task

KINDS = (HELD, VIOLATION, CRASH, DEATH, REFUSAL, TIMEOUT)
_REASONS = 12


def show(plan: Plan, found: Found) -> None:
    """A table of the relations, the refusals by reason, and the smallest failing case of each relation."""
    console = Console(width=160, highlight=False, soft_wrap=True)
    console.print(_table(found))
    for reason, count in _refusals(found).most_common(_REASONS):
        console.print(f"refused {count:5d} ({count / len(found.outcomes):.1%}): {reason}", markup=False)
    for name, (task, outcome) in sorted(found.smallest.items()):
        console.print(failure(name, task, outcome), markup=False)
    console.print(summary(plan, found), markup=False)


def summary(plan: Plan, found: Found) -> str:
    """One line."""
    kinds = Counter(kind for kind, _, _ in found.outcomes.values())
    n = len(found.outcomes)
    seconds = sum(seconds for _, _, seconds in found.outcomes.values()) / max(n, 1)
    parts = [f"{kinds[kind]} {kind}" for kind in KINDS if kinds[kind] or kind in (HELD, VIOLATION)]
    unheard = (kinds[REFUSAL] + kinds[TIMEOUT]) / max(n, 1)
    return (
        f"hunt: {n} cases with seed {plan.seed}: {', '.join(parts)}; refused or out of time {unheard:.1%}; "
        f"{seconds:.2f} s a case; {found.computed} run now in {found.seconds:.0f} s; {'clean' if found.clean else 'NOT CLEAN'}"
    )


def failure(name: str, task: Task, outcome: Outcome) -> str:
    """A failing case with what its parameters are and how to run the one it came from."""
    worst, lines = outcome.worst, [f"{outcome.kind} of {name}: {outcome.reason}"]
    if worst is not None and outcome.kind == VIOLATION:
        lines.append(f"    {worst.quantity}: {worst.one!r} against {worst.other!r}, off by {worst.difference:.3g} where {worst.allowed:.3g} is allowed")
    lines.append(f"    smallest case found: {as_json(outcome.parameters)}")
    lines.append(f"    from: pmmtheory hunt --relation {name} --seed {task.seed} --first {task.number} --cases 1")
    return "\n".join(lines)


def _table(found: Found) -> Table:
    table = Table("relation", "cases", *KINDS, "seconds a case", title="Random cases by relation")
    for name in sorted({relation for relation, _ in found.outcomes}):
        rows = [outcome for (relation, _), outcome in found.outcomes.items() if relation == name]
        kinds = Counter(kind for kind, _, _ in rows)
        table.add_row(name, str(len(rows)), *(str(kinds[kind] or "") for kind in KINDS), f"{sum(row[2] for row in rows) / len(rows):.2f}")
    return table


def _refusals(found: Found) -> Counter[str]:
    return Counter(short_reason(reason) if kind == REFUSAL else f"{kind}" for kind, reason, _ in found.outcomes.values() if kind in (REFUSAL, TIMEOUT))
