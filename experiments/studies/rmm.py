"""The randomized midpoint: the stationary law is of order 2, on Gaussians of order 3."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from experiments.studies._steps import step_sizes
from pmmtheory.harness.catalogue import TARGETS
from pmmtheory.harness.claims import stationary_claims
from pmmtheory.harness.findings import among, exponent, targets
from pmmtheory.harness.study import Cell, Check, Study
from pmmtheory.harness.verdict import Outcome


def _checks(profile: str) -> Iterator[Check]:
    for target in TARGETS if profile == "full" else ("gaussian", "bimodal", "cosine", "ripple"):
        constant = Cell.of("leading_constant", target=target, scheme="RandomizedMidpoint")
        order = 3 if target == "gaussian" else 2
        source = "phi = He_2/12 + He_4/96 on Gaussians (theory.leading)" if order == 3 else "phi = -F''^2/12 (theory.expansion)"
        yield from stationary_claims(target, step_sizes(target, profile), "RandomizedMidpoint", "RMM", order, source, constant)


def _findings(outcomes: Sequence[Outcome]) -> Iterator[str]:
    ours = among(outcomes, distance=("tv", "w2"))
    others = [outcome for outcome in ours if outcome.check.target != "gaussian"]
    if (power := exponent(others)) and (higher := exponent(among(ours, target="gaussian"))):
        yield f"RMM {targets(others)}: order {power}, on a Gaussian {higher}."


study = Study("rmm", "Randomized midpoint at stationarity: order 2, and 3 on Gaussians, with constants", _checks, _findings)
