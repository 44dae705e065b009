"""After a fixed time, against the exact law of the diffusion: LMC of order 1, midpoint schemes of order 2."""

from __future__ import annotations

from collections.abc import Iterator

from experiments.steps import DISTANCES
from experiments.study import Cell, Check, Point, Study
from pmmtheory.theory.claim import Claim

_SCHEMES = {
    "LMC": (1, {"scheme": "EulerMaruyama"}),
    "RMM": (2, {"scheme": "RandomizedMidpoint"}),
    "PMM bernoulli, K=inf": (2, {"scheme": "PoissonMidpoint", "substeps": "inf", "midpoints": "bernoulli"}),
}
_STARTS = {"bimodal": (1.0, 0.6), "cosine": (0.5, 0.4), "ripple": (1.0, 0.5), "gaussian": (1.0, 0.3)}
_TIME = 1.0


def _checks(profile: str) -> Iterator[Check]:
    first = {"bimodal": 32, "cosine": 40, "ripple": 20, "gaussian": 20}
    for target in _STARTS if profile == "full" else ("bimodal",):
        mean, variance = _STARTS[target]
        counts = [round(first[target] * 2 ** (i if profile == "quick" else i / 2)) for i in range(6 if profile == "quick" else 9)]
        for label, (order, options) in _SCHEMES.items():
            for distance, factor in DISTANCES.items():
                points = tuple(
                    Point(_TIME / n, Cell.of("transient_error", target=target, steps=n, time=_TIME, mean=mean, variance=variance, **options), distance)
                    for n in counts
                )
                statement = f"{distance.upper()} of {label} at time {_TIME:g} falls like step^{factor * order}"
                source = "one step of weak order p + 1 gives order p after a fixed time (Talay & Tubaro 1990)"
                yield Check(Claim(statement, label, distance, factor * order, "asymptotic", source), target, points)


study = Study("transient", "After a fixed time, against the exact law of the diffusion", _checks)
