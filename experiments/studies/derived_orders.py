"""Orders and constants that are derived from a scheme's own step, for schemes that have no other study."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from experiments.studies._steps import step_sizes
from pmmtheory.harness.catalogue import TARGETS
from pmmtheory.harness.claims import stationary_claims
from pmmtheory.harness.findings import among, constants, exponent, targets
from pmmtheory.harness.study import Cell, Check, Study
from pmmtheory.harness.verdict import Outcome

_SOURCE = "the scheme's own step on series in the force (theory.expansion)"
_SCHEMES = {"Ozaki": "Ozaki", "TamedEuler": "tamed Euler"}


def _checks(profile: str) -> Iterator[Check]:
    for scheme, label in _SCHEMES.items():
        for target in TARGETS if profile == "full" else ("bimodal",):
            if (scheme, target) == ("Ozaki", "gaussian"):  # its law there is the target
                continue
            constant = Cell.of("leading_constant", target=target, scheme=scheme)
            distances = ("tv", "kl", "w2") if profile == "full" else ("tv",)
            yield from stationary_claims(target, step_sizes(target, profile), scheme, label, 1, _SOURCE, constant, distances=distances)
    steps, small, source = step_sizes("bimodal", profile), step_sizes("bimodal", profile, largest=0.002, number=4), "negative control"
    yield from stationary_claims("bimodal", small, "WidenedNoise", "LMC with 1% more noise", 1, source, control=True, distances=["tv"])
    yield from stationary_claims("bimodal", steps, "Ozaki", "Ozaki (wrong claim)", 2, source, control=True, distances=["tv"])


def _findings(outcomes: Sequence[Outcome]) -> Iterator[str]:
    for label in _SCHEMES.values():
        ours = among(outcomes, scheme=label, distance=("tv", "w2"))
        if (power := exponent(ours)) and (near := constants(ours)):
            yield f"{label[0].upper()}{label[1:]} {targets(ours)}: order {power}, constants as derived {near}."


study = Study("derived_orders", "Orders and constants derived from a scheme's own step: Ozaki and tamed Euler at stationarity", _checks, _findings)
