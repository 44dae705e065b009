"""The Poisson midpoint method with K = 2/step: still order 2, where LMC(step/K) has step^2/2 of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pmmtheory.harness.catalogue import TARGETS
from pmmtheory.harness.claims import stationary_claims
from pmmtheory.harness.findings import among, constants, exponent, targets
from pmmtheory.harness.study import Cell, Check, Study
from pmmtheory.harness.verdict import Outcome

_PRODUCT = 2


def _steps(target: str, profile: str) -> list[float]:
    """Steps 2/K for whole K that double from 25 L; the bimodal target reaches its rate later."""
    first = round(25 * TARGETS[target].smoothness)
    counts = [first * 2**i for i in range(6 if target == "bimodal" else 5)] if profile == "quick" else [round(first * 2 ** (i / 2)) for i in range(11)]
    return [_PRODUCT / k for k in counts]


def _checks(profile: str) -> Iterator[Check]:
    full = profile == "full"
    for target in TARGETS if full else ("gaussian", "bimodal", "ripple"):
        for midpoints in ("bernoulli", "single") if full or target == "gaussian" else ("bernoulli",):
            constant = Cell.of("leading_constant", target=target, scheme="PoissonMidpoint", midpoints=midpoints, substeps_times_step=_PRODUCT)
            source = "phi = phi_LMC/2 + phi_PMM"
            yield from stationary_claims(
                target,
                _steps(target, profile),
                "PoissonMidpoint",
                f"PMM {midpoints}, K=2/step",
                2,
                source,
                constant,
                substeps=lambda step: round(_PRODUCT / step),
                midpoints=midpoints,
            )


def _findings(outcomes: Sequence[Outcome]) -> Iterator[str]:
    ours = among(outcomes, scheme="PMM bernoulli, K=2/step", distance=("tv", "w2"))
    if (power := exponent(ours)) and (near := constants(ours)):
        yield f"PMM, K = 2/step, {targets(ours)}: order {power}, constants {near}."


study = Study("pmm_scaled", "PMM with K = 2/step at stationarity: order 2, both options, with constants", _checks, _findings)
