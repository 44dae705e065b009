"""Negative controls, underdamped and in many dimensions: broken schemes and wrong claims, each of which must fail."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from experiments.studies import phase_plane
from experiments.studies._covariance import FRICTION, STEPS, TARGET, covariance_check, exact_covariance_check
from pmmtheory.harness.study import Cell, Check, Point, Study
from pmmtheory.theory.claim import Claim

_ULMC: dict[str, Any] = {"scheme": "EulerMaruyama"}
_PMM: dict[str, Any] = {"scheme": "PoissonMidpoint", "midpoints": "single"}

_BROKEN: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, int]]] = {
    "PMM with independent noise in the midpoint": ({"scheme": "IndependentNoise", "substeps": "inf"}, _PMM, {"|uu|": 5, "|vv|": 4}),
    "PMM with the wrong correction matrix, K=8": ({"scheme": "WrongCorrectionMatrix", "substeps": 8}, _PMM, {"|uu|": 1, "|vv|": 1}),
    "PMM without the last noise, K=8": ({"scheme": "MissingLastNoise", "substeps": 8}, _PMM, {"|uu|": 1, "|vv|": 1}),
    "ULMC with uncorrelated noises": ({"scheme": "UncorrelatedNoise"}, _ULMC, {"|uu|": 1, "|uv|": 3}),
    "UBU for BUB": ({"scheme": "UBU"}, {"scheme": "BUB"}, {"|uu|": 2}),
    "ULMC": (_ULMC, {}, {"uu": 2}),
    "RMM": ({"scheme": "RandomizedMidpoint"}, {}, {"uu": 2}),
    "PMM single, K=inf": ({**_PMM, "substeps": "inf"}, {}, {"vv": 3}),
}
"""Options, those of the scheme whose constant is claimed, and the orders claimed."""

_NOT_EXACT = {"BAOAB": ("BAOAB", "vv"), "OBABO": ("OBABO", "uu"), "ABOBA": ("ABOBA", "vv"), "BAOAB with half the friction": ("HalvedFriction", "uu")}


def _checks(profile: str) -> Iterator[Check]:
    for label, (options, right, orders) in _BROKEN.items():
        for entry, order in orders.items():
            yield covariance_check(label, entry, order, _steps(label), FRICTION, options, right, control=True)
    for label, (scheme, entry) in _NOT_EXACT.items():
        yield exact_covariance_check(label, entry, STEPS, FRICTION, {"scheme": scheme}, control=True)
    options = {**_PMM, "substeps": "inf", "friction": FRICTION}
    in_step = tuple(Point(step, _cell(options, step, 100), "kl") for step in (0.3, 0.212132, 0.15, 0.106066, 0.075))
    yield _wrong("underdamped PMM single, K=inf", "at d = 100 falls like step^8", 8, in_step)
    in_dimension = tuple(Point(1 / d, _cell({"scheme": "RandomizedMidpoint"}, 0.01, d), "kl") for d in (160, 320, 640, 1280, 2560, 5120))
    yield _wrong("overdamped RMM", "grows like d^1 (fitted in 1/d)", -1, in_dimension)
    yield _of_another(profile)


def _of_another(profile: str) -> Check:
    """Beyond Gaussians: the constant of BUB, claimed of UBU."""
    constant = Cell.of("leading_phase", target="cosine", scheme="BUB", friction=phase_plane.FRICTION)
    points = tuple(Point(step, phase_plane.cell("cosine", "UBU", step), "position tv") for step in phase_plane.steps("cosine", "UBU", profile)[:4])
    claim = Claim("TV of the position law of UBU has the constant of BUB", "UBU", "position tv", 2, "asymptotic", "negative control", correction=2.0)
    return Check(claim, "cosine", points, Point(0.0, constant, "position tv"), control=True)


def _steps(label: str) -> tuple[float, ...]:
    """Smaller ones where the error turns at large steps."""
    return tuple(step / 8 for step in STEPS) if "uncorrelated" in label else STEPS


def _cell(options: dict[str, Any], step: float, dim: int) -> Cell:
    return Cell.of("gaussian_error", target=TARGET, step_size=step, dim=dim, **options)


def _wrong(label: str, what: str, rate: float, points: tuple[Point, ...]) -> Check:
    """What would hold if the law were the Gaussian with the same covariance."""
    claim = Claim(f"KL of {label} {what}, as if its law were Gaussian", label, "kl", rate, "asymptotic", "negative control", "Gaussian target")
    return Check(claim, TARGET, points, control=True)


study = Study("underdamped_controls", "Negative controls, underdamped and in many dimensions, each of which must fail", _checks)
