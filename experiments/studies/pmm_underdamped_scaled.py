"""The underdamped Poisson midpoint method with K fixed, K = 2/step and K = 1/step^2: orders 1, 2 and 3.

ULMC(step/K) has step/(2 g K) of its own, g the friction: with K fixed that is all, with K = c/step it is step^2/(2 g c), and only K = c/step^2
shows the step^3 of K = inf beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from experiments.studies._covariance import FRICTION, STEPS, covariance_check
from pmmtheory.harness.findings import among, exponents
from pmmtheory.harness.study import Check, Study
from pmmtheory.harness.verdict import Outcome


def _checks(profile: str) -> Iterator[Check]:
    for midpoints in ("bernoulli", "single"):
        options: dict[str, Any] = {"scheme": "PoissonMidpoint", "midpoints": midpoints}
        fixed = {**options, "substeps": 8}
        linear = {**options, "substeps": lambda step: round(2 / step)}
        square = {**options, "substeps": lambda step: round(1 / step**2)}
        for entry in ("uu", "vv"):
            if profile == "full" or midpoints == "single":  # up to order 2 both options have the same constants
                yield covariance_check(f"PMM {midpoints}, K=8", entry, 1, STEPS, FRICTION, fixed)
                steps = [2 / k for k in (8, 16, 32, 64, 128, 256)]
                yield covariance_check(f"PMM {midpoints}, K=2/step", entry, 2, steps, FRICTION, linear, {"substeps_times_step": 2})
            steps = [k**-0.5 for k in (16, 32, 64, 128, 256, 512)]
            yield covariance_check(f"PMM {midpoints}, K=1/step^2", entry, 3, steps, FRICTION, square, {"substeps_times_step": 1, "growth": 2})


def _findings(outcomes: Sequence[Outcome]) -> Iterator[str]:
    if found := exponents({words: among(outcomes, scheme=f"PMM single, {words}") for words in ("K=8", "K=2/step", "K=1/step^2")}):
        yield f"Underdamped PMM, order: {found}."


study = Study("pmm_underdamped_scaled", "Underdamped PMM on a Gaussian with K fixed, like 1/step and like 1/step^2: orders 1, 2 and 3", _checks, _findings)
