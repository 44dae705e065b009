"""Negative controls: broken schemes and wrong claims, each of which must fail."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from experiments.studies._steps import step_sizes
from pmmtheory.harness.claims import stationary_claims
from pmmtheory.harness.findings import among, exponent
from pmmtheory.harness.study import Check, Study
from pmmtheory.harness.verdict import Outcome

_BROKEN: dict[str, tuple[str, dict[str, Any]]] = {
    "IndependentNoise": ("midpoint with independent noise", {"substeps": "inf"}),
    "DoubledMidpoints": ("midpoints with probability 2/K", {"substeps": "inf", "midpoints": "bernoulli"}),
    "MissingLastNoise": ("noise of the last substep missing", {"substeps": 8}),
    "WrongCorrectionMatrix": ("wrong correction matrix", {"substeps": 8}),
    "HalvedNoise": ("noise sqrt(step) for sqrt(2 step)", {}),
}


def _checks(profile: str) -> Iterator[Check]:
    target, source = "bimodal", "negative control"
    steps = step_sizes(target, profile, number=5)
    for scheme, (label, options) in _BROKEN.items():
        order = 1 if scheme == "HalvedNoise" else 2
        yield from stationary_claims(target, steps, scheme, label, order, source, control=True, **options)
    yield from stationary_claims(target, steps, "EulerMaruyama", "LMC (wrong claim)", 2, source, control=True)
    yield from stationary_claims(
        target, steps, "PoissonMidpoint", "PMM bernoulli, K=4 (wrong claim)", 2, source, control=True, substeps=4, midpoints="bernoulli"
    )


def _findings(outcomes: Sequence[Outcome]) -> Iterator[str]:
    if power := exponent(among(outcomes, scheme=_BROKEN["IndependentNoise"][0], distance=("tv", "w2"))):
        yield f"PMM with independent noise in the midpoint: order {power}."


study = Study("controls", "Negative controls: broken schemes and wrong claims, each of which must fail", _checks, _findings)
