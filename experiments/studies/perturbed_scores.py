"""Predictors that are wrong by a smooth error or by noise: the floor that each sampler reaches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from experiments.study import Cell, Check, Point, Study
from pmmtheory.theory.claim import Claim

_DATA = "two modes"
_SIZES = (0.002, 0.004, 0.008, 0.016)
_SAMPLERS: dict[str, dict[str, Any]] = {
    "DDPM V1": {"sampler": "DDPM", "variant": "V1"},
    "DDIM": {"sampler": "DDIM"},
    "DPM-Solver-2M": {"sampler": "DPMSolverMultistep", "order": 2},
}
_NOISY: dict[str, dict[str, Any]] = {
    "DDPM V1": {"sampler": "DDPM", "steps": 80},
    "PMM over V1, K=1000/steps": {"sampler": "PoissonMidpointScheduler", "midpoints": "interior", "steps": 40},
    "DDIM": {"sampler": "DDIM", "steps": 80},
    "DPM-Solver-2M": {"sampler": "DPMSolverMultistep", "order": 2, "steps": 80},
}


def _checks(profile: str) -> Iterator[Check]:
    for label, options in _SAMPLERS.items():
        points = tuple(Point(size, Cell.of("perturbed_error", data=_DATA, steps=60, perturbation=size, **options), "w2") for size in _SIZES)
        claim = Claim(
            f"W2 between the laws of {label} with and without a smooth error of size delta grows like delta",
            label,
            "w2",
            1,
            "asymptotic",
            "first variation of the law",
        )
        yield Check(claim, _DATA, points)
    for better, worse in (("PMM over V1, K=1000/steps", "DDPM V1"), ("DDIM", "PMM over V1, K=1000/steps")):
        claim = Claim(
            f"with independent noise 0.3 in every call, {better} is nearer to the data than {worse} at 80 calls (W2)",
            better,
            "w2",
            0,
            "inequality",
            "measured here",
        )
        yield Check(claim, _DATA, (Point(1 / 80, _noisy(better), "w2"),), bounds=(Point(1 / 80, _noisy(worse), "w2"),))


def _noisy(label: str) -> Cell:
    return Cell.of("sampler_particles", data=_DATA, particles=40_000, call_noise=0.3, **_NOISY[label])


study = Study("perturbed_scores", "Wrong scores: smooth errors and noisy calls", _checks)
