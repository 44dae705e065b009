"""Fill the store with the cells that checks need."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from pmmtheory.harness.discover import require_measures
from pmmtheory.harness.errors import Stopped
from pmmtheory.harness.pool import compute_all, prepare
from pmmtheory.harness.progress import progress
from pmmtheory.harness.provenance import Provenance
from pmmtheory.harness.store import Store, Stored
from pmmtheory.harness.study import Cell, Check, Study


@dataclass(frozen=True)
class Tally:
    """How many cells a run computed, found stored, and could not compute; and of how many there were only results of other code."""

    computed: int
    reused: int
    failed: int
    stale: int


Finished = Callable[[Study, Mapping[str, Stored]], None]
"""Told of each study with what is stored, as soon as its cells and those of all studies before it are."""


def fill(store: Store, checks: Mapping[Study, Sequence[Check]], origin: Provenance, workers: int, finished: Finished, fresh: bool = False) -> Tally:
    """Compute what is not stored (or all, if it is to be fresh), each cell once, and commit each as it is finished.

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
    require_measures(origin.sources.project.measures, dict.fromkeys(cell.measure for cell, _ in wanted))
    if fresh or not store.cells(origin.device) >= {cell.key for cell, _ in wanted}:
        prepare()
    results = {} if fresh else store.load(origin)
    missing = _missing(wanted, results)
    awaited = _Awaited(checks, {cell.key for cell in missing})
    stale = len(store.stale(origin) & {cell.key for cell in missing})
    reused, done = len(wanted) - len(missing), Counter[bool]()
    try:
        with progress(len(missing)) as tick, closing(compute_all(missing, origin.device, workers, origin.sources)) as computed:
            for study in awaited.complete():
                finished(study, results)
            for result in computed:
                store.save(result, origin)
                results |= store.load(origin, result.cell.key)
                done[bool(result.estimates)] += 1
                tick(result.cell.measure)
                for study in awaited.complete(result.cell.key):
                    finished(study, results)
    except KeyboardInterrupt:
        raise Stopped(f"stopped; {reused + done[True]} of {len(wanted)} cells are stored; the same command continues.") from None
    return Tally(done[True], reused, done[False], stale)


class _Awaited:
    """The studies, in order, whose cells are not all there yet."""

    def __init__(self, checks: Mapping[Study, Sequence[Check]], missing: set[str]) -> None:
        self._studies = deque((study, {cell.key for check in group for cell in check.cells} & missing) for study, group in checks.items())

    def complete(self, key: str = "") -> Iterator[Study]:
        """Those that wait for nothing more, once this cell is there."""
        for _, keys in self._studies:
            keys.discard(key)
        while self._studies and not self._studies[0][1]:
            yield self._studies.popleft()[0]


def _wanted(checks: Mapping[Study, Sequence[Check]]) -> list[tuple[Cell, set[str]]]:
    """Each cell once, with the metrics wanted of it, study after study; small steps take long and start first, so that no worker is left alone with one."""
    wanted: dict[str, tuple[Cell, set[str]]] = {}
    for group in checks.values():
        for point in sorted((point for check in group for point in check.all_points), key=lambda point: point.step):
            wanted.setdefault(point.cell.key, (point.cell, set()))[1].add(point.metric)
    return list(wanted.values())


def _missing(wanted: Iterable[tuple[Cell, set[str]]], stored: Mapping[str, Stored]) -> list[Cell]:
    """The cells without an estimate of each wanted metric: not computed, failed, or stored before their measure gave that metric."""
    return [cell for cell, metrics in wanted if not metrics <= stored.get(cell.key, Stored()).estimates.keys()]
