"""A failing case made simpler: numbers become 0, or shorter, as long as it fails in the same way."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from pmmtheory.harness.hunt.case import Outcome
from pmmtheory.harness.hunt.workers import Task, Team

Numbers = tuple[float, ...]


def smallest(team: Team, task: Task, failed: Outcome, seconds: float) -> Outcome:
    """The simplest failing case found in that time; the given one where there is none."""
    end = time.monotonic() + seconds

    def again(numbers: Numbers) -> Outcome | None:
        if time.monotonic() > end:
            return None
        ((_, outcome),) = list(team.run(iter([replace(task, numbers=numbers)])))
        return outcome if outcome.kind == failed.kind else None

    return shrunk(failed, again)


def shrunk(failed: Outcome, again: Callable[[Numbers], Outcome | None]) -> Outcome:
    """The same with any way to run a case, which gives None where it does not fail."""
    best, tried = failed, {failed.numbers}
    progress = True
    while progress:
        progress = False
        for candidate in _simpler(best.numbers):
            if candidate in tried:
                continue
            tried.add(candidate)
            outcome = again(candidate)
            if outcome is not None and _size(outcome.numbers) < _size(best.numbers):
                best, progress = outcome, True
                break
    return best


def _simpler(numbers: Numbers) -> Iterator[Numbers]:
    """Simpler ones: a half or a quarter of the numbers 0, each number 0, each number with fewer digits."""
    n = len(numbers)
    for length in (n // 2, n // 4, 3):
        for first in range(0, n, max(length, 1)):
            yield _with(numbers, range(first, min(first + length, n)), 0.0)
    for k in range(n):
        yield _with(numbers, [k], 0.0)
    for k in range(n):
        for digits in (1, 2):
            yield _with(numbers, [k], round(numbers[k], digits))


def _with(numbers: Numbers, places: Sequence[int], value: float) -> Numbers:
    return tuple(value if k in places else number for k, number in enumerate(numbers))


def _size(numbers: Numbers) -> tuple[int, int, float]:
    """How far from the plainest: fewer, then shorter, then smaller numbers."""
    kept = [number for number in numbers if number != 0]
    return len(kept), sum(len(repr(number)) for number in kept), sum(kept)
