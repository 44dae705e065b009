"""Fill the store with the cells that checks need."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass

from pmmtheory.harness.discover import require_measures
from pmmtheory.harness.errors import Stopped
from pmmtheory.harness.job import Gone, Hands, Job
from pmmtheory.harness.progress import progress
from pmmtheory.harness.provenance import Provenance
from pmmtheory.harness.share import compute_all
from pmmtheory.harness.source import Sources
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


@dataclass(frozen=True)
class Shard:
    """One of some parts of all cells, for those who divide them by hand; a cell is in one of them, whatever else there is."""

    number: int = 1
    parts: int = 1

    def has(self, key: str) -> bool:
        """Whether it has the cell of this key."""
        return int(key, 16) % self.parts == self.number - 1


WHOLE = Shard()


@dataclass(frozen=True)
class Means:
    """How cells are computed.

    Attributes
    ----------
    hands : function
        Of the job and the sources of its project, to the hands that compute; they are asked for where there is something to compute.
    prepare : function
        Called as soon as it is known that something is to be computed.
    limit : float or None
        Seconds after which a cell is given up.
    """

    hands: Callable[[Job, Sources], AbstractContextManager[Hands]]
    prepare: Callable[[], None]
    limit: float | None = None


def fill(
    store: Store, checks: Mapping[Study, Sequence[Check]], origin: Provenance, means: Means, finished: Finished, fresh: bool = False, shard: Shard = WHOLE
) -> Tally:
    """Compute what is not stored (or all, if it is to be fresh), each cell once, and commit each as it is finished. A shard is a part of the cells.

    Raises
    ------
    UsageError
        A cell names a measure that does not exist; nothing is computed then.
    StoreError
        The store cannot be written.
    Stopped
        The user pressed Ctrl-C.
    Gone
        Those who compute are gone.
    """
    wanted = [(cell, metrics) for cell, metrics in _wanted(checks) if shard.has(cell.key)]
    project = origin.sources.project
    require_measures(project.measures, dict.fromkeys(cell.measure for cell, _ in wanted))
    if fresh or not store.cells(origin.device) >= {cell.key for cell, _ in wanted}:
        means.prepare()
    before = store.load(origin)
    results = {} if fresh else dict(before)
    missing = _missing(wanted, results)
    awaited = _Awaited(checks, {cell.key for cell in missing})
    stale = len(store.stale(origin) & {cell.key for cell in missing})
    reused, computed, failed = len(wanted) - len(missing), 0, 0
    for study in awaited.complete():
        finished(study, results)
    if missing:
        job = Job.of(project, origin.device, missing, means.limit)
        try:
            with (
                progress(len(missing)) as tick,
                means.hands(job, origin.sources) as hands,
                closing(compute_all(missing, store, origin, hands, before)) as done,
            ):
                for cell, ours in done:
                    results |= store.load(origin, cell.key)
                    good = bool(results[cell.key].estimates)
                    computed, reused, failed = computed + (good and ours), reused + (good and not ours), failed + (not good)
                    tick(cell.measure)
                    for study in awaited.complete(cell.key):
                        finished(study, results)
        except (KeyboardInterrupt, Gone) as end:
            left = f"{reused + computed} of {len(wanted)} cells are stored; the same command continues."
            raise (Gone(f"{end}; {left}") if isinstance(end, Gone) else Stopped(f"stopped; {left}")) from None
    return Tally(computed, reused, failed, stale)


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
