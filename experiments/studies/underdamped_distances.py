"""Underdamped schemes on a Gaussian: the distances of the joint law, and of the position where random midpoints make it a scale mixture.

The covariance of PMM with one midpoint has an error of order 4, but the variance given the random times fluctuates by step^(3/2): its law is of order 3.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from experiments.studies._covariance import FRICTION, STEPS, TARGET
from pmmtheory.harness.findings import among, constants, exponents
from pmmtheory.harness.study import Cell, Check, Point, Study
from pmmtheory.harness.verdict import Outcome
from pmmtheory.theory.claim import Claim

_GAUSSIAN_LAWS = {"ULMC": ("EulerMaruyama", 1), "BAOAB": ("BAOAB", 2), "OBABO": ("OBABO", 2), "ABOBA": ("ABOBA", 2), "UBU": ("UBU", 2), "BUB": ("BUB", 2)}
_MIXTURES: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "RMM": ({"scheme": "RandomizedMidpoint"}, ("position", "velocity")),
    "PMM single, K=inf": ({"scheme": "PoissonMidpoint", "midpoints": "single", "substeps": "inf"}, ("position", "velocity")),
}


def _checks(profile: str) -> Iterator[Check]:
    for label, (scheme, order) in _GAUSSIAN_LAWS.items():
        for distance, factor in (("kl", 2), ("w2", 1)):
            yield _check(label, {"scheme": scheme, "part": "joint"}, STEPS, distance, factor * order)
    steps = [round(0.16 * 0.5 ** (i / 2), 6) for i in (range(5) if profile == "quick" else (*range(7), 8))]
    for label, (options, parts) in _MIXTURES.items():
        for part in parts if profile == "full" else parts[:1]:
            for distance, factor in (("kl", 2), ("tv", 1), ("w2", 1)):
                yield _check(label, {**options, "part": part, "dim": 10}, steps, distance, factor * 3)


def _check(label: str, options: dict[str, Any], steps: Iterable[float], distance: str, rate: int) -> Check:
    options = {**options, "friction": FRICTION, "target": TARGET}
    statement = f"{distance.upper()} of the {options['part']} law of {label} in dimension {options.get('dim', 1)} falls like step^{rate}"
    source = "KL = d m^2/4 + d (d + 2) n^2/16 (theory.scale_mixture)"
    points = tuple(Point(step, Cell.of("gaussian_error", step_size=step, **options), distance) for step in steps)
    constant = Point(0.0, Cell.of("leading_distances", **options), distance)
    return Check(Claim(statement, label, distance, rate, "asymptotic", source, "Gaussian target"), TARGET, points, constant)


def _findings(outcomes: Sequence[Outcome]) -> Iterator[str]:
    names = {"ULMC": "ULMC", "BAOAB": "BAOAB", "RMM": "RMM", "PMM": "PMM single, K=inf"}
    if found := exponents({words: among(outcomes, scheme=scheme, distance="w2") for words, scheme in names.items()}):
        yield f"W2 on Gaussians: {found}."
    if near := constants(outcomes):
        yield f"{len(outcomes)} constants {near}."


study = Study(
    "underdamped_distances",
    "Distances of underdamped schemes from a Gaussian: KL, TV and W2 of the joint law or of the position, with constants",
    _checks,
    _findings,
)
