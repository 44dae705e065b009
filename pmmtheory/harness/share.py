"""Compute cells beside other runs on the same store: each cell is computed by one of them, and read by the others."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Generator, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait

from pmmtheory.harness.compute import Computed
from pmmtheory.harness.job import Hands
from pmmtheory.harness.leases import Leases, leases
from pmmtheory.harness.provenance import Provenance
from pmmtheory.harness.store import Store, Stored
from pmmtheory.harness.study import Cell

_PAUSE = 0.2
"""Seconds until we look again what another run has finished."""


def compute_all(cells: Iterable[Cell], store: Store, origin: Provenance, hands: Hands, before: Mapping[str, Stored]) -> Generator[tuple[Cell, bool]]:
    """Yield each cell once it is stored, and whether we computed it. Those that another run has in hand come last.

    What the store said of the cells `before` tells whether another run has stored one since. A run that dies leaves its cells to us.
    """
    waiting, running = deque(cells), dict[Future[Computed], Cell]()
    with leases(store.path) as ours:
        while waiting or running:
            for cell in _taken(waiting, hands.places() - len(running), ours):
                if store.load(origin, cell.key).get(cell.key) != before.get(cell.key):
                    ours.give_back(cell.key)
                    yield cell, False
                else:
                    running[hands.submit(cell)] = cell
            if not running:
                time.sleep(_PAUSE if waiting else 0)
            for future in wait(running, _PAUSE if waiting else None, FIRST_COMPLETED).done:
                cell = running.pop(future)
                store.save(future.result(), origin)
                ours.give_back(cell.key)
                yield cell, True


def _taken(waiting: deque[Cell], places: int, ours: Leases) -> list[Cell]:
    """As many of the cells as there are places for; those that another run has go to the end."""
    taken = list[Cell]()
    for _ in range(len(waiting)):
        if len(taken) >= places:
            break
        cell = waiting.popleft()
        (taken if ours.take(cell.key) else waiting).append(cell)
    return taken
