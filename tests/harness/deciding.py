"""The verdict on one check, its cells computed here and now."""

from __future__ import annotations

from pmmtheory.harness.compute import compute
from pmmtheory.harness.project import Project
from pmmtheory.harness.store import Stored
from pmmtheory.harness.study import Check
from pmmtheory.harness.verdict import decide


def decided(check: Check) -> str:
    results = {}
    for cell in check.cells:
        outcome = compute(cell, "cpu", Project("experiments").measures)
        results[cell.key] = Stored(outcome.estimates, outcome.reason)
    return decide("a study", check, results).verdict
