"""What the Poisson midpoint method imitates: the stationary law of LMC with step/K, at distance step^2 in TV."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from experiments.studies._steps import step_sizes
from pmmtheory.harness.catalogue import TARGETS
from pmmtheory.harness.claims import stationary_claims
from pmmtheory.harness.findings import among, exponent
from pmmtheory.harness.study import Check, Study
from pmmtheory.harness.verdict import Outcome


def _checks(profile: str) -> Iterator[Check]:
    for target in TARGETS if profile == "full" else ("gaussian", "bimodal", "cosine"):
        source = "Kandasamy & Nagaraj 2024, Theorem 2, at stationarity: KL is step^4 against LMC(step/K)"
        for midpoints, k in (("bernoulli", 8), ("single", 8)) if profile == "full" else (("bernoulli", 8),):
            steps = step_sizes(target, profile, number=6)
            yield from stationary_claims(
                target, steps, "PoissonMidpoint", f"PMM {midpoints}, K={k} against LMC(step/{k})", 2, source, substeps=k, midpoints=midpoints, against="fine"
            )


def _findings(outcomes: Sequence[Outcome]) -> Iterator[str]:
    if power := exponent(among(outcomes, distance=("tv", "w2"))):
        yield f"PMM against the LMC(step/K) that it imitates: order {power}."


study = Study("pmm_against_lmc", "PMM against the chain it imitates, LMC(step/K): TV of order 2, KL of order 4", _checks, _findings)
