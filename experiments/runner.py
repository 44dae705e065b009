"""Fill the store with the cells that checks need."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass

from experiments.discover import require_measures
from experiments.errors import Stopped
from experiments.pool import compute_all
from experiments.progress import progress
from experiments.provenance import Provenance
from experiments.store import Store, Stored
from experiments.study import Cell, Check


@dataclass(frozen=True)
class Tally:
    """How many cells a run computed, found stored, and could not compute; and of how many there were only results of other code."""

    computed: int
    reused: int
    failed: int
    stale: int


def fill(store: Store, checks: Iterable[Check], origin: Provenance, workers: int) -> Tally:
    """Compute what is not stored, each cell once, and commit each as it is finished.

    Raises
    ------
    UsageError
        A cell names a measure that does not exist; nothing is computed then.
    StoreError
        The store cannot be written.
    Stopped
        The user pressed Ctrl-C.
    """
    wanted = _wanted(checks)
    require_measures(origin.sources.measures, dict.fromkeys(cell.measure for cell, _ in wanted))
    missing = sorted(_missing(wanted, store.load(origin)), key=_longest_first)
    reused = len(wanted) - len(missing)
    stale = len(store.stale(origin) & {cell.key for cell in missing})
    computed = failed = 0
    try:
        with progress(len(missing)) as tick, closing(compute_all(missing, origin.device, workers, origin.sources)) as results:
            for result in results:
                store.save(result, origin)
                computed += bool(result.estimates)
                failed += not result.estimates
                tick(result.cell.measure)
    except KeyboardInterrupt:
        raise Stopped(f"stopped; {reused + computed} of {len(wanted)} cells are stored; the same command continues.") from None
    return Tally(computed, reused, failed, stale)


def _wanted(checks: Iterable[Check]) -> list[tuple[Cell, set[str]]]:
    """Each cell once, with the metrics wanted of it."""
    wanted: dict[str, tuple[Cell, set[str]]] = {}
    for check in checks:
        for point in check.all_points:
            wanted.setdefault(point.cell.key, (point.cell, set()))[1].add(point.metric)
    return list(wanted.values())


def _missing(wanted: Iterable[tuple[Cell, set[str]]], stored: Mapping[str, Stored]) -> list[Cell]:
    """The cells without an estimate of each wanted metric: not computed, failed, or stored before their measure gave that metric."""
    return [cell for cell, metrics in wanted if not metrics <= stored.get(cell.key, Stored()).estimates.keys()]


def _longest_first(cell: Cell) -> float:
    """Small steps take long; they start first, so that no worker is left alone with a long cell at the end."""
    step = dict(cell.parameters).get("step_size")
    return float(step) if isinstance(step, int | float) else math.inf
