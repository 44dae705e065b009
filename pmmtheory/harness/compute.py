"""Compute one cell: the estimates, or in one sentence why there are none."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from pmmtheory.errors import PmmError
from pmmtheory.estimate import Estimate
from pmmtheory.harness.discover import load_measure
from pmmtheory.harness.study import Cell


@dataclass(frozen=True)
class Computed:
    """The outcome of a cell: estimates by metric, or none of them and a reason."""

    cell: Cell
    estimates: dict[str, Estimate] = field(default_factory=dict)
    reason: str = ""
    seconds: float = 0.0


def compute(cell: Cell, device: str, measures: Sequence[str]) -> Computed:
    """Run the cell's measure from the first of the packages that has it. Whatever it raises becomes the reason, so that a run goes on."""
    start = time.perf_counter()
    try:
        measure = load_measure(measures, cell.measure)
        estimates = _checked(measure(device=device, **dict(cell.parameters)))
    except Exception as error:
        return Computed(cell, reason=sentence(error), seconds=time.perf_counter() - start)
    return Computed(cell, estimates, seconds=time.perf_counter() - start)


def _checked(result: object) -> dict[str, Estimate]:
    """The result of a measure, once it is known to be what a measure owes."""
    if not isinstance(result, dict) or not result or not all(isinstance(estimate, Estimate) for estimate in result.values()):
        raise TypeError("the measure did not return a dict of Estimates with at least one metric")
    return result


def sentence(error: Exception) -> str:
    """The error as one line; errors that are not raised on purpose also name their type."""
    text = " ".join(str(error).split())[:400]
    return text if isinstance(error, PmmError) and text else f"{type(error).__name__}: {text}".rstrip(": ")
