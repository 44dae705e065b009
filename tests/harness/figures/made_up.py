"""A store with made-up rows for every cell of the quick profile."""

from __future__ import annotations

import math
from pathlib import Path

from pmmtheory.estimate import Estimate
from pmmtheory.harness import discover
from pmmtheory.harness.compute import Computed
from pmmtheory.harness.provenance import provenance
from pmmtheory.harness.store import open_store
from pmmtheory.harness.study import Cell, Check, Point


def fill(path: Path) -> None:
    """Store what is made up."""
    origin = provenance("cpu")
    with open_store(path) as opened:
        for cell, estimates in made_up().items():
            opened.save(Computed(cell, estimates), origin)


def made_up() -> dict[Cell, dict[str, Estimate]]:
    """Every check as claimed with the constant 0.3, every control one order worse, LMC dearer than PMM."""
    checks = [check for study in discover.find_studies("experiments.studies").values() for check in study.checks("quick")]
    checks.sort(key=lambda check: (check.control, check.claim.kind != "asymptotic"))  # a shared cell is as the claim of a rate says
    cells: dict[Cell, dict[str, Estimate]] = {}
    for check in checks:
        for point in check.all_points:
            value = _value(check, point)
            cells.setdefault(point.cell, {}).setdefault(point.metric, Estimate(value, 1e-7 * value, "made up"))
    return cells


def _value(check: Check, point: Point) -> float:
    options = dict(point.cell.parameters)
    if "accuracy" in options and "condition" not in options:
        order = 1.0 if options["scheme"] == "EulerMaruyama" else 2.0
        if check.claim.kind == "asymptotic":  # the rate is in a step that is a power of the accuracy
            order = -math.log(options["accuracy"]) / math.log(point.step) / check.claim.rate
        return order * (0.3 / options["accuracy"]) ** (1 / order) * (math.log(1 / options["accuracy"]) if point.metric == "calls" else 1.0)
    if point == check.constant:
        return 0.3
    if check.claim.kind == "inequality":
        return 2.0 if point in check.bounds else 1.0
    rate = check.claim.rate - check.control
    return 0.3 * point.step**rate * (1 + 0.2 * point.step)
