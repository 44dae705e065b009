"""What samplers ask of a predictor and are answered: calls as told, the same images from any kind of answer, perturbations of their size."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pmmtheory.harness.study import Cell, Check, Point, Study
from pmmtheory.theory.claim import Claim

_DATA, _STEPS = "two modes", 20
_SAMPLERS: dict[str, dict[str, Any]] = {
    "DDPM V2": {"sampler": "DDPM", "variant": "V2"},
    "DDIM": {"sampler": "DDIM"},
    "DPM-Solver-2M": {"sampler": "DPMSolverMultistep", "order": 2},
    "Heun": {"sampler": "Heun"},
    "PMM over V1, K=5": {"sampler": "PoissonMidpointScheduler", "variant": "V1", "midpoints": "interior", "substeps": 5},
}
_SOURCE = "the definition"


def _checks(profile: str) -> Iterator[Check]:
    for label in _SAMPLERS:
        yield _below(label, "a run asks at most 1.001 times as often as is told", "asked", "more calls")
        yield _below(label, "a run asks at least 0.999 times as often as is told", "less calls", "asked")
        for kind in ("sample", "v_prediction"):
            yield _below(label, f"a network that answers in {kind} generates the same, to 1e-10", kind, "little")
    yield _below("DDIM", "the root mean square of a perturbation is at most 1.001 times its size", "size", "more told")
    yield _below("DDIM", "the root mean square of a perturbation is at least 0.999 times its size", "less told", "size")
    yield _below("DDIM", "a run asks more than 1.001 times as often as is told (wrong)", "more calls", "asked", control=True)


def _below(label: str, statement: str, metric: str, bound: str, control: bool = False) -> Check:
    cell = Cell.of("predictor_answers", data=_DATA, steps=_STEPS, **_SAMPLERS[label])
    claim = Claim(f"{label}: {statement}", label, "answers", 0, "inequality", "negative control" if control else _SOURCE)
    return Check(claim, _DATA, (Point(1.0, cell, metric),), bounds=(Point(1.0, cell, bound),), control=control)


study = Study("predictors", "What samplers ask of a predictor and are answered: calls, kinds of prediction, perturbations", _checks)
