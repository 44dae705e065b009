"""LMC: the stationary law is of order 1."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from experiments.studies._steps import step_sizes
from pmmtheory.harness.catalogue import TARGETS
from pmmtheory.harness.claims import stationary_claims
from pmmtheory.harness.findings import among, constants, exponent, targets
from pmmtheory.harness.study import Cell, Check, Study
from pmmtheory.harness.verdict import Outcome


def _checks(profile: str) -> Iterator[Check]:
    for target in TARGETS:
        constant = Cell.of("leading_constant", target=target, scheme="EulerMaruyama")
        source = "phi = |grad F|^2/4 - Lap F/2 (theory.expansion)"
        yield from stationary_claims(target, step_sizes(target, profile), "EulerMaruyama", "LMC", 1, source, constant)


def _findings(outcomes: Sequence[Outcome]) -> Iterator[str]:
    ours = among(outcomes, distance=("tv", "w2"))
    if (power := exponent(ours)) and (near := constants(ours)):
        yield f"LMC {targets(ours)}: order {power} in TV and W2, constants {near}."


study = Study("lmc", "LMC at stationarity: TV and W2 of order 1, KL of order 2, with constants", _checks, _findings)
