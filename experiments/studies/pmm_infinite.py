"""The Poisson midpoint method with a Poisson process of midpoints (K = inf): order 2."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from experiments.studies._steps import step_sizes
from pmmtheory.harness.catalogue import TARGETS
from pmmtheory.harness.claims import stationary_claims
from pmmtheory.harness.findings import among, constants, exponent, hold, targets
from pmmtheory.harness.study import Cell, Check, Study
from pmmtheory.harness.verdict import Outcome


def _checks(profile: str) -> Iterator[Check]:
    full = profile == "full"
    for target in TARGETS if full else ("gaussian", "bimodal", "ripple"):
        for midpoints in ("bernoulli", "single") if full or target == "gaussian" else ("bernoulli",):
            order = 3 if target == "gaussian" and midpoints == "single" else 2
            constant = Cell.of("leading_constant", target=target, scheme="PoissonMidpoint", midpoints=midpoints)
            source = "phi = -(5/12) F''^2 + (1/3) int F''^2 F' (theory.expansion)" if midpoints == "bernoulli" else "equals RMM in law"
            steps = step_sizes(target, profile)
            yield from stationary_claims(
                target, steps, "PoissonMidpoint", f"PMM {midpoints}, K=inf", order, source, constant, substeps="inf", midpoints=midpoints
            )


def _findings(outcomes: Sequence[Outcome]) -> Iterator[str]:
    ours = among(outcomes, scheme="PMM bernoulli, K=inf", distance=("tv", "w2"))
    if (power := exponent(ours)) and (near := constants(ours)):
        yield f"PMM with K = inf {targets(ours)}: order {power}, constants {near}."
    single = among(outcomes, scheme="PMM single, K=inf", distance="w2")
    if higher := exponent(among(single, target="gaussian")):
        yield f"Open question, what does one midpoint a step gain at stationarity: an order on Gaussians, {higher}{_nearer(outcomes, single)}."


def _nearer(outcomes: Sequence[Outcome], single: Sequence[Outcome]) -> str:
    """By what factors the predicted constants of W2 of one midpoint are below those of several, on the other targets that have both."""
    factors = []
    for one in single:
        for several in among(outcomes, scheme="PMM bernoulli, K=inf", distance="w2", target=one.check.target):
            if one.check.target != "gaussian" and hold([one, several]) and one.predicted_constant and several.predicted_constant:
                factors.append(several.predicted_constant.value / one.predicted_constant.value)
    return f"; elsewhere a W2 {min(factors):.2g} to {max(factors):.2g} times smaller" if factors else ""


study = Study("pmm_infinite", "PMM with K = inf at stationarity: order 2, both options, with constants", _checks, _findings)
