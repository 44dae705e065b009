"""Negative controls of diffusion samplers: broken ones, each of which must fail."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from experiments.studies import ode_samplers, reverse_diffusion
from pmmtheory.harness.claims import DISTANCES
from pmmtheory.harness.study import Cell, Check, Point, Study
from pmmtheory.theory.claim import Claim

_DATA = "two modes"


def _checks(profile: str) -> Iterator[Check]:
    for distance, factor in DISTANCES.items():
        points = tuple(
            Point(round(1 / n, 12), reverse_diffusion.cell(n, scheme="LateForce", midpoints="bernoulli", substeps=n), distance) for n in (4, 6, 8, 12)
        )
        yield _control("PMM with the drift at the wrong time", distance, 2 * factor, points)
    yield reverse_diffusion.against_fine("PMM interior with p = K", "UnreducedWeight", control=True)
    solvers: dict[str, tuple[int, dict[str, Any]]] = {
        "DPM-Solver-2M with swapped coefficients": (2, {"sampler": "SwappedDPMSolver", "order": 2}),
        "DPM-Solver-2M (wrong claim)": (3, {"sampler": "DPMSolverMultistep", "order": 2}),
    }
    for label, (order, options) in solvers.items():
        points = tuple(Point(round(1 / n, 12), ode_samplers.cell(_DATA, n, **options), "w2") for n in (12, 24, 48, 96, 144))
        yield _control(label, "w2", order, points)
    points = tuple(
        Point(round(1 / n, 12), Cell.of("sampler_error", data=_DATA, sampler="HalvedVariance", steps=n, end=100, rtol=1e-6), "w2") for n in (45, 90, 180, 300)
    )
    yield _off_by_one()
    yield _control("DDPM with half the variance", "w2", 1, points)


def _off_by_one() -> Check:
    label = "DPM-Solver-2M with the predictor off by one"
    claim = Claim(f"W2 of {label}, 144 steps, is at most that of the right one with 48", label, "w2", 0, "inequality", "negative control")
    wrong, right = ode_samplers.cell(_DATA, 144, sampler="OffByOne", order=2), ode_samplers.cell(_DATA, 48, sampler="DPMSolverMultistep", order=2)
    return Check(claim, _DATA, (Point(1 / 144, wrong, "w2"),), bounds=(Point(1 / 144, right, "w2"),), control=True)


def _control(label: str, distance: str, rate: int, points: tuple[Point, ...]) -> Check:
    claim = Claim(f"{distance.upper()} of {label} falls like step^{rate}", label, distance, rate, "asymptotic", "negative control")
    return Check(claim, _DATA, points, control=True)


study = Study("reverse_controls", "Negative controls of diffusion samplers", _checks)
