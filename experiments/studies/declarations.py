"""What targets, samplers and predictors declare of themselves, next to what they do.

Theorems and step sizes rest on L, the least curvature and the constants of Poincare and of the log-Sobolev inequality; comparisons at equal cost on the calls
that samplers tell; studies of wrong scores on the size of their perturbation.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pmmtheory.harness.catalogue import TARGETS
from pmmtheory.harness.findings import among, hold
from pmmtheory.harness.study import Cell, Check, Point, Study
from pmmtheory.harness.verdict import Outcome
from pmmtheory.theory.claim import Claim

_NO_SPECTRUM = "log-cosh"
"""Whose tails are exponential: a box of any size has another gap."""
_STEEP = "DoubleWell"
"""Whose force grows faster than linearly: it has no L."""
_DATA, _STEPS = "two modes", 20
_SAMPLERS: dict[str, dict[str, Any]] = {
    "DDPM V2": {"sampler": "DDPM", "variant": "V2"},
    "DDIM": {"sampler": "DDIM"},
    "DPM-Solver-2M": {"sampler": "DPMSolverMultistep", "order": 2},
    "Heun": {"sampler": "Heun"},
    "PMM over V1, K=5": {"sampler": "PoissonMidpointScheduler", "variant": "V1", "midpoints": "interior", "substeps": 5},
}
_CONSTANT, _ANSWERS = "constant", "answers"


def _checks(profile: str) -> Iterator[Check]:
    for target in (*TARGETS, _STEEP):
        yield _of_target("the force is minus the slope of F, to 1e-6 of its largest value", target, "force", "little")
    for target in TARGETS:
        yield _of_target("the largest |F''| is below 1.001 L", target, "bend", "more than L")
        yield _of_target("0.999 L is below the largest |F''|: L is attained", target, "less than L", "bend")
        yield _of_target("the least F'' is what is declared, less 0.001 L, or more", target, "less convex", "least")
        yield _of_target("the least F'' is what is declared, with 0.001 L more, or less", target, "least", "more convex")
        if target != _NO_SPECTRUM:
            yield _of_target("0.999 times the constant of Poincare is below the spectral gap", target, "poincare", "gap")
            yield _of_target("0.999 times the log-Sobolev constant is below the spectral gap", target, "lsi", "gap")
    for label in _SAMPLERS:
        yield _of_sampler(label, "a run asks at most 1.001 times as often as is told", "asked", "more calls")
        yield _of_sampler(label, "a run asks at least 0.999 times as often as is told", "less calls", "asked")
        for kind in ("sample", "v_prediction"):
            yield _of_sampler(label, f"a network that answers in {kind} generates the same, to 1e-10", kind, "little")
    yield _of_sampler("DDIM", "the root mean square of a perturbation is at most 1.001 times its size", "size", "more told")
    yield _of_sampler("DDIM", "the root mean square of a perturbation is at least 0.999 times its size", "less told", "size")
    yield _of_target("1.001 L is below the largest |F''| (wrong)", "cosine", "more than L", "bend", control=True)
    yield _of_sampler("DDIM", "a run asks more than 1.001 times as often as is told (wrong)", "more calls", "asked", control=True)


def _of_target(statement: str, target: str, metric: str, bound: str, control: bool = False) -> Check:
    return _below(Cell.of("target_constants", target=target, spectrum=target != _NO_SPECTRUM), target, statement, "none", _CONSTANT, (metric, bound), control)


def _of_sampler(label: str, statement: str, metric: str, bound: str, control: bool = False) -> Check:
    cell = Cell.of("predictor_answers", data=_DATA, steps=_STEPS, **_SAMPLERS[label])
    return _below(cell, _DATA, f"{label}: {statement}", label, _ANSWERS, (metric, bound), control)


def _below(cell: Cell, target: str, statement: str, label: str, quantity: str, metrics: tuple[str, str], control: bool) -> Check:
    point, bound = (Point(1.0, cell, metric) for metric in metrics)
    claim = Claim(statement, label, quantity, 0, "inequality", "negative control" if control else "the definition")
    return Check(claim, target, (point,), bounds=(bound,), control=control)


def _findings(outcomes: Sequence[Outcome]) -> Iterator[str]:
    constants, answers = (among(outcomes, distance=quantity, control=False) for quantity in (_CONSTANT, _ANSWERS))
    if hold(constants) and hold(answers):
        counts = (len({outcome.check.target for outcome in constants}), len({outcome.check.claim.scheme for outcome in answers}))
        yield f"{counts[0]} targets and {counts[1]} samplers are as they declare: constants, force, calls."


study = Study("declarations", "What targets, samplers and predictors declare of themselves, next to what they do", _checks, _findings)
