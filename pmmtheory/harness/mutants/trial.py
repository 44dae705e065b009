"""`python -m pmmtheory.harness.mutants.trial PACKAGE STORE TRIAL`: the claims of the quick profile against the code in reach, until one fails.

TRIAL is a file of JSON: "cells" are the keys of the cells that the fault reaches, or null for all; "first" names a claim, or is empty.
What the store has of the same code is not computed again, nor are cells that the fault does not reach. All verdicts are: they may be where the
fault is. The named claim comes first, then cheap ones.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

from pmmtheory.estimate import Estimate
from pmmtheory.harness import apart, discover, processes
from pmmtheory.harness.project import Project, use
from pmmtheory.harness.provenance import Provenance, provenance
from pmmtheory.harness.runner import Means, fill
from pmmtheory.harness.store import Store, Stored, open_store
from pmmtheory.harness.study import Check, Study
from pmmtheory.harness.verdict import Outcome, decide

_TOGETHER = 8.0
"""Seconds that the cells of some checks took, which are computed before the next verdicts."""
_LIMIT = 120.0
"""Seconds after which a cell is given up."""
Group = dict[Study, list[Check]]


def main(package: str, store: str, trial: str) -> None:
    """Print, as one line of JSON: the claim that failed; how many are undecided, with the controls that do not fail; how many cells were computed,
    and how many could not be; how far numbers moved.
    """
    project = Project(package)
    use(project)
    checks = discover.checks_by_study(discover.find_studies(project.part("studies")).values(), "quick")
    origin = provenance("cpu")
    nothing: list[str] = []  # the one worker loads what its cells need
    means = Means(partial(apart.processes, workers=1, modules=nothing), partial(processes.prepare, nothing), _LIMIT)
    undecided, computed, failed, caught = 0, 0, 0, ""
    known = json.loads(Path(trial).read_text())
    if known["cells"] is not None:
        _keep(Path(store), set(known["cells"]), origin)
    with open_store(Path(store), must_exist=True) as opened:
        was = _before(opened)
        for group in _groups(checks, was, set(opened.load(origin)), known["first"]):
            outcomes: list[Outcome] = []

            def judge(study: Study, results: Mapping[str, Stored], group: Group = group, outcomes: list[Outcome] = outcomes) -> None:
                outcomes += [decide(study.name, check, results) for check in group[study]]

            tally = fill(opened, group, origin, means, judge)
            computed, failed = computed + tally.computed, failed + tally.failed
            wrong = [outcome for outcome in outcomes if not outcome.as_it_should]
            undecided += len([outcome for outcome in wrong if outcome.verdict != "fail"])
            if fails := [outcome for outcome in wrong if outcome.verdict == "fail"]:
                caught = _named(fails[0].study, fails[0].check)
                break
        moved = _moved(was, opened.load(origin))
    print(json.dumps({"caught": caught, "undecided": undecided, "computed": computed, "failed": failed, "moved": moved}))


def _keep(path: Path, reached: set[str], origin: Provenance) -> None:
    """Let the results of cells that are not reached count as those of the code with the fault; this store is a copy."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for cell, measure in connection.execute("SELECT DISTINCT cell, measure FROM results").fetchall():
            if cell not in reached:
                connection.execute("UPDATE OR IGNORE results SET source = ? WHERE cell = ?", (origin.sources.of(measure), cell))


def _before(store: Store) -> dict[str, Stored]:
    """What the store has, of whatever code: it was filled by the code without the fault."""
    columns, rows = store.everything()
    found: dict[str, Stored] = {}
    for row in rows:
        of = dict(zip(columns, row, strict=True))
        if of["status"] == "done":
            found.setdefault(of["cell"], Stored(seconds=of["seconds"])).estimates[of["metric"]] = Estimate(of["value"], of["error"], of["method"])
    return found


def _named(study: str, check: Check) -> str:
    return f"{study}: {check.claim.statement} [{check.target}]"


def _groups(checks: Mapping[Study, Sequence[Check]], was: Mapping[str, Stored], known: set[str], first: str) -> Iterator[Group]:
    """The checks: the one that is named first, then those whose missing cells took least, some together."""

    def cost(check: Check) -> float:
        return sum(was[cell.key].seconds if cell.key in was else 1.0 for cell in check.cells if cell.key not in known)

    named = [(study, check) for study, group in checks.items() for check in group if _named(study.name, check) == first]
    yield from ({study: [check]} for study, check in named)
    rest = ((cost(check), study, check) for study, group in checks.items() for check in group if (study, check) not in named)
    group, seconds = Group(), 0.0
    for took, study, check in sorted(rest, key=lambda item: item[0]):
        group.setdefault(study, []).append(check)
        seconds += took
        if seconds > _TOGETHER:
            yield group
            group, seconds = Group(), 0.0
    if group:
        yield group


def _moved(was: Mapping[str, Stored], now: Mapping[str, Stored]) -> float:
    """The largest change of a number, in sums of both stated errors."""
    return max(
        (
            abs(new.value - old.value) / (new.error + old.error or 1e-300)
            for key, stored in now.items()
            for metric, new in stored.estimates.items()
            if (old := was.get(key, Stored()).estimates.get(metric)) is not None and new.value != old.value
        ),
        default=0.0,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
