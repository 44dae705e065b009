"""The error of the start and that of the steps, apart: chains from N(0, 1) and from the noised data, and samplers against the process that they discretise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from experiments.studies._process_limit import process_checks, process_findings
from pmmtheory.harness.findings import among, hold, shown
from pmmtheory.harness.study import Cell, Check, Point, Study
from pmmtheory.harness.verdict import Outcome
from pmmtheory.theory.claim import Claim

_DATA, _STEPS = "two modes", 64
_SOURCE = "the triangle inequality, and data processing: no step enlarges a total variation distance"


def _checks(profile: str) -> Iterator[Check]:
    horizons = (0.5, 1.0, 1.5, 2.0)
    cells = [Cell.of("initial_error", data=_DATA, steps=_STEPS, horizon=horizon, stop=0.2) for horizon in horizons]
    for metric, statement in (
        ("moved", "two chains, from N(0, 1) and from the noised data, end within TV(N(0, 1), noised data)"),
        ("total", "TV of a chain from N(0, 1) is at most that of the chain from the noised data plus TV(N(0, 1), noised data)"),
    ):
        points, bounds = (tuple(Point(1 / h, cell, name) for h, cell in zip(horizons, cells, strict=True)) for name in (metric, f"{metric}_bound"))
        yield Check(Claim(statement, "reverse exponential", "tv", 0, "inequality", _SOURCE), _DATA, points, bounds=bounds)
    yield from process_checks(profile)


def _findings(outcomes: Sequence[Outcome]) -> Iterator[str]:
    for outcome in among(outcomes, statement="two chains")[:1]:
        step = min(step for step, _ in outcome.points) if hold([outcome]) else None
        bound = next((outcome.estimate(point) for point in outcome.check.bounds if point.step == step), None)
        if step and bound:
            yield f"Starting from N(0, 1) at horizon {1 / step:g} costs a TV of {shown(dict(outcome.points)[step])}; {shown(bound)} is proved."
    yield from process_findings(outcomes)


study = Study("start_and_steps", "The error of a start in noise and that of the steps, apart", _checks, _findings)
