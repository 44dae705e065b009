"""The Poisson midpoint method with K fixed: order 1, with the constant of LMC divided by K."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from experiments.studies._steps import step_sizes
from pmmtheory.harness.catalogue import TARGETS
from pmmtheory.harness.claims import stationary_claims
from pmmtheory.harness.findings import among, constants, exponent
from pmmtheory.harness.study import Cell, Check, Study
from pmmtheory.harness.verdict import Outcome

_SUBSTEPS = {"bernoulli": 4, "single": 8}


def _checks(profile: str) -> Iterator[Check]:
    for target in TARGETS if profile == "full" else ("gaussian", "bimodal", "ripple"):
        for midpoints, k in _SUBSTEPS.items():
            constant = Cell.of("leading_constant", target=target, scheme="PoissonMidpoint", midpoints=midpoints, substeps=k)
            steps = step_sizes(target, profile, largest=0.05)
            yield from stationary_claims(
                target, steps, "PoissonMidpoint", f"PMM {midpoints}, K={k}", 1, f"phi = phi_LMC/{k}", constant, substeps=k, midpoints=midpoints
            )


def _findings(outcomes: Sequence[Outcome]) -> Iterator[str]:
    ours = among(outcomes, distance=("tv", "w2"))
    if (power := exponent(ours)) and (near := constants(ours)):
        yield f"PMM, K fixed: order {power}, constants of LMC over K {near}."


study = Study("pmm_fixed", "PMM with fixed K at stationarity: order 1 only, with constants", _checks, _findings)
