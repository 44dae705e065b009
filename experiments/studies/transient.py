"""After a fixed time, against the exact law of the diffusion: LMC of order 1, midpoint schemes of order 2."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pmmtheory.harness.claims import transient_claims
from pmmtheory.harness.findings import among, exponents
from pmmtheory.harness.study import Check, Study
from pmmtheory.harness.verdict import Outcome

_SCHEMES: dict[str, tuple[int, dict[str, Any]]] = {
    "LMC": (1, {"scheme": "EulerMaruyama"}),
    "RMM": (2, {"scheme": "RandomizedMidpoint"}),
    "PMM bernoulli, K=inf": (2, {"scheme": "PoissonMidpoint", "substeps": "inf", "midpoints": "bernoulli"}),
}
_NAMES = {"LMC": "LMC", "RMM": "RMM", "PMM": "PMM bernoulli, K=inf"}
_STARTS = {"bimodal": (1.0, 0.6), "cosine": (0.5, 0.4), "ripple": (1.0, 0.5), "gaussian": (1.0, 0.3)}
_SOURCE = "one step of weak order p + 1 gives order p after a fixed time (Talay & Tubaro 1990)"


def _checks(profile: str) -> Iterator[Check]:
    first = {"bimodal": 32, "cosine": 40, "ripple": 20, "gaussian": 20}
    for target in _STARTS if profile == "full" else ("bimodal",):
        mean, variance = _STARTS[target]
        counts = [round(first[target] * 2 ** (i if profile == "quick" else i / 2)) for i in range(6 if profile == "quick" else 9)]
        for label, (order, options) in _SCHEMES.items():
            yield from transient_claims(target, counts, label=label, order=order, source=_SOURCE, mean=mean, variance=variance, **options)


def _findings(outcomes: Sequence[Outcome]) -> Iterator[str]:
    if found := exponents({words: among(outcomes, scheme=scheme, distance="tv") for words, scheme in _NAMES.items()}):
        yield f"At a fixed time, order in TV: {found}."


study = Study("transient", "After a fixed time, against the exact law of the diffusion", _checks, _findings)
