"""`pmmtheory hunt`: run the cases that are not known yet, and say what was found."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pmmtheory.harness.errors import Stopped, UsageError
from pmmtheory.harness.hunt.case import FAULTS, RELATIONS, Outcome, relations
from pmmtheory.harness.hunt.journal import Journal, open_journal
from pmmtheory.harness.hunt.report import show
from pmmtheory.harness.hunt.shrink import smallest
from pmmtheory.harness.hunt.workers import Task, Team, team
from pmmtheory.harness.progress import progress


@dataclass(frozen=True)
class Plan:
    """What to hunt: so many cases in turn of each relation, all reproducible from the seed."""

    cases: int
    seed: int
    workers: int
    limit: float
    shrink: float
    names: tuple[str, ...] = ()
    first: int = 0
    package: str = RELATIONS

    def tasks(self) -> Iterator[Task]:
        """Every case in order: the relations take turns."""
        known = list(relations(self.package))
        for name in self.names:
            if name not in known:
                raise UsageError(f"there is no relation named {name!r}; there are: {', '.join(known)}.")
        names = self.names or known
        for k in range(self.first, self.first + self.cases):
            yield Task(names[k % len(names)], self.seed, k // len(names), package=self.package)


@dataclass
class Found:
    """The outcomes of a hunt by (relation, number)."""

    outcomes: dict[tuple[str, int], tuple[str, str, float]]
    smallest: dict[str, tuple[Task, Outcome]]
    computed: int
    seconds: float

    @property
    def clean(self) -> bool:
        """Whether nothing that was found is a fault."""
        return not any(kind in FAULTS for kind, _, _ in self.outcomes.values())


def hunt(plan: Plan, path: Path) -> bool:
    """Run, print, and tell whether the hunt ended clean.

    Raises
    ------
    UsageError
        For a relation that does not exist.
    Stopped
        The user pressed Ctrl-C; what is finished is kept.
    """
    tasks = list(plan.tasks())
    with open_journal(path) as journal, team(plan.workers, plan.limit) as workers:
        found = _run(plan, tasks, journal, workers)
    show(plan, found)
    return found.clean


def _run(plan: Plan, tasks: Sequence[Task], journal: Journal, workers: Team) -> Found:
    start = time.monotonic()
    known = journal.done(plan.seed, plan.limit)
    missing = [task for task in tasks if (task.relation, task.number) not in known]
    failed: dict[str, tuple[Task, Outcome]] = {}
    done = 0
    try:
        with progress(len(missing)) as tick:
            for task, outcome in workers.run(iter(missing)):
                journal.save(plan.seed, task.relation, task.number, plan.limit, outcome)
                known[task.relation, task.number] = outcome.kind, outcome.reason, outcome.seconds
                done += 1
                if outcome.kind in FAULTS and task.relation not in failed:
                    failed[task.relation] = task, outcome
                tick(task.relation)
        for task in tasks:  # those that were known before
            if known[task.relation, task.number][0] in FAULTS and task.relation not in failed:
                ((_, outcome),) = list(workers.run(iter([task])))
                failed[task.relation] = task, outcome
        for name, (task, outcome) in failed.items():
            if plan.shrink > 0 and outcome.numbers:
                failed[name] = task, smallest(workers, task, outcome, plan.shrink)
    except KeyboardInterrupt:
        raise Stopped(f"stopped; {len(tasks) - len(missing) + done} of {len(tasks)} cases are known; the same command continues.") from None
    wanted = {(task.relation, task.number): known[task.relation, task.number] for task in tasks}
    return Found(wanted, failed, done, time.monotonic() - start)
