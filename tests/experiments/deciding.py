"""The verdict on one check, its cells computed here and now."""

from __future__ import annotations

from experiments.compute import compute
from experiments.discover import MEASURES
from experiments.store import Stored
from experiments.study import Check
from experiments.verdict import decide


def decided(check: Check) -> str:
    results = {}
    for cell in check.cells:
        outcome = compute(cell, "cpu", MEASURES)
        results[cell.key] = Stored(outcome.estimates, outcome.reason)
    return decide("a study", check, results).verdict
