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
    points = tuple(
        Point(1 / n, Cell.of("perturbed_error", data=_DATA, sampler="DDPM", variant="V1", steps=n, call_noise=0.3), "w2") for n in (90, 150, 225, 300, 450)
    )
    statement = (
        "W2 between the laws of DDPM V1 with and without independent noise in every call falls like steps^-1: noise averages out, a smooth error does not"
    )
    yield Check(Claim(statement, "DDPM V1", "w2", 1, "asymptotic", "n calls that each count 1/n add a variance of order 1/n"), _DATA, points)


study = Study("perturbed_scores", "Wrong scores: smooth errors and noisy calls", _checks)
